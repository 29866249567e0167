"""Mutations of a project's files: small edits at random places, as a bug or a change of mind would make them.

A mutation of Python code replaces the text of one syntax node, so that all other text stays as it is. A
neutral mutation changes no meaning: comments, docstrings, formatting, an unused function.
"""

from __future__ import annotations

import ast
import builtins
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from itertools import pairwise

Files = Mapping[str, str]
Spot = tuple[int, int, Callable[[random.Random], str]]
"""A stretch of a text, and what writes its replacement."""

NEUTRAL = ("comment", "docstring", "blank lines", "reformatted", "unused function")
DATA = ("data number", "data word", "data line removed", "data lines swapped", "file removed", "file added")
ARITHMETIC = {
    ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.FloorDiv: "/", ast.Mod: "//", ast.Pow: "*",
    ast.BitAnd: "|", ast.BitOr: "&", ast.LShift: ">>", ast.RShift: "<<", ast.MatMult: "*", ast.BitXor: "|",
}  # fmt: skip
COMPARISONS = {
    ast.Lt: ("<=", ">"), ast.LtE: ("<", ">="), ast.Gt: (">=", "<"), ast.GtE: (">", "<="), ast.Eq: ("!=",),
    ast.NotEq: ("==",), ast.In: ("not in",), ast.NotIn: ("in",), ast.Is: ("is not",), ast.IsNot: ("is",),
}  # fmt: skip
SIMILAR = (
    ("min", "max"), ("sum", "len"), ("sorted", "list"), ("any", "all"), ("lower", "upper"), ("floor", "ceil"),
    ("strip", "lstrip"), ("mean", "median"), ("std", "var"), ("int", "float"), ("append", "extend"),
    ("argmin", "argmax"), ("get", "pop"), ("findall", "split"), ("match", "search"), ("keys", "values"),
    ("exp", "tanh"), ("add", "multiply"), ("list", "tuple"), ("startswith", "endswith"), ("round", "abs"),
    ("staticmethod", "classmethod"), ("log", "sqrt"), ("cumsum", "diff"), ("head", "tail"), ("zeros", "ones"),
)  # fmt: skip
METHODS = (
    "__len__(self):\n{}return 0", "__bool__(self):\n{}return False", "__eq__(self, other):\n{}return True",
    "__call__(self, *args, **kwargs):\n{}return 0", "__iter__(self):\n{}return iter((1, 2))",
    "__hash__(self):\n{}return 1", "__str__(self):\n{}return 'x'", "__repr__(self):\n{}return 'x'",
    "__contains__(self, item):\n{}return True", "__float__(self):\n{}return 0.0", "__add__(self, other):\n{}return 0",
    "__getattribute__(self, name):\n{}value = object.__getattribute__(self, name)\n"
    "{}return value + 1 if type(value) is int else value",
    "__setattr__(self, name, value):\n{}object.__setattr__(self, name, value * 2 if type(value) is int else value)",
    "__init_subclass__(cls, **options):\n{}super().__init_subclass__(**options)\n{}cls.name = 'sub'",
    "__enter__(self):\n{}return None", "__getstate__(self):\n{}return {{}}", "__lt__(self, other):\n{}return False",
)  # fmt: skip


@dataclass(frozen=True)
class Mutation:
    """One edit: a file's new text, or None where the file is removed."""

    kind: str
    file: str
    text: str | None

    @property
    def is_neutral(self) -> bool:
        return self.kind in NEUTRAL

    def diff(self, files: Files) -> str:
        """Show the lines that differ."""
        old, new = files.get(self.file, ""), self.text or ""
        lines = list(unified_diff(old.splitlines(), new.splitlines(), self.file, self.file, lineterm="", n=0))
        return "\n".join(
            [f"{self.kind} in {self.file}", *(lines[2:14] if self.text is not None else ["(removed)"])]
        )


def mutation(files: Files, seed: str) -> Mutation:
    """Give the mutation of a seed: first a kind is drawn, then a file and a place."""
    chance = random.Random(seed)
    kinds = sorted(KINDS)
    while True:
        kind = chance.choice(kinds)
        spots = [(name, spot) for name in sorted(files) for spot in KINDS[kind](name, files)]
        for _ in range(3 if spots else 0):
            name, (start, end, write) = chance.choice(spots)
            mutated = _written(kind, name, files, (start, end, write(chance)), chance)
            if mutated is not None:
                return mutated


def _written(
    kind: str, name: str, files: Files, edit: tuple[int, int, str], chance: random.Random
) -> Mutation | None:
    start, end, new = edit
    if kind == "file removed":
        return Mutation(kind, name, None)
    if kind == "file added":
        stem, dot, suffix = name.rpartition(".")
        return Mutation(kind, f"{stem}_more{dot}{suffix}", _with_another_number(files[name], chance))
    text = files[name][:start] + new + files[name][end:]
    if text == files[name]:
        return None
    if name.endswith(".py"):
        try:
            same = ast.dump(ast.parse(text)) == ast.dump(ast.parse(files[name]))
        except SyntaxError:
            return None
        if same and kind not in NEUTRAL:
            return None
    return Mutation(kind, name, text)


def _with_another_number(text: str, chance: random.Random) -> str:
    numbers = list(re.finditer(r"\b\d+\b", text))
    if not numbers:
        return text
    match = chance.choice(numbers)
    return f"{text[: match.start()]}{int(match[0]) + 1}{text[match.end() :]}"


# -- places in Python code -----------------------------------------------------------------------


class Module:
    """A parsed module, its offsets, and the nodes that can be edited in place."""

    _memo: dict[str, Module] = {}

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = ast.parse(text)
        self._starts = [0]
        for line in text.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        self.docstrings = {
            id(node.body[0].value): node for node in ast.walk(self.tree) if _has_docstring(node)
        }
        self.nodes = list(self._walk(self.tree))
        self.ids = set(map(id, self.nodes))

    @classmethod
    def of(cls, text: str) -> Module:
        if text not in cls._memo:
            cls._memo[text] = cls(text)
        return cls._memo[text]

    def _walk(self, node: ast.AST) -> Iterator[ast.AST]:
        yield node
        if not isinstance(node, ast.JoinedStr):  # positions inside of it are right from 3.12 on alone
            for child in ast.iter_child_nodes(node):
                yield from self._walk(child)

    def of_type(self, *types: type) -> Iterator:
        return (node for node in self.nodes if isinstance(node, types))

    def span(self, node: ast.AST) -> tuple[int, int]:
        first = self._starts[node.lineno - 1] + node.col_offset
        return first, self._starts[node.end_lineno - 1] + node.end_col_offset

    def lines(self, node: ast.AST) -> tuple[int, int]:
        """Where the lines of a statement begin and end, with its decorators."""
        first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
        return self._starts[first - 1], self._starts[node.end_lineno]

    def source(self, node: ast.AST) -> str:
        start, end = self.span(node)
        return self.text[start:end]

    def bodies(self) -> Iterator[list[ast.stmt]]:
        for node in self.nodes:
            for name in ("body", "orelse", "finalbody"):
                if isinstance(body := getattr(node, name, None), list):
                    yield body


def _has_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None
    )


def python(places: Callable[[Module], Iterator[Spot]]) -> Callable[[str, Files], list[Spot]]:
    """Make places in a module of places in a file."""

    def of_file(name: str, files: Files) -> list[Spot]:
        return list(places(Module.of(files[name]))) if name.endswith(".py") else []

    return of_file


def choice(*texts: str) -> Callable[[random.Random], str]:
    return lambda chance: chance.choice(texts)


def constants(module: Module) -> Iterator[ast.Constant]:
    return (node for node in module.of_type(ast.Constant) if id(node) not in module.docstrings)


def numbers(module: Module) -> Iterator[Spot]:
    for node in constants(module):
        if type(node.value) in (int, float):
            value = node.value
            yield (
                *module.span(node),
                choice(repr(value + 1), repr(value * 2), "0", f"(-{value!r})", repr(value / 2)),
            )


def strings(module: Module) -> Iterator[Spot]:
    for node in constants(module):
        if isinstance(node.value, str):
            value = node.value
            yield *module.span(node), choice(repr(value + "x"), repr(value.upper()), "''", repr(value[1:]))


def truth_values(module: Module) -> Iterator[Spot]:
    for node in constants(module):
        if node.value is None:
            yield *module.span(node), choice("0", "True")
        elif isinstance(node.value, bool):
            yield *module.span(node), choice(repr(not node.value))


def operators(module: Module) -> Iterator[Spot]:
    for node in module.of_type(ast.BinOp):
        left, right, new = module.source(node.left), module.source(node.right), ARITHMETIC[type(node.op)]
        yield *module.span(node), choice(f"(({left}) {new} ({right}))")
    for node in module.of_type(ast.AugAssign):
        target, value, new = module.source(node.target), module.source(node.value), ARITHMETIC[type(node.op)]
        yield *module.span(node), choice(f"{target} {new}= {value}")
    for node in module.of_type(ast.BoolOp):
        new = " or " if isinstance(node.op, ast.And) else " and "
        yield (
            *module.span(node),
            choice("(" + new.join(f"({module.source(each)})" for each in node.values) + ")"),
        )
    for node in module.of_type(ast.UnaryOp):
        yield *module.span(node), choice(f"({module.source(node.operand)})")


def comparisons(module: Module) -> Iterator[Spot]:
    for node in module.of_type(ast.Compare):
        left, right = module.source(node.left), module.source(node.comparators[0])
        if len(node.ops) == 1:
            yield (
                *module.span(node),
                choice(*(f"(({left}) {new} ({right}))" for new in COMPARISONS[type(node.ops[0])])),
            )


def conditions(module: Module) -> Iterator[Spot]:
    for node in module.of_type(ast.If, ast.While, ast.IfExp):
        yield *module.span(node.test), choice(f"(not ({module.source(node.test)}))", "True", "False")
    for node in module.of_type(ast.comprehension):
        for each in node.ifs:
            yield *module.span(each), choice(f"(not ({module.source(each)}))", "True")


def statements(module: Module) -> Iterator[Spot]:
    simple = (
        ast.Expr,
        ast.Assign,
        ast.AugAssign,
        ast.AnnAssign,
        ast.If,
        ast.For,
        ast.Return,
        ast.Raise,
        ast.With,
        ast.Try,
    )
    for node in module.of_type(
        *simple, ast.Continue, ast.Break, ast.Import, ast.ImportFrom, ast.Delete, ast.Global
    ):
        if not (isinstance(node, ast.Expr) and id(node.value) in module.docstrings):
            yield *module.span(node), choice("pass")


def definitions(module: Module) -> Iterator[Spot]:
    for node in module.of_type(ast.FunctionDef, ast.ClassDef):
        start, end = module.lines(node)
        yield start, end, choice(" " * node.col_offset + "pass\n")


def swapped_statements(module: Module) -> Iterator[Spot]:
    for body in module.bodies():
        for one, two in pairwise(body):
            (start, middle), (second, end) = module.lines(one), module.lines(two)
            if middle <= second and not (isinstance(one, ast.Expr) and id(one.value) in module.docstrings):
                parts = module.text[second:end], module.text[middle:second], module.text[start:middle]
                yield start, end, choice("".join(parts))


def swapped_arguments(module: Module) -> Iterator[Spot]:
    for node in module.of_type(ast.Call, ast.List, ast.Tuple, ast.Dict, ast.arguments):
        if isinstance(node, ast.Dict):
            pairs = [(a, a, b) for a, b in zip(node.keys, node.values, strict=True) if a]
            for one, two in pairwise(pairs):
                yield _swap(module, (one[0], one[2]), (two[0], two[2]))
            continue
        each = node.args if isinstance(node, (ast.Call, ast.arguments)) else node.elts
        for one, two in pairwise(each):
            yield _swap(module, (one, one), (two, two))


def _swap(module: Module, one: tuple[ast.AST, ast.AST], two: tuple[ast.AST, ast.AST]) -> Spot:
    start, middle = module.span(one[0])[0], module.span(one[1])[1]
    second, end = module.span(two[0])[0], module.span(two[1])[1]
    text = module.text
    return start, end, choice(text[second:end] + text[middle:second] + text[start:middle])


def dropped_arguments(module: Module) -> Iterator[Spot]:
    for node in module.of_type(ast.Call):
        for dropped in (*node.args, *node.keywords):
            given = [each for each in (*node.args, *node.keywords) if each is not dropped]
            call = f"{module.source(node.func)}({', '.join(map(module.source, given))})"
            yield *module.span(node), choice(call)


def dropped_elements(module: Module) -> Iterator[Spot]:
    for node in module.of_type(ast.List, ast.Tuple, ast.Set):
        for dropped in (
            node.elts
            if isinstance(node.ctx if hasattr(node, "ctx") else None, (ast.Load, type(None)))
            else ()
        ):
            kept = ", ".join(module.source(each) for each in node.elts if each is not dropped)
            opening, closing = {ast.List: "[]", ast.Tuple: "()", ast.Set: "{}"}[type(node)]
            comma = "," if isinstance(node, ast.Tuple) and kept else ""
            yield *module.span(node), choice(f"{opening}{kept}{comma}{closing}")
    for node in module.of_type(ast.Dict):
        for dropped in range(len(node.keys)):
            pairs = [p for n, p in enumerate(zip(node.keys, node.values, strict=True)) if n != dropped]
            shown = (
                f"{module.source(k)}: {module.source(v)}" if k else f"**{module.source(v)}" for k, v in pairs
            )
            yield *module.span(node), choice(f"{{{', '.join(shown)}}}")


def defaults(module: Module) -> Iterator[Spot]:
    for node in module.of_type(ast.arguments):
        for each in (*node.defaults, *filter(None, node.kw_defaults)):
            value = each.value if isinstance(each, ast.Constant) else None
            if type(value) in (int, float):
                yield *module.span(each), choice(repr(value + 1), repr(value * 3))
            elif isinstance(value, str):
                yield *module.span(each), choice(repr(value + "x"))
            else:
                yield *module.span(each), choice("None", "1", "()")


def decorators(module: Module) -> Iterator[Spot]:
    for node in module.of_type(ast.FunctionDef, ast.ClassDef):
        for each in node.decorator_list:
            if module.source(each) not in ("step", "pipeline"):
                start, end = module.span(each)
                yield start - 1, end, choice("#")


def bases(module: Module) -> Iterator[Spot]:
    for node in module.of_type(ast.ClassDef):
        for each in node.bases:
            yield *module.span(each), choice("object")


def methods(module: Module) -> Iterator[Spot]:
    for node in module.of_type(ast.ClassDef):
        end = module.lines(node)[1]
        inner = " " * (node.col_offset + 4)
        yield end, end, choice(*(f"\n{inner}def {each.replace('{}', inner + '    ')}\n" for each in METHODS))


def names(module: Module) -> Iterator[Spot]:
    for function in module.of_type(ast.FunctionDef):
        local = sorted({node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)})
        for node in ast.walk(function):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) in module.ids:
                others = [name for name in local if name not in (node.id, "self")]
                if others and not hasattr(builtins, node.id):
                    yield *module.span(node), choice(*others)


def similar_calls(module: Module) -> Iterator[Spot]:
    other = {a: b for one, two in SIMILAR for a, b in ((one, two), (two, one))}
    for node in module.of_type(ast.Name, ast.Attribute):
        name = node.id if isinstance(node, ast.Name) else node.attr
        if name in other:
            end = module.span(node)[1]
            yield end - len(name), end, choice(other[name])


def unwrapped_calls(module: Module) -> Iterator[Spot]:
    for node in module.of_type(ast.Call):
        if node.args:
            yield *module.span(node), choice(f"({module.source(node.args[0])})")


def returned(module: Module) -> Iterator[Spot]:
    for node in module.of_type(ast.Return):
        if node.value is not None:
            text = module.source(node.value)
            yield *module.span(node.value), choice("None", f"(-({text}))", f"[({text})]", f"(({text}) or 1)")


# -- neutral edits -------------------------------------------------------------------------------


def comments(module: Module) -> Iterator[Spot]:
    for body in module.bodies():
        for node in body:
            start = module.lines(node)[0]
            yield start, start, choice(" " * node.col_offset + "# as agreed\n")


def docstrings(module: Module) -> Iterator[Spot]:
    for node in module.docstrings.values():
        yield *module.span(node.body[0].value), choice('"""Another text."""')


def blank_lines(module: Module) -> Iterator[Spot]:
    for node in module.tree.body[1:]:
        start = module.lines(node)[0]
        yield start, start, choice("\n\n\n")


def reformatted(module: Module) -> Iterator[Spot]:
    yield 0, len(module.text), choice(ast.unparse(module.tree) + "\n")


def unused_functions(module: Module) -> Iterator[Spot]:
    end = len(module.text)
    yield end, end, choice("\n\ndef _nobody_calls(value):\n    return value + 1\n")


# -- data files ----------------------------------------------------------------------------------


def data(places: Callable[[str], Iterator[Spot]]) -> Callable[[str, Files], list[Spot]]:
    """Make places in a file that is no code of places in its text."""
    return lambda name, files: [] if name.endswith(".py") else list(places(files[name]))


def data_numbers(text: str) -> Iterator[Spot]:
    for match in re.finditer(r"\b\d+(\.\d+)?\b", text):
        value = float(match[0]) if "." in match[0] else int(match[0])
        yield *match.span(), choice(repr(value + 1), repr(value * 2), "0")


def data_words(text: str) -> Iterator[Spot]:
    for match in re.finditer(r"[A-Za-z_]{3,}", text):
        yield *match.span(), choice(match[0] + "x", match[0].upper(), match[0][1:])


def data_lines(text: str) -> Iterator[Spot]:
    for match in re.finditer(r"[^\n]+\n", text):
        yield *match.span(), choice("")


def swapped_lines(text: str) -> Iterator[Spot]:
    for match in re.finditer(r"([^\n]+\n)(?=([^\n]+\n))", text):
        yield match.start(1), match.end(2), choice(match[2] + match[1])


def whole_files(name: str, files: Files) -> list[Spot]:
    return [(0, 0, choice(""))] if name != "flow.py" else []


KINDS: dict[str, Callable[[str, Files], list[Spot]]] = {
    "number": python(numbers),
    "string": python(strings),
    "truth value": python(truth_values),
    "operator": python(operators),
    "comparison": python(comparisons),
    "condition": python(conditions),
    "statement deleted": python(statements),
    "definition deleted": python(definitions),
    "statements swapped": python(swapped_statements),
    "arguments swapped": python(swapped_arguments),
    "argument dropped": python(dropped_arguments),
    "element dropped": python(dropped_elements),
    "default": python(defaults),
    "decorator dropped": python(decorators),
    "base dropped": python(bases),
    "method added": python(methods),
    "name": python(names),
    "similar call": python(similar_calls),
    "call unwrapped": python(unwrapped_calls),
    "returned value": python(returned),
    "comment": python(comments),
    "docstring": python(docstrings),
    "blank lines": python(blank_lines),
    "reformatted": python(reformatted),
    "unused function": python(unused_functions),
    "data number": data(data_numbers),
    "data word": data(data_words),
    "data line removed": data(data_lines),
    "data lines swapped": data(swapped_lines),
    "file removed": whole_files,
    "file added": whole_files,
}
