"""Live values that hold behaviour, tables that are read by a constant, code that asks for its own name."""

from __future__ import annotations

from tests.cache_truth.harness import Probe, there


def value(name: str, definition: str, edit, use: str = "K(x)", verdict="rerun", **more) -> Probe:
    """Make a probe of a module whose `clean` uses a global."""
    return there(name, verdict, f"{definition}\n\ndef clean(x):\n    return {use}\n", edit, **more)


TWO = ("x * 2", "x * 5")
TWICE = "def twice(x):\n    return x * 2\n"
TABLE = "C = {'lr': 2, 'n': 3}\n"

PROBES = [
    value(
        "a universal function of numpy",
        "import numpy as np\n" + TWICE + "K = np.frompyfunc(twice, 1, 1)",
        TWO,
    ),
    value(
        "a vectorized function",
        "import numpy as np\n" + TWICE + "K = np.vectorize(twice)",
        TWO,
        use="K([x])[0]",
    ),
    value(
        "a key of a getter",
        "from operator import itemgetter\nK = itemgetter('a')",
        ("('a')", "('b')"),
        use="K({'a': 1, 'b': 2})",
    ),
    value(
        "an attribute of a getter",
        "from operator import attrgetter\nK = attrgetter('real')",
        ("real", "imag"),
    ),
    value(
        "an argument of a method caller",
        "from operator import methodcaller\nK = methodcaller('count', 'a')",
        ("'a')", "'b')"),
        use="K('aab')",
    ),
    value(
        "a method in C bound to a project's object",
        "class C(list):\n    def __len__(self):\n        return 2\nK = C([1, 2]).count",
        ("[1, 2]", "[3, 3]"),
        use="K(3)",
    ),
    value("a method in C bound to a list", "K = [1, 3, 3].count", ("3, 3", "3, 4"), use="K(3)"),
    value(
        "the flags of a pattern",
        "import re\nK = re.compile('a', re.I)",
        ("re.I", "re.A"),
        use="bool(K.match('A'))",
    ),
    value(
        "a template's text",
        "from string import Template\nK = Template('$x')",
        ("'$x'", "'$x$x'"),
        use="K.substitute(x=x)",
    ),
    value(
        "a method of a formatter",
        "from string import Formatter\nclass F(Formatter):\n    def get_value(self, k, a, kw):\n        return 2\nK = F()",
        ("return 2", "return 3"),
        use="K.format('{x}')",
    ),
    value(
        "a partial method of a live class",
        "from functools import partialmethod\nclass C:\n    def go(self, a, x):\n        return a * x\n    K = partialmethod(go, 2)",
        ("go, 2", "go, 3"),
        use="C().K(x)",
    ),
    value(
        "a descriptor of the project",
        "class D:\n    def __init__(self, f):\n        self.f = f\n    def __get__(self, o, t):\n        return self.f\nclass C:\n    k = D(2)",
        ("D(2)", "D(3)"),
        use="C().k",
    ),
    value(
        "a method of a descriptor",
        "class D:\n    def __get__(self, o, t):\n        return 2\nclass C:\n    k = D()",
        ("return 2", "return 3"),
        use="C().k",
    ),
    value(
        "a context variable's default",
        "from contextvars import ContextVar\nK = ContextVar('K', default=2)",
        ("default=2", "default=3"),
        use="K.get()",
    ),
    value(
        "what a weak mapping holds",
        "import weakref\nclass C:\n    pass\nHELD = C()\nK = weakref.WeakValueDictionary(a=HELD)\nHELD.v = 2",
        ("v = 2", "v = 3"),
        use="K['a'].v",
    ),
    value(
        "a reduction that a partial holds",
        "from functools import partial, reduce\ndef add(a, b):\n    return a + b\nK = partial(reduce, add)",
        ("a + b", "a * b"),
        use="K([2, 3])",
    ),
    value(
        "a comment beside a universal function",
        "import numpy as np\n" + TWICE + "K = np.frompyfunc(twice, 1, 1)",
        ("x * 2", "x * 2  # two"),
        verdict="hit",
    ),
    # order
    value(
        "the order of a table", "C = {'b': 1, 'a': 2}", ("'b': 1, 'a': 2", "'a': 2, 'b': 1"), use="list(C)"
    ),
    value(
        "the order of a default",
        "def f(x, c={'b': 1, 'a': 2}):\n    return list(c)",
        ("'b': 1, 'a': 2", "'a': 2, 'b': 1"),
        use="f(x)",
    ),
    # tables read by constants
    value("the entry that is read", TABLE, ("'lr': 2", "'lr': 5"), use="C['lr'] * x"),
    value("an entry that is not read", TABLE, ("'n': 3", "'n': 4"), use="C['lr'] * x", verdict="hit"),
    value("an entry that is added", TABLE, ("'n': 3", "'n': 3, 'm': 4"), use="C['lr'] * x", verdict="hit"),
    value(
        "an entry that another entry is set to",
        TABLE + "def fill():\n    C['lr'] = C['n']\n",
        ("'n': 3", "'n': 4"),
        use="(fill(), C['lr'])[1]",
    ),
    value(
        "an entry that another entry is set to by get",
        TABLE + "def fill():\n    C['lr'] = C.get('n')\n",
        ("'n': 3", "'n': 4"),
        use="(fill(), C['lr'])[1]",
    ),
    value(
        "an attribute that another one is set to",
        "class C:\n    lr, n = 2, 3\ndef fill():\n    C.lr = C.n\n",
        ("2, 3", "2, 4"),
        use="(fill(), C.lr)[1]",
    ),
    value(
        "an entry of a table that is made anew of another entry",
        TABLE + "def fill():\n    global C\n    C = {'lr': C['n']}\n",
        ("'n': 3", "'n': 4"),
        use="(fill(), C['lr'])[1]",
    ),
    value(
        "an entry that grows by itself",
        TABLE + "def fill():\n    C['lr'] = C['lr'] + 1\n",
        ("'n': 3", "'n': 4"),
        use="(fill(), x)[1]",
        verdict="imprecise",
        why="what changes a table counts with all of the table",
    ),
    value(
        "an entry beside a read by a name",
        TABLE + "NAME = 'n'\n",
        ("'n': 3", "'n': 4"),
        use="C['lr'] * C[NAME]",
    ),
    value("an entry beside a read of all", TABLE, ("'n': 3", "'n': 4"), use="C['lr'] * sum(C.values())"),
    value(
        "an entry of a table that is passed on",
        TABLE + "def all_of(c):\n    return sum(c.values())\n",
        ("'n': 3", "'n': 4"),
        use="C['lr'] * all_of(C)",
    ),
    value(
        "an entry of a table in a table",
        "C = {'a': {'lr': 2}, 'b': {'lr': 3}}\n",
        ("'lr': 2", "'lr': 5"),
        use="C['a']['lr'] * x",
    ),
    value(
        "an entry of another table in a table",
        "C = {'a': {'lr': 2}, 'b': {'lr': 3}}\n",
        ("'lr': 3", "'lr': 5"),
        use="C['a']['lr'] * x",
        verdict="hit",
    ),
    value(
        "an entry of a table with a default",
        "from collections import defaultdict\nC = defaultdict(lambda: 7, {'lr': 2})\n",
        ("lambda: 7", "lambda: 8"),
        use="C['m'] * x",
    ),
    value(
        "an entry that is missing and comes",
        "C = {'lr': 2}\ndef get():\n    try:\n        return C['n']\n    except KeyError:\n        return 0\n",
        ("'lr': 2", "'lr': 2, 'n': 1"),
        use="get()",
    ),
    value(
        "a table's class with its own reads",
        "class T(dict):\n    def __getitem__(self, k):\n        return len(self)\nC = T(lr=2)\n",
        ("lr=2", "lr=2, n=3"),
        use="C['lr'] * x",
    ),
    value(
        "an attribute of a namespace",
        "from types import SimpleNamespace\nC = SimpleNamespace(lr=2, n=3)\n",
        ("lr=2", "lr=5"),
        use="C.lr * x",
    ),
    value(
        "another attribute of a namespace",
        "from types import SimpleNamespace\nC = SimpleNamespace(lr=2, n=3)\n",
        ("n=3", "n=4"),
        use="C.lr * x",
        verdict="hit",
    ),
    value(
        "another argument of a command line",
        "from argparse import ArgumentParser\nP = ArgumentParser()\nP.add_argument('--lr', default=2)\nP.add_argument('--n', default=3)\nC = P.parse_args([])\n",
        ("default=3", "default=4"),
        use="C.lr * x",
        verdict="hit",
    ),
    value(
        "an attribute beside a read of all",
        "from types import SimpleNamespace\nC = SimpleNamespace(lr=2, n=3)\n",
        ("n=3", "n=4"),
        use="C.lr * vars(C)['n']",
    ),
]
