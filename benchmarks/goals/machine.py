"""Describes what the figures depend on: the machine and the versions."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version

PACKAGES = ("zencache", "ml-metadata", "ml-pipelines-sdk", "apache-beam", "numpy")


def load() -> float:
    """Give the load average of the last minute; other processes disturb the figures."""
    return os.getloadavg()[0]


def facts(load_before: float) -> str:
    """Give one line."""
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    machine = f"{os.cpu_count()} cores of {platform.machine()}, {gigabytes:.0f} GB"
    loads = f"load {load_before:.1f} before, {load():.1f} after"
    return f"{machine}, {loads}; Python {platform.python_version()}, {versions}"
