"""Finds a class that stored data names, without running code that the data chooses.

A module that is loaded is only looked at. Another one is imported only if its text defines a class of that
name: records and files may name any module, and an import runs it.
"""

from __future__ import annotations

import ast
import importlib
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from zencache.errors import MaterializerError
from zencache.util.imports import find_spec, own_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FACTORIES = frozenset(
    {
        *("namedtuple", "NamedTuple", "make_dataclass", "make_class", "create_model"),
        *("Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"),
    }
)
"""Functions and classes whose call makes a class."""
_MATERIALIZERS = ("Materializer", "BaseMaterializer")
_OURS = ("zencache", "zenml")
_DEEPEST = 20  # imports that are followed from one module to the next


def find_class(path: str, main: str, *, is_materializer: bool = False) -> Any:
    """Give the class of `module:qualified.name`; raises MaterializerError if there is none.

    `main` is the name of the running script's module. With `is_materializer`, a module that is not loaded
    must define the class as a materializer.

    >>> find_class("fractions:Fraction", "script").__name__
    'Fraction'
    >>> find_class("antigravity:geohash", "script")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    zencache.errors.MaterializerError: geohash of module antigravity cannot be imported: ...
    """
    module, _, qualname = path.partition(":") if isinstance(path, str) else ("", "", "")
    names = qualname.split(".")
    if not _may_name(module) or not all(name.isidentifier() for name in names):
        raise MaterializerError(f"{str(path)[:200]!a} does not name a class")
    module = own_name(module)
    if module == main:
        kind = _class_in("__main__", names) or _class_in(module, names)
    else:
        kind = _class_in(module, names)
    for name in (module, f"{module}.__main__"):  # what `python -m package` ran is in `__main__`
        if kind is None and name not in sys.modules and (module != main or name != module):
            kind = _imported(name, names, is_materializer=is_materializer)
        elif kind is None:
            kind = _class_in(name, names)
    if kind is None:
        raise MaterializerError(
            f"{qualname} of module {module} cannot be imported: no such class is defined there; "
            "import the module that makes it first"
        )
    return kind


def _may_name(module: str) -> bool:
    """Say whether a module may have this name; a script has that of its file: `01_train`, `train-fast`."""
    return all(part and part.isprintable() and not set(part) & set("/\\") for part in module.split("."))


def _class_in(module: str, names: list[str]) -> type | None:
    """Look a class up in a loaded module, without calling a `__getattr__`."""
    value: Any = sys.modules.get(module)
    for name in names:
        value = getattr(value, "__dict__", {}).get(name)
    return value if isinstance(value, type) else None


def _imported(module: str, names: list[str], *, is_materializer: bool) -> type | None:
    defines = defines_materializer if is_materializer else defines_class
    if not defines(module, names):
        return None
    try:
        importlib.import_module(module)
    except Exception as error:
        raise MaterializerError(f"module {module} cannot be imported: {error}") from error
    return _class_in(module, names)


# -- definitions --------------------------------------------------------------------------------------


def defines_class(module: str, names: list[str], depth: int = 0) -> bool:
    """Say whether a module's text defines a class, or takes it from a module that does.

    >>> defines_class("fractions", ["Fraction"]), defines_class("this", ["d"])
    (True, False)
    """
    definition = _definition(module, names)
    if isinstance(definition, tuple) and depth < _DEEPEST:
        return defines_class(definition[0], [definition[1], *names[1:]], depth + 1)
    return isinstance(definition, ast.ClassDef | ast.Call)


def defines_materializer(module: str, names: list[str], depth: int = 0) -> bool:
    """Say whether a module's text defines a class that derives from one of our materializers."""
    if module.partition(".")[0] in _OURS and names[-1] in _MATERIALIZERS:
        return True
    definition = _definition(module, names)
    if depth >= _DEEPEST or definition is None:
        return False
    if isinstance(definition, tuple):
        return _is_ours(*definition) or defines_materializer(
            definition[0], [definition[1], *names[1:]], depth + 1
        )
    if not isinstance(definition, ast.ClassDef):
        return False
    return any(_is_materializer(module, _dotted(base), depth + 1) for base in definition.bases)


def _is_materializer(module: str, base: list[str], depth: int) -> bool:
    if not base:
        return False
    imported = dict(_imports(_tree(module), module))
    if base[0] not in imported:
        return defines_materializer(module, base, depth)
    origin, name = imported[base[0]]
    full = [*([name] if name else []), *base[1:]]
    # `import package.module` binds the package: the last part is the class.
    return _is_ours(origin, full[-1]) or defines_materializer(
        ".".join([origin, *full[:-1]]), full[-1:], depth
    )


def _is_ours(module: str, name: str) -> bool:
    top = module.partition(".")[0]
    return (top in _OURS or top.startswith("zencache_")) and name.endswith("Materializer")


def _definition(module: str, names: list[str]) -> ast.ClassDef | ast.Call | tuple[str, str] | None:
    """Give the statement that makes a class, or the module and the name that it is imported from."""
    tree = _tree(module)
    if tree is None:
        return None
    body: Any = tree
    for place, name in enumerate(names):
        node = next((n for n in _statements(body) if isinstance(n, ast.ClassDef) and n.name == name), None)
        if node is not None:
            body = node
            continue
        last = place == len(names) - 1
        made = (call for n in _statements(body) for call in _calls_bound_to(n, name)) if last else iter(())
        return next(made, None) or (_origin(tree, module, name) if place == 0 else None)
    return body if isinstance(body, ast.ClassDef) else None


def _origin(tree: ast.Module, module: str, name: str) -> tuple[str, str] | None:
    """Give the module and the name that a module takes a name from, by a `*` if nothing names it."""
    imported = dict(_imports(tree, module))
    return imported.get(name) or ((imported["*"][0], name) if "*" in imported else None)


def _statements(body: Any) -> Iterator[ast.stmt]:
    """List the statements of a module or a class, those in `if` and `try` too."""
    for node in ast.iter_child_nodes(body):
        if isinstance(node, ast.stmt):
            yield node
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield from _statements(node)
        elif isinstance(node, ast.ExceptHandler):
            yield from _statements(node)


def _calls_bound_to(node: ast.stmt, name: str) -> Iterator[ast.Call]:
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
        is_bound = any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
        if is_bound and (_dotted(node.value.func) or [""])[-1] in _FACTORIES:
            yield node.value


def _imports(tree: ast.Module | None, module: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """List what a module imports: the name there, and the module and the name that it is of."""
    for node in _statements(tree) if tree else ():
        if isinstance(node, ast.ImportFrom):
            origin = _absolute(node, module)
            yield from ((each.asname or each.name, (origin, each.name)) for each in node.names)
        elif isinstance(node, ast.Import):
            for each in node.names:
                top = each.name if each.asname else each.name.partition(".")[0]
                yield each.asname or top, (top, "")


def _absolute(node: ast.ImportFrom, module: str) -> str:
    if not node.level:
        return node.module or ""
    spec = find_spec(module)
    is_package = spec is not None and spec.submodule_search_locations is not None
    parts = module.split(".")
    kept = parts[: len(parts) - node.level + is_package]
    return ".".join([*kept, *([node.module] if node.module else [])])


def _dotted(node: ast.expr) -> list[str]:
    """Give the names of a dotted expression; of a generic class, those before the bracket."""
    if isinstance(node, ast.Subscript):
        return _dotted(node.value)
    if isinstance(node, ast.Name):
        return [node.id]
    above = _dotted(node.value) if isinstance(node, ast.Attribute) else []
    return [*above, node.attr] if above and isinstance(node, ast.Attribute) else []


def _tree(module: str) -> ast.Module | None:
    """Parse a module's text, without importing it; None if it has none."""
    with suppress(Exception):  # third-party loaders and a user's text may be anything
        spec = find_spec(module)
        get_source: Callable[[str], str | None] | None = getattr(
            spec.loader if spec else None, "get_source", None
        )
        text = get_source(module) if get_source else None
        return ast.parse(text) if text is not None else None
    return None
