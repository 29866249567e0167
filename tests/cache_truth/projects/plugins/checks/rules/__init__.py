"""Each module of this package holds rules."""
