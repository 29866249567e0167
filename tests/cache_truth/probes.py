"""All probes, by theme."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path

from tests.cache_truth.kinds import kind_of

THEMES = sorted(path.stem.removeprefix("probes_") for path in Path(__file__).parent.glob("probes_*.py"))
CATEGORIES = {
    "argument_values": "parameters",
    "class_members": "objects",
    "import_effects": "import time",
    "late_imports": "late imports",
    "library_settings": "import time",
    "registered": "import time",
}
"""Themes of more kinds of dependencies than code that can be read at once."""

PROBES = [
    replace(
        probe,
        theme=theme,
        category=probe.category or CATEGORIES.get(theme, "code"),
        kind=f"{probe.category}: {probe.kind}" if probe.kind else kind_of(theme, probe.name),
    )
    for theme in THEMES
    for probe in import_module(f"tests.cache_truth.probes_{theme}").PROBES
]
