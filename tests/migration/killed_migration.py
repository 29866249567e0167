"""Kills an upgrade at its Nth write, for each N, and runs again: `python killed_migration.py FOLDER` prints what it
found as JSON lines."""

from __future__ import annotations

import importlib
import json
import os
import sqlite3
import sys
from pathlib import Path

from tests.faults.killed_run import Points, fresh, in_child
from tests.migration.old_store import import_flows, unpack
from zencache.config import find_project
from zencache.metadata.project_migration import migrate_if_needed
from zencache.metadata.session import open_records


def upgrade() -> None:
    project = find_project()
    assert project is not None
    migrate_if_needed(open_records(project))


def counted() -> dict:
    points = Points(None)
    upgrade()
    points.on = False
    return {"points": points.seen}


def killed(number: int) -> dict:
    Points(number)
    upgrade()
    return {}


def checked() -> dict:
    """Run what was interrupted, and read what it left."""
    run = import_flows(Path.cwd()).flow().run()
    stores = sorted(Path(".zencache/backups").glob("*.db"))
    return {
        "status": {name: done.status for name, done in run.steps.items()},
        "settings": Path(".zencache/config.toml").read_text(encoding="utf-8"),
        "backups": [runs_of(store) for store in stores],
        "left": [str(path) for path in Path(".zencache").rglob("*.partial")],
    }


def runs_of(store: Path) -> list[str]:
    """Read the names of the runs in a backup, which nothing else has open."""
    query = "SELECT Context.name FROM Context JOIN Type ON Type.id = type_id WHERE Type.name = 'pipeline_run' ORDER BY 1"
    connection = sqlite3.connect(store)
    try:
        return [name for (name,) in connection.execute(query)]
    finally:
        connection.close()


def main(folder: Path) -> None:
    out = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what runs print is not what is told
    base, work = folder / "base", folder / "work"
    unpack(base)
    for module in ("zencache.metadata.runs", "zencache.metadata.migration", "zencache.materializers.builtin"):
        importlib.import_module(module)  # once for all
    fresh(base, work)
    points = in_child(counted)["points"]
    for number, point in enumerate(points):
        fresh(base, work)
        was_killed = in_child(lambda number=number: killed(number)) is None
        found = in_child(checked)
        os.write(out, (json.dumps({"point": point, "killed": was_killed, **(found or {})}) + "\n").encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
