"""Generated projects: a small frozen description, the files that it stands for, and edits of it.

A `Project` says which helpers there are, how each is written, where it lives and how others get at it; which
steps call which helpers; and how all of it is dressed (comments, order, …). Every number in it is valid, and
its repr can be pasted, so that hypothesis can make it smaller and a failure can be run again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, replace
from string import Template

from tests.cache_truth.differential_kinds import KINDS, Kind

OPERATORS = ("+", "-", "*")
CONSTANTS = (2, 3, 5, 7, 9, 4, 6, 2.0, 2.5)
HOMES = ("pkg.base", "pkg.tools", "prep", "main")
"""From the lowest: a module imports from its own and lower ones."""
FILES = {"pkg.base": "pkg/base.py", "pkg.tools": "pkg/tools.py", "prep": "prep.py", "main": "main.py"}
WAYS = (
    *("from", "alias", "module", "renamed", "star", "facade", "parent", "relative", "try"),
    *("assigned", "table", "holder", "inside", "getattr", "dynamic"),
)
"""How a helper of another module is got at; the first nine are the same function by another name."""
BY_NAME = frozenset(WAYS[:9])
OUTPUTS = {
    "float": ("{} + 0.0", "float({})"),
    "int": ("{} + 0", "int({})"),
    "list": ("sum({})", "[{}, 1]"),
    "dict": ('{}["x"]', '{{"x": {}, "y": None}}'),
    "tuple": ("{}[0]", "({}, 'a')"),
    "str": ("float({})", "str({})"),
    "np.ndarray": ("float({}.sum())", "np.array([{}, 1.0])"),
}
"""Types of steps' results, with how a number is got out of them and into them."""
PARAMETERS = ("int", "float", "list", "path", "text", "model")


@dataclass(frozen=True)
class Helper:
    """A function that steps or other helpers call."""

    kind: str = "function"
    constant: float = 2
    operator: str = "+"
    home: str = "prep"
    way: str = "from"
    calls: int | None = None
    """An earlier helper, by number; one that is not there is not called."""
    suffix: int = 0


@dataclass(frozen=True)
class Stage:
    """A step."""

    helpers: tuple[int, ...] = (0,)
    inputs: tuple[int, ...] = (0,)
    """Earlier steps, by number."""
    output: str = "float"
    parameter: str = "int"
    value: int = 1
    given: bool = True
    """Whether the pipeline gives the parameter, or its default holds."""


@dataclass(frozen=True)
class Dress:
    """What means nothing."""

    comments: int = 0
    docstrings: int = 0
    spacing: int = 0
    order: int = 0
    unused: int = 0
    unrelated: int = 0
    names: int = 0
    script: bool = False
    """Whether it is run as a script."""


@dataclass(frozen=True)
class Project:
    """A generated project."""

    helpers: tuple[Helper, ...] = (Helper(),)
    stages: tuple[Stage, ...] = (Stage(),)
    dress: Dress = field(default_factory=Dress)

    # -- names ----------------------------------------------------------------------------------

    def step_name(self, number: int) -> str:
        return f"stage_{'abcd'[number]}" + "_again" * self.dress.names

    @property
    def pipeline_name(self) -> str:
        return "made" + "_again" * self.dress.names

    def helper_name(self, number: int) -> str:
        suffix = self.helpers[number].suffix
        return f"h{number}" + (f"_{suffix}" if suffix else "")

    # -- how it hangs together --------------------------------------------------------------------

    def called(self, number: int) -> int | None:
        wanted = self.helpers[number].calls
        return wanted if wanted is not None and wanted < number else None

    def used(self, stage: int) -> tuple[int, ...]:
        """The helpers that a step calls itself."""
        return tuple(dict.fromkeys(n % len(self.helpers) for n in self.stages[stage].helpers))

    def fed(self, stage: int) -> tuple[int, ...]:
        """The steps that feed a step."""
        return tuple(dict.fromkeys(n % stage for n in self.stages[stage].inputs)) if stage else ()

    def reached(self, stage: int) -> tuple[int, ...]:
        """All helpers that a step calls, also through others."""
        found = list(self.used(stage))
        for number in found:
            inner = self.called(number)
            if inner is not None and inner not in found:
                found.append(inner)
        return tuple(sorted(found))

    def homes(self) -> list[str]:
        """Where each helper is: no higher than whoever calls it."""
        ranks = [HOMES.index(helper.home) for helper in self.helpers]
        for number in reversed(range(len(ranks))):
            inner = self.called(number)
            if inner is not None:
                ranks[inner] = min(ranks[inner], ranks[number])
        return [HOMES[rank] for rank in ranks]

    # -- what counts --------------------------------------------------------------------------------

    def essence(self, stage: int) -> object:
        """What of the project a step's result may depend on, beside its inputs; equal ones must be hits."""
        made = self.stages[stage]
        homes = self.homes()
        if self.is_imprecise(stage):
            bare = replace(self, dress=replace(self.dress, comments=0, docstrings=0, spacing=0, script=False))
            return (stage, sorted(files_of(bare).items()), sorted(environ_of(self).items()))
        reached = []
        for number in self.reached(stage):
            helper, inner = self.helpers[number], self.called(number)
            placed = homes[number] if KINDS[helper.kind].placed else ""
            way = "" if inner is None else self.effective_way(homes[number], inner)
            reached.append(
                (
                    number,
                    helper.kind,
                    repr(helper.constant),
                    helper.operator,
                    helper.suffix,
                    placed,
                    inner,
                    way,
                )
            )
        ways = tuple(self.effective_way("main", number) for number in self.used(stage))
        own = (made.output, made.parameter, made.value)
        fed = tuple(self.stages[other].output for other in self.fed(stage))
        done = self.done_at_import() if self.imports_late(stage) else ()
        return (stage, own, self.used(stage), ways, self.fed(stage), fed, tuple(reached), done)

    def imports_late(self, stage: int) -> bool:
        """Whether a step imports when it runs: what importing does then counts, whoever it is done for."""
        return any(self.helpers[n].way in {"inside", "dynamic"} for n in self.reached(stage))

    def done_at_import(self) -> tuple[object, ...]:
        """What is done at import beside definitions, and where everything is."""
        done = tuple(helper for helper in self.helpers if KINDS[helper.kind].acts)
        return (done, tuple(self.homes())) if done else ()

    def is_imprecise(self, stage: int) -> bool:
        """Whether the code digest may take in more than the step uses."""
        reached = self.reached(stage)
        return any(KINDS[self.helpers[n].kind].imprecise or self.helpers[n].way == "dynamic" for n in reached)

    def effective_way(self, module: str, number: int) -> str:
        """How a helper is got at, as far as it shows in the code that calls it."""
        way = self.helpers[number].way
        return "" if self.homes()[number] == module or way in BY_NAME else way


# -- files -----------------------------------------------------------------------------------------


@dataclass
class Module:
    """A module that is being written."""

    name: str
    imports: dict[str, None] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)

    def reference(self, project: Project, number: int) -> str:
        """Import a helper and give the expression that is the function."""
        name, home = project.helper_name(number), project.homes()[number]
        if home == self.name:
            return name
        found = reference(project.helpers[number].way, name, home, self.name)
        self.imports |= dict.fromkeys(found[0])
        if found[1]:
            self.units[found[2]] = found[1]
        return found[2]


def reference(way: str, name: str, home: str, module: str) -> tuple[tuple[str, ...], str, str]:
    """Give import lines, a definition, and an expression for a helper of another module."""
    plain = (f"from {home} import {name}",)
    if way == "relative" and home.startswith("pkg.") and module.startswith("pkg."):
        return (f"from .{home.partition('.')[2]} import {name}",), "", name
    if way == "parent" and home == "pkg.base" and not module.startswith("pkg."):
        return (f"from pkg import {name}",), "", name
    if way == "facade" and module == "main":
        return (f"from facade import {name}",), "", name
    short, own = f"{home.replace('.', '_')}_of_{name}", f"{name}_in_{module.replace('.', '_')}"
    return {
        "alias": ((f"from {home} import {name} as {name}_again",), "", f"{name}_again"),
        "module": ((f"import {home}",), "", f"{home}.{name}"),
        "renamed": ((f"import {home} as {short}",), "", f"{short}.{name}"),
        "star": ((f"from {home} import *",), "", name),
        "try": ((f"try:\n    from {home} import {name}\nexcept ImportError:\n    {name} = None",), "", name),
        "assigned": (plain, f"{own} = {name}", own),
        "table": (plain, f'{own} = {{"a": {name}}}', f'{own}["a"]'),
        "holder": (plain, f"class {own}:\n    work = staticmethod({name})", f"{own}.work"),
        "inside": ((), f"def {own}(x):\n    from {home} import {name}\n\n    return {name}(x)", own),
        "getattr": ((f"import {home}",), "", f'getattr({home}, "{name}")'),
        "dynamic": (
            ("import importlib",),
            f'def {own}(x):\n    return importlib.import_module("{home}").{name}(x)',
            own,
        ),
    }.get(way, (plain, "", name))


def files_of(project: Project) -> dict[str, str]:
    """Write a project's files."""
    homes = project.homes()
    modules = {name: Module(name) for name in HOMES}
    files: dict[str, str] = {}
    init: dict[str, None] = {}
    facade: dict[str, None] = {}
    for number, helper in enumerate(project.helpers):
        home, name, made = homes[number], project.helper_name(number), KINDS[helper.kind]
        module, inner = modules[home], project.called(number)
        names = {
            "h": name,
            "H": f"H{name[1:]}",
            "c": repr(helper.constant),
            "op": helper.operator,
            "x": "x" if inner is None else f"{module.reference(project, inner)}(x)",
            "here": "pkg/" if home.startswith("pkg.") else "",
        }
        module.imports |= dict.fromkeys(made.imports)
        module.units[f"unit {number}"] = made.render(names, backwards=bool(project.dress.order & 2))
        files |= _data(made, names)
        if home == "pkg.base" and helper.way == "parent":
            init[f"from pkg.base import {name}"] = None
        if home != "main" and helper.way == "facade":
            facade[f"from {home} import {name}"] = None
    files |= {FILES[name]: _dressed(project, module) for name, module in modules.items() if name != "main"}
    files["pkg/__init__.py"] = "".join(f"{line}\n" for line in init)
    files["facade.py"] = "".join(f"{line}\n" for line in facade)
    files["main.py"] = _main(project, modules["main"])
    for number, stage in enumerate(project.stages):
        if stage.parameter == "path":
            files[f"data/parameter_{number}.txt"] = str(stage.value)
    return files


def environ_of(project: Project) -> dict[str, str]:
    """Give the environment variables that a project's helpers read, and one that none reads."""
    helpers = enumerate(project.helpers)
    return {"UNRELATED": str(project.dress.unrelated)} | {
        f"H{project.helper_name(n)[1:]}": repr(h.constant) for n, h in helpers if KINDS[h.kind].environ
    }


def _data(made: Kind, names: dict[str, str]) -> dict[str, str]:
    files = {}
    for file, text in made.files.items():
        name, content = Template(file).substitute(names), Template(text).substitute(names)
        if made.numbered:
            files |= {f"{name}{n}.txt": content for n in range(int(float(names["c"])))}
        else:
            files[name] = content
    return files


def _main(project: Project, module: Module) -> str:
    module.imports |= {
        "from zencache import BaseParameters, pipeline, step": None,
        "from pathlib import Path": None,
    }
    module.imports["import numpy as np"] = None
    order = range(len(project.stages))
    for number in order:
        module.units[f"step {number}"] = _step(project, number, module)
    calls = []
    for number, stage in enumerate(project.stages):
        inputs = [f"{'abcd'[other]}={'abcd'[other]}" for other in project.fed(number)]
        given = [f"n={_parameter(stage, number)[1]}"] if stage.given or stage.parameter == "model" else []
        calls.append(f"    {'abcd'[number]} = {project.step_name(number)}({', '.join(inputs + given)})")
    body = "\n".join(calls)
    tail = f"@pipeline\ndef {project.pipeline_name}():\n{body}\n\n\n"
    tail += f'if __name__ == "__main__":\n    RUN = {project.pipeline_name}().run()\n'
    return _dressed(project, module, tail)


def _step(project: Project, number: int, module: Module) -> str:
    stage, feeding = project.stages[number], project.fed(number)
    kind, value, number_of = _parameter(stage, number)
    arguments = [f"{'abcd'[other]}: {project.stages[other].output}" for other in feeding]
    model = f"class Rate_{'abcd'[number]}(BaseParameters):\n    rate: int = {stage.value}\n\n\n"
    default = (
        "" if stage.parameter == "model" else f" = {value}" if not stage.given else f" = {_other(stage)}"
    )
    arguments.append(f"n: {kind}{default}")
    terms = [OUTPUTS[project.stages[other].output][0].format("abcd"[other]) for other in feeding]
    lines = [f"    x = {' + '.join([*terms, number_of])}"]
    lines += [f"    x = {module.reference(project, helper)}(x)" for helper in project.used(number)]
    signature = f"def {project.step_name(number)}({', '.join(arguments)}) -> {stage.output}:"
    result = f"    return {OUTPUTS[stage.output][1].format('x')}"
    above = model if stage.parameter == "model" else ""
    return above + "\n".join(["@step", signature, *lines, result])


def _parameter(stage: Stage, number: int) -> tuple[str, str, str]:
    """Give a parameter's type, its value as it is written, and how a number is got out of it."""
    value = stage.value
    return {
        "int": ("int", f"{value}", "n"),
        "float": ("float", f"{value}.5", "n"),
        "list": ("list", f"[{value}, 2]", "sum(n)"),
        "path": ("Path", f'Path("data/parameter_{number}.txt")', "int(n.read_text())"),
        "text": ("str", f'"{value}"', "int(n)"),
        "model": (f"Rate_{'abcd'[number]}", f"Rate_{'abcd'[number]}(rate={value})", "n.rate"),
    }[stage.parameter]


def _other(stage: Stage) -> str:
    """Give a default that is not used."""
    return {"int": "77", "float": "77.5", "list": "None", "path": "None", "text": '"77"'}[stage.parameter]


# -- dress -------------------------------------------------------------------------------------------


def _dressed(project: Project, module: Module, tail: str = "") -> str:
    dress = project.dress
    imports = list(module.imports)
    units = list(module.units.items())
    if dress.unrelated:
        number = dress.unrelated
        rest = f"UNRELATED_{number} = {number}\n\n\ndef unrelated_{number}(x):\n    return x * UNRELATED_{number}"
        units.insert(number % (len(units) + 1), ("unrelated", rest))
    if dress.unused:
        imports += [f"import {('textwrap', 'string', 'extra')[dress.unused % 3]}"]
    if dress.order & 1:
        imports, units = _backwards(imports), units[::-1]
    text = "\n\n\n".join(["\n".join(imports), *(unit for _, unit in units), tail]).strip("\n") + "\n"
    for change, number in (
        (_docstrings, dress.docstrings),
        (_spacing, dress.spacing),
        (_comments, dress.comments),
    ):
        text = change(text, number) if number else text
    return text


def _backwards(imports: list[str]) -> list[str]:
    stars = [line for line in imports if line.endswith("*")]  # what comes later goes before: they stay first
    return stars + [line for line in reversed(imports) if line not in stars]


def _docstrings(text: str, number: int) -> str:
    lines = [f'"""Module {number}."""']
    for line in text.splitlines():
        lines.append(line)
        if re.match(r" *(async )?(def|class) .*:$", line):
            indent = " " * (len(line) - len(line.lstrip()) + 4)
            lines += [f'{indent}"""What it is, in {number} words."""', ""]
    return "\n".join(lines) + "\n"


def _spacing(text: str, number: int) -> str:
    if number % 2:
        text = re.sub(r"^( *)return (.*[^(\[{,])$", r"\1return (\n\1    \2\n\1)", text, flags=re.MULTILINE)
        text = re.sub(r'"([a-zA-Z_. ]*)"(?=[\]),:])', r"'\1'", text)
    if number & 2:
        text = re.sub(
            r"^( *)(def \w+)\((.+)\)( ->.*)?:$", r"\1\2(\n\1    \3\n\1)\4:", text, flags=re.MULTILINE
        )
        text = re.sub(r"^([^\"'\n]*) ([-+*]) ([^\"'\n]*)$", r"\1  \2  \3", text, flags=re.MULTILINE)
    return text.replace("\n\n\n", "\n" * (3 + number))


def _comments(text: str, number: int) -> str:
    lines = [f"# note {number}"]
    for line in text.splitlines():
        if re.match(r" *(@|def |class |return )", line):
            lines.append(f"{' ' * (len(line) - len(line.lstrip()))}# remark {number}")
        lines.append(
            f"{line}  # {number}"
            if re.match(r" *x = |[A-Z]\w* = ", line) and line[-1] not in "([{\\"
            else line
        )
    return "\n".join(lines) + "\n"


# -- edits -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Edit:
    """A change of a project: of what, which one, and to which value."""

    what: str
    which: int = 0
    value: int = 0
    quietly: bool = False
    """Whether changed files keep their times of modification."""


NEUTRAL = (
    *("nothing", "touch", "recreate", "revert", "comments", "docstrings", "spacing", "order", "unused"),
    *("unrelated", "names", "script", "home", "swap homes", "way", "given"),
)
TELLING = (
    *("constant", "operator", "value", "calls", "suffix", "kind", "swap", "swap bodies", "output"),
    *("parameter", "inputs", "helpers"),
)
_DRESS = frozenset(f.name for f in fields(Dress))


def edited(history: list[Project], edit: Edit) -> Project:
    """Give the project after an edit; the whole history is there to go back in."""
    project, value = history[-1], edit.value
    number = edit.which % len(project.helpers)
    stage = edit.which % len(project.stages)
    helper, other = project.helpers[number], (number + 1 + value) % len(project.helpers)
    if edit.what == "revert":
        return history[value % len(history)]
    if edit.what in _DRESS:
        kind = type(getattr(project.dress, edit.what))
        limit = {"order": 4, "names": 2, "script": 2}.get(edit.what, 9)
        changed = kind((getattr(project.dress, edit.what) + 1 + value) % limit)
        return replace(project, dress=replace(project.dress, **{edit.what: changed}))
    made = {
        "constant": ("constant", CONSTANTS),
        "operator": ("operator", OPERATORS),
        "home": ("home", HOMES),
        "way": ("way", BY_NAME_WAYS),
        "kind": ("kind", tuple(KINDS)),
        "suffix": ("suffix", (0, 1, 2)),
        "calls": ("calls", (None, *range(number))),
    }
    if edit.what in made:
        name, choices = made[edit.what]
        return _with_helper(project, number, **{name: choices[value % len(choices)]})
    if edit.what in ("swap", "swap bodies", "swap homes"):
        names = {"swap": ("constant",), "swap bodies": ("kind", "operator"), "swap homes": ("home",)}[
            edit.what
        ]
        mine = {name: getattr(helper, name) for name in names}
        theirs = {name: getattr(project.helpers[other], name) for name in names}
        return _with_helper(_with_helper(project, number, **theirs), other, **mine)
    return _with_stage(project, stage, edit.what, value)


BY_NAME_WAYS = WAYS[:9]


def _with_helper(project: Project, number: int, **changes: object) -> Project:
    helpers = list(project.helpers)
    helpers[number] = replace(helpers[number], **changes)
    return replace(project, helpers=tuple(helpers))


def _with_stage(project: Project, number: int, what: str, value: int) -> Project:
    stage = project.stages[number]
    changes = {
        "value": {"value": value % 10},
        "given": {"given": not stage.given},
        "output": {"output": tuple(OUTPUTS)[value % len(OUTPUTS)]},
        "parameter": {"parameter": PARAMETERS[value % len(PARAMETERS)]},
        "inputs": {"inputs": (value,)},
        "helpers": {"helpers": (*stage.helpers[1:], value)},
    }.get(what, {})
    stages = list(project.stages)
    stages[number] = replace(stage, **changes)
    return replace(project, stages=tuple(stages))
