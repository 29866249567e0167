"""Provides small tools that do not depend on pipelines."""
