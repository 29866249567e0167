"""Of which format the records of a store are: a number in the records themselves, as several projects may share them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zencache.config import FORMAT
from zencache.errors import StoreFormatError
from zencache.metadata.client import errors, get_properties, pb, set_properties

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zencache.metadata.client import Client
    from zencache.metadata.store import MetadataStore

STORE_CONTEXT = "zencache.store"
NUMBER, BACKUP = "zencache_format", "zencache_backup"
_NAME = "store"
_OURS = "zencache."


def are_ours(context_types: Iterable[str]) -> bool:
    """Say whether zencache wrote into the store that has these types, and not TFX alone.

    >>> are_ours(["pipeline", "zencache.store"]), are_ours(["pipeline", "zencache.cache_key"])
    (False, True)
    """
    return any(name.startswith(_OURS) and name != STORE_CONTEXT for name in context_types)


def check_format(metadata: MetadataStore) -> None:
    """Note of which format the records are; raises StoreFormatError if it is newer than this zencache."""
    metadata.format = read_format(metadata.client) or FORMAT
    metadata.artifacts.lacks_manifests = metadata.format < FORMAT
    if metadata.format > FORMAT:
        raise StoreFormatError(
            f"the records in {metadata.project.database} are of format {metadata.format}; this zencache reads up to "
            f"{FORMAT}. Upgrade zencache to use them"
        )


def read_format(client: Client) -> int | None:
    """Read of which format the records are; None where zencache has written none yet."""
    found = read_stamp(client)
    if found is None:
        if not are_ours(each.name for each in client.get_context_types()):
            return None
        found = read_stamp(client)  # a new store gets its number before its types
    return 1 if found is None else int(get_properties(found.custom_properties).get(NUMBER, 1))


def read_stamp(client: Client) -> Any | None:
    """Read what holds the number; a store of format 1 has none."""
    return client.get_context_by_type_and_name(STORE_CONTEXT, _NAME)


def put_format(client: Client, type_id: int, number: int, backup: str | None = None) -> None:
    """Write the number, and while the store is upgraded where its backup is."""
    stamp = read_stamp(client) or pb.Context(type_id=type_id, name=_NAME)
    set_properties(stamp.custom_properties, {NUMBER: number, BACKUP: backup})
    try:
        client.put_contexts([stamp])
    except errors.AlreadyExistsError:  # another process was faster
        return
