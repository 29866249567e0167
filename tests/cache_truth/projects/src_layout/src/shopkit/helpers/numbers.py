__all__ = ["least", "whole"]

least = -1


def whole(text, base=10):
    return int(text.strip(), base)


def _hidden(value):
    return value * 3
