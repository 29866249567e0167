"""Constants for `required_integrations` (0.5 to 0.39): any upper-case name, `SKLEARN` being `"sklearn"`."""

from __future__ import annotations


def __getattr__(name: str) -> str:
    if not name.isupper():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return name.lower()
