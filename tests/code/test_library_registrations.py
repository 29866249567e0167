"""What imported modules passed to libraries."""

from __future__ import annotations

import ast
import importlib
import sys
import types
from pathlib import Path

import pytest

from zencache.code import library_registrations, step_effects
from zencache.code.digest import CodeReader
from zencache.code.library_registrations import LibraryRegistrations

EXTRAS = "import atexit, codecs, logging, warnings\ndef find(name): pass\nlog = logging.getLogger(__name__)\n"


@pytest.fixture
def statements(folder, monkeypatch):
    """List the registrations of a module `extras` that a module `uses` imports."""
    monkeypatch.syspath_prepend(str(folder))

    def of(text: str, uses: str = "import extras") -> list[str]:
        Path("extras.py").write_text(EXTRAS + text)
        Path("uses.py").write_text(uses)
        module = importlib.import_module("uses")
        return [ast.unparse(each.statement) for each in LibraryRegistrations().of(module)]

    yield of
    for name in ("uses", "extras", "others"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    "statement",
    [
        "codecs.register(find)",
        "codecs.register(lambda name: None)",
        "X = codecs.register_error('none', find)",
        "logging.Logger.whisper = find",
        "setattr(logging.Logger, 'whisper', find)",
        "warnings.showwarning = find",
    ],
)
def test_a_statement_that_passes_code_to_a_library_is_one(statements, statement):
    """Wherever the library keeps it."""
    assert statements(statement) == [statement]


@pytest.mark.parametrize(
    "statement",
    [
        "codecs.register_error('none', codecs.ignore_errors)",
        "import mimetypes\nmimetypes.add_type('a/b', '.c')",
        "from calendar import setfirstweekday\nsetfirstweekday(3)",
        "import reprlib\nreprlib.aRepr.maxlist = 2",
        "import urllib.parse\nurllib.parse.uses_netloc.append('s3')",
        "import encodings.aliases\nencodings.aliases.aliases['mine'] = 'utf_8'",
    ],
)
def test_a_setting_of_a_library_is_one(statements, statement):
    """Where no record of a step holds it: names, tables and constants of the library's modules."""
    assert statements(statement) == statement.splitlines()[-1:]


@pytest.mark.parametrize(
    "statement",
    [
        "import argparse\nargparse.ArgumentParser().add_argument('--n')",
        "import random\nrandom.seed(1)",
        "import sys\nsys.path.append('a')",
        "NAMES = []\nNAMES.append('a')",
        "warnings.filterwarnings('ignore')",
        "log.debug('%s', find)",
        "logging.Logger.level = 3",
        "find.tag = find",
        "if __name__ == '__main__':\n    codecs.register(find)",
        "def later():\n    codecs.register(find)",
    ],
)
def test_a_statement_that_passes_no_code_is_none(statements, statement):
    """Settings of libraries are read where they matter, and what did not run did nothing."""
    assert statements(statement) == []


@pytest.mark.parametrize(
    "uses",
    [
        "from extras import log",
        "try:\n    import extras as e\nexcept E:\n    pass",
        "import sys\nfrom extras import (\n    log,\n)",
    ],
)
def test_modules_are_found_however_they_are_imported(statements, uses):
    """By any import in the text of a module."""
    assert len(statements("codecs.register(find)", uses)) == 1


def test_an_import_inside_a_function_is_not_followed(statements):
    """It runs with the step, so what it registers counts by the step's text."""
    module = "import importlib\nimportlib.import_module('extras')\n"
    assert statements("codecs.register(find)", module + "def work():\n    import extras\n") == []


@pytest.mark.parametrize(
    "uses",
    [
        "def setup():\n    import extras\nsetup()\n",
        "def setup(f):\n    from extras import log\n    return f\n@setup\ndef work():\n    pass\n",
        "def inner():\n    import extras\ndef setup():\n    inner()\nX = [setup()]\n",
        "class Setup:\n    @staticmethod\n    def all():\n        import extras\nSetup.all()\n",
    ],
)
def test_an_import_in_a_function_that_an_import_calls_is_followed(statements, uses):
    """It ran with the import of the module."""
    assert len(statements("codecs.register(find)", uses)) == 1


def test_a_module_that_a_step_imported_counts_as_in_a_fresh_process(statements, monkeypatch):
    """A condition that was false at the import keeps it out, whatever a step did since."""
    uses = "try:\n    import absent\nexcept ImportError:\n    import extras\n"
    assert len(statements("codecs.register(find)", uses)) == 1
    monkeypatch.setattr(step_effects, "FILES", {sys.modules["extras"].__file__})
    assert LibraryRegistrations().of(sys.modules["uses"]) == []


def test_what_only_a_script_runs_registers_nothing(statements, monkeypatch):
    """So that a script has the keys that its import has."""
    guarded = "if __name__ == '__main__':\n    import extras\n    extras.codecs.register(extras.find)\n"
    statements("codecs.register(find)", "import extras\n" + guarded)
    module = sys.modules["uses"]
    vars(module)["__name__"] = "__main__"
    monkeypatch.setitem(sys.modules, "__main__", module)
    assert [each.module.__name__ for each in LibraryRegistrations().of(module)] == ["extras"]


ANSWERING = """
class Answering:
    def __getattr__(self, name):
        asked.append(name)
        return Answering()
    @property
    def __class__(self):
        asked.append("__class__")
        raise RuntimeError("outside of a request")
class Described:
    def __get__(self, instance, owner):
        asked.append("__get__")
        raise RuntimeError
class Holder:
    part = Described()
asked = []
proxy, holder = Answering(), Holder()
def __getattr__(name):
    asked.append(name)
    return Answering()
"""


@pytest.mark.parametrize(
    "statement",
    [
        "proxy.register(find)",
        "proxy.part.register(find)",
        "holder.part.register(find)",
        "Holder.part.register(find)",
        "here.absent.register(find)",
        "proxy.value = find",
    ],
)
def test_objects_are_not_asked(statements, statement):
    """Proxies, descriptors and modules that answer for any name run code of their own."""
    guarded = f"import sys\nhere = sys.modules[__name__]\ntry:\n    {statement}\nexcept Exception:\n    asked.clear()\n"
    statements(f"{ANSWERING}{guarded}asked.clear()\n")
    assert sys.modules["extras"].asked == []


def test_a_class_method_of_the_project_is_followed(statements):
    """As a function is."""
    kind = "class Codec:\n    @classmethod\n    def install(cls):\n        codecs.register(find)\n"
    assert statements(f"{kind}Codec.install()") == ["Codec.install()"]


def test_functions_that_call_each_other_are_followed_once(statements, monkeypatch):
    """Each is asked once, however many ways lead to it, and none hides what another registers."""
    layers = "".join(f"def f{n}():\n    f{n + 1}()\n    f{n + 1}()\n    f{n + 2}()\n" for n in range(300))
    ends = "def f300():\n    f0()\ndef f301():\n    f300()\n    install()\ndef install():\n    codecs.register(find)\n"
    asked = []
    find = library_registrations.find_function
    monkeypatch.setattr(library_registrations, "find_function", lambda code: asked.append(code) or find(code))
    calls = ["f301()", "f300()", "f0()", "f299()"]
    block = "if find.__kwdefaults__:\n" + "".join(f"    {call}\n" for call in calls)
    assert statements(layers + ends + block) == calls
    assert len(asked) == len(set(map(id, asked)))


def test_a_function_by_value_has_the_code_of_its_snapshot(statements):
    """It has no module, so what the module registered is not among what must be the same."""
    step = "\ndef work(x):\n    return other(x)\nfrom others import other\n"
    Path("others.py").write_text("def other(x):\n    return x\ndef found(name):\n    pass\n")
    statements(
        "codecs.register(find)", f"import extras, others\n{step}extras.codecs.register(others.found)\n"
    )
    module = sys.modules["uses"]
    taken = CodeReader().of(module.work)
    registered = {name for name, unit in taken.units.items() if unit.is_registered}
    assert registered == {
        "what importing extras.py does",
        "what importing uses.py does",
        "helper find in extras.py",
        "helper found in others.py",
    }
    by_value = types.FunctionType(module.work.__code__, dict(vars(module)))
    assert CodeReader().of(by_value).digest != taken.digest
    assert CodeReader().of(by_value).or_snapshot(taken).digest == taken.digest
    by_value.__globals__["other"] = sys.modules["others"].found
    assert CodeReader().of(by_value).or_snapshot(taken).digest != taken.digest
