"""A variable counts however the project's code reads it, also by a library that acts for it."""

# ruff: noqa: PTH111 - a path is expanded in all the ways that there are

from __future__ import annotations

import collections
import configparser
import copy
import os
import runpy
import string
from pathlib import Path

import click
import pytest
import typer
from click.testing import CliRunner

from zencache.tracking.file_digests import FileDigests
from zencache.tracking.observed_inputs import changed
from zencache.tracking.tracker import watching


def seen_of(folder, work):
    with watching(
        "train",
        root=folder,
        ignore=[],
        digests=FileDigests(None),
        is_project=lambda name: name == __file__,
    ) as watched:
        work()
    return watched.seen()


@click.command()
@click.option("--rate", envvar="ZC_RATE", default=1)
def by_click(rate):
    print(rate)


@click.command(context_settings={"auto_envvar_prefix": "ZC"})
@click.option("--rate", default=1)
def by_prefix(rate):
    print(rate)


by_typer = typer.Typer()


@by_typer.command()
def main(rate: int = typer.Option(1, envvar="ZC_RATE")):
    print(rate)


def invoked(command):
    return lambda: CliRunner().invoke(command, catch_exceptions=False)


READS = {
    "environb": lambda: os.environb[b"ZC_RATE"],
    "getenvb": lambda: os.getenvb(b"ZC_RATE"),
    "in environb": lambda: b"ZC_RATE" in os.environb,
    "expandvars": lambda: os.path.expandvars("$ZC_RATE/data"),
    "Template": lambda: string.Template("$ZC_RATE").substitute(os.environ),
    "format_map": lambda: "{ZC_RATE}".format_map(os.environ),
    "ChainMap": lambda: collections.ChainMap({}, os.environ)["ZC_RATE"],
    "click": invoked(by_click),
    "click's prefix": invoked(by_prefix),
    "typer": invoked(typer.main.get_command(by_typer)),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_a_variable_that_the_project_reads_counts(folder, monkeypatch, read):
    monkeypatch.setenv("ZC_RATE", "2")
    seen = seen_of(folder, read)
    assert {*seen.environment} - {"ZC__CLICK_DEFAULT_HELP"} == {"ZC_RATE"}
    assert changed(seen, folder, FileDigests(None)) == []
    monkeypatch.setenv("ZC_RATE", "5")
    assert changed(seen, folder, FileDigests(None)) == ["environment variable ZC_RATE changed"]


@pytest.mark.parametrize(
    "read",
    [
        lambda: configparser.ConfigParser(os.environ, interpolation=None),
        lambda: copy.copy(dict(os.environb)),
        lambda: os.environ.copy(),
    ],
    ids=["configparser", "environb", "copy"],
)
def test_a_reader_of_all_variables_depends_on_all(folder, monkeypatch, read):
    monkeypatch.setenv("ZC_RATE", "2")
    seen = seen_of(folder, read)
    assert [*seen.environment] == ["*"]
    monkeypatch.setenv("TERM", "another")
    assert changed(seen, folder, FileDigests(None)) == []


@pytest.mark.parametrize("expand", [Path.home, lambda: os.path.expanduser("~/data")], ids=["Path", "os.path"])
def test_the_home_folder_counts_for_whom_asks_for_it(folder, expand):
    assert [*seen_of(folder, expand).environment] == ["HOME"]


def test_a_name_in_the_projects_text_counts_in_any_library(folder, monkeypatch):
    """A library that is in no table reads the variable whose name it was given; its own do not count."""
    monkeypatch.setenv("ZC_NAMED", "2")
    library = folder / "reader.py"
    library.write_text(
        "import os\nread = os.environ.get\nown = read('ZC_OWN' + '_SETTING')\nnamed = read(key)\n"
    )
    seen = seen_of(folder, lambda: runpy.run_path(str(library), {"key": "ZC_NAMED"}))
    assert [*seen.environment] == ["ZC_NAMED"]


def test_a_name_counts_that_was_written_into_the_projects_text_later(folder, monkeypatch):
    """The text is read again when the file is another one."""
    monkeypatch.setenv("ZC_LATER", "2")
    library, module = folder / "reader.py", folder / "own.py"
    library.write_text("import os\nget = os.environ.get\nread = lambda name: get('ZC_' + name)\n")

    def named_in(text):
        module.write_text(text)
        names = runpy.run_path(str(library))
        with watching(
            "s",
            root=folder,
            ignore=[],
            digests=FileDigests(None),
            is_project=lambda name: name == str(module),
        ) as watched:
            runpy.run_path(str(module), names)
        return [*watched.seen().environment]

    assert named_in("read('LATER')") == []
    assert named_in("read('LATER')  # 'ZC_LATER'") == ["ZC_LATER"]


def test_what_an_acting_library_reads_for_its_own_output_does_not_count(folder):
    seen = seen_of(folder, lambda: CliRunner().invoke(typer.main.get_command(by_typer), ["--help"]))
    assert not {name for name in seen.environment if not name.startswith("ZC_")}


def test_the_mappings_are_as_before_afterwards(folder):
    seen_of(folder, lambda: None)
    assert type(os.environ) is type(os.environb) is os._Environ
