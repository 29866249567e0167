"""Check docs, docstrings, comments and messages for phrases that must not come back, and docs for long lines.

`python scripts/check_prose.py` reads the files that git knows; the phrases stand in `scripts/prose.toml`.
Prints one line for each place and exits with 1 if there is one.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parent.parent
WIDTH = 120
"""Characters in a line of documentation; tables, code blocks and the targets of links cannot be wrapped."""
LINK_TARGET = re.compile(r"\]\([^)]*\)")
SOURCES = ("zencache/", "integrations/", "examples/", "benchmarks/")
GENERATED = ("benchmarks/RESULTS.md", "benchmarks/truth.md")

_PROSE = (tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING))

Line = tuple[int, str]


def main(root: Path = ROOT) -> int:
    """Check all files below a root, and print what is wrong."""
    phrases = read_phrases(ROOT / "scripts" / "prose.toml")
    problems = [
        f"{file}:{number}: {problem}"
        for file in tracked_files(root)
        for number, problem in check_file(root / file, phrases)
    ]
    print(*problems, sep="\n")
    return bool(problems)


def read_phrases(file: Path) -> list[tuple[re.Pattern[str], str]]:
    """Read the patterns, each with what to write instead."""
    listed = tomllib.loads(file.read_text(encoding="utf-8"))["phrase"]
    return [(re.compile(each["pattern"], re.IGNORECASE), each["instead"]) for each in listed]


def tracked_files(root: Path) -> Iterator[str]:
    """List documentation and source files, without tests and generated pages."""
    listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True)
    for file in listed.stdout.splitlines():
        is_source = file.endswith(".py") and file.startswith(SOURCES) and "/tests/" not in file
        if is_source or (file.endswith(".md") and file not in GENERATED):
            yield file


def check_file(file: Path, phrases: Iterable[tuple[re.Pattern[str], str]]) -> Iterator[tuple[int, str]]:
    """Give what is wrong in a file, by line."""
    text = file.read_text(encoding="utf-8")
    is_source = file.suffix == ".py"
    for number, line in source_prose(text) if is_source else markdown_prose(text):
        for pattern, instead in phrases:
            if match := pattern.search(line):
                yield number, f"{match[0]!r}: write {instead}"
        width = len(LINK_TARGET.sub("]", line))
        if not is_source and width > WIDTH and not line.startswith("|"):
            yield number, f"{width} characters; wrap at {WIDTH}"


def markdown_prose(text: str) -> Iterator[Line]:
    """Give the lines of a page that are not in a code block."""
    is_code = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            is_code = not is_code
        elif not is_code:
            yield number, line


def source_prose(text: str) -> Iterator[Line]:
    """Give the comments and the strings of a source text, line by line."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in _PROSE:
            yield from enumerate(token.string.splitlines(), token.start[0])


if __name__ == "__main__":
    sys.exit(main())
