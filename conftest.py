"""What all tests share, doctests too."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

# How long an example takes says how busy the machine is, and nothing of the law that it tries.
settings.register_profile("any load", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any load")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to start below a project: each test would find it above its working folder."""
    root = config.option.basetemp or os.environ.get("PYTEST_DEBUG_TEMPROOT") or tempfile.gettempdir()
    for folder in (path := Path(root).resolve(), *path.parents):
        if (folder / ".zencache").exists():
            raise pytest.UsageError(f"there is a zencache project in {folder}: remove it, or name --basetemp")


@pytest.fixture(scope="session", autouse=True)
def _away(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Leave the repository's folder, which may hold a project, for an empty one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("away"))
        yield


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder: no test sees another's project."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
