"""Freeze what a code does, and compare another code with it, byte for byte.

    python -m tests.goldens freeze FOLDER [--code DIR]
    python -m tests.goldens compare FOLDER [--code DIR] [--frozen-code DIR] [--keep FOLDER]

`--code` is a checkout with `.venv`, by default this one. `compare` also has the code read the frozen stores;
with the checkout that was frozen, `--frozen-code`, this reads the stores of the code, too. Exit code 1 if
something differs.
"""

from __future__ import annotations

import argparse
import difflib
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from tests.goldens.backends import KINDS
from tests.goldens.code import Code
from tests.goldens.parts import AFTER, PARTS, hits, stored, write

HERE = Path(__file__).parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    code = Code(options.code.resolve())
    code.check()
    began = time.monotonic()
    if options.task == "freeze":
        produce(code, options.folder, options.only, at_once=options.at_once)
        print(f"Frozen in {options.folder}, in {time.monotonic() - began:.0f} s.")
        return 0
    with tempfile.TemporaryDirectory(prefix="golden-compare-") as made:
        found = options.keep or Path(made)
        frozen_code = options.frozen_code and Code(options.frozen_code.resolve())
        exchanged = exchanges(code, frozen_code, options.folder, options.only)
        produce(code, found, options.only, exchanged, at_once=options.at_once)
        differing = list(differences(options.folder, found, options.only))
    print(*(line for lines in differing for line in lines), sep="\n", end="\n" if differing else "")
    print(f"{len(differing)} files differ, after {time.monotonic() - began:.0f} s.")
    return int(bool(differing))


def produce(
    code: Code,
    folder: Path,
    names: Sequence[str],
    more: Sequence[tuple[str, Callable]] = (),
    *,
    at_once: int,
) -> None:
    """Have each part write into the folder."""
    if not names:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(at_once) as pool:
        begun: dict[str, Future] = {}
        for name in names or PARTS:
            before = begun.get(AFTER.get(name, ""))
            begun[name] = pool.submit(_made, PARTS[name], code, folder, before)
        for name, work in more:
            before = begun.get(name)
            begun[f"{name}, exchanged"] = pool.submit(
                lambda work=work, before=before: _made(work, code, folder, before)
            )
        for name, future in begun.items():
            if (error := future.exception()) is not None:
                write(folder / "errors" / f"{name}.txt", f"{error}\n")
                print(f"{name}: {error}", file=sys.stderr)


def _made(work: Callable, code: Code, folder: Path, before: Future | None) -> None:
    if before is not None:
        before.result()
    work(code, folder)


def exchanges(
    code: Code, frozen_code: Code | None, frozen: Path, names: Sequence[str]
) -> list[tuple[str, Callable]]:
    """Have each code read the other's stores: what comes of it is what the frozen code found in its own."""

    def by_the_code(kind: str) -> Callable:
        return lambda _, folder: write(
            folder / "life" / kind / "hits-in-frozen.txt", hits(kind, code, stored(frozen, kind))
        )

    def by_the_frozen(kind: str) -> Callable:
        return lambda _, folder: write(
            folder / "life" / kind / "hits-of-frozen-code.txt", hits(kind, frozen_code, stored(folder, kind))
        )

    kinds = [kind for kind in KINDS if not names or f"life-{kind}" in names]
    return [
        (f"life-{kind}", work(kind))
        for kind in kinds
        for work in (by_the_code, *([by_the_frozen] if frozen_code else []))
    ]


def differences(frozen: Path, found: Path, names: Sequence[str]) -> Iterator[list[str]]:
    """Give a unified difference of each file that is not as it was frozen."""
    for path in sorted(_texts(found) if names else _texts(frozen) | _texts(found)):
        is_exchanged = path.name.startswith("hits-")
        before = _lines(frozen / (path.with_name("hits.txt") if is_exchanged else path))
        after = _lines(found / path)
        if before != after:
            yield list(difflib.unified_diff(before, after, f"frozen/{path}", f"now/{path}", lineterm="", n=2))


def _texts(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*.txt")}


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.goldens",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("task", choices=("freeze", "compare"))
    parser.add_argument("folder", type=Path, help="where what was frozen is kept")
    parser.add_argument(
        "--code", type=Path, default=HERE, metavar="DIR", help="the checkout that is looked at"
    )
    parser.add_argument("--frozen-code", type=Path, metavar="DIR", help="the checkout that was frozen")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where what is found is kept")
    parser.add_argument("--at-once", type=int, default=2, help="how many parts run at once")
    parser.add_argument(
        "--only", action="append", default=[], choices=PARTS, help="a part; may be given many times"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
