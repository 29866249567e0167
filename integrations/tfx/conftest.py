"""Doctests are looked for where there are some: importing the other files would import TFX to collect
nothing.
"""  # noqa: INP001 - a folder of pytest, no package

from pathlib import Path

_CODE = Path(__file__).parent / "zencache_tfx"
collect_ignore = [file for file in _CODE.rglob("*.py") if ">>>" not in file.read_text(encoding="utf-8")]
