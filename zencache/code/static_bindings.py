"""Finds what binds a name in a module that is not imported yet: statements, imports and stars in order."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from zencache.code.dynamic import absolute
from zencache.code.scopes import Imported, own_nodes, surely_bound
from zencache.code.text_memory import place

if TYPE_CHECKING:
    from collections.abc import Callable

    from zencache.code.module_texts import StaticModule


_ALWAYS_BIND = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


class Binder(NamedTuple):
    """A top-level statement that may bind a name."""

    statement: ast.stmt
    imports: tuple[Imported, ...] = ()
    """The imports in it that may bind the name; of a star import, the name in its module."""
    is_sure: bool = True
    """Whether it binds the name in any case, and to a value that is independent of the one before."""

    @property
    def is_import(self) -> bool:
        """Whether the statement only imports."""
        return isinstance(self.statement, ast.Import | ast.ImportFrom)


class Bindings:
    """Finds binders by name; `read` gives a module of the project, or None."""

    def __init__(self, read: Callable[[str], StaticModule | None]) -> None:
        self._read = read
        self._binders: dict[tuple[str, str], list[Binder]] = {}
        self._active: set[tuple[str, str]] = set()
        """Star imports that are being followed: modules may import each other's names."""

    def of(self, module: StaticModule, name: str) -> list[Binder]:
        """List the binders of a name whose value may be seen, in order."""
        if module.stars:  # what these give depends on the star imports that are being followed
            return self._of(module, name)
        key = (module.name, name)
        if key not in self._binders:
            self._binders[key] = self._of(module, name)
        return self._binders[key]

    def _of(self, module: StaticModule, name: str) -> list[Binder]:
        binders = [_binder(module, statement, name) for statement in module.bound.get(name, ())]
        stars = [self._star(module, *star, name) for star in module.stars]
        binders += [star for star in stars if star is not None]
        if not any(binder.imports for binder in binders):
            return binders
        binders.sort(key=lambda binder: module.positions[id(binder.statement)])
        return _not_replaced(module, name, binders)

    def _star(self, module: StaticModule, statement: ast.stmt, target: Imported, name: str) -> Binder | None:
        source = absolute("." * target.level + target.module, module.package)
        if (source, name) in self._active:
            return None
        self._active.add((source, name))
        try:
            is_sure = self._exports(source, name)
        finally:
            self._active.discard((source, name))
        if is_sure is None:
            return None
        named = Imported(target.module, target.level, name)
        return Binder(statement, (named,), is_sure and isinstance(statement, ast.ImportFrom))

    def _exports(self, source: str, name: str) -> bool | None:
        """Say whether a star import from a module surely gives a name; None if it cannot."""
        module = self._read(source)
        if module is None:
            return None
        has_all = "__all__" in module.bound
        if module.exported is not None and name not in module.exported:
            return None
        if not has_all and name.startswith("_"):
            return None
        is_sure = not has_all or module.exported is not None
        if name in module.bound:
            return is_sure and name in module.surely_bound
        if any(binder.is_sure for binder in self.of(module, name)):
            return is_sure
        may_be = bool(self.of(module, name)) or (has_all and self._is_made_on_demand(module, name))
        return False if may_be else None

    def _is_made_on_demand(self, module: StaticModule, name: str) -> bool:
        return "__getattr__" in module.bound or self._read(f"{module.name}.{name}") is not None


def _binder(module: StaticModule, statement: ast.stmt, name: str) -> Binder:
    imports = tuple(dict.fromkeys(module.scope_of(statement).imports.get(name, ())))
    is_bound = isinstance(statement, _ALWAYS_BIND) or name in surely_bound([statement])
    is_sure = is_bound and not _loads(module, statement, name)
    return Binder(statement, imports, is_sure)


def _not_replaced(module: StaticModule, name: str, binders: list[Binder]) -> list[Binder]:
    """Leave out binders whose value is replaced before anything can use it."""
    last = max((number for number, binder in enumerate(binders) if binder.is_sure), default=0)
    end = module.positions[id(binders[last].statement)]
    kept = []
    for binder in binders[:last]:
        begin = module.positions[id(binder.statement)]
        if not all(_is_inert(module, s, name) for s in module.statements[begin + 1 : end]):
            kept.append(binder)
    return [*kept, *binders[last:]]


def _is_inert(module: StaticModule, statement: ast.stmt, name: str) -> bool:
    """Say whether a statement neither uses a name nor runs code that may."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return True
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return not statement.decorator_list and not _loads(module, statement, name)
    is_simple = isinstance(statement, ast.Assign | ast.AnnAssign | ast.Pass)
    is_read = is_simple and _loads(module, statement, name)
    return is_simple and not is_read and not any(map(_may_run_code, ast.walk(statement)))


def _may_run_code(node: ast.AST) -> bool:
    return isinstance(node, ast.Call | ast.Attribute | ast.Subscript | ast.BinOp | ast.Compare)


def _loads(module: StaticModule, statement: ast.stmt, name: str) -> bool:
    """Say whether the run of a statement may read a name, bodies of functions left out."""
    if isinstance(statement, ast.AugAssign):
        return True
    key = f"loaded {place(statement)}"
    return name in module.text.memory.value(key, lambda: frozenset(_loaded_by(statement)), sorted, frozenset)


def _loaded_by(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        outside: list[ast.AST] = [*statement.decorator_list, statement.args]
        nodes = [node for each in outside for node in ast.walk(each)]
    elif isinstance(statement, ast.ClassDef):
        nodes = list(ast.walk(statement))
    else:
        nodes = list(own_nodes([statement]))
        nodes += [inner for node in nodes if isinstance(node, ast.Lambda) for inner in ast.walk(node.args)]
        nodes += [inner for node in nodes if isinstance(node, _COMPREHENSIONS) for inner in ast.walk(node)]
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
