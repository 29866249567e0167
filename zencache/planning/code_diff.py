"""Shows the lines of code that differ between two keys of a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zencache.caching.key import KeyParts
from zencache.caching.key_diff import code_diff, read_texts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from zencache.model.records import ExecutionRecord


def parts_of(record: ExecutionRecord) -> KeyParts | None:
    """Read the parts of an execution's key; None if they were not recorded."""
    return KeyParts.model_validate_json(record.key_parts) if record.key_parts else None


def code_changes(old: ExecutionRecord, new: KeyParts, now: Mapping[str, str], stored: Path) -> str:
    """Show as unified diffs how the code of an earlier execution became that of `new`.

    `now` has the texts of the new units; `stored` is the folder of the texts of earlier executions.
    """
    before = parts_of(old)
    if before is None or before.code == new.code:
        return ""
    texts = read_texts(stored, before.sources)
    if not texts:
        return "The text of the earlier code is not kept any more."
    diffs = (_unit(unit, before, new, texts, now) for unit in dict.fromkeys((*new.units, *before.units)))
    return "\n".join(filter(None, diffs))


def _unit(
    unit: str, old: KeyParts, new: KeyParts, before: Mapping[str, str], now: Mapping[str, str]
) -> str | None:
    """Compare one helper, class or global; one that is new or gone is shown whole."""
    was, value_was = old.units.get(unit, ("", ""))
    is_now, value_now = new.units.get(unit, ("", ""))
    if was == is_now:
        return None
    return code_diff(unit, before.get(unit, value_was), now.get(unit, value_now))
