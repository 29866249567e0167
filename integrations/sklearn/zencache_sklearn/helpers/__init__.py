"""Loads data and creates models for examples."""
