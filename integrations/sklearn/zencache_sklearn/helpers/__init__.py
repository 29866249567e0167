"""Helpers for examples."""
