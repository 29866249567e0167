"""The ways in which generated helpers are written: each a template of a unit that defines `$h(x)`.

In a template `$h` is the helper's name and `$H` its class's, `$c` its constant, `$op` its operator, and `$x`
is `x` or a call of another helper with it. Units stand at the top of a module in any order, so that what
is evaluated at import may use names of its own unit alone. `files` are data files; `$here` is the
helper's module's folder, and `environ` a variable's text: there the constant lives outside of the code.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cached_property
from string import Template
from textwrap import dedent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Kind:
    """One way to write a helper."""

    code: str
    imports: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    environ: bool = False
    """Whether the constant is the value of the environment variable `$H`."""
    numbered: bool = False
    """Whether the constant is the number of files in the folder that `files` names."""
    free: bool = False
    """Whether the order of the unit's definitions means nothing."""
    placed: bool = False
    """Whether it matters where the module is."""
    imprecise: str = ""
    """Why more counts than is used."""

    @cached_property
    def acts(self) -> bool:
        """Whether importing it does more than bind names: a call, a loop, a decorator, a class with a base."""
        names = dict.fromkeys(("h", "H", "x"), "h") | {"c": "2", "op": "+", "here": ""}
        return any(_acts(statement) for statement in ast.parse(self.render(names, backwards=False)).body)

    def render(self, names: Mapping[str, str], *, backwards: bool) -> str:
        blocks = Template(self.code).substitute(names).strip("\n").split("\n\n\n")
        return "\n\n\n".join(reversed(blocks) if backwards and self.free else blocks)


def _acts(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return bool(statement.decorator_list or getattr(statement, "bases", ()))
    if isinstance(statement, ast.Assign):
        return not all(isinstance(target, ast.Name) for target in statement.targets)
    return not isinstance(statement, ast.AsyncFunctionDef)


def kind(code: str, *imports: str, **more) -> Kind:
    return Kind(dedent(code).strip("\n"), imports, **more)


DYNAMIC = "which part is meant is decided at run time"

FUNCTIONS = {
    "function": kind("""
        def $h(x):
            return $x $op $c
        """),
    "global": kind(
        """
        ${H}_RATE = $c


        def $h(x):
            return $x $op ${H}_RATE
        """,
        free=True,
    ),
    "two functions": kind(
        """
        def ${h}_inner(x):
            return x $op $c


        def $h(x):
            return ${h}_inner($x) + 1
        """,
        free=True,
    ),
    "many functions": kind(
        "def ${h}_0(x):\n    return $x $op $c\n\n\n"
        + "\n\n\n".join(f"def ${{h}}_{n}(x):\n    return ${{h}}_{n - 1}(x)" for n in range(1, 100))
        + "\n\n\ndef $h(x):\n    return ${h}_99(x)",
        free=True,
    ),
    "recursion": kind("""
        def $h(x, depth=2):
            return $x if depth == 0 else $h(x, depth - 1) $op $c
        """),
    "each other": kind(
        """
        def $h(x, depth=2):
            return $x if depth == 0 else ${h}_other(x, depth) $op $c


        def ${h}_other(x, depth):
            return $h(x, depth - 1) + 1
        """,
        free=True,
    ),
    "default": kind("""
        def $h(x, rate=$c):
            return $x $op rate
        """),
    "keyword default": kind("""
        ${H}_RATE = [$c]


        def $h(x, *, rates=${H}_RATE):
            return $x $op rates[0]
        """),
    "lambda": kind("""
        $h = lambda x: $x $op $c
        """),
    "closure": kind("""
        def ${h}_make(rate):
            def inner(x):
                return $x $op rate
            return inner


        $h = ${h}_make($c)
        """),
    "nonlocal": kind("""
        def ${h}_make():
            rate = 0

            def raised():
                nonlocal rate
                rate = $c

            def inner(x):
                return $x $op rate

            raised()
            return inner


        $h = ${h}_make()
        """),
    "closure over a function": kind("""
        def ${h}_inner(x):
            return x $op $c


        def ${h}_make(function):
            return lambda x: function($x)


        $h = ${h}_make(${h}_inner)
        """),
    "partial": kind(
        """
        def ${h}_base(rate, x):
            return $x $op rate


        $h = partial(${h}_base, $c)
        """,
        "from functools import partial",
    ),
    "decorator with wraps": kind(
        """
        def ${h}_twice(function):
            @functools.wraps(function)
            def inner(x):
                return function(x) $op $c
            return inner


        @${h}_twice
        def $h(x):
            return $x + 1
        """,
        "import functools",
    ),
    "decorator without wraps": kind("""
        def ${h}_twice(function):
            def inner(x):
                return function(x) $op 3
            return inner


        @${h}_twice
        def $h(x):
            return $x + $c
        """),
    "decorator with options": kind("""
        def ${h}_times(rate):
            def decorate(function):
                def inner(x):
                    return function(x) $op rate
                return inner
            return decorate


        @${h}_times($c)
        def $h(x):
            return $x + 1
        """),
    "decorator class": kind("""
        class ${H}Twice:
            def __init__(self, function):
                self.function = function

            def __call__(self, x):
                return self.function(x) $op $c


        @${H}Twice
        def $h(x):
            return $x + 1
        """),
    "lru_cache": kind(
        """
        @functools.lru_cache(maxsize=None)
        def $h(x):
            return $x $op $c
        """,
        "import functools",
    ),
    "memo": kind(
        """
        ${H}_MEMO = {}


        def $h(x):
            if x not in ${H}_MEMO:
                ${H}_MEMO[x] = $x $op $c
            return ${H}_MEMO[x]
        """,
        free=True,
    ),
    "counter": kind(
        """
        ${H}_CALLS = 0


        def $h(x):
            global ${H}_CALLS
            ${H}_CALLS += 1
            return $x $op $c
        """,
        free=True,
    ),
    "singledispatch": kind(
        """
        @singledispatch
        def $h(x):
            return $x $op 2


        @$h.register
        def _(x: int):
            return $x + $c


        @$h.register(float)
        def _(x):
            return $x $op $c
        """,
        "from functools import singledispatch",
    ),
    "generator": kind(
        """
        def ${h}_rates():
            yield 1
            yield from [$c]


        def $h(x):
            return $x $op sum(${h}_rates())
        """,
        free=True,
    ),
    "context manager": kind(
        """
        @contextmanager
        def ${h}_rate():
            yield $c


        def $h(x):
            with ${h}_rate() as rate:
                return $x $op rate
        """,
        "from contextlib import contextmanager",
        free=True,
    ),
    "coroutine": kind(
        """
        async def ${h}_rate():
            return $c


        def $h(x):
            return $x $op asyncio.run(${h}_rate())
        """,
        "import asyncio",
        free=True,
    ),
    "key function": kind(
        """
        def ${h}_key(n):
            return (n * $c) % 7


        def $h(x):
            return $x $op sorted([1, 2, 3, 4, 5, 6], key=${h}_key)[1]
        """,
        free=True,
    ),
    "mapped": kind(
        """
        def ${h}_one(n):
            return n $op $c


        def $h(x):
            return $x + functools.reduce(operator.add, map(${h}_one, [1, 2]))
        """,
        "import functools",
        "import operator",
        free=True,
    ),
    "function attribute": kind("""
        def $h(x):
            return $x $op $h.rate


        $h.rate = $c
        """),
    "function in a thread": kind(
        """
        def ${h}_rate(n):
            return n $op $c


        def $h(x):
            with ThreadPoolExecutor(2) as pool:
                return $x + sum(pool.map(${h}_rate, [1, 2]))
        """,
        "from concurrent.futures import ThreadPoolExecutor",
        free=True,
    ),
}

CLASSES = {
    "method of a base": kind("""
        class ${H}Base:
            rate = $c

            def work(self, x):
                return $x $op self.rate


        class $H(${H}Base):
            pass


        def $h(x):
            return $H().work(x)
        """),
    "super": kind("""
        class ${H}Base:
            def work(self, x):
                return $x $op $c


        class $H(${H}Base):
            def work(self, x):
                return super().work(x) + 1


        $h = $H().work
        """),
    "property": kind("""
        class $H:
            @property
            def rate(self):
                return $c

            def work(self, x):
                return $x $op self.rate


        def $h(x):
            return $H().work(x)
        """),
    "cached property": kind(
        """
        class $H:
            @functools.cached_property
            def rate(self):
                return $c


        ${H}_ONE = $H()


        def $h(x):
            return $x $op ${H}_ONE.rate
        """,
        "import functools",
    ),
    "class and static methods": kind("""
        class $H:
            @classmethod
            def made(cls, x):
                return cls.work($x)

            @staticmethod
            def work(x):
                return x $op $c


        def $h(x):
            return $H.made(x)
        """),
    "mixins": kind("""
        class ${H}Left:
            def rate(self):
                return $c


        class ${H}Right:
            def rate(self):
                return 3


        class $H(${H}Left, ${H}Right):
            pass


        def $h(x):
            return $x $op $H().rate()
        """),
    "attribute of an instance": kind("""
        class $H:
            def __init__(self, rate):
                self.rate = rate

            def __call__(self, x):
                return $x $op self.rate


        $h = $H($c)
        """),
    "slots": kind("""
        class $H:
            __slots__ = ("rate",)

            def __init__(self, rate):
                self.rate = rate


        ${H}_ONE = $H($c)


        def $h(x):
            return $x $op ${H}_ONE.rate
        """),
    "overloaded operator": kind("""
        class $H:
            def __init__(self, value):
                self.value = value

            def __add__(self, other):
                return $H(self.value $op other.value)


        def $h(x):
            return ($H($x) + $H($c)).value
        """),
    "iterator": kind("""
        class $H:
            def __iter__(self):
                return iter([1, $c])


        def $h(x):
            return $x $op sum($H())
        """),
    "attribute set later": kind("""
        class $H:
            rate = 1


        setattr($H, "rate", $c)


        def $h(x):
            return $x $op $H.rate
        """),
    "method set later": kind("""
        class $H:
            pass


        def ${h}_work(self, x):
            return $x $op $c


        $H.work = ${h}_work


        def $h(x):
            return $H().work(x)
        """),
    "class decorator": kind("""
        def ${h}_rated(cls):
            cls.rate = $c
            return cls


        @${h}_rated
        class $H:
            pass


        def $h(x):
            return $x $op $H.rate
        """),
    "metaclass": kind("""
        class ${H}Meta(type):
            @property
            def rate(cls):
                return $c


        class $H(metaclass=${H}Meta):
            pass


        def $h(x):
            return $x $op $H.rate
        """),
    "subclass registry": kind("""
        ${H}_KNOWN = {}


        class ${H}Base:
            def __init_subclass__(cls, **more):
                ${H}_KNOWN[cls.__name__] = cls


        class $H(${H}Base):
            def work(self, x):
                return $x $op $c


        def $h(x):
            return ${H}_KNOWN["$H"]().work(x)
        """),
    "subclasses": kind("""
        class ${H}Base:
            pass


        class $H(${H}Base):
            rate = $c


        def $h(x):
            return $x $op sum(each.rate for each in ${H}Base.__subclasses__())
        """),
    "descriptor": kind("""
        class ${H}Rate:
            def __get__(self, instance, owner):
                return $c


        class $H:
            rate = ${H}Rate()


        def $h(x):
            return $x $op $H().rate
        """),
    "getattr method": kind("""
        class $H:
            def __getattr__(self, name):
                return $c


        def $h(x):
            return $x $op $H().anything
        """),
    "abstract": kind(
        """
        class ${H}Base(ABC):
            @abstractmethod
            def rate(self): ...

            def work(self, x):
                return $x $op self.rate()


        class $H(${H}Base):
            def rate(self):
                return $c


        def $h(x):
            return $H().work(x)
        """,
        "from abc import ABC, abstractmethod",
    ),
    "partialmethod": kind(
        """
        class $H:
            def scaled(self, rate, x):
                return $x $op rate

            work = functools.partialmethod(scaled, $c)


        def $h(x):
            return $H().work(x)
        """,
        "import functools",
    ),
    "singledispatchmethod": kind(
        """
        class $H:
            @functools.singledispatchmethod
            def work(self, x):
                return $x $op $c

            @work.register
            def _(self, x: int):
                return $x + $c


        def $h(x):
            return $H().work(x)
        """,
        "import functools",
    ),
    "dataclass": kind(
        """
        @dataclass
        class $H:
            rate: float = $c

            def work(self, x):
                return $x $op self.rate


        def $h(x):
            return $H().work(x)
        """,
        "from dataclasses import dataclass",
    ),
    "dataclass factory": kind(
        """
        def ${h}_rates():
            return [$c]


        @dataclass(frozen=True)
        class $H:
            rates: list = field(default_factory=${h}_rates)
            total: float = field(init=False, default=0)

            def __post_init__(self):
                object.__setattr__(self, "total", sum(self.rates) + 1)


        def $h(x):
            return $x $op $H().total
        """,
        "from dataclasses import dataclass, field",
    ),
    "dataclass instance": kind(
        """
        @dataclass
        class $H:
            rate: float


        ${H}_ONE = $H($c)


        def $h(x):
            return $x $op ${H}_ONE.rate
        """,
        "from dataclasses import dataclass",
    ),
    "named tuple": kind(
        """
        class $H(NamedTuple):
            rate: float = $c


        def $h(x):
            return $x $op $H().rate
        """,
        "from typing import NamedTuple",
    ),
    "enum": kind(
        """
        class $H(Enum):
            RATE = $c
            OTHER = 99

            def work(self, x):
                return $x $op self.value


        def $h(x):
            return $H["RATE"].work(x)
        """,
        "from enum import Enum",
    ),
    "pydantic": kind(
        """
        class $H(BaseModel):
            rate: float = 1

            @field_validator("rate")
            @classmethod
            def raised(cls, value):
                return value $op $c


        def $h(x):
            return $x + $H(rate=2).rate
        """,
        "from pydantic import BaseModel, field_validator",
    ),
    "pydantic default": kind(
        """
        class $H(BaseModel):
            rate: float = $c


        def $h(x):
            return $x $op $H().rate
        """,
        "from pydantic import BaseModel",
    ),
}

VALUES = {
    "list": kind(
        """
        ${H}_RATES = [1, $c]


        def $h(x):
            return $x $op ${H}_RATES[1]
        """,
        free=True,
    ),
    "nested": kind(
        """
        ${H}_RATES = {"a": [(1, {"b": {$c}})], 3: frozenset({$c, 20})}


        def $h(x):
            return $x $op (min(${H}_RATES["a"][0][1]["b"]) + sum(${H}_RATES[3]))
        """,
        free=True,
    ),
    "order of a dict": kind(
        """
        ${H}_RATES = {str(n): n for n in ([$c, 3.5] if $c > 4 else [3.5, $c])}


        def $h(x):
            return $x $op next(iter(${H}_RATES.values()))
        """,
        free=True,
    ),
    "text": kind(
        """
        ${H}_TEXT = "a" * int($c)


        def $h(x):
            return $x $op len(f"{${H}_TEXT}-")
        """,
        free=True,
    ),
    "bytes": kind(
        """
        ${H}_BYTES = bytes([int($c)])


        def $h(x):
            return $x $op ${H}_BYTES[0]
        """,
        free=True,
    ),
    "regex": kind(
        """
        ${H}_PATTERN = re.compile("a{%d}" % $c)


        def $h(x):
            return $x $op len(${H}_PATTERN.match("a" * 20).group())
        """,
        "import re",
        free=True,
    ),
    "numpy array": kind(
        """
        ${H}_RATES = np.array([1.0, $c])


        def $h(x):
            return $x $op float(${H}_RATES.sum())
        """,
        "import numpy as np",
        free=True,
    ),
    "numpy in a dict": kind(
        """
        ${H}_RATES = {"a": np.full((2, 2), $c), "b": [np.float32($c)]}


        def $h(x):
            return $x $op (float(${H}_RATES["a"][1, 1]) + float(${H}_RATES["b"][0]))
        """,
        "import numpy as np",
        free=True,
    ),
    "fraction and date": kind(
        """
        ${H}_RATES = (Fraction(int($c), 7), timedelta(days=$c))


        def $h(x):
            return $x $op (float(${H}_RATES[0]) + ${H}_RATES[1].days)
        """,
        "from datetime import timedelta",
        "from fractions import Fraction",
        free=True,
    ),
    "namespace": kind(
        """
        ${H}_SETTINGS = SimpleNamespace(rate=$c, other=SimpleNamespace(rate=2))


        def $h(x):
            return $x $op ${H}_SETTINGS.rate
        """,
        "from types import SimpleNamespace",
        free=True,
    ),
    "collections": kind(
        """
        ${H}_RATES = defaultdict(int, {"a": $c})
        ${H}_LAST = deque([1, 2, $c], maxlen=2)
        ${H}_COUNTS = Counter("b" * int($c))


        def $h(x):
            return $x $op (${H}_RATES["a"] + ${H}_LAST[-1] + ${H}_COUNTS["b"])
        """,
        "from collections import Counter, defaultdict, deque",
        free=True,
    ),
    "appended": kind(
        """
        ${H}_RATES = []
        ${H}_RATES.append($c)
        for ${h}_n in range(int($c)):
            ${H}_RATES.append(${h}_n)


        def $h(x):
            return $x $op sum(${H}_RATES)
        """,
        free=True,
    ),
    "comprehension": kind(
        """
        ${H}_RATES = [n * 2 for n in range(int($c)) if n != 3]


        def $h(x):
            return $x $op (sum(${H}_RATES) + 1)
        """,
        free=True,
    ),
    "conditional definition": kind("""
        if $c > 4:
            def $h(x):
                return $x $op 2
        else:
            def $h(x):
                return $x $op 3
        """),
    "computed by a function": kind("""
        def ${h}_rate(n):
            return n $op $c


        ${H}_RATE = ${h}_rate(3)


        def $h(x):
            return $x + ${H}_RATE
        """),
    "dispatch dict": kind("""
        def ${h}_a(x):
            return $x $op $c


        def ${h}_b(x):
            return $x


        ${H}_TABLE = {"a": ${h}_a, "b": ${h}_b}


        def $h(x):
            return ${H}_TABLE["a"](x) + ${H}_TABLE["b"](x)
        """),
    "registry": kind("""
        ${H}_KNOWN = {}


        def ${h}_known(name):
            def decorate(function):
                ${H}_KNOWN[name] = function
                return function
            return decorate


        @${h}_known("a")
        def ${h}_a(x):
            return $x $op $c


        def $h(x):
            return ${H}_KNOWN["a"](x)
        """),
    "pipeline of functions": kind(
        """
        ${H}_STAGES = [lambda x: $x + 1, lambda x: x $op $c]


        def $h(x):
            for stage in ${H}_STAGES:
                x = stage(x)
            return x
        """,
        free=True,
    ),
    "path": kind(
        """
        ${H}_PATH = Path("some", "folder" * int($c))


        def $h(x):
            return $x $op len(str(${H}_PATH))
        """,
        "from pathlib import Path",
        free=True,
    ),
    "class in a dict": kind("""
        class $H:
            rate = $c


        ${H}_KINDS = {"a": $H}


        def $h(x):
            return $x $op ${H}_KINDS["a"]().rate
        """),
}

DYNAMICS = {
    "globals": kind(
        """
        def ${h}_inner(x):
            return x $op $c


        def $h(x):
            return globals()["${h}_" + "inner"]($x)
        """,
        free=True,
        imprecise=DYNAMIC,
    ),
    "getattr of a module": kind(
        """
        def ${h}_inner(x):
            return x $op $c


        def $h(x):
            return getattr(sys.modules[__name__], "_".join(["$h", "inner"]))($x)
        """,
        "import sys",
        free=True,
        imprecise=DYNAMIC,
    ),
    "getattr of a class": kind(
        """
        class $H:
            def work_a(self, x):
                return $x $op $c


        def $h(x):
            return getattr($H(), "work_" + "a")(x)
        """,
        imprecise=DYNAMIC,
    ),
    "eval": kind(
        """
        ${H}_TEXT = "x $op $c"


        def $h(x):
            return eval(${H}_TEXT, {"x": $x})
        """,
        free=True,
        imprecise=DYNAMIC,
    ),
    "exec": kind(
        """
        exec("def ${h}_inner(x):\\n    return x $op $c")


        def $h(x):
            return ${h}_inner($x)
        """,
        imprecise=DYNAMIC,
    ),
}

ENVIRONMENT = {
    "variable at import": kind(
        """
        ${H}_RATE = json.loads(os.environ.get("$H", "1"))


        def $h(x):
            return $x $op ${H}_RATE
        """,
        "import json",
        "import os",
        free=True,
        environ=True,
    ),
    "variable": kind(
        """
        def $h(x):
            return $x $op json.loads(os.environ["$H"])
        """,
        "import json",
        "import os",
        environ=True,
    ),
    "getenv": kind(
        """
        def $h(x):
            return $x $op json.loads(os.getenv("$H", "1"))
        """,
        "import json",
        "import os",
        environ=True,
    ),
    "from os import environ": kind(
        """
        def $h(x):
            return $x $op (json.loads(environ.get("$H", "1")) if "$H" in environ else 2)
        """,
        "import json",
        "from os import environ",
        environ=True,
    ),
    "all variables": kind(
        """
        def $h(x):
            own = {name: value for name, value in os.environ.items() if name == "$H"}
            return $x $op json.loads(own["$H"])
        """,
        "import json",
        "import os",
        environ=True,
        imprecise="all variables are read",
    ),
    "settings class": kind(
        """
        class $H:
            rate = json.loads(os.environ["$H"])


        def $h(x):
            return $x $op $H.rate
        """,
        "import json",
        "import os",
        environ=True,
    ),
}

TEXT = {"data/$h.txt": "$c"}
FILES = {
    "JSON at import": kind(
        """
        ${H}_SETTINGS = json.loads(Path(__file__).with_name("$h.json").read_text())


        def $h(x):
            return $x $op ${H}_SETTINGS["rate"]
        """,
        "import json",
        "from pathlib import Path",
        files={"${here}$h.json": '{"rate": $c}'},
        free=True,
        placed=True,
    ),
    "file at import": kind(
        """
        with open("data/$h.txt") as ${h}_file:
            ${H}_RATE = json.load(${h}_file)


        def $h(x):
            return $x $op ${H}_RATE
        """,
        "import json",
        files=TEXT,
    ),
    "file": kind(
        """
        def $h(x):
            with open("data/$h.txt") as file:
                return $x $op json.load(file)
        """,
        "import json",
        files=TEXT,
    ),
    "file beside": kind(
        """
        def $h(x):
            return $x $op json.loads(Path(__file__).parent.joinpath("$h.txt").read_bytes())
        """,
        "import json",
        "from pathlib import Path",
        files={"${here}$h.txt": "$c"},
        placed=True,
    ),
    "file in a cached reader": kind(
        """
        @functools.lru_cache
        def ${h}_rate():
            return json.loads(Path("data/$h.txt").read_text())


        def $h(x):
            return $x $op ${h}_rate()
        """,
        "import functools",
        "import json",
        "from pathlib import Path",
        files=TEXT,
        free=True,
    ),
    "file in a memo": kind(
        """
        ${H}_READ = {}


        def $h(x):
            if "rate" not in ${H}_READ:
                ${H}_READ["rate"] = json.loads(Path("data/$h.txt").read_text())
            return $x $op ${H}_READ["rate"]
        """,
        "import json",
        "from pathlib import Path",
        files=TEXT,
        free=True,
    ),
    "numpy text": kind(
        """
        def $h(x):
            return $x $op float(np.loadtxt("data/$h.txt"))
        """,
        "import numpy as np",
        files=TEXT,
    ),
    "low level": kind(
        """
        def $h(x):
            file = os.open("data/$h.txt", os.O_RDONLY)
            try:
                return $x $op json.loads(os.read(file, 100))
            finally:
                os.close(file)
        """,
        "import json",
        "import os",
        files=TEXT,
    ),
    "mapped file": kind(
        """
        def $h(x):
            with open("data/$h.txt", "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                return $x $op json.loads(mapped[:])
        """,
        "import json",
        "import mmap",
        files=TEXT,
    ),
    "file in a thread": kind(
        """
        def ${h}_rate(name):
            return json.loads(Path(name).read_text())


        def $h(x):
            with ThreadPoolExecutor(2) as pool:
                return $x $op sum(pool.map(${h}_rate, ["data/$h.txt"]))
        """,
        "import json",
        "from concurrent.futures import ThreadPoolExecutor",
        "from pathlib import Path",
        files=TEXT,
        free=True,
    ),
    "copied file": kind(
        """
        def $h(x):
            with tempfile.TemporaryDirectory() as folder:
                copied = shutil.copy("data/$h.txt", folder)
                return $x $op json.loads(Path(copied).read_text())
        """,
        "import json",
        "import shutil",
        "import tempfile",
        "from pathlib import Path",
        files=TEXT,
    ),
    "file that may be missing": kind(
        """
        def $h(x):
            try:
                return $x $op json.loads(Path("data/$h.txt").read_text())
            except FileNotFoundError:
                return $x
        """,
        "import json",
        "from pathlib import Path",
        files=TEXT,
    ),
    "listed folder": kind(
        """
        def $h(x):
            return $x $op len(os.listdir("data/$h"))
        """,
        "import os",
        files={"data/$h/": "x"},
        numbered=True,
    ),
    "globbed folder": kind(
        """
        def $h(x):
            return $x $op sum(len(path.read_text()) for path in sorted(Path("data/$h").glob("*.txt")))
        """,
        "from pathlib import Path",
        files={"data/$h/": "x"},
        numbered=True,
    ),
    "walked folder": kind(
        """
        def $h(x):
            return $x $op sum(len(names) for _, _, names in os.walk("data/$h"))
        """,
        "import os",
        files={"data/$h/": "x"},
        numbered=True,
    ),
    "packaged file": kind(
        """
        def $h(x):
            return $x $op json.loads(pkgutil.get_data("pkg", "$h.txt"))
        """,
        "import json",
        "import pkgutil",
        files={"pkg/$h.txt": "$c"},
    ),
}

KINDS = {**FUNCTIONS, **VALUES, **CLASSES, **ENVIRONMENT, **FILES, **DYNAMICS}
