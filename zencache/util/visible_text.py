"""Makes control characters of a text visible, so that what is printed cannot drive the terminal."""

from __future__ import annotations

import re

_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Control characters but tab and line feed, those that reorder text, and halves of characters."""


def visible(text: str) -> str:
    r"""Write control characters as Python escapes; tabs and line feeds stay.

    >>> print(visible("a\x1b[2Jb\r\n"))
    a\x1b[2Jb\r
    <BLANKLINE>
    """
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
