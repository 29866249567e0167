"""Computes the shape of code without what nothing can see of it: local names, unread annotations.

It is a second shape beside that of `ast_shape`, which keys hold. Two pieces of code with equal canonical
shapes do the same, if no code looks at the names in frames; `sees_names` says where code may.
"""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zencache.code.ast_shape import REFLECTION, ShapeWriter
from zencache.code.local_names import unseen_names
from zencache.code.scopes import Scopes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zencache.code.ast_shape import Chain, Part
    from zencache.code.scopes import Scope

Step = tuple[str, str | int]
"""A step of a path: `("attribute", "lr")` or `("item", "lr")`; `("get", "lr")` is that of `.get("lr")`."""

# Names of what looks at names of variables or at annotations: in Python itself, numpy and pandas.
_SEEING = frozenset(
    {"locals", "vars", "eval", "exec", "dir", "globals", "breakpoint", "getattr", "methodcaller"}
    | {"_getframe", "currentframe", "_current_frames", "settrace", "setprofile", "tb_frame", "__traceback__"}
    | {"f_locals", "f_back", "f_code", "gi_frame", "cr_frame", "ag_frame", "co_varnames", "co_names"}
    | {"__closure__", "__code__", "co_freevars", "co_cellvars", "co_code", "co_argcount"}
    | {"query", "bmat", "who", "r_", "c_"}
    | {"__annotations__", "get_type_hints", "get_annotations", "signature", "getfullargspec", "getcallargs"}
    | {"exception", "exc_info", "format_exc", "print_exc", "redirect_stderr", "formatwarning", "showwarning"}
    | {"captureWarnings", "__defaults__", "__kwdefaults__", "__signature__", "register"}
)


# Names of what looks at the module in which a class is defined.
_SEEING_PLACES = frozenset(
    {"type", "__class__", "pickle", "cloudpickle", "dill", "dumps", "dump", "hash", "joblib"}
    | {"__reduce__", "__reduce_ex__", "fullname"}
)


@dataclass(frozen=True)
class CanonicalPart:
    """The canonical shape of a part, with the names that it takes from outside."""

    shape: str
    chains: tuple[Chain, ...]
    sees_names: bool
    """Whether its code may see what the shape leaves out."""
    sees_places: bool
    """Whether its code may see where a class is defined."""
    paths: Mapping[int, tuple[tuple[Step, ...], ...]] = field(default_factory=dict)
    """Chain to the constant keys that each of its uses reads; none for a use of the whole."""
    calls: Mapping[int, Sequence[ast.Call]] = field(default_factory=dict)
    """Chain to the calls of it."""
    uses: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Signature:
    """What nothing sees of a function's signature."""

    unused: frozenset[str] = frozenset()
    """Arguments that its code does not use, and no call gives."""
    renamable: bool = False
    """Whether no call names an argument."""


def signature_of(node: Any, calls: Sequence[ast.Call]) -> Signature | None:
    """Give what nothing sees of the signature of a function that is only called, by these calls."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.args.vararg or node.args.kwarg:
        return None
    arguments = [*node.args.posonlyargs, *node.args.args]
    required = len(arguments) - len(node.args.defaults)
    if any(
        call.keywords
        or not required <= len(call.args) <= len(arguments)
        or any(isinstance(each, ast.Starred) for each in call.args)
        for call in calls
    ):
        return Signature()
    given = max(len(call.args) for call in calls)
    constant = {
        argument.arg
        for argument, default in zip(arguments[required:], node.args.defaults, strict=True)
        if isinstance(default, ast.Constant)
    } | {
        argument.arg
        for argument, each in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        if isinstance(each, ast.Constant)
    }
    not_given = {argument.arg for argument in (*arguments[given:], *node.args.kwonlyargs)}
    return Signature(frozenset(constant & not_given - _names_in_body(node)), renamable=True)


def signature_of_step(node: Any) -> Signature | None:
    """Give what nothing sees of the signature of a step, whose arguments are given by name."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.args.vararg or node.args.kwarg:
        return None
    every = {argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)}
    return Signature(frozenset(every - _names_in_body(node)))


def _names_in_body(node: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    return {each.id for part in node.body for each in ast.walk(part) if isinstance(each, ast.Name)}


def canonical_part(part: Part, signature: Signature | None = None, *, defaults: bool = True) -> CanonicalPart:
    """Give the canonical shape of a part; that of a class's body is its own shape.

    Without a signature, all of it counts.
    """
    nodes = part.nodes
    listed: list[Any] = list(nodes) if isinstance(nodes, list | tuple) else [nodes]
    tokens = {token for node in listed for token in _tokens(node)}
    sees_names = bool(part.reflects or tokens & (_SEEING | REFLECTION.keys()))
    sees_places = bool(tokens & _SEEING_PLACES)
    if isinstance(nodes, ast.ClassDef):
        return CanonicalPart(part.shape, part.chains, sees_names, sees_places)
    writer = _CanonicalWriter(signature, nodes)
    if isinstance(nodes, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        shape = writer.outermost(nodes, defaults=defaults)
    else:
        shape = writer.write(listed if isinstance(nodes, list | tuple) else nodes, Scopes())
    return writer.canonical(shape, sees_names=sees_names, sees_places=sees_places)


class _CanonicalWriter(ShapeWriter):
    """Writes local variables as numbers."""

    def __init__(self, signature: Signature | None, nodes: Any) -> None:
        super().__init__()
        self._signature = signature
        """What to leave out of the signature of the outermost function."""
        self._outermost = nodes
        self._unseen: dict[int, frozenset[str]] = {}
        """By scope: the names that nothing can see."""
        self._scopes: list[Scope] = []
        """The scopes themselves, so that no other has the id of one."""
        self._numbered: dict[tuple[int, str], int] = {}
        self._paths: dict[int, list[tuple[Step, ...]]] = {}
        self._steps: dict[int, tuple[Step, ...]] = {}
        """By a node: the constant keys that are read from it."""
        self._calls_by_chain: dict[int, list[ast.Call]] = {}
        self._arguments_by_id: dict[int, int] = {}
        """The numbers of arguments that nothing sees, by the ids of their nodes."""

    def outermost(self, node: Any, *, defaults: bool) -> Any:
        if self._signature is not None:
            self._outermost = _without_arguments(node, self._signature.unused)
        return self.function(self._outermost, Scopes(), defaults=defaults)

    def canonical(self, shape: Any, *, sees_names: bool, sees_places: bool) -> CanonicalPart:
        written = self.part(shape)
        paths = {number: tuple(dict.fromkeys(paths)) for number, paths in self._paths.items()}
        return CanonicalPart(
            written.shape,
            written.chains,
            sees_names,
            sees_places,
            paths=paths,
            calls=self._calls_by_chain,
            uses=written.uses,
        )

    def _entered(self, node: Any, scopes: Scopes, scope: Scope) -> Scopes:
        hides_arguments = node is self._outermost and self._signature and self._signature.renamable
        unseen = unseen_names(node, scope, arguments=bool(hides_arguments))
        self._unseen[id(scope)] = unseen
        self._scopes.append(scope)
        for argument in (
            (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs) if hides_arguments else ()
        ):
            if argument.arg in unseen:
                self._arguments_by_id[id(argument)] = self._number_of(scope, argument.arg)
        return scopes.within(scope)

    def _number_of(self, scope: Scope, name: str) -> int:
        return self._numbered.setdefault((id(scope), name), len(self._numbered))

    def _argument(self, node: ast.arg, scopes: Scopes) -> Any:
        name, annotation = super()._argument(node, scopes)
        return [self._arguments_by_id.get(id(node), name), annotation]

    def _Name(self, node: ast.Name, scopes: Scopes) -> Any:
        scope = scopes.binding(node.id)
        if scope is not None and node.id in self._unseen.get(id(scope), ()):
            return ["local", self._number_of(scope, node.id), type(node.ctx).__name__]
        return super()._Name(node, scopes)

    def _annotation(self, node: ast.expr | None, scopes: Scopes) -> Any:
        if self._signature is not None and not scopes.inner and not _may_have_effects(node):
            return None
        return super()._annotation(node, scopes)

    def _Call(self, node: ast.Call, scopes: Scopes) -> Any:
        match node:
            case ast.Call(
                func=ast.Attribute(value=value, attr="get"),
                args=[ast.Constant(value=str() | int() as key), *_],
                keywords=[],
            ):
                is_dotted = bool(self._numbers(node.func, scopes))
                self._note_path(node.func if is_dotted else value, scopes, [("get", key)])
        for number in self._numbers(node.func, scopes):
            self._calls_by_chain.setdefault(number, []).append(node)
        return super()._Call(node, scopes)

    def _Attribute(self, node: ast.Attribute, scopes: Scopes) -> Any:
        if isinstance(node.ctx, ast.Load):
            self._note_path(node, scopes, [])
        return super()._Attribute(node, scopes)

    def _Subscript(self, node: ast.Subscript, scopes: Scopes) -> Any:
        if isinstance(node.ctx, ast.Load):
            self._note_path(node, scopes, [])
        return super()._Subscript(node, scopes)

    def _note_path(self, node: ast.expr, scopes: Scopes, steps: list[Step]) -> None:
        """Note the constant keys by which a name from outside is read, as in `CONFIG["model"]["lr"]`."""
        while not self._numbers(node, scopes):
            if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
                if type(node.slice.value) not in (str, int):
                    return
                steps.insert(0, ("item", node.slice.value))  # type: ignore[arg-type]
            elif isinstance(node, ast.Attribute):
                steps.insert(0, ("attribute", node.attr))
            else:
                return
            node = node.value
        self._steps.setdefault(id(node), tuple(steps))  # the longest comes first

    def _reference(self, node: ast.expr, scopes: Scopes) -> Any | None:
        written = super()._reference(node, scopes)
        for number in written[1] if written else ():
            self._paths.setdefault(number, []).append(self._steps.get(id(node), ()))
        return written


def _without_arguments(node: Any, names: frozenset[str]) -> Any:
    """Copy a function without some of its arguments."""
    if not names:
        return node
    old, copied = node.args, copy.copy(node)
    positional = [*old.posonlyargs, *old.args]
    with_default = dict(zip(positional[len(positional) - len(old.defaults) :], old.defaults, strict=True))
    copied.args = ast.arguments(
        posonlyargs=[each for each in old.posonlyargs if each.arg not in names],
        args=[each for each in old.args if each.arg not in names],
        vararg=old.vararg,
        kwonlyargs=[each for each in old.kwonlyargs if each.arg not in names],
        kw_defaults=[
            default
            for each, default in zip(old.kwonlyargs, old.kw_defaults, strict=True)
            if each.arg not in names
        ],
        kwarg=old.kwarg,
        defaults=[default for each, default in with_default.items() if each.arg not in names],
    )
    return copied


def _may_have_effects(node: ast.expr | None) -> bool:
    return node is not None and any(isinstance(each, ast.Call | ast.NamedExpr) for each in ast.walk(node))


def _tokens(node: ast.AST) -> set[str]:
    """Give all names and attributes of code, and texts that may name an attribute."""
    tokens: set[str] = set()
    stack = [node]
    while stack:
        each = stack.pop()
        match each:
            case ast.Expr(value=ast.Constant()):
                continue
            case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(), *_]):
                stack += [each.args[0], *each.args[1:]]
                continue
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
                tokens.update(name.split("."))
            case ast.Constant(value=str(text)):
                tokens.update(text.split("."))
        stack += ast.iter_child_nodes(each)
    return tokens
