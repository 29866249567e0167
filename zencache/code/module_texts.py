"""Reads the modules of a project as texts, whether they are imported or not."""

from __future__ import annotations

import ast
import functools
import itertools
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from blake3 import blake3

from zencache.code.ast_shape import part_of
from zencache.code.digest_graph import Statements
from zencache.code.dynamic import absolute
from zencache.code.import_conditions import run_at_import
from zencache.code.module_origin import code_root, file_of_module, origin_of_file, origin_of_module
from zencache.code.scopes import Imported, Scope, own_nodes, surely_bound
from zencache.code.source import Text, agrees, first_line, function_of, remember, text_now, texts_of
from zencache.util.imports import own_name

if TYPE_CHECKING:
    import types
    from collections.abc import Iterator

_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "dist-packages"})


@dataclass(frozen=True)
class StaticModule:
    """A module's text: which statements bind which name."""

    name: str
    file: str
    text: Text

    @cached_property
    def package(self) -> str:
        """The package that its relative imports start from."""
        return self.name if Path(self.file).name == "__init__.py" else self.name.rpartition(".")[0]

    @property
    def where(self) -> str:
        """Its name in explanations."""
        return place_of(self.name, self.file)

    @cached_property
    def statements(self) -> list[ast.stmt]:
        """The top-level statements, without code that is only for scripts or for type checkers."""
        return list(run_at_import(self.text.tree.body if self.text.tree else [], self.name))

    @cached_property
    def bound(self) -> dict[str, list[ast.stmt]]:
        """Statements by the names that they bind."""
        statements_by_name: dict[str, list[ast.stmt]] = {}
        for statement, scope in zip(self.statements, self.scopes, strict=True):
            for name in scope.bound:
                statements_by_name.setdefault(name, []).append(statement)
        return statements_by_name

    @cached_property
    def scopes(self) -> list[Scope]:
        """What each of its statements binds."""
        return [Scope.of([statement]) for statement in self.statements]

    def scope_of(self, statement: ast.stmt) -> Scope:
        """Give what one of its statements binds."""
        return self.scopes[self.positions[id(statement)]]

    @cached_property
    def surely_bound(self) -> set[str]:
        """Names that its statements bind whatever their conditions say."""
        return surely_bound(self.statements)

    @cached_property
    def exported(self) -> frozenset[str] | None:
        """The names of a literal `__all__`; None if it is computed or there is none."""
        statements = self.bound.get("__all__", [])
        match statements:
            case [ast.Assign(value=ast.List(elts=names) | ast.Tuple(elts=names))]:
                texts = [name.value for name in names if isinstance(name, ast.Constant)]
                return frozenset(map(str, texts)) if len(texts) == len(names) else None
        return None

    @cached_property
    def stars(self) -> list[tuple[ast.stmt, Imported]]:
        """Its star imports, each with the top-level statement that it is part of."""
        scopes = zip(self.statements, self.scopes, strict=True)
        return [(statement, target) for statement, scope in scopes for target in scope.imports.get("*", ())]

    @cached_property
    def positions(self) -> dict[int, int]:
        """The order of its statements, by their ids."""
        return {id(statement): number for number, statement in enumerate(self.statements)}

    def written(self, statements: list[ast.stmt], name: str = "") -> Statements:
        """Give the place of statements; `name` is the one that they were followed for."""
        lines = tuple((first_line(each), each.end_lineno or each.lineno) for each in statements)
        return Statements(self.name, self.file, lines, name)

    @cached_property
    def imported_modules(self) -> list[str]:
        """Names of the modules that it may import, parents first; names of attributes are among them."""
        names: dict[str, None] = {}
        for node in own_nodes(self.statements):
            if isinstance(node, ast.Import):
                names.update(dict.fromkeys(alias.name for alias in node.names))
            elif isinstance(node, ast.ImportFrom):
                source = absolute("." * node.level + (node.module or ""), self.package)
                names.update(dict.fromkeys([source, *(f"{source}.{alias.name}" for alias in node.names)]))
        return list(dict.fromkeys(each for name in names for each in with_parents(own_name(name))))

    @cached_property
    def imports(self) -> dict[str, list[Imported]]:
        """Names bound by its imports."""
        imports: dict[str, list[Imported]] = {}
        for scope in self.scopes:
            for name, targets in scope.imports.items():
                imports.setdefault(name, []).extend(targets)
        return imports


static_module = functools.lru_cache(maxsize=2048)(StaticModule)
"""Cache of parsed texts, so that each module is analysed once for all digests."""


def with_parents(name: str) -> list[str]:
    """List a module and the packages that are imported before it.

    >>> with_parents("a.b.c")
    ['a', 'a.b', 'a.b.c']
    """
    return list(itertools.accumulate(name.split("."), "{}.{}".format))


@functools.lru_cache(maxsize=4096)
def place_of(module: str, file: str | None) -> str:
    """Name a module's file as an explanation does.

    >>> place_of("pkg.prep", "/home/ada/pkg/prep.py"), place_of("__main__", "/home/ada/run.py")
    ('pkg/prep.py', 'run.py')
    >>> place_of("__main__", None)
    'the session'
    """
    if file is None or file.startswith("<"):
        return "the session" if module == "__main__" else module
    path = Path(file)
    parents = () if module == "__main__" else module.split(".")[: -1 if path.stem != "__init__" else None]
    return "/".join([*parents, path.name])


def current_text(name: str, file: str) -> Text | None:
    """Give the text that a module was imported from; if it is not imported, the current text of its file.

    Names of the module may have got other values since.
    """
    module = sys.modules.get(name)
    remember(file)
    if module is None:
        return newest_text(name, file)
    codes = [code for code in _codes_of(module) if code.co_filename == file]
    compiled = [text for text in reversed(texts_of(file)) if all(text.find(code) for code in codes)]
    agreeing = (text for text in compiled if agrees(text.tree.body if text.tree else [], vars(module)))
    return next(agreeing, compiled[0] if compiled else None)


def newest_text(name: str, file: str) -> Text | None:  # noqa: ARG001 - called as `current_text` is
    """Give the current text of a module's file, whatever was imported under its name before."""
    return text_now(file)


def modules_in(folder: Path) -> dict[str, Path]:
    """Give the modules in a folder, without names of the standard library or of installed packages.

    >>> from pathlib import Path
    >>> for name in ("helpers.py", "json.py"):
    ...     _ = Path(name).write_text("")
    >>> list(modules_in(Path.cwd()))
    ['helpers']
    """
    files = {file.stem: file for file in sorted(folder.glob("*.py")) if file.stem.isidentifier()}
    return {name: file for name, file in files.items() if origin_of_module(name) == "project"}


def _codes_of(module: types.ModuleType) -> Iterator[types.CodeType]:
    """List the code of a module's functions and of its classes' methods."""
    for value in list(vars(module).values()):
        for each in (value, *(list(vars(value).values()) if issubclass(type(value), type) else ())):
            function = function_of(each)
            if function is not None:
                yield function.__code__


def text_digest(path: Path) -> str:
    """Digest the statements of a file; if it cannot be parsed, its bytes."""
    texts = texts_of(str(path))
    if not texts or texts[-1].tree is None:
        return blake3(path.read_bytes()).hexdigest()
    return part_of(list(run_at_import(texts[-1].tree.body, ""))).shape


def python_files(module: str, file: str | None, prefix: str) -> Iterator[Path]:
    """List the source files of the project that a module belongs to, or of a package of it."""
    folder = file_of_module(prefix) if prefix else None
    root = Path(folder) if folder else code_root(file, module)
    if root is None:
        return
    yield from _below(root.parent if root.suffix else root)


def _below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.suffix == ".py" and path.is_file() and origin_of_file(str(path)) == "project":
            yield path
        elif path.is_dir() and not _is_passed_over(path):
            yield from _below(path)


def _is_passed_over(folder: Path) -> bool:
    hidden = folder.name.startswith(".") or folder.name in _SKIPPED
    return hidden or (folder / "pyvenv.cfg").exists()
