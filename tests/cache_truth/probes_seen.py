"""Code that only a run shows: callbacks, plug-ins, names in pickles, late effects, code that was made."""

from __future__ import annotations

from functools import partial

from tests.cache_truth.harness import ran

of = partial(partial, ran, category="seen code")
plugin, callback, pickled, fitted = (
    of(kind="plug-ins"),
    of(kind="callbacks"),
    of(kind="names in pickles"),
    partial(ran, category="parameters", kind="objects of earlier steps"),
)
made, neutral = of(kind="generated code"), of(kind="edits without meaning")

live = partial(ran, category="late imports", kind="live modules")
PLUG = "def value(x):\n    return x + 1\n\n\ndef unused(x):\n    return x - 1\n"
RUNS = ("x + 1", "x + 2")
IDLE = ("x - 1", "x - 2")
BY_NAME = "return importlib.import_module('plug_' + name()).value(x)"
NAME = "import importlib\n\ndef name():\n    return open('name.txt').read().strip()\n"
NAMED = {"name.txt": "a", "plug_a.py": PLUG, "plug_b.py": PLUG}

PLUGINS = [
    plugin("a plug-in whose name a file has", "rerun", BY_NAME, NAME, NAMED, {"plug_a.py": [RUNS]}),
    plugin(
        "a plug-in that a file does not name",
        "imprecise",
        BY_NAME,
        NAME,
        NAMED,
        {"plug_b.py": [RUNS]},
        why="a computed name may be that of any module below its literal part",
    ),
    plugin(
        "another name of a plug-in in a file",
        "rerun",
        BY_NAME,
        NAME,
        {**NAMED, "plug_b.py": PLUG.replace("+ 1", "+ 3")},
        {"name.txt": "b"},
    ),
    plugin(
        "plug-ins that a folder lists",
        "rerun",
        "return float(sum(importlib.import_module('plugs.' + p.stem).value(x) for p in sorted(Path('plugs').glob('p_*.py'))))",
        "import importlib\nfrom pathlib import Path",
        {"plugs/__init__.py": "", "plugs/p_a.py": PLUG},
        {"plugs/p_a.py": [RUNS]},
    ),
    plugin(
        "a plug-in that is added to a folder",
        "rerun",
        "return float(sum(importlib.import_module('plugs.' + p.stem).value(x) for p in sorted(Path('plugs').glob('p_*.py'))))",
        "import importlib\nfrom pathlib import Path",
        {"plugs/__init__.py": "", "plugs/p_a.py": PLUG},
        {"plugs/p_b.py": PLUG},
    ),
    plugin(
        "a plug-in that is loaded from its path",
        "rerun",
        "spec = util.spec_from_file_location('plug', 'plug.py')\nmodule = util.module_from_spec(spec)\nspec.loader.exec_module(module)\nreturn module.value(x)",
        "from importlib import util",
        {"plug.py": PLUG},
        {"plug.py": [RUNS]},
    ),
    plugin(
        "a plug-in that runpy runs",
        "rerun",
        "return runpy.run_path('plug.py')['value'](x)",
        "import runpy",
        {"plug.py": PLUG},
        {"plug.py": [RUNS]},
    ),
    plugin(
        "a plug-in whose text is executed",
        "rerun",
        "space = {}\nexec(open('plug.py').read(), space)\nreturn space['value'](x)",
        "",
        {"plug.py": PLUG},
        {"plug.py": [RUNS]},
    ),
    plugin(
        "modules that pkgutil lists",
        "rerun",
        "return float(sum(importlib.import_module('plugs.' + m.name).value(x) for m in pkgutil.iter_modules(plugs.__path__)))",
        "import importlib, pkgutil\nimport plugs",
        {"plugs/__init__.py": "", "plugs/a.py": PLUG},
        {"plugs/a.py": [RUNS]},
    ),
    plugin(
        "a class that a text names",
        "rerun",
        "module, _, name = open('name.txt').read().strip().partition(':')\nreturn getattr(__import__(module), name)().run(x)",
        "",
        {
            "name.txt": "models:Linear",
            "models.py": "class Linear:\n    def run(self, x):\n        return x + 1\n",
        },
        {"models.py": [RUNS]},
    ),
]

SETS = (
    "from zencache import pipeline\nfrom steps import work\nimport table\n\n{}\n\n\n"
    "@pipeline\ndef pipeline_under_test():\n    work()\n"
)
HOOKS = "HOOKS = []\n\ndef fire(x):\n    return float(sum(hook(x) for hook in HOOKS))\n"
CALLBACKS = [
    callback(
        "a callback that main registers",
        "rerun",
        "return hooks.fire(x)",
        "import hooks",
        {
            "main.py": "from zencache import pipeline\nfrom steps import work\nimport hooks\n\ndef more(x):\n    return x + 1\n\nhooks.HOOKS.append(more)\n\n@pipeline\ndef pipeline_under_test():\n    work()\n",
            "hooks.py": HOOKS,
        },
        {"main.py": [RUNS]},
    ),
    callback(
        "a callback of another module",
        "rerun",
        "return hooks.fire(x)",
        "import hooks, mine",
        {
            "hooks.py": HOOKS,
            "mine.py": "import hooks\n\ndef more(x):\n    return x + 1\n\nhooks.HOOKS.append(more)\n",
        },
        {"mine.py": [RUNS]},
    ),
    callback(
        "a key of a sort",
        "rerun",
        "return float(sorted([1, -5, 3], key=prep.key)[0])",
        "import prep",
        {"prep.py": "def key(n):\n    return abs(n)\n"},
        {"prep.py": [("abs(n)", "-abs(n)")]},
    ),
    callback(
        "a function that pandas applies",
        "rerun",
        "return float(pd.Series([x]).map(prep.value)[0])",
        "import pandas as pd\nimport prep",
        {"prep.py": PLUG},
        {"prep.py": [RUNS]},
    ),
    callback(
        "a method that an object holds",
        "rerun",
        "return prep.MACHINE.run(x)",
        "import prep",
        {
            "prep.py": "class Machine:\n    def __init__(self):\n        self.steps = [self.first]\n    def first(self, x):\n        return x + 1\n    def run(self, x):\n        return float(self.steps[0](x))\n\nMACHINE = Machine()\n"
        },
        {"prep.py": [RUNS]},
    ),
    callback(
        "a function that runs in a thread",
        "rerun",
        "with ThreadPoolExecutor(1) as pool:\n    return pool.submit(getattr(importlib.import_module('plug_a'), 'value'), x).result()",
        "import importlib\nfrom concurrent.futures import ThreadPoolExecutor",
        {"plug_a.py": PLUG},
        {"plug_a.py": [RUNS]},
    ),
    callback(
        "a function that a text names for a call",
        "rerun",
        "return operator.methodcaller(open('name.txt').read(), x)(prep)",
        "import operator\nimport prep",
        {"name.txt": "value", "prep.py": PLUG},
        {"prep.py": [RUNS]},
    ),
    callback(
        "an encoder's default",
        "rerun",
        "return float(json.dumps({1, 2}, default=prep.default))",
        "import json\nimport prep",
        {"prep.py": "def default(o):\n    return len(o) + 1\n"},
        {"prep.py": [("+ 1", "+ 2")]},
    ),
]

LOAD = "return float(pickle.load(open('a.pkl', 'rb'))(x))"
MODEL = "class Model:\n    def __init__(self):\n        self.rate = 2\n    def __call__(self, x):\n        return deep(x) * self.rate\n    def idle(self, x):\n        return x - 1\n\ndef deep(x):\n    return x + 1\n"
OBJECT = "ccopyreg\n_reconstructor\n(cmodel\nModel\nc__builtin__\nobject\nNtR(dVrate\nI2\nsb."
PICKLES = [
    pickled(
        "a function in a pickle",
        "rerun",
        LOAD,
        "import pickle",
        {"a.pkl": "cplug\nvalue\n.", "plug.py": PLUG},
        {"plug.py": [RUNS]},
    ),
    pickled(
        "a function beside the one in a pickle",
        "imprecise",
        LOAD,
        "import pickle",
        {"a.pkl": "cplug\nvalue\n.", "plug.py": PLUG},
        {"plug.py": [IDLE]},
        why="what a pickle names may be the whole module",
    ),
    pickled(
        "a class in a pickle",
        "rerun",
        LOAD,
        "import pickle",
        {"a.pkl": OBJECT, "model.py": MODEL},
        {"model.py": [("* self", "+ self")]},
    ),
    pickled(
        "a helper of a class in a pickle",
        "rerun",
        LOAD,
        "import pickle",
        {"a.pkl": OBJECT, "model.py": MODEL},
        {"model.py": [RUNS]},
    ),
    pickled(
        "a class in a pickle that is imported before",
        "rerun",
        LOAD,
        "import pickle\nimport model",
        {"a.pkl": OBJECT, "model.py": MODEL},
        {"model.py": [RUNS]},
    ),
    pickled(
        "an attribute in a pickle",
        "rerun",
        LOAD,
        "import pickle",
        {"a.pkl": OBJECT, "model.py": MODEL},
        {"a.pkl": ("I2", "I3")},
    ),
    pickled(
        "a base of a class in a pickle",
        "rerun",
        LOAD,
        "import pickle",
        {
            "a.pkl": OBJECT,
            "model.py": "from base import Base\n\nclass Model(Base):\n    pass\n",
            "base.py": MODEL.replace("class Model", "class Base"),
        },
        {"base.py": [RUNS]},
    ),
    pickled(
        "a class in a pickle of pandas",
        "rerun",
        "return float(pd.read_pickle('a.pkl')(x))",
        "import pandas as pd",
        {"a.pkl": OBJECT, "model.py": MODEL},
        {"model.py": [RUNS]},
    ),
    pickled(
        "a class in a pickle of joblib",
        "rerun",
        "return float(joblib.load('a.pkl')(x))",
        "import joblib",
        {"a.pkl": OBJECT, "model.py": MODEL},
        {"model.py": [RUNS]},
    ),
    pickled(
        "a comment in a class in a pickle",
        "hit",
        LOAD,
        "import pickle",
        {"a.pkl": OBJECT, "model.py": MODEL},
        {"model.py": ("x + 1", "x + 1  # more")},
    ),
]

TWO = "from zencache import pipeline\nfrom first import fit\nfrom steps import work\n\n\n@pipeline\ndef pipeline_under_test():\n    work(fit())\n"
SECOND = "from zencache import step\n\n\n@step\ndef work(thing: object) -> float:\n    return thing(3)\n"


def early(name, verdict, gives, prep, edit, **more):
    """Two steps: the first gives an object of a module that the second does not import."""
    first = f"import prep\nfrom zencache import step\n\n\n@step\ndef fit() -> object:\n    return {gives}\n"
    files = {"main.py": TWO, "first.py": first, "steps.py": SECOND, "prep.py": prep}
    return fitted(
        name,
        verdict,
        "",
        "",
        files,
        {"prep.py": edit},
        arguments=f"__import__('prep') and eval({gives!r}, vars(__import__('first')))",
        **more,
    )


FITTED = [
    early("a function that an earlier step gives", "rerun", "prep.value", PLUG, [RUNS]),
    early("an object that an earlier step gives", "rerun", "prep.Model()", MODEL, [("* self", "+ self")]),
    early("a helper of an object that an earlier step gives", "rerun", "prep.Model()", MODEL, [RUNS]),
    early(
        "a partial that an earlier step gives",
        "rerun",
        "__import__('functools').partial(prep.value)",
        PLUG,
        [RUNS],
    ),
    early("a method that an earlier step gives", "rerun", "prep.Model().__call__", MODEL, [RUNS]),
    early(
        "a comment in what an earlier step gives", "hit", "prep.Model()", MODEL, ("x + 1", "x + 1  # more")
    ),
]

MADE = [
    made(
        "a function made by exec that tests a set",
        "hit",
        "return float(h('a'))",
        'exec(\'def h(x):\\n    return int(x in {"a", "b", "c", "d", "e"})\')',
    ),
    made(
        "a function made by exec with a set of numbers",
        "hit",
        "return float(h(x))",
        "exec('def h(x):\\n    return int(x in {1, 3, 5, 700, 9000})')",
    ),
    made(
        "a starred argument of a function made by exec",
        "rerun",
        "return float(SPACE['h']('abc'))",
        "SPACE = {}\nexec('def h(x):\\n    return len(x)', SPACE)",
        edit={"steps.py": ("def h(x)", "def h(*x)")},
    ),
    made(
        "a keyword of a function made by exec",
        "rerun",
        "return float(SPACE['h'](a=1))",
        "SPACE = {}\nexec('def h(a, **x):\\n    return len(x)', SPACE)",
        edit={"steps.py": ("def h(a, **x)", "def h(**x)")},
    ),
    made(
        "a generator made by exec",
        "rerun",
        "return float(SPACE['h']() is None)",
        "SPACE = {}\nexec('def h():\\n    return None', SPACE)",
        edit={"steps.py": ("    return None'", "    return (yield)'")},
    ),
    made(
        "a keyword-only argument of a function made by exec",
        "rerun",
        "try:\n    return float(SPACE['h'](1))\nexcept TypeError:\n    return -1.0",
        "SPACE = {}\nexec('def h(x=2):\\n    return x', SPACE)",
        edit={"steps.py": ("def h(x=2)", "def h(*, x=2)")},
    ),
    made(
        "a default of a function made by exec",
        "rerun",
        "return float(SPACE['h']())",
        "SPACE = {}\nexec('def h(x=2):\\n    return x', SPACE)",
        edit={"steps.py": ("x=2", "x=5")},
    ),
]

NEUTRAL = [
    neutral("a comment in a plug-in", "hit", BY_NAME, NAME, NAMED, {"plug_a.py": ("x + 1", "x + 1  # more")}),
    neutral(
        "a docstring in a callback",
        "hit",
        "return hooks.fire(x)",
        "import hooks, mine",
        {
            "hooks.py": HOOKS,
            "mine.py": "import hooks\n\ndef more(x):\n    return x + 1\n\nhooks.HOOKS.append(more)\n",
        },
        {"mine.py": ("def more(x):\n", "def more(x):\n    '''More.'''\n")},
    ),
    neutral(
        "a quoted annotation in a pickled class",
        "hit",
        LOAD,
        "import pickle",
        {"a.pkl": OBJECT, "model.py": MODEL.replace("deep(x):", "deep(x: int):")},
        {"model.py": ("x: int", "x: 'int'")},
    ),
    neutral("formatting of a plug-in", "hit", BY_NAME, NAME, NAMED, {"plug_a.py": ("x + 1", "(x  +  1)")}),
    neutral(
        "a module that nothing loads",
        "hit",
        LOAD,
        "import pickle",
        {"a.pkl": OBJECT, "model.py": MODEL, "other.py": PLUG},
        {"other.py": [RUNS]},
    ),
]

TABLE = {"table.py": "RATE = 2\nTABLE = {'a': 2}\n"}
LIVE = [
    live(
        "a constant that main sets",
        "rerun",
        "import table\nreturn table.RATE",
        "",
        {**TABLE, "main.py": SETS.format("table.RATE = 3")},
        {"main.py": ("= 3", "= 5")},
    ),
    live(
        "an entry that main sets",
        "rerun",
        "from table import TABLE\nreturn TABLE['a']",
        "",
        {**TABLE, "main.py": SETS.format("table.TABLE['a'] = 3")},
        {"main.py": ("= 3", "= 5")},
    ),
    live(
        "a constant that a module computes of a variable",
        "rerun",
        "from table import RATE\nreturn RATE",
        "import table",
        {"table.py": "import os\nRATE = float(os.environ.get('RATE', 1))\n"},
        environ={"RATE": "2"},
    ),
    live(
        "a constant that a module computes of a file",
        "rerun",
        "from table import RATE\nreturn RATE",
        "import table",
        {"table.py": "from pathlib import Path\nRATE = float(Path('n.txt').read_text())\n", "n.txt": "1"},
        {"n.txt": "2"},
    ),
    live(
        "a name that a live module imports",
        "rerun",
        "from table import value\nreturn value(x)",
        "import table",
        {"table.py": "from prep import value\n", "prep.py": PLUG},
        {"prep.py": [RUNS]},
    ),
    live(
        "an entry that main adds",
        "rerun",
        "from table import TABLE\nreturn float(len(TABLE))",
        "",
        {**TABLE, "main.py": SETS.format("table.TABLE['b'] = 3")},
        {"main.py": ("table.TABLE['b'] = 3", "table.TABLE.update(b=3, c=4)")},
    ),
    live(
        "an item of a list in a table that main sets",
        "rerun",
        "from table import TABLE\nreturn float(TABLE['a'][0])",
        "",
        {"table.py": "TABLE = {'a': [1, 2]}\n", "main.py": SETS.format("table.TABLE['a'][0] = 3")},
        {"main.py": ("= 3", "= 5")},
    ),
    live(
        "a table that main leaves as it is",
        "hit",
        "from table import TABLE\nreturn TABLE['a']",
        "",
        {**TABLE, "main.py": SETS.format("table.TABLE['a'] = 2")},
        {"main.py": ("table.TABLE['a'] = 2", "")},
    ),
    live(
        "a constant of a live module that the step does not take",
        "hit",
        "from table import RATE\nreturn RATE",
        "import table",
        TABLE,
        {"table.py": ("'a': 2", "'a': 3")},
    ),
]

PROBES = [*LIVE, *PLUGINS, *CALLBACKS, *PICKLES, *FITTED, *MADE, *NEUTRAL]
