"""A shop; its parts are imported when they are asked for."""

import importlib

_LATE = {"prices": ("tables", "load_prices"), "discounts": ("tables", "load_discounts"), "currency": ("tables", "CURRENCY")}

__all__ = ["currency", "discounts", "prices"]


def __getattr__(name):
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _LATE[name]
    value = getattr(importlib.import_module(f".{module}", __name__), attribute)
    value = value() if callable(value) else value
    globals()[name] = value
    return value


def __dir__():
    return sorted([*globals(), *_LATE])
