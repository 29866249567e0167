"""`zencache migrate`: the upgrade that the next run would make, when one wants it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.migration.old_store import unpack
from zencache.cli.app import app


@pytest.fixture
def zencache():
    def run(*args):
        done = CliRunner().invoke(app, args, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return " ".join(done.output.split())

    return run


@pytest.fixture
def old(folder):
    unpack(folder)


@pytest.mark.usefixtures("old")
def test_a_dry_run_says_what_would_be_done_and_does_nothing(zencache):
    """The number of artifacts is of those whose content would be read."""
    said = zencache("migrate", "--dry-run")
    assert "are of format 1. Would back them up" in said
    assert "check 3 artifacts" in said
    assert "The settings say format 1." in said
    assert not Path(".zencache/backups").exists()
    assert "are of format 1." in zencache("migrate", "--dry-run")


@pytest.mark.usefixtures("old")
def test_a_migration_is_made_once(zencache):
    """The second time there is nothing to do."""
    assert "Upgraded the store: 3 artifacts checked and kept" in zencache("migrate")
    said = zencache("migrate")
    assert said.startswith("The records in ")
    assert said.endswith("are of format 2.")


@pytest.mark.usefixtures("old")
def test_a_dry_run_after_the_migration_has_nothing_to_tell(zencache):
    """Records and settings are of the format of this zencache."""
    zencache("migrate")
    said = zencache("migrate", "--dry-run")
    assert "are of format 2: nothing to do." in said
    assert "The settings say format 2." in said
