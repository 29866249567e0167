"""Rules for orders."""

VERSION = (1, 2)
