"""Computes the shape of a piece of code: its syntax tree, in which numbers stand for names from outside.

The shape omits comments, docstrings, formatting, positions and annotations of local variables. A name from
outside is an index into `chains`, so that its spelling does not matter, only its value.
"""

from __future__ import annotations

import ast
import contextlib
import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar

from zencache.code.digest_graph import digest_of
from zencache.code.mutations import changed_by
from zencache.code.scopes import Comprehension, Defining, Imported, Scope, Scopes, function_scope, imported

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# Code that inspects code: what the shape omits then affects the result.
REFLECTION = {
    **dict.fromkeys(("__doc__", "getdoc"), "docstrings"),
    **dict.fromkeys(("getsource", "getsourcelines", "getsourcefile", "getcomments", "__code__"), "text"),
    **dict.fromkeys(("co_firstlineno", "f_lineno", "tb_lineno", "getframeinfo", "co_lines"), "lines"),
    **dict.fromkeys(("__globals__", "f_globals"), "globals"),
    **dict.fromkeys(("__module__", "__qualname__", "getmodule"), "place"),
    "__subclasses__": "subclasses",
    **dict.fromkeys(("__bound__", "__constraints__", "__covariant__", "__contravariant__"), "type variables"),
    **dict.fromkeys(("__supertype__", "__default__", "evaluate_bound"), "type variables"),
    "__name__": "names",  # of an object; a module's own name is not an attribute
    "co_name": "own name",
}


_LEAVES = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)


class Chain(NamedTuple):
    """A name from outside with the attributes taken from it (`np.linalg.norm`), or an import inside."""

    root: str
    attributes: tuple[str, ...] = ()
    imported: Imported | None = None
    effects: bool = False
    """Whether a module is imported here only for the side effects of its import."""
    changed: str = ""
    """How it is only changed, as by `calls.append(1)` or `count["n"] += 1`; then its value does not count."""


Argument = tuple[str, str]
"""An argument of a call: `("text", "prep")`, `("prefix", "plugins.")` for a text that begins so,
`("name", "__name__")`, or `("unknown", "")`."""


@dataclass(frozen=True)
class Part:
    """A shape, and the names that it takes from outside."""

    shape: str
    chains: tuple[Chain, ...] = ()
    calls: Mapping[int, tuple[tuple[Argument, ...], ...]] = field(default_factory=dict)
    """Chain to the first arguments of the calls of it."""
    subscripts: Mapping[int, tuple[Argument, ...]] = field(default_factory=dict)
    """Chain to the keys that it is indexed with."""
    uses: Mapping[int, int] = field(default_factory=dict)
    """Chain to how often it is read."""
    reflects: frozenset[str] = frozenset()
    docstrings: str = ""
    """A digest of the docstrings, which count if code reads docstrings."""

    @functools.cached_property
    def is_changing(self) -> bool:
        """Whether it only changes something from outside."""
        return any(chain.changed for chain in self.chains)

    def to_data(self) -> list[Any]:
        """Write it as plain lists."""
        chains = [_written(chain) for chain in self.chains]
        tables = [[*table.items()] for table in (self.calls, self.subscripts, self.uses)]
        return [self.shape, chains, *tables, sorted(self.reflects), self.docstrings]

    @classmethod
    def from_data(cls, data: Any) -> Part:
        """Read what `to_data` wrote, also through JSON."""
        shape, chains, calls, subscripts, uses, reflects, docstrings = data
        return cls(
            shape,
            tuple(map(_chain, chains)),
            {number: tuple(map(_arguments, calls_of)) for number, calls_of in calls},
            {number: _arguments(keys) for number, keys in subscripts},
            dict(uses),
            frozenset(reflects),
            docstrings,
        )


def _written(chain: Chain) -> Any:
    """Write a chain: most are a name with attributes, for which a text is shorter."""
    root, attributes, target, effects, changed = chain
    if target is None and not effects and not changed:
        return " ".join((root, *attributes))
    imported = None if target is None else [target.module, target.level, target.attribute]
    return [root, attributes, imported, effects, changed]


def _chain(data: Any) -> Chain:
    if isinstance(data, str):
        root, *rest = data.split(" ")
        return Chain(root, tuple(rest))
    root, attributes, target, effects, changed = data
    return Chain(root, tuple(attributes), target and Imported(*target), effects, changed)


def _arguments(data: Any) -> tuple[Argument, ...]:
    return tuple((kind, text) for kind, text in data)


@dataclass(frozen=True)
class Template:
    """A definition: its body, and separately its decorators, because some are zencache's own."""

    body: Part
    decorators: tuple[Part, ...] = ()

    def to_data(self) -> list[Any]:
        """Write it as plain lists."""
        return [part.to_data() for part in (self.body, *self.decorators)]

    @classmethod
    def from_data(cls, data: Any) -> Template:
        """Read what `to_data` wrote, also through JSON."""
        body, *decorators = map(Part.from_data, data)
        return cls(body, tuple(decorators))


_P = ParamSpec("_P")
_T = TypeVar("_T")


def _deep(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """Make a function that is called again with a higher limit of recursion where Python's was too low."""

    @functools.wraps(function)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return function(*args, **kwargs)
        except RecursionError:
            from zencache.code.recursion import deeper_recursion  # noqa: PLC0415 - little code is so deep

            with deeper_recursion():
                return function(*args, **kwargs)

    return call


@_deep
def template_of(node: ast.AST, *, defaults: bool = True, without: frozenset[str] = frozenset()) -> Template:
    r"""Give the template of a function, a lambda or a class; its own name is left to the caller.

    `defaults` says whether the defaults of arguments count. `without` names methods and inner classes that
    are read from the live class instead.

    >>> one = template_of(ast.parse("def f(a):\n  'Doc.'\n  b: int = np.sum(a)  # sum\n  return b").body[0])
    >>> two = template_of(ast.parse("def g(a):\n  b = numpy.sum(a)\n  return b").body[0])
    >>> one.body.shape == two.body.shape, *([chain[:2] for chain in each.body.chains] for each in (one, two))
    (True, [('np', ('sum',))], [('numpy', ('sum',))])
    """
    writer = _Writer()
    if isinstance(node, ast.ClassDef):
        shape = writer.class_body(node, Scopes(), without)
    else:
        assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        shape = writer.function(node, Scopes(), defaults=defaults)
    body = writer.part(shape)
    return Template(body, tuple(part_of(d) for d in getattr(node, "decorator_list", ())))


@functools.lru_cache(maxsize=16384)
def shared_part(*nodes: ast.AST) -> Part:
    """Give the shape of statements outside any function, computed once for each."""
    return part_of(nodes)


@_deep
def part_of(node: ast.AST | Sequence[ast.AST]) -> Part:
    """Give the shape of statements or an expression outside any function."""
    writer = _Writer()
    return writer.part(writer.write(list(node) if isinstance(node, list | tuple) else node, Scopes()))


class _Writer:
    """Writes a syntax tree as a plain value, and collects the names that it takes from outside."""

    def __init__(self) -> None:
        self._chains: dict[Chain, int] = {}
        self._methods: dict[type[ast.AST], Any] = {}
        self._calls: dict[int, list[tuple[Argument, ...]]] = {}
        self._subscripts: dict[int, list[Argument]] = {}
        self._uses: dict[int, int] = {}
        self._reflects: set[str] = set()
        self._docstrings: list[str] = []
        self._changed: dict[int, str] = {}
        """The names, as nodes, that the current statement only changes, and how."""

    def part(self, shape: Any) -> Part:
        return Part(
            digest_of(shape),
            tuple(self._chains),
            {k: tuple(v) for k, v in self._calls.items()},
            {k: tuple(v) for k, v in self._subscripts.items()},
            dict(self._uses),
            frozenset(self._reflects),
            digest_of(self._docstrings) if self._docstrings else "",
        )

    # -- nodes --------------------------------------------------------------------------------

    def write(self, node: Any, scopes: Scopes) -> Any:
        if isinstance(node, list):
            return [self.write(item, scopes) for item in node]
        if not isinstance(node, ast.AST):
            return node
        return self._special(type(node))(node, scopes)

    def _special(self, kind: type[ast.AST]) -> Any:
        """Give the method that writes a kind of node."""
        method = self._methods.get(kind)
        if method is None:
            plain = self._comprehension if issubclass(kind, Comprehension) else self._plain
            method = self._methods[kind] = getattr(self, f"_{kind.__name__}", plain)
        return method

    def _plain(self, node: ast.AST, scopes: Scopes, *, leave: tuple[str, ...] = ()) -> Any:
        shape: list[Any] = [type(node).__name__]
        for name in node._fields:
            value = getattr(node, name, None)
            if value is None or name in leave:
                continue
            written = [type(value).__name__] if isinstance(value, _LEAVES) else self.write(value, scopes)
            if written is not None and written != []:
                shape.append([name, written])
        return shape

    def _Constant(self, node: ast.Constant, scopes: Scopes) -> Any:
        return ["Constant", type(node.value).__name__, constant_text(node.value)]

    def _Name(self, node: ast.Name, scopes: Scopes) -> Any:
        return self._reference(node, scopes) or self._plain(node, scopes)

    def _Attribute(self, node: ast.Attribute, scopes: Scopes) -> Any:
        if node.attr in REFLECTION:
            self._reflects.add(REFLECTION[node.attr])
        return self._reference(node, scopes) or self._plain(node, scopes)

    def _Call(self, node: ast.Call, scopes: Scopes) -> Any:
        literal = _literal_getattr(node)
        if literal is not None and scopes.binding("getattr") is None:
            self._number(Chain("getattr"))
            return self.write(literal, scopes)
        for number in self._numbers(node.func, scopes):
            self._calls.setdefault(number, []).append(tuple(_argument(a) for a in node.args[:2]))
        return self._plain(node, scopes)

    def _Subscript(self, node: ast.Subscript, scopes: Scopes) -> Any:
        for number in self._numbers(node.value, scopes):
            self._subscripts.setdefault(number, []).append(_argument(node.slice))
        return self._plain(node, scopes)

    def _AugAssign(self, node: ast.AugAssign, scopes: Scopes) -> Any:
        """Refer to a target from outside too, because its value is read before it is written."""
        read = ast.Name(node.target.id, ast.Load()) if isinstance(node.target, ast.Name) else None
        changed = changed_by(node)
        numbers = self._numbers(read, scopes, "name") if read else []
        return [*self._changing(node, changed, scopes), numbers]

    def _Assign(self, node: ast.Assign, scopes: Scopes) -> Any:
        return self._changing(node, changed_by(node), scopes)

    def _Expr(self, node: ast.Expr, scopes: Scopes) -> Any:
        return self._changing(node, changed_by(node), scopes)

    def _changing(self, node: ast.stmt, changed: dict[int, str], scopes: Scopes) -> list[Any]:
        before, self._changed = self._changed, changed
        try:
            written: list[Any] = self._plain(node, scopes)
        finally:
            self._changed = before
        return written

    def _AnnAssign(self, node: ast.AnnAssign, scopes: Scopes) -> Any:
        """Omit the annotation of a local variable; in a class, keep it, because it declares a field."""
        if not scopes.inner or scopes.inner[-1].is_class or not node.simple:
            written = self._plain(node, scopes, leave=("annotation",))
            return [*written, ["annotation", self._annotation(node.annotation, scopes)]]
        if node.value is None:
            return []
        return self.write(ast.Assign(targets=[node.target], value=node.value), scopes)

    def _Import(self, node: ast.Import, scopes: Scopes) -> Any:
        """Refer to the side effects of an import; uses of the imported names have their own references."""
        return self._importing(node, [Imported(alias.name) for alias in node.names], scopes)

    def _ImportFrom(self, node: ast.ImportFrom, scopes: Scopes) -> Any:
        return self._importing(node, [target for _, target in imported(node)], scopes)

    def _importing(
        self, node: ast.Import | ast.ImportFrom, targets: list[Imported], scopes: Scopes
    ) -> list[Any]:
        """Refer to the effects of imports, and to what they bind where other code may use it."""
        chains = [Chain("", (), target, effects=True) for target in targets]
        inner = scopes.inner[-1] if scopes.inner else None
        chains += [Chain("", (), target) for name, target in imported(node) if inner and inner.shows(name)]
        return ["Import", [self._number(chain) for chain in chains]]

    def _Global(self, node: ast.Global, scopes: Scopes) -> Any:
        return ["Global", sorted(node.names)]

    # -- scopes -------------------------------------------------------------------------------

    def _FunctionDef(self, node: ast.FunctionDef, scopes: Scopes) -> Any:
        decorators = self.write(node.decorator_list, scopes)
        return [node.name, decorators, self.function(node, scopes)]

    _AsyncFunctionDef = _FunctionDef

    def _Lambda(self, node: ast.Lambda, scopes: Scopes) -> Any:
        return self.function(node, scopes)

    def _ClassDef(self, node: ast.ClassDef, scopes: Scopes) -> Any:
        decorators = self.write(node.decorator_list, scopes)
        return [node.name, decorators, self.write(node.bases, scopes), self.class_body(node, scopes)]

    def function(self, node: Any, scopes: Scopes, *, defaults: bool = True) -> Any:
        inner = scopes.within(function_scope(node))
        body = node.body if isinstance(node, ast.Lambda) else self._without_docstring(node)
        return [
            type(node).__name__,
            self._arguments(node.args, scopes, defaults=defaults),
            self._annotation(getattr(node, "returns", None), scopes),
            [parameter.name for parameter in _type_parameters(node)],
            [item for item in self.write(_listed(body), inner) if item != []],
        ]

    def _arguments(self, node: ast.arguments, scopes: Scopes, *, defaults: bool) -> Any:
        groups: list[list[ast.arg | None]] = [list(node.posonlyargs), list(node.args)]
        groups += [[node.vararg], list(node.kwonlyargs), [node.kwarg]]
        named = [[self._argument(a, scopes) for a in group if a is not None] for group in groups]
        if not defaults:
            return named
        return [*named, self.write(node.defaults, scopes), self.write(node.kw_defaults, scopes)]

    def _argument(self, node: ast.arg, scopes: Scopes) -> Any:
        return [node.arg, self._annotation(node.annotation, scopes)]

    def class_body(self, node: ast.ClassDef, scopes: Scopes, without: frozenset[str] = frozenset()) -> Any:
        inner = scopes.within(Scope.of(node.body, is_class=True))
        keywords = self.write(node.keywords, scopes)
        written = []
        for statement in self._without_docstring(node):
            is_live = isinstance(statement, Defining) and statement.name in without
            if not is_live and not isinstance(statement, ast.Pass):
                written.append(self.write(statement, inner))
            inner.inner[-1].passed(statement)
        return ["ClassDef", keywords, written]

    def _comprehension(self, node: Any, scopes: Scopes) -> Any:
        first = self.write(node.generators[0].iter, scopes)
        inner = scopes.within(Scope.of([generator.target for generator in node.generators]))
        generators = [
            [
                self.write(g.target, inner),
                first if number == 0 else self.write(g.iter, inner),
                self.write(g.ifs, inner),
                g.is_async,
            ]
            for number, g in enumerate(node.generators)
        ]
        return [*self._plain(node, inner, leave=("generators",)), generators]

    def _without_docstring(self, node: Any) -> list[ast.stmt]:
        body: list[ast.stmt] = node.body
        docstring = ast.get_docstring(node, clean=False)
        if docstring is None:
            return body
        self._docstrings.append(docstring)
        return body[1:]

    def _annotation(self, node: ast.expr | None, scopes: Scopes) -> Any:
        """Write an annotation; a quoted one stands for its content."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            with contextlib.suppress(SyntaxError, ValueError):
                return self.write(ast.parse(node.value.strip(), mode="eval").body, scopes)
        return self.write(node, scopes)

    # -- what comes from outside ----------------------------------------------------------------

    def _reference(self, node: ast.expr, scopes: Scopes) -> Any | None:
        """Write a name from outside, with the attributes read from it, as a number."""
        numbers = self._numbers(node, scopes)
        for number in numbers:
            self._uses[number] = self._uses.get(number, 0) + 1
        return ["from outside", numbers] if numbers else None

    def _numbers(self, node: ast.expr, scopes: Scopes, changed: str = "") -> list[int]:
        names = dotted_names(node)
        if names is None or not isinstance(node.ctx, ast.Load):  # type: ignore[attr-defined]
            return []
        root, rest = names[0], tuple(names[1:])
        scope = scopes.binding(root)
        if scope is None:
            for name in names[1:] if root == "__name__" else names:
                self._reflects.update({REFLECTION[name]} if name in REFLECTION else ())
            if names[-1] == "getframeinfo" or names[:2] == ["inspect", "stack"]:
                self._reflects.add("own name")
            return [
                self._number(Chain(root, rest, changed=changed or self._changed.get(id(_root(node)), "")))
            ]
        chains = [Chain("", rest, target) for target in scope.imports.get(root, ())]
        if root in scope.unbound and scope is scopes.inner[-1]:
            chains.append(Chain(root, rest))
        return [self._number(chain) for chain in chains]

    def _number(self, chain: Chain) -> int:
        return self._chains.setdefault(chain, len(self._chains))


def _type_parameters(node: Any) -> list[Any]:
    return list(getattr(node, "type_params", ()))


def _listed(body: Any) -> list[Any]:
    return body if isinstance(body, list) else [body]


def constant_text(value: Any) -> str:
    """Write a constant of a program; Python does not write very long integers as decimal digits."""
    try:
        return repr(value)
    except ValueError:
        return f"({', '.join(map(constant_text, value))})" if isinstance(value, tuple) else hex(value)


def dotted_names(node: ast.expr) -> list[str] | None:
    """Give the names of `a.b.c`, or None for another expression."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return [node.id, *reversed(names)] if isinstance(node, ast.Name) else None


def _root(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node


def _literal_getattr(node: ast.Call) -> ast.Attribute | None:
    """Read `getattr(a.b, "c")` as `a.b.c`."""
    if not (isinstance(node.func, ast.Name) and node.func.id == "getattr") or node.keywords:
        return None
    match node.args:
        case [value, ast.Constant(value=str(name))] if (
            dotted_names(value) is not None and name.isidentifier()
        ):
            return ast.Attribute(value=value, attr=name, ctx=ast.Load())
    return None


def _argument(node: ast.expr) -> Argument:
    match node:
        case ast.Constant(value=str(text)):
            return "text", text
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]):
            return "prefix", text
        case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Add() | ast.Mod()):
            return "prefix", text.partition("%")[0]
        case ast.Name(id=name):
            return "name", name
    return "unknown", ""
