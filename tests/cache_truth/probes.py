"""All probes, by theme."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path

THEMES = sorted(path.stem.removeprefix("probes_") for path in Path(__file__).parent.glob("probes_*.py"))
PROBES = [
    replace(probe, theme=theme)
    for theme in THEMES
    for probe in import_module(f"tests.cache_truth.probes_{theme}").PROBES
]
