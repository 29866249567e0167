"""Processes that compute steps."""
