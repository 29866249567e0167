"""What TFX's launcher and compiler are given for a connection to ML Metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zencache.metadata.client import pb

if TYPE_CHECKING:
    from zencache.metadata.store import MetadataStore

UNUSED_CONNECTION_CONFIG = pb.ConnectionConfig(fake_database=pb.FakeDatabaseConfig())
"""Given where TFX demands a configuration: TFX's representation of a pipeline then holds no password."""


def store_for_tfx(metadata: MetadataStore) -> Any:
    """Return an open store with the methods of ML Metadata's own `MetadataStore`, which TFX calls."""
    return metadata.client
