"""Tells the shapes of a module's definitions by their qualified names, from its text alone.

A unit is a function, a class without its functions, or a global; nested functions count with the outer one.
What a module's top level runs is a unit too, `<module>`, without the bodies of functions.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from zencache.code.ast_shape import Part, part_of, template_of
from zencache.code.import_conditions import run_at_import
from zencache.code.scopes import Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

TOP = "<module>"
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPOUND = (ast.If, ast.Try, ast.With, ast.For, ast.While, ast.Match)
# Calls that keep a function which they are given, and do not call it.
_KEEPERS = frozenset(
    {"partial", "register", "add", "append", "insert", "setdefault", "update", "staticmethod", "classmethod"}
    | {"property", "cached_property", "lru_cache", "cache", "wraps", "signature", "partialmethod"}
)


Target = tuple[str, int, "str | None"]
"""What an import binds: a module, the dots of a relative import, and an attribute."""


class Use(NamedTuple):
    """A name from outside that a unit uses."""

    root: str
    attributes: tuple[str, ...] = ()
    imported: Target | None = None
    """Of an import inside of the unit: its target."""
    is_called: bool = False
    """Whether the unit's code calls it, or has another function call it."""
    at_definition: bool = True
    """Whether it is used when the unit is defined, and not when a function's body runs."""


@dataclass(frozen=True)
class Unit:
    """One definition: the shape of its text, and what it takes from outside."""

    kind: str
    """`function`, `class`, `value` or `module`."""
    shape: str
    uses: tuple[Use, ...] = ()


@dataclass(frozen=True)
class ModuleShapes:
    """The units of one text."""

    units: Mapping[str, Unit] = field(default_factory=dict)
    imports: Mapping[str, tuple[Target, ...]] = field(default_factory=dict)
    """Name to what imports at the top level bind it to; `*` to the star imports."""

    def to_data(self) -> Any:
        """Write it as plain lists."""
        units = {name: [unit.kind, unit.shape, unit.uses] for name, unit in self.units.items()}
        return [units, self.imports]

    @classmethod
    def from_data(cls, data: Any) -> ModuleShapes:
        """Read what `to_data` wrote, also through JSON."""
        units, imports = data
        return cls(
            {name: Unit(kind, shape, tuple(map(_use, uses))) for name, (kind, shape, uses) in units.items()},
            {name: tuple(map(_imported, targets)) for name, targets in imports.items()},
        )


def _use(data: Any) -> Use:
    root, attributes, target, is_called, at_definition = data
    return Use(root, tuple(attributes), target and _imported(target), is_called, at_definition)


def _imported(data: Any) -> Target:
    module, level, attribute = data
    return module, level, attribute


def module_shapes(tree: ast.Module) -> ModuleShapes:
    r"""Tell the shapes of a module's units.

    >>> shapes = module_shapes(ast.parse("RATE = 2\nclass A:\n  def f(self):\n    return RATE\n"))
    >>> [(name, unit.kind, [use.root for use in unit.uses]) for name, unit in shapes.units.items()]
    [('A', 'class', []), ('A.f', 'function', ['RATE']), ('RATE', 'value', []), ('<module>', 'module', [])]
    """
    body = list(run_at_import(tree.body, ""))
    nodes: dict[str, list[ast.AST]] = {}
    for name, node in definitions(body):
        nodes.setdefault(name, []).append(node)
    units = {name: _unit_of(each) for name, each in nodes.items()}
    loose = [statement for statement in body if not _is_definition(statement)]
    units |= {n: u for n, u in _values(loose).items() if n not in units}
    units[TOP] = _top_level(body)
    imports = {
        name: tuple((t.module, t.level, t.attribute) for t in targets)
        for name, targets in Scope.of(body).imports.items()
    }
    return ModuleShapes(units, imports)


def definitions(body: Sequence[ast.stmt], prefix: str = "") -> Iterator[tuple[str, ast.AST]]:
    """List the functions and classes of a module or a class by qualified name, outside of functions."""
    for statement in body:
        if isinstance(statement, _FUNCTION):
            yield prefix + statement.name, statement
        elif isinstance(statement, ast.ClassDef):
            yield prefix + statement.name, statement
            yield from definitions(statement.body, f"{prefix}{statement.name}.")
        elif isinstance(statement, _COMPOUND):
            yield from definitions(_inside(statement), prefix)


def name_at(tree: ast.Module, line: int) -> str:
    """Name the unit that holds the code of a line: the outermost function, else a global, else `<module>`."""
    body = list(run_at_import(tree.body, ""))
    within = [
        (name, node) for name, node in definitions(body) if _first_line(node) <= line <= _last_line(node)
    ]
    functions = [name for name, node in within if isinstance(node, _FUNCTION)]
    if functions:
        return functions[0]
    if within:
        return within[-1][0]
    for statement in body:
        if _first_line(statement) <= line <= _last_line(statement):
            return next(iter(sorted(Scope.of([statement]).bound)), TOP)
    return TOP


def _unit_of(nodes: Sequence[ast.AST]) -> Unit:
    if not all(isinstance(node, _FUNCTION) for node in nodes):
        return _unit("class", [part for node in nodes for part in _parts_of_class(node)])
    bodies = [template_of(node, defaults=False).body for node in nodes]
    return _unit("function", [part for node in nodes for part in _head(node)], bodies)


def _parts_of_class(node: ast.AST) -> list[Part]:
    """Give the parts of a class that run when it is defined: its statements, and its functions' heads."""
    if not isinstance(node, ast.ClassDef):
        return _head(node)
    inside = dict(definitions(node.body))
    template = template_of(node, without=frozenset(name for name in inside if "." not in name))
    heads = [part for each in inside.values() if isinstance(each, _FUNCTION) for part in _head(each)]
    return [template.body, part_of(list(node.bases)), *_decorators(node), *heads]


def _head(node: Any) -> list[Part]:
    """Give the decorators of a function, and the defaults of its arguments."""
    defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
    return [*_decorators(node), *([part_of(defaults)] if defaults else [])]


def _decorators(node: Any) -> list[Part]:
    """Give the decorators of a definition, as the calls that they are."""
    return [part_of(ast.Call(func=each, args=[], keywords=[])) for each in node.decorator_list]


def _values(loose: Sequence[ast.stmt]) -> dict[str, Unit]:
    """Give the globals, each with all statements that bind or mention it: they may change its value."""
    bound = [Scope.of([statement]).bound for statement in loose]
    parts = [part_of(statement) for statement in loose]
    statements: dict[str, list[Part]] = {}
    for name in dict.fromkeys(name for names in bound for name in sorted(names)):
        statements[name] = [
            part
            for part, names in zip(parts, bound, strict=True)
            if name in names or (not names and any(chain.root == name for chain in part.chains))
        ]
    return {name: _unit("value", each, leave=name) for name, each in statements.items()}


def _top_level(body: Sequence[ast.stmt]) -> Unit:
    parts = [part_of(statement) for statement in body if not _is_definition(statement)]
    for _, node in definitions(body):
        parts += _head(node) if isinstance(node, _FUNCTION) else _parts_of_class(node)
    return _unit("module", parts)


def _unit(kind: str, parts: Iterable[Part], bodies: Iterable[Part] = (), *, leave: str = "") -> Unit:
    """Make a unit of what its definition runs, and of the bodies that only its calls run."""
    definition, later = list(parts), list(bodies)
    uses = [use for part in definition for use in _uses(part) if use.root != leave or not leave]
    uses += [use._replace(at_definition=False) for part in later for use in _uses(part)]
    return Unit(kind, " ".join(part.shape for part in (*definition, *later)), tuple(dict.fromkeys(uses)))


def _uses(part: Part) -> Iterator[Use]:
    given = {
        text
        for number, calls in part.calls.items()
        if (part.chains[number].attributes or (part.chains[number].root,))[-1] not in _KEEPERS
        for arguments in calls
        for kind, text in arguments
        if kind == "name"
    }
    for number, chain in enumerate(part.chains):
        inner = chain.imported
        target = None if inner is None else (inner.module, inner.level, inner.attribute)
        is_called = number in part.calls or (chain.root in given and not chain.attributes)
        yield Use(chain.root, chain.attributes, target, is_called)


def _is_definition(statement: ast.stmt) -> bool:
    return isinstance(statement, (*_FUNCTION, ast.ClassDef, ast.Import, ast.ImportFrom))


def _inside(statement: ast.stmt) -> list[ast.stmt]:
    """Give the statements inside of a compound one, of its handlers and cases too."""
    inside: list[ast.stmt] = []
    for name in ("body", "orelse", "finalbody"):
        inside += getattr(statement, name, [])
    for each in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        inside += each.body
    return inside


def _first_line(node: Any) -> int:
    lines = [decorator.lineno for decorator in getattr(node, "decorator_list", ())]
    return int(min([node.lineno, *lines]))


def _last_line(node: Any) -> int:
    return int(node.end_lineno or node.lineno)
