"""What follows from a text is remembered between processes, and never read for another text."""

from __future__ import annotations

import ast
import json
import sqlite3
from contextlib import closing

import pytest

from zencache.code import source, text_memory
from zencache.code.ast_shape import Part, Template, part_of, template_of
from zencache.code.source import Text
from zencache.code.text_memory import TextMemory, remembering

TEXT = """
import os.path as path
from a.b import c as d

LIMIT = 3

@d.known("x")
def f(x, y=LIMIT):
    'Doc.'
    from .inner import g
    total = 0
    CALLS.append(x)
    TABLE["n"] += 1
    return path.join(g(x), TABLE["a"], importlib.import_module(f"m.{x}"), x.__doc__)

class A:
    n: int = LIMIT
    def method(self):
        one = self.n
        two = one + LIMIT
        return two
"""


@pytest.fixture(autouse=True)
def _no_threshold(monkeypatch):
    monkeypatch.setattr(text_memory, "_FEW", 0)


@pytest.fixture
def file(folder):
    return folder / ".zencache" / "texts.db"


def computing():
    raise AssertionError("it is remembered")


def rows(file):
    with closing(sqlite3.connect(file)) as connection:
        return dict(connection.execute("select text, data from texts").fetchall())


def change(file, data):
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("update texts set data = ?", [data])


def test_a_value_is_computed_once_a_process():
    memory = TextMemory("a")
    assert memory.value("n", lambda: 1) == 1
    assert memory.value("n", computing) == 1


def test_a_value_is_there_in_the_next_process(file):
    with remembering(file):
        assert TextMemory("a").value("n", lambda: 1) == 1
    with remembering(file):
        assert TextMemory("a").value("n", computing) == 1
        assert TextMemory("b").value("n", lambda: 2) == 2


def test_values_that_are_computed_later_join_the_others(file):
    for key, number in (("n", 1), ("m", 2)):
        with remembering(file):
            assert TextMemory("a").value(key, lambda number=number: number) == number
    with remembering(file):
        assert [TextMemory("a").value(key, computing) for key in ("n", "m")] == [1, 2]


def test_nothing_is_remembered_without_a_file(folder):
    with remembering(None):
        assert TextMemory("a").value("n", lambda: 1) == 1
    assert not list(folder.iterdir())


def test_no_file_is_opened_for_few_texts(file, monkeypatch):
    monkeypatch.setattr(text_memory, "_FEW", 10)
    with remembering(file):
        assert TextMemory("a" * 10).value("n", lambda: 1) == 1
    assert not file.exists()


@pytest.mark.parametrize("data", ["", "{}", "0" * 64 + '{"n": 2}', b"\0", None, 7])
def test_a_damaged_row_is_computed_again(file, data):
    with remembering(file):
        TextMemory("a").value("n", lambda: 1)
    change(file, data)
    with remembering(file):
        assert TextMemory("a").value("n", lambda: 1) == 1
    with remembering(file):
        assert TextMemory("a").value("n", computing) == 1


def test_a_file_that_is_no_database_is_no_obstacle(file):
    file.parent.mkdir()
    file.write_text("something else " * 100)
    with remembering(file):
        assert TextMemory("a").value("n", lambda: 1) == 1
    assert file.read_text().startswith("something else")


def test_a_file_that_cannot_be_written_is_no_obstacle(folder):
    (folder / "file").write_text("")
    with remembering(folder / "file" / "texts.db"):
        assert TextMemory("a").value("n", lambda: 1) == 1


def test_a_locked_file_is_no_obstacle(file, monkeypatch):
    with remembering(file):
        TextMemory("a").value("n", lambda: 1)
    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **options: real(*args, **{**options, "timeout": 0}))
    with closing(real(file)) as connection:
        connection.execute("begin exclusive")
        with remembering(file):
            assert TextMemory("a").value("n", lambda: 1) == 1


def test_another_version_reads_no_row(file, monkeypatch):
    """Another Python, or other code of this package."""
    with remembering(file):
        TextMemory("a").value("n", lambda: 1)
    monkeypatch.setattr(text_memory, "_version", lambda: b"other")
    with remembering(file):
        assert TextMemory("a").value("n", lambda: 2) == 2


def test_all_access_to_the_file_is_in_the_context_that_the_caller_gives(file):
    entered = []

    class Around:
        def __enter__(self):
            entered.append(self)

        def __exit__(self, *_):
            pass

    with remembering(file, Around):
        TextMemory("a").value("n", lambda: 1)
    assert len(entered) == 2


# -- what is remembered -----------------------------------------------------------------------------------


def parts():
    tree = ast.parse(TEXT)
    yield from (part_of(statement) for statement in tree.body)
    yield part_of(tree.body)
    yield template_of(tree.body[3]).body
    yield from template_of(tree.body[3], defaults=False).decorators


@pytest.mark.parametrize("part", parts())
def test_a_part_is_the_same_after_json(part):
    again = Part.from_data(json.loads(json.dumps(part.to_data())))
    assert again == part
    assert list(again.calls) == list(part.calls)


def test_a_template_is_the_same_after_json():
    template = template_of(ast.parse(TEXT).body[3])
    assert Template.from_data(json.loads(json.dumps(template.to_data()))) == template


def test_code_is_found_again_in_a_text_without_compiling_it(file, monkeypatch):
    text = "A = 1\ndef f(x):\n    y = x\n    z = y + A\n    return z\n"
    names = {}
    exec(compile(text, "a.py", "exec", dont_inherit=True), names)
    with remembering(file):
        assert Text("a.py", text).find(names["f"].__code__).name == "f"
    monkeypatch.setattr(source, "_codes", None)
    with remembering(file):
        found = Text("a.py", text).find(names["f"].__code__)
    assert found.name == "f"
    assert len(found.body) == 3


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("x + 1", "x + 2"),
        ("x + 1", "x + 1.0"),
        ("x + 1", "x + True"),
        ("x, 0.0", "x, -0.0"),
        ("x in {1, 2}", "x in {1, 3}"),
        ("x in (1, '2')", "x in (1, 2)"),
        ("x, 'a'", "x, b'a'"),
        ("lambda: 1", "lambda: 2"),
        ("x.a", "x.b"),
        ("0x1" + "0" * 5000, "0x2" + "0" * 5000),
    ],
)
def test_code_objects_that_differ_have_other_digests(one, two):
    codes = [eval(f"lambda x: ({text})").__code__ for text in (one, two)]
    assert codes[0] != codes[1]
    assert source._digest_of_code(codes[0]) != source._digest_of_code(codes[1])
