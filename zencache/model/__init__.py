"""Describes steps and pipelines as frozen values. Nothing here runs, stores or imports an engine."""
