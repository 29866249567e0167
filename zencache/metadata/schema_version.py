"""The schema version of a store: a number in its records, because several projects may share them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zencache.config import FORMAT
from zencache.errors import StoreFormatError
from zencache.metadata import schema
from zencache.metadata.client import errors, get_properties, pb, set_properties

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zencache.metadata.client import MetadataClient
    from zencache.model.database import Database


def has_own_types(context_types: Iterable[str]) -> bool:
    """Return whether a store with these context types was written by zencache, not by TFX alone.

    >>> has_own_types(["pipeline", "zencache.store"]), has_own_types(["pipeline", "zencache.cache_key"])
    (False, True)
    """
    return any(name.startswith(schema.OWN_PREFIX) and name != schema.STORE_CONTEXT for name in context_types)


def refuse_newer(number: int, database: Database) -> None:
    """Raise StoreFormatError if records have a schema version that only a newer zencache can read."""
    if number > FORMAT:
        raise StoreFormatError(
            f"the records in {database} are of format {number}; this zencache reads up to {FORMAT}. "
            "Upgrade zencache to use them"
        )


def read_format(client: MetadataClient) -> int | None:
    """Read the schema version of a store; None if zencache has not written to it yet."""
    return read_stamp_and_format(client)[1]


def read_stamp_and_format(client: MetadataClient) -> tuple[Any | None, int | None]:
    """Read the context that holds the schema version, and the version, in as few calls as possible."""
    stamp = read_stamp(client)
    if stamp is None:
        if not has_own_types(each.name for each in client.get_context_types()):
            return None, None
        stamp = read_stamp(client)  # a new store gets its number before its types
    return stamp, _format_of(stamp)


def _format_of(stamp: Any | None) -> int:
    return 1 if stamp is None else int(get_properties(stamp.custom_properties).get(schema.FORMAT_NUMBER, 1))


def read_stamp(client: MetadataClient) -> Any | None:
    """Read the context that holds the schema version; a store of format 1 has none."""
    return client.get_context_by_type_and_name(schema.STORE_CONTEXT, schema.STORE_NAME)


def put_format(client: MetadataClient, type_id: int, number: int, backup: str | None = None) -> None:
    """Write the schema version, and during a migration the name of the backup."""
    stamp = read_stamp(client) or pb.Context(type_id=type_id, name=schema.STORE_NAME)
    set_properties(stamp.custom_properties, {schema.FORMAT_NUMBER: number, schema.BACKUP: backup})
    try:
        client.put_contexts([stamp])
    except errors.AlreadyExistsError:  # another process was faster
        return
