"""Code that ran in a step counts, whatever called it; code that did not run does not."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
from dataclasses import dataclass, field

import pytest

from zencache.code.digest import CodeReader
from zencache.tracking import running_code, seen_code, tracker
from zencache.tracking.facts import changed_facts
from zencache.tracking.file_digests import FileDigests
from zencache.tracking.full_trace import FullTrace, not_recorded
from zencache.tracking.observed_inputs import Seen, changed
from zencache.tracking.tracker import watching


@dataclass
class Case:
    """A project whose step calls code that its key does not cover, and an edit of one file."""

    name: str
    files: dict[str, str]
    edit: tuple[str, str, str]
    """A file, a text in it, and what replaces it."""
    start: str = ""
    """What is imported before the step runs, besides `flow`."""
    reasons: list[str] = field(default_factory=list)


def loaded(folder, start=""):
    """Import a project's modules anew, as another process would."""
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]
    importlib.invalidate_caches()
    for name in filter(None, start.split()):
        importlib.import_module(name)
    return importlib.import_module("flow")


def run(folder, module, work=None):
    """Run the step as it is run in a pipeline; gives its key's code, its record, and its result."""
    reader = CodeReader()
    code = reader.of(module.work)
    digests = FileDigests(folder / ".zencache" / "digests.db")
    with watching(
        "work",
        root=folder,
        ignore=[folder / ".zencache"],
        digests=digests,
        is_project=lambda file: file.startswith(str(folder)),
        covers=code.covered,
        digested=lambda: reader.modules().keys(),
    ) as watch:
        result = (work or module.work)()
    return code, Seen.from_json(watch.seen().to_json()), result


@pytest.fixture
def project(folder, monkeypatch):
    """Write a project and edit it."""
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield folder
    loaded_names = [n for n, m in sys.modules.items() if str(folder) in str(getattr(m, "__file__", None))]
    for name in loaded_names:
        del sys.modules[name]


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def outcome(folder, case):
    """Run a case before and after its edit; gives whether it is a hit, both results, and the reasons."""
    write(folder, case.files)
    before, seen, result = run(folder, loaded(folder, case.start))
    name, old, new = case.edit
    assert case.files[name].count(old) == 1
    write(folder, {name: case.files[name].replace(old, new)})
    module = loaded(folder, case.start)
    after = CodeReader().of(module.work)
    reasons = changed(seen, folder, FileDigests(folder / ".zencache" / "digests.db"))
    return before.digest == after.digest and not reasons, result, module.work(), reasons


IN_REGISTRY = {
    "registry.py": "def get(name):\n    import importlib, base64\n"
    "    return getattr(importlib.import_module(base64.b64decode(b'cGx1Z2lucw==').decode()), name)\n",
    "plugins.py": "RATE = 2\n\ndef fast():\n    return 2\n\ndef slow():\n    return 3\n\ndef rated():\n    return RATE\n",
}


def by_path(body):
    """Give a step that finds code by a name that only the run knows."""
    return f"import sys\ndef work():\n    plugins = vars(sys)['mod' + 'ules']['plug' + 'ins']\n    {body}\n"


PLUGINS = """
from settings import RATE
import functools

def scale(f):
    @functools.wraps(f)
    def scaled():
        return f() * 2
    return scaled

def make(n):
    def inner():
        return n + 1
    return inner

class Base:
    factor = 2
    def rows(self):
        return self.factor
    @property
    def size(self):
        return 2
    @staticmethod
    def fixed():
        return 2
    @classmethod
    def build(cls):
        return cls.factor + 2
    def __len__(self):
        return 2
    def lazy(self):
        yield 2
    class Inner:
        def deep(self):
            return 2

class Sub(Base):
    def rows(self):
        return super().rows() + 2

@scale
def scaled():
    return 2

def rated():
    return RATE + helper()

def helper():
    return 2

def idle():
    return 2

async def soon():
    return 2

class Other(Base):
    factor = 7

import pickle
DATA = pickle.dumps(Other())
made = make(2)
TABLE = {"a": lambda: 2, "b": helper}
cached = functools.lru_cache(maxsize=None)(helper)
part = functools.partial(max, 1)
"""


def plugin(name, body, old, new):
    files = {"flow.py": by_path(body), "plugins.py": PLUGINS, "settings.py": "RATE = 2\nOTHER = 2\n"}
    file = "settings.py" if old in files["settings.py"] else "plugins.py"
    return Case(name, files, (file, old, new), start="plugins")


RAN = [
    plugin("a function", "return plugins.rated()", "def helper():\n    return 2", "def helper():\n    return 3"),
    plugin("a caller", "return plugins.rated()", "RATE + helper()", "RATE - helper()"),
    plugin("a constant of another module", "return plugins.rated()", "RATE = 2", "RATE = 3"),
    plugin("a method", "return plugins.Base().rows()", "return self.factor\n", "return self.factor + 1\n"),
    plugin("an attribute of its class", "return plugins.Base().rows()", "factor = 2", "factor = 3"),
    plugin("a method of a base", "return plugins.Sub().rows()", "return self.factor\n", "return -self.factor\n"),
    plugin("a property", "return plugins.Base().size", "def size(self):\n        return 2", "def size(self):\n        return 3"),
    plugin("a static method", "return plugins.Base.fixed()", "def fixed():\n        return 2", "def fixed():\n        return 3"),
    plugin("a class method", "return plugins.Base.build()", "cls.factor + 2", "cls.factor + 3"),
    plugin("a dunder", "return len(plugins.Base())", "def __len__(self):\n        return 2", "def __len__(self):\n        return 3"),
    plugin("a generator", "return list(plugins.Base().lazy())", "yield 2", "yield 3"),
    plugin("a method of an inner class", "return plugins.Base.Inner().deep()", "def deep(self):\n            return 2", "def deep(self):\n            return 3"),
    plugin("a decorated function", "return plugins.scaled()", "def scaled():\n    return 2", "def scaled():\n    return 3"),
    plugin("a decorator", "return plugins.scaled()", "f() * 2", "f() * 3"),
    plugin("a function that a factory made", "return plugins.made()", "n + 1", "n + 2"),
    plugin("a factory's argument", "return plugins.made()", "make(2)", "make(3)"),
    plugin("a lambda in a table", "return plugins.TABLE['a']()", "lambda: 2", "lambda: 3"),
    plugin("a function of a table", "return plugins.TABLE['b']()", "def helper():\n    return 2", "def helper():\n    return 3"),
    plugin("a coroutine", "import asyncio; return asyncio.run(plugins.soon())", "async def soon():\n    return 2", "async def soon():\n    return 3"),
    plugin("a thread", "import concurrent.futures as c\n    with c.ThreadPoolExecutor() as p:\n        return p.submit(plugins.rated).result()", "RATE + helper()", "RATE - helper()"),
    plugin("a cached function", "return plugins.cached()", "def helper():\n    return 2", "def helper():\n    return 3"),
    plugin("a function that was assigned", "plugins.Base.idle = lambda self: plugins.idle(); return plugins.Base().idle()", "def idle():\n    return 2", "def idle():\n    return 3"),
    plugin("a forked process", "import multiprocessing as m\n    with m.get_context('fork').Pool(1) as p:\n        return p.apply(plugins.rated)", "RATE + helper()", "RATE - helper()"),
    plugin("an attribute of a subclass", "return plugins.Other().rows()", "factor = 7", "factor = 8"),
    plugin("a pickled object", "import pickle; return pickle.loads(plugins.DATA).rows()", "return self.factor\n", "return -self.factor\n"),
    plugin("an attribute of a pickled object's class", "import pickle; return pickle.loads(plugins.DATA).factor", "factor = 7", "factor = 8"),
    Case(
        "a module that the step imports by a computed name",
        {"flow.py": "import registry\ndef work():\n    return registry.get('fast')()\n", **IN_REGISTRY},
        ("plugins.py", "return 2", "return 5"),
    ),
    Case(
        "a constant of such a module",
        {"flow.py": "import registry\ndef work():\n    return registry.get('rated')()\n", **IN_REGISTRY},
        ("plugins.py", "RATE = 2", "RATE = 5"),
    ),
]  # fmt: skip
IDLE = [
    plugin("another function", "return plugins.rated()", "def idle():\n    return 2", "def idle():\n    return 3"),
    plugin("another method", "return plugins.Base().rows()", "def size(self):\n        return 2", "def size(self):\n        return 3"),
    plugin("a function beside a pickled object's class", "import pickle; return pickle.loads(plugins.DATA).factor", "def idle():\n    return 2", "def idle():\n    return 3"),
    plugin("a comment", "return plugins.rated()", "    return RATE + helper()", "    # a sum\n    return RATE + helper()"),
    plugin("a docstring", "return plugins.rated()", "def rated():\n", "def rated():\n    '''Rate.'''\n"),
    plugin("another constant", "return plugins.rated()", "OTHER = 2", "OTHER = 3"),
    plugin("another entry's function", "return plugins.TABLE['a']()", "def helper():\n    return 2", "def helper():\n    return 3"),
    plugin("an added function", "return plugins.rated()", "def idle():", "def more():\n    return 1\n\ndef idle():"),
]  # fmt: skip


@pytest.mark.parametrize("case", RAN, ids=lambda case: case.name)
def test_an_edit_of_code_that_ran_is_no_hit(project, case):
    is_hit, before, after, reasons = outcome(project, case)
    assert before != after
    assert not is_hit, reasons


@pytest.mark.parametrize("case", IDLE, ids=lambda case: case.name)
def test_an_edit_of_what_did_not_run_is_a_hit(project, case):
    is_hit, before, after, reasons = outcome(project, case)
    assert before == after
    assert is_hit, reasons


def test_what_the_key_covers_is_not_recorded(project):
    """A step, its helpers and their classes are in the key already."""
    files = {
        "flow.py": "import plugins\ndef work():\n    return plugins.rated() + plugins.Base().rows() + other()\n"
        "def other():\n    import late\n    return late.f()\n",
        "late.py": "def f():\n    return g()\ndef g():\n    return [n for n in (1,)][0]\n",
        "plugins.py": PLUGINS,
        "settings.py": "RATE = 2\n",
    }
    write(project, files)
    _, seen, _ = run(project, loaded(project))
    assert not seen.facts


def test_a_reason_names_the_definition(project):
    """The reason says what ran, and where it is."""
    *_, reasons = outcome(project, RAN[3])
    assert reasons == ["method `Base.rows` in plugins.py, which ran, changed (1 line)"]


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        (
            "        return self.factor\n",
            "        # a comment\n        n = self.factor\n        return n\n",
            " (2 lines)",
        ),
        ("factor = 2\n    def rows", "factor = 5\n    def rows", ""),
    ],
)
def test_a_reason_counts_the_lines_of_the_definition(project, old, new, lines):
    """Comments are none; what the definition uses may have changed instead."""
    case = Case("", RAN[3].files, ("plugins.py", old, new), RAN[3].start)
    *_, reasons = outcome(project, case)
    assert f"method `Base.rows` in plugins.py, which ran, changed{lines}" in reasons


def test_lines_that_are_not_remembered_are_not_counted(project, monkeypatch):
    monkeypatch.setattr(seen_code, "_remember_lines", lambda *_: None)
    *_, reasons = outcome(project, RAN[3])
    assert reasons == ["method `Base.rows` in plugins.py, which ran, changed"]


def test_a_function_that_is_gone_is_told(project):
    case = plugin("", "return plugins.rated()", "def helper()", "def assistant()")
    write(project, case.files)
    _, seen, _ = run(project, loaded(project, "plugins"))
    write(project, {"plugins.py": PLUGINS.replace("def helper()", "def assistant()")})
    reasons = changed_facts(seen.facts, project, FileDigests(None))
    assert "helper `helper` in plugins.py, which ran, is gone" in reasons


def test_functions_are_as_before_when_the_step_ends(project):
    """Also if it fails."""
    write(project, {"flow.py": by_path("raise KeyError"), "plugins.py": PLUGINS, "settings.py": "RATE = 2\n"})
    module = loaded(project, "plugins")
    plugins = sys.modules["plugins"]
    codes = [plugins.rated.__code__, plugins.idle.__code__, plugins.Base.rows.__code__]
    with pytest.raises(KeyError):
        run(project, module)
    assert [plugins.rated.__code__, plugins.idle.__code__, plugins.Base.rows.__code__] == codes


def test_shapes_are_remembered_between_processes(project, monkeypatch):
    """A look-up parses a file once for each of its texts."""
    case = RAN[0]
    write(project, case.files)
    _, seen, _ = run(project, loaded(project, case.start))
    for path in project.glob("*.py"):
        os.utime(path, (1e9, 1e9))
    store = project / ".zencache" / "digests.db"
    seen_code._loaded.clear()
    assert not changed(seen, project, FileDigests(store))
    seen_code._loaded.clear()
    monkeypatch.setattr(seen_code, "text_now", lambda file: pytest.fail(f"{file} is read again"))
    assert not changed(seen, project, FileDigests(store))


@pytest.mark.parametrize(
    "body",
    [
        "import inspect; return inspect.getsource(plugins.helper)",
        "import marshal, types; code = marshal.loads(marshal.dumps(plugins.helper.__code__))\n"
        "    return types.FunctionType(code, {})()",
        "import cloudpickle, types; copy = types.FunctionType(plugins.helper.__code__, {'__name__': '__main__'})\n"
        "    return cloudpickle.loads(cloudpickle.dumps(copy))()",
        "import joblib; return joblib.Memory('.zencache/joblib', verbose=0).cache(plugins.helper)()",
        "import types; return types.FunctionType(plugins.helper.__code__, {})()",
    ],
    ids=["inspect", "marshal", "cloudpickle", "joblib", "a copy"],
)
def test_code_that_is_read_in_a_step_counts_and_works(project, body):
    case = plugin("", body, "def helper():\n    return 2", "def helper():\n    return 3")
    is_hit, before, after, reasons = outcome(project, case)
    assert before != after
    assert not is_hit, reasons


@pytest.mark.parametrize("pickler", ["cloudpickle", "dill"])
@pytest.mark.parametrize("is_late", [False, True])
def test_a_pickle_of_code_has_the_bytes_that_it_has_without_a_step(project, monkeypatch, pickler, is_late):
    """Also if the pickler is imported by the step: outputs that hold functions stay equal."""
    pytest.importorskip(pickler)
    body = f"import {pickler}, types; copy = types.FunctionType(plugins.helper.__code__, {{'__name__': '__main__'}})"
    body += f"\n    return {pickler}.dumps(copy, {'recurse=True' if pickler == 'dill' else ''})"
    case = plugin("", body, "def helper():\n    return 2", "def helper():\n    return 3")
    write(project, case.files)
    module = loaded(project, case.start)

    def forget_pickler():
        for name in [name for name in sys.modules if is_late and name.partition(".")[0] == pickler]:
            monkeypatch.delitem(sys.modules, name)

    forget_pickler()
    expected = module.work()
    forget_pickler()
    _, _, result = run(project, module)
    assert result == expected


def test_what_libraries_ask_of_a_function_is_as_before(project):
    """Signatures, documentation, types and closures are those of the function."""
    body = """import inspect, typing
    f = plugins.Sub.rows
    return (str(inspect.signature(plugins.make)), f.__code__.co_freevars, f.__code__.co_firstlineno,
        inspect.iscoroutinefunction(plugins.soon), inspect.isgeneratorfunction(plugins.Base.lazy),
        typing.get_type_hints(f), f.__doc__, inspect.getsourcelines(f)[1], f.__code__.co_varnames)"""
    case = plugin("", body, "def idle():\n    return 2", "def idle():\n    return 3")
    write(project, case.files)
    module = loaded(project, case.start)
    expected = module.work()
    _, _, result = run(project, module)
    assert result == expected


def test_two_steps_at_once_both_record_what_they_run(project):
    """A function that reported to one step still reports to the other."""
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    files = {"flow.py": by_path("b.wait(); r = plugins.rated(); b.wait(); return r"), "plugins.py": PLUGINS}
    write(project, {**files, "settings.py": "RATE = 2\n"})
    module = loaded(project, "plugins")
    module.b = Barrier(2)
    code = CodeReader().of(module.work)

    def step():
        watched = watching(
            "work",
            root=project,
            ignore=[],
            digests=FileDigests(None),
            is_project=lambda file: file.startswith(str(project)),
            covers=code.covered,
        )
        with watched as watch:
            module.work()
        return set(watch.seen().facts["code"])

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: step(), range(2))
    assert first == second == {"plugins.py:helper", "plugins.py:rated"}


@pytest.mark.parametrize("case", [*RAN, *IDLE], ids=lambda case: case.name)
def test_what_runs_is_in_the_key_or_in_the_record(project, case):
    """A complete trace finds no function of the project that neither holds."""
    write(project, case.files)
    module = loaded(project, case.start)
    work = module.work
    trace = FullTrace(lambda file: file.startswith(str(project)))
    if case.name == "a forked process":
        pytest.skip("a trace is of one process")

    def traced():
        with trace:
            return work()

    covers = CodeReader().of(work).covered
    _, seen, _ = run(project, module, traced)
    assert trace.codes
    assert not not_recorded(trace, covers, seen, project)


def test_a_trace_lists_what_neither_holds(project):
    write(project, RAN[0].files)
    module = loaded(project, RAN[0].start)
    with FullTrace(lambda file: file.startswith(str(project))) as trace:
        module.work()
    covers = CodeReader().of(module.work).covered
    assert not_recorded(trace, covers, None, project) == ["plugins.py:helper", "plugins.py:rated"]


def test_a_forked_process_imports_while_another_thread_holds_the_locks(folder, monkeypatch):
    """Of a step that begins or ends in another thread, no lock is left for ever in the child."""
    monkeypatch.syspath_prepend(str(folder))
    (folder / "flow.py").write_text("def work():\n    pass\n")
    (folder / "late_of_child.py").write_text("def f():\n    return 1\n")
    is_held, may_end = threading.Event(), threading.Event()

    def hold():
        with running_code._code._lock, tracker._changes._lock:
            is_held.set()
            may_end.wait()

    def fork():
        thread = threading.Thread(target=hold)
        thread.start()
        is_held.wait()
        child = os.fork()
        if child == 0:
            signal.alarm(10)  # a child that waits for ever is ended
            importlib.import_module("late_of_child")
            os._exit(0)
        may_end.set()
        thread.join()
        return os.waitpid(child, 0)[1]

    assert run(folder, loaded(folder), fork)[2] == 0
