"""Parses numbers of bytes of options and settings, and writes them as text."""

from __future__ import annotations

import re

from zencache.errors import ParameterError

_THOUSAND = 1000
_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")
_FACTORS = {
    "": 1,
    "B": 1,
    **{f"{letter}{b}": _THOUSAND**n for n, letter in enumerate("KMGTP", 1) for b in ("", "B")},
    **{f"{letter}I{b}": 1024**n for n, letter in enumerate("KMGTP", 1) for b in ("", "B")},
}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)")


def size_text(size: int) -> str:
    """Write a number of bytes; a thousand make the next unit.

    >>> size_text(0), size_text(1), size_text(1200), size_text(999_960), size_text(1_234_567_890)
    ('0 bytes', '1 byte', '1.2 kB', '1.0 MB', '1.2 GB')
    """
    if size < _THOUSAND:
        return "1 byte" if size == 1 else f"{size} bytes"
    number, unit = size / _THOUSAND, 1
    while round(number, 1) >= _THOUSAND and unit < len(_UNITS) - 1:
        number, unit = number / _THOUSAND, unit + 1
    return f"{number:.1f} {_UNITS[unit]}"


def parse_size(size: int | str) -> int:
    """Read a number of bytes: of a text, with or without a unit; `KiB`, `MiB`, … are of 1024.

    Raises ParameterError for what is none.

    >>> parse_size("10GB"), parse_size("1.5 kB"), parse_size("2MiB"), parse_size("500"), parse_size(7)
    (10000000000, 1500, 2097152, 500, 7)
    """
    match = _SIZE.fullmatch(str(size).strip())
    factor = _FACTORS.get(match[2].upper()) if match else None
    if match is None or factor is None:
        raise ParameterError(f"{size!r} is not a size; write a number of bytes, or 500MB, 10GB, 1.5TB, 2GiB")
    return int(float(match[1]) * factor) if "." in match[1] else int(match[1]) * factor
