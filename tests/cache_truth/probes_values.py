"""Values of globals: a constant `K` of each type in a helper module, and what of it makes a difference."""

from __future__ import annotations

from tests.cache_truth.harness import Probe, there

SHOW = "return [K, x]"

# What it is, what it imports, the value before, the value after, the helper's body.
CHANGES = [
    ("an int", "", "2", "3", SHOW),
    ("an int that becomes a float", "", "1", "1.0", SHOW),
    ("an int that becomes a bool", "", "1", "True", SHOW),
    ("an int that becomes a str", "", "1", "'1'", SHOW),
    ("a big int by one", "", "2**70", "2**70 + 1", SHOW),
    ("a float in its last place", "", "0.3", "0.1 + 0.2", SHOW),
    ("zero that becomes minus zero", "", "0.0", "-0.0", SHOW),
    ("None that becomes False", "", "None", "False", SHOW),
    ("a str", "", "'a'", "'b'", SHOW),
    ("a str that becomes bytes", "", "'a'", "b'a'", SHOW),
    ("bytes that become a bytearray", "", "b'a'", "bytearray(b'a')", SHOW),
    ("a letter written as two code points", "", "'\\u00e9'", "'e\\u0301'", "return [len(K), x]"),
    ("a lone surrogate", "", "'\\ud800'", "'\\ud801'", "return [ord(K), x]"),
    ("a list that becomes a tuple", "", "[1, 2]", "(1, 2)", SHOW),
    ("a tuple that becomes a dict that looks like its encoding", "", "(1, 2)", "{'$tuple': [1, 2]}", SHOW),
    ("a set", "", "{1, 2}", "{1, 3}", "return [sorted(K), x]"),
    ("a set that becomes a frozenset", "", "{1, 2}", "frozenset({1, 2})", "return [type(K).__name__, x]"),
    ("a nested dict", "", "{'a': [{'b': (1, {2})}]}", "{'a': [{'b': (1, {3})}]}", SHOW),
    ("a key's type", "", "{1: 'a'}", "{'1': 'a'}", SHOW),
    ("where one key ends", "", "{'a': '1b2', 'b': '3'}", "{'a': '1', 'b': '2b3'}", SHOW),
    ("the order of a dict", "", "{'a': 1, 'b': 2}", "{'b': 2, 'a': 1}", "return [list(K), x]"),
    ("a list that holds itself", "", "[1]; K.append(K)", "[2]; K.append(K)", "return [K[1][1][0], x]"),
    ("a range's step", "", "range(0, 9, 3)", "range(0, 9, 4)", SHOW),
    ("a slice", "", "slice(0, 2)", "slice(0, 3)", "return list(range(9))[K]"),
    ("a complex number", "", "1 + 2j", "1 - 2j", SHOW),
    ("a Decimal's places", "from decimal import Decimal", "Decimal('1.0')", "Decimal('1.00')", SHOW),
    ("a Fraction", "from fractions import Fraction", "Fraction(1, 2)", "Fraction(1, 3)", SHOW),
    ("a date", "from datetime import date", "date(2026, 1, 1)", "date(2026, 1, 2)", SHOW),
    (
        "a datetime's zone",
        "from datetime import datetime, timezone",
        "datetime(2026, 1, 1)",
        "datetime(2026, 1, 1, tzinfo=timezone.utc)",
        SHOW,
    ),
    ("a timedelta", "from datetime import timedelta", "timedelta(1)", "timedelta(1, 1)", SHOW),
    ("a Path", "from pathlib import Path", "Path('a/b')", "Path('a/c')", SHOW),
    (
        "a Path that becomes a pure one",
        "import pathlib",
        "pathlib.Path('a')",
        "pathlib.PurePosixPath('a')",
        SHOW,
    ),
    ("a UUID", "from uuid import UUID", "UUID(int=1)", "UUID(int=2)", SHOW),
    ("a pattern", "import re", "re.compile('a+')", "re.compile('a')", "return K.findall('aab') + [x]"),
    (
        "a pattern's flags",
        "import re",
        "re.compile('a')",
        "re.compile('a', re.I)",
        "return K.findall('aA') + [x]",
    ),
    (
        "an OrderedDict that becomes a dict",
        "from collections import OrderedDict",
        "OrderedDict(a=1)",
        "dict(a=1)",
        SHOW,
    ),
    (
        "the order of an OrderedDict",
        "from collections import OrderedDict",
        "OrderedDict(a=1, b=2)",
        "OrderedDict(b=2, a=1)",
        SHOW,
    ),
    (
        "a defaultdict's factory",
        "from collections import defaultdict",
        "defaultdict(int)",
        "defaultdict(list)",
        "return [K.copy()['a'], x]",
    ),
    (
        "the code of a defaultdict's factory",
        "from collections import defaultdict",
        "defaultdict(lambda: 1)",
        "defaultdict(lambda: 2)",
        "return [K.copy()['a'], x]",
    ),
    ("a deque", "from collections import deque", "deque([1, 2])", "deque([2, 1])", SHOW),
    (
        "a deque's length",
        "from collections import deque",
        "deque([1])",
        "deque([1], maxlen=1)",
        "return [K.maxlen, x]",
    ),
    ("a Counter", "from collections import Counter", "Counter('aab')", "Counter('ab')", SHOW),
    (
        "a ChainMap's order",
        "from collections import ChainMap",
        "ChainMap({1: 1}, {1: 2})",
        "ChainMap({1: 2}, {1: 1})",
        "return [K[1], x]",
    ),
    (
        "a mapping proxy",
        "from types import MappingProxyType",
        "MappingProxyType({'a': 1})",
        "MappingProxyType({'a': 2})",
        "return [K['a'], x]",
    ),
    (
        "a namespace",
        "from types import SimpleNamespace",
        "SimpleNamespace(a=1)",
        "SimpleNamespace(a=2)",
        SHOW,
    ),
    (
        "a namedtuple's value",
        "from collections import namedtuple; P = namedtuple('P', 'a b')",
        "P(1, 2)",
        "P(1, 3)",
        SHOW,
    ),
    (
        "a namedtuple that becomes a tuple",
        "from collections import namedtuple; P = namedtuple('P', 'a b')",
        "P(1, 2)",
        "(1, 2)",
        SHOW,
    ),
    ("a struct", "import struct", "struct.Struct('<i')", "struct.Struct('<h')", "return [K.size, x]"),
    (
        "an itemgetter",
        "from operator import itemgetter",
        "itemgetter(0)",
        "itemgetter(1)",
        "return [K('ab'), x]",
    ),
    (
        "an attrgetter",
        "from operator import attrgetter",
        "attrgetter('real')",
        "attrgetter('imag')",
        "return [K(x), x]",
    ),
    (
        "a methodcaller",
        "from operator import methodcaller",
        "methodcaller('upper')",
        "methodcaller('title')",
        "return [K('ab'), x]",
    ),
    ("an array", "from array import array", "array('i', [1])", "array('h', [1])", SHOW),
    ("a memory view", "", "memoryview(b'ab')", "memoryview(b'ac')", "return [K.tolist(), x]"),
    ("a type", "", "int", "float", "return [K(x)]"),
    ("a built-in function", "", "min", "max", "return [K(x, 9)]"),
    ("a bound method of a str", "", "'a-'.join", "'b-'.join", "return K('xyz')"),
    ("an unbound method", "", "str.upper", "str.title", "return [K('ab'), x]"),
    ("a module", "import json, pickle", "json", "pickle", "return [K.__name__, x]"),
    ("a function of a library", "import math", "math.floor", "math.ceil", "return [K(x + 0.5)]"),
    ("a lambda", "", "lambda v: v + 1", "lambda v: v + 2", "return [K(x)]"),
    ("a lambda's default", "", "lambda v, f=1: v + f", "lambda v, f=2: v + f", "return [K(x)]"),
    (
        "a lambda in a dict of dicts",
        "",
        "{'a': {'b': lambda v: v + 1}}",
        "{'a': {'b': lambda v: v + 2}}",
        "return [K['a']['b'](x)]",
    ),
    ("a partial", "from functools import partial", "partial(pow, 2)", "partial(pow, 3)", "return [K(x)]"),
    (
        "a partial's keyword",
        "from functools import partial",
        "partial(int, base=8)",
        "partial(int, base=9)",
        "return [K('11')]",
    ),
    (
        "a random generator's seed",
        "from random import Random",
        "Random(1)",
        "Random(2)",
        "return [Random.__reduce__(K)[2][1][1], x]",
    ),
    (
        "an exception in a tuple",
        "",
        "(KeyError,)",
        "(ValueError,)",
        "try:\n        raise KeyError\n    except K:\n        return [x]",
    ),
    ("a generic alias", "", "list[int]", "list[str]", SHOW),
    (
        "a code object",
        "",
        "compile('1 + 1', '', 'eval')",
        "compile('1 + 2', '', 'eval')",
        "return [eval(K), x]",
    ),
    ("an iterator", "", "iter([1, 2])", "iter([1, 3])", "return [*__import__('copy').copy(K), x]"),
    ("a chain of values by name", "A = 1; B = [A]", "(B, A)", "(B, A, A)", SHOW),
    ("a locale-free float format", "", "float('nan')", "float('inf')", SHOW),
]
NUMPY = [
    ("content", "np.array([1, 2])", "np.array([1, 3])", "K.tolist()"),
    ("dtype", "np.array([1, 2])", "np.array([1, 2], dtype='int32')", "str(K.dtype)"),
    ("byte order", "np.array([1], '<i4')", "np.array([1], '>i4')", "K.dtype.str"),
    ("shape", "np.zeros((2, 3))", "np.zeros((3, 2))", "K.shape"),
    (
        "order in memory",
        "np.array([[1, 2], [3, 4]])",
        "np.array([[1, 2], [3, 4]], order='F')",
        "K.ravel('K').tolist()",
    ),
    ("class", "np.array([[1, 2], [3, 4]])", "np.matrix([[1, 2], [3, 4]])", "(K * K).tolist()"),
    ("mask", "np.ma.array([1, 2], mask=[0, 0])", "np.ma.array([1, 2], mask=[0, 1])", "int(K.sum())"),
    ("objects", "np.array([1, 'a'], dtype=object)", "np.array([1, 'b'], dtype=object)", "K.tolist()"),
    ("fields", "np.zeros(1, [('a', int)])", "np.zeros(1, [('b', int)])", "K.dtype.names"),
    ("middle", "np.arange(9000)", "np.where(np.arange(9000) == 5000, 1, np.arange(9000))", "int(K.sum())"),
]
MORE = [
    (
        "a numpy scalar's type",
        "import numpy as np",
        "np.float32(1)",
        "np.float64(1)",
        "return [K.dtype.str, x]",
    ),
    ("a numpy ufunc", "import numpy as np", "np.add", "np.multiply", "return [int(K(x, x))]"),
    ("a numpy dtype", "import numpy as np", "np.dtype('int8')", "np.dtype('int16')", "return [str(K), x]"),
    *(
        (f"a numpy array's {what}", "import numpy as np", old, new, f"return [{show}, x]")
        for what, old, new, show in NUMPY
    ),
    (
        "a numpy generator's seed",
        "import numpy as np",
        "np.random.default_rng(1)",
        "np.random.default_rng(2)",
        "return [K.bit_generator.state['state']['state'], x]",
    ),
]
CLASSES = {
    "a dataclass instance": "from dataclasses import dataclass\n@dataclass\nclass C:\n    a: int",
    "a frozen dataclass instance": "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass C:\n    a: int",
    "a plain instance": "class C:\n    def __init__(self, a):\n        self.a = a",
    "an instance with slots": "class C:\n    __slots__ = ('a',)\n    def __init__(self, a):\n        self.a = a",
    "a pydantic model": "from pydantic import BaseModel\nclass C(BaseModel):\n    a: int\n    def __init__(self, a):\n        super().__init__(a=a)",
    "a pydantic private attribute": "from pydantic import BaseModel\nclass C(BaseModel):\n    _a: int = 0\n    def __init__(self, a):\n        super().__init__()\n        self._a = a\n    @property\n    def a(self):\n        return self._a",
    "a NamedTuple": "from typing import NamedTuple\nclass C(NamedTuple):\n    a: int",
    "a str with an attribute": "class C(str):\n    def __new__(cls, a):\n        made = super().__new__(cls, 'same')\n        made.a = a\n        return made",
    "a dict subclass with an attribute": "class C(dict):\n    def __init__(self, a):\n        self.a = a",
    "an int subclass with an attribute": "class C(int):\n    def __new__(cls, a):\n        made = super().__new__(cls, 7)\n        made.a = a\n        return made",
    "an instance that says it equals all others": "class C:\n    def __init__(self, a):\n        self.a = a\n    def __eq__(self, other):\n        return True\n    def __hash__(self):\n        return 1\n    def __repr__(self):\n        return 'C'",
    "an instance that pickles to nothing": "class C:\n    def __init__(self, a=0):\n        self.a = a\n    def __reduce__(self):\n        return C, ()",
    "an instance that does not pickle": "class C:\n    def __init__(self, a=0):\n        self.a = a\n    def __reduce_ex__(self, n):\n        raise TypeError",
}


def constant(what, imports, old, new, body) -> Probe:
    prep = f"{imports}\nK = {old}\n\ndef clean(x):\n    {body}\n"
    return there(f"constant: {what}", "rerun", prep, (f"K = {old}\n", f"K = {new}\n"))


PROBES = [
    *(constant(*row) for row in CHANGES + MORE),
    *(
        there(
            f"constant: {what}",
            "rerun",
            f"{definition}\n\nK = C(1)\n\ndef clean(x):\n    return [K.a, x]\n",
            ("C(1)", "C(2)"),
            unhashable="such an object cannot be read" if "does not pickle" in what else "",
        )
        for what, definition in CLASSES.items()
    ),
]
