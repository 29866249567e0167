"""What the import of a module does to others: registrations, changes, patches."""

from __future__ import annotations

from tests.cache_truth.harness import source
from tests.cache_truth.probes_imports import project

REGISTRY = source("""
    import copyreg, functools, heapq, operator
    from types import SimpleNamespace
    REG = SimpleNamespace()
    TABLE = {}
    LIST = []
    @functools.singledispatch
    def kind(value):
        return 0
    class Base:
        known = {}
        @classmethod
        def add(cls, f):
            cls.known[f.__name__] = f
            return f
        def provide(self, f):
            self.known[f.__name__] = f
            return f
    BASE = Base()
    def table():
        return TABLE
""")
MODELS = "from registry import *\nimport registry\n"
USE = "import models\nfrom registry import LIST, REG, TABLE, Base, kind\n"
BY_REG = "return REG.linear()"
BY_TABLE = "return TABLE['linear']()"
BY_LIST = "return LIST[-1]()"
EDIT = ("return 2", "return 5")


def registered(name, register, decorator="@register", body=BY_TABLE, more=""):
    """Make a probe of a function that a decorator of `registry` registers in a module that the step imports."""
    models = f"{MODELS}{more}{decorator}\ndef linear():\n    return 2\n"
    return project(
        name,
        "rerun",
        USE + body,
        "",
        {"registry.py": REGISTRY + source(register), "models.py": models},
        {"models.py": EDIT},
    )


def done(name, statements, body=BY_TABLE, register=""):
    """Make a probe of a function that statements of a module that the step imports pass on."""
    models = f"{MODELS}def linear():\n    return 2\n{source(statements)}"
    return project(
        name,
        "rerun",
        USE + body,
        "",
        {"registry.py": REGISTRY + source(register), "models.py": models},
        {"models.py": EDIT},
    )


def untouched(name, register, models):
    """Make a probe of a function beside what the step uses, which registers nothing."""
    files = {
        "registry.py": REGISTRY + source(register),
        "models.py": f"from registry import *\ndef used():\n    return 1\n{source(models)}",
    }
    return project(name, "hit", "from models import used\nreturn used()", "", files, {"models.py": EDIT})


PROBES = [
    registered(
        "a decorator that sets an attribute by setattr",
        "def register(f):\n    setattr(REG, f.__name__, f)\n    return f\n",
        body=BY_REG,
    ),
    registered(
        "a decorator with operator.setitem",
        "def register(f):\n    operator.setitem(TABLE, f.__name__, f)\n    return f\n",
    ),
    registered(
        "a decorator with dict.update",
        "def register(f):\n    dict.update(TABLE, {f.__name__: f})\n    return f\n",
    ),
    registered(
        "a decorator with list.append",
        "def register(f):\n    list.append(LIST, f)\n    return f\n",
        body=BY_LIST,
    ),
    registered(
        "a decorator with vars()",
        "def register(f):\n    vars(REG)[f.__name__] = f\n    return f\n",
        body=BY_REG,
    ),
    registered(
        "a decorator with globals()",
        "def register(f):\n    globals()['LAST'] = f\n    return f\n",
        body="import registry\nreturn registry.LAST()",
    ),
    registered(
        "a decorator by another name of the registry",
        "def register(f):\n    all_of_them = TABLE\n    all_of_them[f.__name__] = f\n    return f\n",
    ),
    registered(
        "a decorator by a function that gives the registry",
        "def register(f):\n    mine = table()\n    mine[f.__name__] = f\n    return f\n",
    ),
    registered(
        "a decorator that has a helper do it",
        "def put(where, f):\n    where[f.__name__] = f\ndef register(f):\n    put(TABLE, f)\n    return f\n",
    ),
    registered(
        "a decorator that is given the registry",
        "def register(where):\n    def inner(f):\n        where[f.__name__] = f\n        return f\n    return inner\n",
        "@register(TABLE)",
    ),
    registered(
        "a decorator with an operator",
        "def register(f):\n    global LIST\n    LIST += [f]\n    return f\n",
        body=BY_LIST,
    ),
    registered("a method of a class as a decorator", "", "@Base.add", body="return Base.known['linear']()"),
    registered(
        "a method of an object as a decorator", "", "@BASE.provide", body="return Base.known['linear']()"
    ),
    done(
        "singledispatch's register",
        "@kind.register(int)\ndef _(value):\n    return linear()\n",
        "return kind(1)",
    ),
    done(
        "a decorator of a method in a class",
        "class Models:\n    @register\n    def linear():\n        return linear()\n",
        register="def register(f):\n    TABLE[f.__name__] = f\n    return f\n",
    ),
    done("an operator on a registry", "registry.LIST += [linear]\n", BY_LIST),
    done("an operator on an imported registry", "TABLE |= {'linear': linear}\n"),
    done("setattr on another module", "setattr(registry.REG, 'linear', linear)\n", BY_REG),
    done(
        "an item of another module's namespace",
        "vars(registry)['LAST'] = linear\n",
        "import registry\nreturn registry.LAST()",
    ),
    done(
        "a patch of another module's function",
        "registry.table = linear\n",
        "import registry\nreturn registry.table()",
    ),
    done(
        "del in another module's registry",
        "TABLE['linear'] = linear\ndel TABLE['linear']\nTABLE['linear'] = linear\n",
    ),
    done(
        "a registration whose result has a name",
        "LINEAR = register(linear)\n",
        register="def register(f):\n    TABLE[f.__name__] = f\n    return f\n",
    ),
    done("a method call whose result has a name", "_ = LIST.append(linear)\n", BY_LIST),
    done(
        "a method of a class whose result has a name",
        "LINEAR = Base.add(linear)\n",
        "return Base.known['linear']()",
    ),
    done(
        "a method of an object whose result has a name",
        "LINEAR: object = BASE.provide(linear)\n",
        "return Base.known['linear']()",
    ),
    done(
        "an object that registers itself",
        "PLUGIN = Plugin(linear)\n",
        register="class Plugin:\n    def __init__(self, f):\n        TABLE[f.__name__] = f\n",
    ),
    done(
        "a comprehension that registers",
        "NAMES = [register(f) for f in (linear,)]\n",
        register="def register(f):\n    TABLE[f.__name__] = f\n    return f\n",
    ),
    done("a class body that registers", "class Plugins:\n    TABLE['linear'] = linear\n"),
    done(
        "a default that registers",
        "def other(f=register(linear)):\n    return f\n",
        register="def register(f):\n    TABLE[f.__name__] = f\n    return f\n",
    ),
    done(
        "copyreg in a late import",
        "class Point:\n    pass\ncopyreg.pickle(Point, lambda point: (linear, ()))\n",
        "import copy\nreturn copy.copy(models.Point())",
    ),
    done(
        "codecs",
        "import codecs\ncodecs.register(lambda name: codecs.CodecInfo(lambda *a: (str(linear()).encode(), 1), None, name=name) if name == 'two' else None)\n",
        "return 'a'.encode('two')",
    ),
    done(
        "a decorator of sqlite3",
        "import sqlite3\nclass Point:\n    pass\nsqlite3.register_adapter(Point, lambda p: linear())\n",
        "import sqlite3\nreturn sqlite3.connect(':memory:').execute('select ?', [models.Point()]).fetchone()",
    ),
    untouched(
        "a decorator that changes only its own objects",
        "def timed(f):\n    seen = {}\n    seen[f.__name__] = 1\n    f.tag = seen\n    setattr(f, 'other', 1)\n    return f\n",
        "@timed\ndef linear():\n    return 2\n",
    ),
    untouched(
        "an assignment by a function that only reads",
        "def load():\n    values = dict(TABLE)\n    values['a'] = len(LIST)\n    values.update(b=1)\n    return values\n",
        "VALUE = load()\ndef linear():\n    return 2\n",
    ),
    untouched(
        "an object that keeps to itself",
        "class Model:\n    def __init__(self, f):\n        self.f = f\n        self.parts = []\n        self.parts.append(f)\n",
        "MODEL = Model(1)\ndef linear():\n    return 2\n",
    ),
    untouched(
        "a reading method of a registry", "", "VALUE = TABLE.get('a', 1)\ndef linear():\n    return 2\n"
    ),
    untouched(
        "dataclasses and cached functions",
        "",
        "from dataclasses import dataclass, field\nimport functools\n@dataclass\nclass Point:\n    x: int = 0\n    y: list = field(default_factory=list)\n@functools.lru_cache\ndef linear():\n    return 2\n",
    ),
    *[
        project(
            f"the order of two imports that register{name}",
            "rerun",
            body,
            above,
            {
                "table.py": "T = {}\n",
                "a.py": "import table\ntable.T['a'] = 1\n",
                "b.py": "import table\ntable.T['b'] = 1\n",
                "both.py": "import a\nimport b\n",
            },
            {"both.py": "import b\nimport a\n"},
        )
        for name, above, body in [
            ("", "import both, table", "return list(table.T)"),
            (", imported late", "", "import both, table\nreturn list(table.T)"),
        ]
    ],
    project(
        "the order of two late imports without effects",
        "hit",
        "import both\nreturn both.a.A",
        "",
        {"a.py": "A = 1\n", "b.py": "B = 1\n", "both.py": "import a\nimport b\n"},
        {"both.py": "import b\nimport a\n"},
    ),
]
