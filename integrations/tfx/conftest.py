"""Collects doctests only from files that have some: importing the others would import TFX."""  # noqa: INP001

from pathlib import Path

_CODE = Path(__file__).parent / "zencache_tfx"
collect_ignore = [file for file in _CODE.rglob("*.py") if ">>>" not in file.read_text(encoding="utf-8")]
