"""A project of format 1, as the code that wrote that format left it (`tests/data/make_store_format_1.py`)."""

from __future__ import annotations

import importlib
import sys
import zipfile
from pathlib import Path
from types import ModuleType

FIXTURE = Path(__file__).parents[1] / "data" / "store-format-1.zip"


def unpack(folder: Path) -> None:
    """Put the project into a folder: two runs of `flow`, and one of `broken`, whose process was killed."""
    with zipfile.ZipFile(FIXTURE) as packed:
        packed.extractall(folder)


def import_flows(folder: Path) -> ModuleType:
    """Import the project's pipelines from where they are."""
    sys.modules.pop("flows", None)
    importlib.invalidate_caches()
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module("flows")
    finally:
        sys.path.remove(str(folder))
