"""Runs of edited projects in fresh processes: a read belongs to each step that reaches the code that made it."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

import pytest

pytestmark = pytest.mark.tfx

LOAD = 'import json\nfrom pathlib import Path\n\ndef load():\n    return json.loads(Path("conf.json").read_text())\n\n'
FLOW = """
from zencache import pipeline, step
{above}

@step
def first() -> int:
    {first}

@step
def target(x: int = 3) -> object:
    {target}

@pipeline
def before():
    first()

@pipeline
def flow():
    target()
"""
SIDE = """
import importlib, json, os, sys
sys.path.insert(0, os.getcwd())
sys.dont_write_bytecode = True
plans = {{}}
for number in range({count}):
    module = importlib.import_module(f"flow_{{number}}")
    if {computes}:
        module.before().run(**json.loads({options!r}))
        module.flow().run(**json.loads({options!r}))
    planned = module.flow().plan().steps["target"]
    plans[number] = [planned.action, planned.reason]
print(json.dumps(plans))
"""


@dataclass(frozen=True)
class Kind:
    """A project whose second step uses what other code read, and what is said when that changes."""

    files: dict[str, str]
    target: str
    first: str = "return 1"
    above: str = ""
    reason: str = ""
    """Of the rerun; without it the result is reused."""
    edit: dict[str, str] = field(default_factory=lambda: {"conf.json": '{"rate": 5}'})


def late(settings, target, reason="", first=None, **more):
    """Make a project with a module that both steps import when they run."""
    return Kind(
        {"settings.py": settings},
        target,
        first or target.replace("return", "") + "; return 1",
        reason=reason,
        **more,
    )


BY_LOAD = "conf.json, which `load` in settings.py read, changed"
AT_IMPORT = "conf.json, which settings.py read when it was imported, changed"
DATA = {
    "conf.json": '{"rate": 2}',
    "conf.ini": "[a]\nrate = 2\n",
    "conf.csv": "rate\n2\n",
    "other.txt": "1",
    "data/a.txt": "",
}
SINGLETON = """
class Settings:
    _only = None

    def __init__(self):
        self.data = load()

    @classmethod
    def get(cls):
        if cls._only is None:
            cls._only = cls()
        return cls._only
"""
INSTANCE = """
class Settings:
    data = None

    def rate(self):
        if self.data is None:
            self.data = load()
        return self.data["rate"]

SETTINGS = Settings()
"""
KINDS = {
    "settings that two steps import late": late(
        LOAD + "RATE = load()['rate']\n", "import settings; return settings.RATE", AT_IMPORT
    ),
    "from settings import a name": late(
        LOAD + "RATE = load()['rate']\n", "from settings import RATE; return RATE", AT_IMPORT
    ),
    "settings that are imported at the top and in the step": Kind(
        {"settings.py": LOAD + "NAME = 'taxi'\nRATE = load()['rate']\n"},
        "from settings import RATE; return RATE",
        above="from settings import NAME",
        reason=AT_IMPORT,
    ),
    "a loader in an lru_cache": late(
        LOAD.replace("def load", "import functools\n\n@functools.lru_cache\ndef load"),
        "import settings; return settings.load()['rate']",
        BY_LOAD,
    ),
    "a loader that is cached by assignment": late(
        LOAD + "import functools\ncached = functools.lru_cache(maxsize=None)(load)\n",
        "import settings; return settings.cached()['rate']",
        BY_LOAD,
    ),
    "a live loader in an lru_cache, called at import": Kind(
        {
            "settings.py": LOAD.replace("def load", "import functools\n\n@functools.lru_cache\ndef load")
            + "load()\n"
        },
        "return settings.load()['rate']",
        "settings.load(); return 1",
        above="import settings",
        reason=BY_LOAD,
    ),
    "a singleton": late(
        LOAD + SINGLETON,
        "import settings; return settings.Settings.get().data['rate']",
        "conf.json, which `__init__` in settings.py read, changed",
    ),
    "an instance of the module that reads at its first use": late(
        LOAD + INSTANCE,
        "import settings; return settings.SETTINGS.rate()",
        "conf.json, which `rate` in settings.py read, changed",
    ),
    "a cached property of an instance of the module": late(
        LOAD
        + "import functools\nclass Settings:\n    @functools.cached_property\n    def data(self):\n        return load()\nSETTINGS = Settings()\n",
        "import settings; return settings.SETTINGS.data['rate']",
        "conf.json, which `data` in settings.py read, changed",
    ),
    "a class attribute": late(
        LOAD
        + "class Loader:\n    kept = {}\n    def data(self):\n        if 'a' not in self.kept:\n            self.kept['a'] = load()\n        return self.kept['a']\n",
        "import settings; return settings.Loader().data()['rate']",
        "conf.json, which `data` in settings.py read, changed",
    ),
    "a mutable default": late(
        LOAD
        + "def kept(values={}):\n    if not values:\n        values.update(load())\n    return values['rate']\n",
        "import settings; return settings.kept()",
        "conf.json, which `kept` in settings.py read, changed",
    ),
    "a global of the module": late(
        LOAD
        + "DATA = None\ndef kept():\n    global DATA\n    if DATA is None:\n        DATA = load()\n    return DATA['rate']\n",
        "import settings; return settings.kept()",
        "conf.json, which `kept` in settings.py read, changed",
    ),
    "a decorator of the user's own that keeps": late(
        LOAD
        + "def kept(f):\n    values = {}\n    def inner():\n        if 'a' not in values:\n            values['a'] = f()\n        return values['a']\n    return inner\ncached = kept(load)\n",
        "import settings; return settings.cached()['rate']",
        "conf.json, which `inner` in settings.py read, changed",
    ),
    "a variable of the environment": late(
        "import os\nRATE = int(os.environ.get('ZEN_RATE', '2'))\n",
        "import settings; return settings.RATE",
        "environment variable ZEN_RATE, which settings.py read when it was imported, changed",
        edit={},
    ),
    "a listing": late(
        "import os\nNAMES = sorted(os.listdir('data'))\n",
        "import settings; return settings.NAMES",
        "the files in data/, which settings.py listed, are others",
        edit={"data/b.txt": ""},
    ),
    "a file that is not there": late(
        "from pathlib import Path\ntry:\n    RATE = Path('more.txt').read_text()\nexcept OSError:\n    RATE = '2'\n",
        "import settings; return settings.RATE",
        "more.txt, which settings.py looked for, is there now",
        edit={"more.txt": "5"},
    ),
    "a file that is only asked for": late(
        "from pathlib import Path\nRATE = 5 if Path('more.txt').exists() else 2\n",
        "import settings; return settings.RATE",
        "more.txt, which it looked for, is there now",
        edit={"more.txt": "5"},
    ),
    "sqlite": late(
        "import sqlite3\nRATE = sqlite3.connect('conf.db').execute('select * from t').fetchall()\n",
        "import settings; return settings.RATE",
        "conf.db, which settings.py read when it was imported, changed",
        edit={"conf.db": "5"},
    ),
    "a library that reads for the loader": late(
        "import configparser\nCONF = configparser.ConfigParser()\nCONF.read('conf.ini')\n",
        "import settings; return settings.CONF['a']['rate']",
        "conf.ini, which settings.py read when it was imported, changed",
        edit={"conf.ini": "[a]\nrate = 5\n"},
    ),
    "pandas": late(
        "import pandas as pd\nDATA = pd.read_csv('conf.csv')\n",
        "import settings; return int(settings.DATA.rate[0])",
        "conf.csv, which settings.py read when it was imported, changed",
        edit={"conf.csv": "rate\n5\n"},
    ),
    "threads at import": late(
        LOAD
        + "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(2) as pool:\n    TEXTS = list(pool.map(Path.read_text, [Path('conf.json')]))\n",
        "import settings; return settings.TEXTS[0]",
        AT_IMPORT,
    ),
    "a class's body": late(
        LOAD + "class Conf:\n    rate = load()['rate']\n",
        "from settings import Conf; return Conf.rate",
        AT_IMPORT,
    ),
    "a module that the settings import": Kind(
        {"settings.py": "from paths import RATE\n", "paths.py": LOAD + "RATE = load()['rate']\n"},
        "import settings; return settings.RATE",
        "import settings; return 1",
        reason="conf.json, which paths.py read when it was imported, changed",
    ),
    # -- never needless
    "a helper beside what is read at import": late(
        LOAD + "def double(x):\n    return 2 * x\nRATE = load()['rate']\n",
        "from settings import double; return double(x)",
        first="import settings; return 21",
    ),
    "a loader of two files": Kind(
        {"tools.py": "def read(name):\n    return open(name).read()\n"},
        "return tools.read('other.txt')",
        "return len(tools.read('conf.json'))",
        above="import tools",
        edit={"conf.json": '{"rate": 3}'},
    ),
    "a class that reads two files": Kind(
        {
            "tools.py": "class Data:\n    def __init__(self, name):\n        self.text = open(name).read()\n"
            "        parts = {}\n        parts['a'] = 1\n"
        },
        "from tools import Data; return Data('other.txt').text",
        "from tools import Data; return len(Data('conf.json').text)",
        edit={"conf.json": '{"rate": 3}'},
    ),
    "a live value that is the same": Kind(
        {"settings.py": LOAD + "RATE = load()['rate']\n"},
        "return settings.RATE",
        above="import settings",
        edit={"conf.json": '{"rate": 2, "name": "x"}'},
    ),
    "nothing changed": late(
        LOAD + "RATE = load()['rate']\n", "import settings; return settings.RATE", edit={}
    ),
}


def lay_out(files, number):
    """Write files of a kind, under names of its own."""
    for name, text in files.items():
        path = Path(numbered(name, number))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(numbered(text, number))


def numbered(text, number):
    return re.sub(
        r"\b(settings|paths|tools|conf|other|data(?=/|')|more)(?=\.|\b)(?!=)", rf"\1_{number}", text
    )


def side(fork_server, folder, computes, options="{}", **environ):
    """Plan each kind in one fresh process, after computing it if asked to."""
    Path("run.py").write_text(SIDE.format(count=len(KINDS), computes=computes, options=options))
    done = fork_server.run(["run.py"], cwd=folder, env={**os.environ, **environ})
    assert done.returncode == 0, done.stderr
    return {KINDS_BY_NUMBER[int(n)]: plan for n, plan in json.loads(done.stdout.splitlines()[-1]).items()}


KINDS_BY_NUMBER = list(KINDS)


@pytest.fixture(scope="module")
def plans(tmp_path_factory, fork_server):
    """The plans of all kinds: in the process that computed them, in a fresh one, and after the edits."""
    folder = tmp_path_factory.mktemp("kinds")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Path(".zencache").mkdir()
        Path(".zencache/config.toml").write_text("format = 2\nallow_pickle = true\nworkers = 1\n")
        for number, kind in enumerate(KINDS.values()):
            lay_out({**DATA, **kind.files}, number)
            with sqlite3.connect(f"conf_{number}.db") as database:
                database.execute("create table t as select 1")
            lay_out({"flow.py": FLOW.format(above=kind.above, first=kind.first, target=kind.target)}, number)
            Path("flow.py").rename(f"flow_{number}.py")
        found = [side(fork_server, folder, True), side(fork_server, folder, False)]
        for number, kind in enumerate(KINDS.values()):
            lay_out(kind.edit, number)
        return [*found, side(fork_server, folder, False, ZEN_RATE="5")]


@pytest.mark.parametrize("name", KINDS)
def test_what_other_code_read_for_a_step_is_checked(plans, name):
    """The result is reused if, and only if, a fresh computation would give the same; the reason says who read."""
    same_process, fresh, edited = (plan[name] for plan in plans)
    assert (same_process[0], fresh[0]) == ("hit", "hit"), (same_process, fresh)
    reason = numbered(KINDS[name].reason, KINDS_BY_NUMBER.index(name))
    assert edited == ["run", reason] if reason else edited[0] == "hit", edited
