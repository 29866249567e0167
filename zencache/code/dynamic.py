"""Handles code that decides at run time what it uses: `import_module(name)`, `exec(text)`, `globals()[name]`.

Everything that it may refer to counts, and the explanation says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from zencache.util.imports import own_name

if TYPE_CHECKING:
    from zencache.code.ast_shape import Argument, Part

_IMPORTS = frozenset(
    {"importlib.import_module", "builtins.__import__", "importlib.reload", "runpy.run_module"}
)
_RUNS_TEXT = frozenset({"builtins.exec", "builtins.eval", "builtins.compile"})
_RUNS_FILES = frozenset(
    {
        "runpy.run_path",
        "importlib.util.spec_from_file_location",
        "pkgutil.iter_modules",
        "pkgutil.walk_packages",
    }
)


_GENERATORS = frozenset({"numpy.random.default_rng", "numpy.random.RandomState", "random.Random"})
_NEVER_SEEDED = ("secrets.", "uuid.uuid1", "uuid.uuid4", "random.SystemRandom", "posix.urandom", "os.urandom")


class Target(NamedTuple):
    """A possible target: a module, the modules of a prefix, this module, some code, or any module."""

    kind: Literal["module", "prefix", "here", "code", "any"]
    text: str = ""


def targets(outside: str, part: Part, number: int) -> list[Target]:
    """Give the possible targets of the uses of a library's function; none if it is not dynamic.

    `number` is the index of its chain in `part`.
    """
    if outside in _IMPORTS:
        calls = part.calls.get(number, ())
        return [_imported(call) for call in calls] or [Target("any")]
    if outside == "pkgutil.resolve_name":
        return [_resolved(call) for call in part.calls.get(number, ())] or [Target("any")]
    if outside in _RUNS_TEXT:
        return [_run(call) for call in part.calls.get(number, ())] or [Target("here")]
    if outside == "builtins.globals":
        return [Target("here")]
    if outside == "sys.modules":
        return [_looked_up(index) for index in part.subscripts.get(number, ())] or [Target("any")]
    return [Target("any")] if outside in _RUNS_FILES else []


def draws_unseeded(outside: str, part: Part, number: int) -> bool:
    """Say whether the uses of a library's function give results that differ from run to run."""
    named = outside.replace("numpy.random._generator.", "numpy.random.").replace(
        "numpy.random.mtrand.", "numpy.random."
    )
    if named in _GENERATORS:
        return any(call == () for call in part.calls.get(number, ()))
    return outside.startswith(_NEVER_SEEDED)


def _imported(call: tuple[Argument, ...]) -> Target:
    match call:
        case [("text", name), *_]:
            return Target("module", name)
        case [("prefix", text), *_] if "." in text:
            return Target("prefix", text.rpartition(".")[0] if text.strip(".") else text)
    return Target("any")


def _resolved(call: tuple[Argument, ...]) -> Target:
    match call:
        case [("text", name), *_] if ":" in name:
            return Target("module", name.partition(":")[0])
    return Target("any")


def _run(call: tuple[Argument, ...]) -> Target:
    match call:
        case [("text", code), *_]:
            return Target("code", code)
    return Target("here")


def _looked_up(index: Argument) -> Target:
    match index:
        case ("name", "__name__"):
            return Target("here")
        case ("text", name):
            return Target("module", name)
    return Target("any")


def absolute(name: str, package: str) -> str:
    """Make a module's name absolute: `.sub` in `pkg` is `pkg.sub`.

    >>> absolute("..b.c", "a.x"), absolute("b", "a"), absolute(".", "a")
    ('a.b.c', 'b', 'a')
    """
    dots = len(name) - len(name.lstrip("."))
    if not dots:
        return own_name(name)
    base = package.split(".")[: len(package.split(".")) - dots + 1]
    return ".".join([*base, *filter(None, [name[dots:]])])
