"""Frozen values that describe steps and pipelines. Nothing here runs, stores or imports an engine."""
