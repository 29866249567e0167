"""CSV files are read once, checked, and what was found is remembered."""

from types import SimpleNamespace

import pytest
from zencache_tfx.classic import CSVDatasource
from zencache_tfx.classic import csv_schema as facts_module
from zencache_tfx.classic.csv_schema import read_facts, rows_of

from zencache.errors import DefinitionError, NotFoundError


def _file(folder, text, name="a.csv"):
    file = folder / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def test_types_are_as_tfx_guesses_them(folder):
    """Whole numbers, numbers, texts; a number too long for 64 bits is a text."""
    file = _file(folder, f"i,f,t,e,long\n1,1,x,,{2**63}\n,2.5,1,,1\n")
    assert read_facts([file]).types == {"i": "int", "f": "float", "t": "text", "e": "empty", "long": "text"}


def test_quoted_line_breaks_and_blank_lines_are_no_error(folder):
    """They are CSV."""
    file = _file(folder, 'a,b\n1,"x\ny, z"\n\n2,w\n')
    assert list(rows_of(file)) == [[["1", "x\ny, z"], ["2", "w"]]]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\n1,2\n\n1\n", r"a\.csv, line 4: 1 values where the header names 2"),
        ('a,b\n"x\ny",2\n1,2,3\n', r"line 4: 3 values"),
        ("", "is empty"),
        ("a,b\n", "has a header and no rows"),
        ("a,a\n1,2\n", "two columns are named 'a'"),
        ("a,\n1,2\n", "column 2 has no name"),
        ('a,b\n"1,2\n', "line 2: unexpected end of data"),
        (b"a,b\n\xff\xfe,2\n", "not UTF-8"),
        ("\ufeffa,b\n1,2\n", "byte-order mark"),
    ],
)
def test_a_broken_file_is_named_with_its_line(folder, text, told):
    """Before anything is run."""
    with pytest.raises(DefinitionError, match=told):
        read_facts([_file(folder, text)])


def test_files_of_a_folder_have_one_header(folder):
    """The file that differs is named, and the column."""
    files = [_file(folder, "age,job\n1,x\n"), _file(folder, "agee,job\n1,x\n", "b.csv")]
    with pytest.raises(DefinitionError, match=r"b\.csv has other columns .*'agee'; did you mean 'age'"):
        read_facts(files)


def test_an_unchanged_file_is_read_once(folder, monkeypatch):
    """A changed trainer does not wait for ten million rows to be looked at."""
    file, memory = _file(folder, "a\n1\n"), folder / "memory.json"
    _pass_time(monkeypatch, file, 60)
    first = read_facts([file], memory)
    monkeypatch.setattr(facts_module, "_read_file", None)
    assert read_facts([file], memory) == first


def test_a_changed_file_is_read_again(folder, monkeypatch):
    """Size, time or inode tell."""
    file, memory = _file(folder, "a\n1\n"), folder / "memory.json"
    _pass_time(monkeypatch, file, 60)
    read_facts([file], memory)
    file.write_text("a\nx\n")
    assert read_facts([file], memory).types == {"a": "text"}


def test_a_file_that_was_just_written_is_not_remembered(folder, monkeypatch):
    """It may be written again within the clock's tick."""
    file, memory = _file(folder, "a\n1\n"), folder / "memory.json"
    _pass_time(monkeypatch, file, 0)
    read_facts([file], memory)
    assert not memory.exists()


def _pass_time(monkeypatch, file, seconds):
    """Let the file be so old: its change time cannot be set, but the clock can."""
    now = file.stat().st_ctime_ns + int(seconds * 1e9)
    monkeypatch.setattr(facts_module, "time", SimpleNamespace(time_ns=lambda: now))


def test_a_missing_path_is_told(folder):
    """With the path."""
    with pytest.raises(NotFoundError, match=r"there is no file or folder .*nowhere\.csv"):
        CSVDatasource("people", folder / "nowhere.csv").files()


def test_a_folder_without_csv_files_is_told(folder):
    """Rather than an empty data set."""
    with pytest.raises(NotFoundError, match=r"no \.csv or \.txt file"):
        CSVDatasource("people", folder).files()


def test_a_declared_type_must_fit_the_values(folder):
    """A text is no number."""
    facts = read_facts([_file(folder, "a\nx\n")])
    with pytest.raises(DefinitionError, match="'a' is declared int, and holds text"):
        facts.with_schema({"a": "int"})


def test_a_declared_type_replaces_the_guessed_one(folder):
    """A postcode of digits is text."""
    assert read_facts([_file(folder, "a\n01\n")]).with_schema({"a": "text"}).types == {"a": "text"}
