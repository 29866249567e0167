"""TFX's connection to ML Metadata, over the project's open metadata store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfx.orchestration import metadata as tfx_metadata

from zencache.metadata.tfx_store_config import UNUSED_CONNECTION_CONFIG, store_for_tfx

if TYPE_CHECKING:
    from zencache.metadata.store import MetadataStore


class Connection(tfx_metadata.Metadata):  # type: ignore[misc]
    """A connection that stays open: TFX opens and closes one each time that it reads or writes."""

    def __init__(self, metadata: MetadataStore) -> None:
        super().__init__(UNUSED_CONNECTION_CONFIG)
        self._store = store_for_tfx(metadata)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: object) -> None:
        return
