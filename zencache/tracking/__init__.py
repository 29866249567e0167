"""Tracks the undeclared inputs of a running step, and checks them before its result is reused."""
