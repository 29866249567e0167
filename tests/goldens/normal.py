"""Texts with what differs from run to run replaced by stable placeholders."""

from __future__ import annotations

import re

_KINDS = {
    "time": (
        r"\d{4}-\d\d-\d\d[ T]\d\d[:-]\d\d[:-]\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?",
        r"\d{2}_[A-Z][a-z]{2}_\d{2}-\d\d_\d\d_\d\d_\d{6}",
    ),
    "seconds": (
        r"\b\d+m\d+(?=s\b)",
        r"(?<![\w.])\d+\.\d{3}(?=s?\s|s?[,.;:)]|s?$)",
        r'(?<="seconds": )\d+\.\d+',
    ),
    "folder": (r"/tmp/golden-\w{8}",),
    "port": (r"(?<=127\.0\.0\.1:)\d+",),
    "process": (r"(?<=process )\d+ on [\w.-]+",),
    "root": (r"(?<=/_)[0-9a-f]{16}\b",),
    "copy": (r"(?<=\d\.)[0-9a-f]{8}(?=[/\s\"',:]|$)",),
    "snapshot": (r'(?<="snapshot":")[0-9a-f]{64}',),
    "uuid": (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",),
}
_PATTERN = re.compile(
    "|".join(f"(?P<{kind}>{'|'.join(patterns)})" for kind, patterns in _KINDS.items()), re.MULTILINE
)
_DIGEST_OF_TIME = re.compile(r"(?<=<time>)(:\w+)~[0-9a-f]{16}")
_ALIGNED = re.compile(r"(?<=\S) {2,}(?=\S)")
_BEFORE_NUMBER = re.compile(r" +(?=<seconds>)")


class Placeholders:
    """Replaces folders that are given, and then times, durations, ports and random names."""

    def __init__(self, **places: object) -> None:
        self._places = sorted(
            ((str(place), name) for name, place in places.items()), key=lambda pair: -len(pair[0])
        )

    def __call__(self, text: str) -> str:
        for place, name in self._places:
            text = text.replace(place, f"<{name}>")
        return "".join(self._line(line) for line in text.splitlines(keepends=True))

    @staticmethod
    def _line(line: str) -> str:
        changed = _DIGEST_OF_TIME.sub(
            r"\1~<digest>", _PATTERN.sub(lambda match: f"<{match.lastgroup}>", line)
        )
        return re.sub(r" +$", "", _BEFORE_NUMBER.sub(" ", _ALIGNED.sub("  ", changed)), flags=re.MULTILINE)
