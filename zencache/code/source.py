"""Finds the source text of the running code, and uses it only if it compiles to that code.

A file may be edited after its import, and a module loaded again. So every text that was read of a file is
kept, and a function's text is the one that compiles to the live code object.
"""

from __future__ import annotations
import __future__

import ast
import copy
import functools
import linecache
import sys
import types
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from zencache.code.reporting import original_code
from zencache.code.scopes import own_nodes
from zencache.code.text_memory import TextMemory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_FUTURES: dict[str, int] = {
    name: getattr(__future__, name).compiler_flag for name in __future__.all_feature_names
}


@dataclass(frozen=True, eq=False)
class Text:
    """One text of a source file, and its syntax tree."""

    file: str
    text: str

    @cached_property
    def memory(self) -> TextMemory:
        """What follows from the text alone."""
        return TextMemory(self.text)

    @cached_property
    def tree(self) -> ast.Module | None:
        """The tree; None if the text cannot be parsed."""
        try:
            return self.memory.tree()
        except (SyntaxError, ValueError):
            return None

    @cached_property
    def _functions(self) -> dict[tuple[str, int], list[tuple[FunctionNode, ast.stmt]]]:
        return {}

    def functions(self, name: str, line: int) -> list[tuple[FunctionNode, ast.stmt]]:
        """Give functions and lambdas by name and first line (with decorators), with top-level statements."""
        if (name, line) not in self._functions:
            body = self.tree.body if self.tree else ()
            self._functions[name, line] = [
                (node, statement)
                for statement in body
                if first_line(statement) <= line <= (statement.end_lineno or line)
                for node in ast.walk(statement)
                if isinstance(node, FunctionNode) and (_name(node), first_line(node)) == (name, line)
            ]
        return self._functions[name, line]

    @cached_property
    def _definitions(self) -> dict[tuple[str, int], tuple[FunctionNode, ast.stmt]]:
        """Functions and methods of the module by name and first line, found without a walk of bodies."""
        definitions: dict[tuple[str, int], tuple[FunctionNode, ast.stmt]] = {}
        for statement in self.tree.body if self.tree else ():
            body = statement.body if isinstance(statement, ast.ClassDef) else [statement]
            for node in body:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    definitions[_name(node), first_line(node)] = (node, statement)
        return definitions

    def classes(self, qualname: str) -> list[ast.ClassDef]:
        """Give the classes of a qualified name; bodies of functions are searched only where it is in one."""
        return (self._every_class if "<locals>" in qualname else self._classes).get(qualname, [])

    @cached_property
    def _classes(self) -> dict[str, list[ast.ClassDef]]:
        return _by_name(_classes(self.tree, "", with_local=False)) if self.tree else {}

    @cached_property
    def _every_class(self) -> dict[str, list[ast.ClassDef]]:
        return _by_name(_classes(self.tree, "", with_local=True)) if self.tree else {}

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def is_current(self) -> bool:
        """Whether the file still has this text."""
        return _read(self.file) == self.text

    def find(self, code: types.CodeType) -> FunctionNode | None:
        """Find the function that compiles to `code`."""
        code = original_code(code)
        key = (code.co_name, code.co_firstlineno)
        node, statement = self._definitions.get(key, (None, None))
        if statement is not None and self._has(code, statement):
            return node
        for node, statement in self.functions(*key):
            if code in self._compiled(statement, node):
                return node
        return None

    def _has(self, code: types.CodeType, statement: ast.stmt) -> bool:
        """Say whether a statement compiles to a code object, among others."""
        key = f"code {_digest_of_code(code)}"
        return self.memory.value(key, lambda: any(code == each for each in self._codes(statement)))

    def segment(self, node: ast.AST) -> str:
        """Give the lines of a node, decorators among them."""
        return "\n".join(self._lines[first_line(node) - 1 : getattr(node, "end_lineno", None)])

    def _compiled(self, statement: ast.stmt, node: FunctionNode) -> Iterator[types.CodeType]:
        """Give the code objects that a function of a statement compiles to."""
        name_and_line = _name(node), first_line(node)
        twins = [n for n, s in self.functions(*name_and_line) if s is statement]
        if len(twins) > 1:
            yield from _code_of_twin(self, statement, node)[:1]  # others are those of functions in it
        else:
            yield from (c for c in self._codes(statement) if (c.co_name, c.co_firstlineno) == name_and_line)

    def _codes(self, statement: ast.stmt) -> tuple[types.CodeType, ...]:
        return _codes(self, statement)

    @cached_property
    def imports(self) -> list[ast.stmt]:
        """The imports of the module's own scope: from Python 3.12 on, their names compile differently."""
        nodes = own_nodes(self.tree.body) if self.tree else ()
        kinds = (ast.Import, ast.ImportFrom)
        return [n for n in nodes if isinstance(n, kinds) and getattr(n, "module", "") != "__future__"]

    @cached_property
    def flags(self) -> int:
        """The compiler flags of the `from __future__` imports."""
        assert self.tree is not None
        names = [
            alias.name
            for node in self.tree.body
            if isinstance(node, ast.ImportFrom) and node.module == "__future__"
            for alias in node.names
        ]
        flags = 0
        for name in names:
            flags |= _FUTURES.get(name, 0)
        return flags


@functools.lru_cache(maxsize=4096)
def _codes(text: Text, statement: ast.stmt) -> tuple[types.CodeType, ...]:
    """Compile one top-level statement, and list all code objects in it."""
    module = ast.Module(body=[*text.imports, statement], type_ignores=[])
    try:
        whole = compile(module, text.file, "exec", flags=text.flags, dont_inherit=True)
    except (SyntaxError, ValueError):
        return ()
    return tuple(_nested(whole))


@functools.lru_cache(maxsize=4096)
def _code_of_twin(text: Text, statement: ast.stmt, node: FunctionNode) -> tuple[types.CodeType, ...]:
    """Give the code objects of one of the functions that have one name and begin on one line.

    Python keeps equal ones once, so their order does not tell whose they are. This one is compiled below the
    others, on a line of its own.
    """
    copies: dict[int, Any] = {}
    statement = copy.deepcopy(statement, copies)
    below = statement.end_lineno or first_line(node)
    for inner in ast.walk(copies[id(node)]):
        if isinstance(inner, ast.expr | ast.stmt | ast.arg | ast.keyword | ast.excepthandler | ast.alias):
            end = inner.end_lineno or inner.lineno
            inner.lineno, inner.end_lineno = inner.lineno + below, end + below
    line = first_line(node)
    codes = (code for code in _codes.__wrapped__(text, statement) if code.co_firstlineno == line + below)
    return tuple(_moved_up(code, below) for code in codes if code.co_name == _name(node))


def _moved_up(code: types.CodeType, lines: int) -> types.CodeType:
    """Give the code that begins some lines above."""
    constants = tuple(
        _moved_up(each, lines) if isinstance(each, types.CodeType) else each for each in code.co_consts
    )
    return code.replace(co_firstlineno=code.co_firstlineno - lines, co_consts=constants)


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _nested(constant)


def _digest_of_code(code: types.CodeType) -> str:
    """Digest all that the equality of code objects compares."""
    return blake3(repr(_compared(code)).encode("utf-8", "surrogatepass")).hexdigest()


def _compared(code: types.CodeType) -> list[Any]:
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount)
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    lines = [getattr(code, name) for name in _LINES]
    constants = [*map(_constant, code.co_consts)]
    return [code.co_name, counts, code.co_flags, code.co_firstlineno, code.co_code, names, lines, constants]


# Later Pythons compare these too.
_LINES = ("co_linetable", "co_exceptiontable") if sys.version_info >= (3, 12) else ()


def _constant(value: Any) -> Any:
    if isinstance(value, types.CodeType):
        return _compared(value)
    if isinstance(value, tuple):
        return ("tuple", *map(_constant, value))
    if isinstance(value, frozenset):
        return ("frozenset", *sorted(map(repr, map(_constant, value))))
    return ("int", hex(value)) if type(value) is int else value  # very long ones have no decimal digits


def _name(node: FunctionNode) -> str:
    return "<lambda>" if isinstance(node, ast.Lambda) else node.name


def first_line(node: ast.AST) -> int:
    """Give the line on which a definition starts, decorators included."""
    lines: list[int] = [decorator.lineno for decorator in getattr(node, "decorator_list", ())]
    return min([getattr(node, "lineno", 1), *lines])


def _by_name(classes: Iterable[tuple[str, ast.ClassDef]]) -> dict[str, list[ast.ClassDef]]:
    by_name: dict[str, list[ast.ClassDef]] = {}
    for name, node in classes:
        by_name.setdefault(name, []).append(node)
    return by_name


def _classes(node: ast.AST, prefix: str, *, with_local: bool) -> Iterator[tuple[str, ast.ClassDef]]:
    for child in ast.iter_child_nodes(node):
        name = prefix
        if isinstance(child, ast.ClassDef):
            yield prefix + child.name, child
            name = f"{prefix}{child.name}."
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            name = f"{prefix}{child.name}.<locals>."
            if not with_local:
                continue
        yield from _classes(child, name, with_local=with_local)


# -- files ------------------------------------------------------------------------------------------

_texts: dict[str, list[Text]] = {}
_stamps: dict[str, tuple[int, int, int]] = {}
"""A file to its mtime, size and inode when it was read; if one differs, the file is read again."""


def remember(file: str, text: str | None = None) -> None:
    """Keep a text of a file: the argument, or the file's current text."""
    texts = _texts.setdefault(file, [])
    if text is None:
        stamp = _stamp(file)
        if stamp is not None and _stamps.get(file) == stamp:
            return
        content = _read(file)
        if stamp is not None:
            _stamps[file] = stamp
    else:
        content = text
    if content is not None and all(content != one.text for one in texts):
        texts.append(Text(file, content))


def text_now(file: str) -> Text | None:
    """Give the current text of a file; None if it cannot be read."""
    content = _read(file)
    if content is None:
        return None
    remember(file, content)
    return next(one for one in _texts[file] if one.text == content)


def _stamp(file: str) -> tuple[int, int, int] | None:
    try:
        status = Path(file).stat()
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def texts_of(file: str) -> list[Text]:
    """Give the known texts of a file; reads the file if there are none."""
    if not _texts.get(file):
        remember(file)
    return _texts[file]


def find_function(code: types.CodeType) -> tuple[Text, FunctionNode] | None:
    """Find the text of a live function; None if no text of its file compiles to it."""
    code = original_code(code)
    for is_reread in (False, True):
        if is_reread:
            remember(code.co_filename)
        for text in texts_of(code.co_filename):
            node = text.find(code)
            if node is not None:
                return text, node
    return None


def function_of(member: Any) -> types.FunctionType | None:
    """Give the function of a member of a class or a module; asks the type alone, so no code of it runs.

    >>> class Table:
    ...     rows = property(lambda self: [])
    >>> function_of(vars(Table)["rows"]).__name__, function_of(Table)
    ('<lambda>', None)
    """
    kind = type(member)
    if issubclass(kind, staticmethod | classmethod | types.MethodType):
        return function_of(member.__func__)
    if issubclass(kind, property):
        return function_of(member.fget)
    return member if kind is types.FunctionType else None


def agrees(body: Sequence[ast.stmt], live: Mapping[str, Any], *, any_type: bool = False) -> bool:
    """Say whether every `name = literal` of a body equals the live value, if the types are equal.

    With `any_type`, a value of another type is another value.

    >>> body = ast.parse("a = 1; b: int = 2; c = f()").body
    >>> agrees(body, {"a": 1, "b": 2}), agrees(body, {"a": 1, "b": 3})
    (True, False)
    """
    for statement in body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=literal))
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=literal))
            ):
                value = live.get(name, literal)
                is_of_type = type(value) is type(literal)
                if value != literal if is_of_type else any_type:
                    return False
    return True


def _read(file: str) -> str | None:
    path = Path(file)
    is_file = not file.startswith("<") and path.is_file()
    data = None if is_file else _member_of_archive(path)
    if not is_file and data is None:
        return "".join(linecache.getlines(file)) or None  # a notebook's cell, a doctest
    try:
        return ast_source(path.read_bytes() if data is None else data)
    except (OSError, UnicodeDecodeError, SyntaxError):
        return None


def _member_of_archive(path: Path) -> bytes | None:
    """Read a module that is imported from a zip file; None if no folder of the path is a file."""
    archive = next((above for above in path.parents if above.is_file()), None)
    if archive is None:
        return None
    import zipfile  # noqa: PLC0415 - few projects import from archives

    try:
        with zipfile.ZipFile(archive) as opened:
            return opened.read(path.relative_to(archive).as_posix())
    except (OSError, KeyError, zipfile.BadZipFile):
        return None


def ast_source(data: bytes) -> str:
    """Decode a source file as Python does: by its encoding comment, with any line endings."""
    import importlib.util  # noqa: PLC0415 - loaded at start-up, and only its name is imported

    return importlib.util.decode_source(data)
