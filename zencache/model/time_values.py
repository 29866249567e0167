"""Writes zones of times by their names, and makes them again."""

from __future__ import annotations

import sys
from datetime import datetime, time, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Any, TypeVar

from zencache.errors import MaterializerError
from zencache.model.types import type_name

if TYPE_CHECKING:
    from collections.abc import Sequence

_Time = TypeVar("_Time", datetime, time)
_UTC_OF_DATEUTIL = "dateutil.tz.tz.tzutc"


def parts(value: datetime | time) -> list[Any]:
    """Give the text, the fold, and the zone, unless that is a nameless fixed offset."""
    zone = value.tzinfo
    name = None if zone is None else _name(zone)
    return [value.isoformat(), value.fold, *([[type_name(type(zone)), name]] if name is not None else [])]


def in_zone(value: _Time, data: Sequence[Any]) -> _Time:
    """Put a time into its recorded zone; raises MaterializerError for a zone that cannot be made again."""
    value = value.replace(fold=data[1])
    if len(data) <= 2:  # noqa: PLR2004 - the third item
        return value
    kind, name, *_ = data[2]
    if kind == "datetime.timezone":
        return value.replace(tzinfo=timezone(value.utcoffset() or timedelta(), name))
    made = zone(kind, name)
    if kind.startswith("pytz.") and isinstance(value, datetime):
        return value.astimezone(made)
    return value.replace(tzinfo=made)


def has_named_zone(value: datetime | time) -> bool:
    """Say whether a time's zone can be made again by its name, or it has none."""
    return value.tzinfo is None or is_named_zone(value.tzinfo)


def is_named_zone(value: Any) -> bool:
    """Say whether a value is a zone that can be made again by its name.

    >>> is_named_zone(timezone.utc), is_named_zone(1)
    (True, False)
    """
    if type(value) is timezone:
        return True
    if not isinstance(value, tzinfo):
        return False
    if type(value) in _classes_of_zoneinfo():
        return getattr(value, "key", None) is not None
    name = type_name(type(value))
    return name == _UTC_OF_DATEUTIL or (name.startswith("pytz.") and bool(getattr(value, "zone", None)))


def zone_parts(value: tzinfo) -> list[Any]:
    """Give the class and the name of a zone that has one; of a fixed offset, the offset and its name."""
    if type(value) is timezone:
        offset = value.utcoffset(None)
        return ["datetime.timezone", [offset.days, offset.seconds, offset.microseconds], value.tzname(None)]
    return [type_name(type(value)), _name(value)]


def zone(kind: str, name: Any, name_of_offset: str | None = None) -> tzinfo:
    """Make a zone by its class and its name; raises MaterializerError where that is impossible."""
    try:
        if kind == "datetime.timezone":
            offset = timedelta(*name)
            nameless = timezone(offset)
            has_name = name_of_offset is not None and nameless.tzname(None) != name_of_offset
            return timezone(offset, name_of_offset or "") if has_name else nameless
        if kind.startswith("zoneinfo."):
            from zoneinfo import ZoneInfo  # noqa: PLC0415 - only a time in a zone needs it

            return ZoneInfo(name)
        if kind.startswith("pytz."):
            import pytz  # type: ignore[import-untyped, unused-ignore]  # noqa: PLC0415 - likewise

            return pytz.timezone(name)  # type: ignore[no-any-return, unused-ignore]
        if kind == _UTC_OF_DATEUTIL:
            from dateutil.tz import (  # type: ignore[import-untyped, unused-ignore]  # noqa: PLC0415 - likewise
                tzutc,
            )

            return tzutc()  # type: ignore[no-any-return, unused-ignore]
    except Exception as error:
        raise MaterializerError(f"the time zone {name} cannot be found here: {error}") from error
    raise MaterializerError(f"a time zone of class {kind} cannot be made again from its name")


def _name(value: tzinfo) -> str | None:
    """Name a zone; zones of one offset today may have other offsets tomorrow."""
    if type(value) is timezone:
        nameless = timezone(value.utcoffset(None)).tzname(None)
        return None if value.tzname(None) == nameless else value.tzname(None)
    name = str(getattr(value, "key", None) or getattr(value, "zone", None) or repr(value))
    return "" if " at 0x" in name else name


def _classes_of_zoneinfo() -> tuple[type, ...]:
    module = sys.modules.get("zoneinfo")
    return () if module is None else (module.ZoneInfo,)
