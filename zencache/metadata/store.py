"""Opens the metadata store of a project, with its contexts, executions and artifact records."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from zencache.artifacts.store import ArtifactStore
from zencache.config import FORMAT
from zencache.errors import StoreUnavailableError
from zencache.metadata import schema
from zencache.metadata.artifact_records import ArtifactRecords
from zencache.metadata.client import MetadataClient
from zencache.metadata.connection_config import make_database
from zencache.metadata.contexts import Contexts
from zencache.metadata.execution_reader import Executions
from zencache.metadata.heartbeat import FILE_INTERVAL, SERVER_INTERVAL, Heartbeat
from zencache.metadata.identity import check_identity, mark_identity
from zencache.metadata.schema_version import put_format, read_stamp, read_stamp_and_format, refuse_newer
from zencache.util.clock import SYSTEM_CLOCK
from zencache.util.locks import StoreLock, is_read_only

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from zencache.config import Project
    from zencache.util.clock import Clock


class MetadataStore:
    """The open metadata store of one project; `zencache.metadata.schema` lists what it holds.

    `RunStore`, `ResultStore` and `VersionStore` write to it.
    """

    def __init__(self, project: Project, clock: Clock = SYSTEM_CLOCK) -> None:
        self.project = project
        self.clock = clock
        self.artifacts = ArtifactStore(project)
        """The bytes of artifacts."""
        self.lock = _write_lock(project)
        self.client = self._open()
        interval = SERVER_INTERVAL if project.database.is_server else FILE_INTERVAL
        self.heartbeat = Heartbeat(self.client, str(project.database), interval, clock)
        self.format = FORMAT
        """The schema version of the records, once `check_format` has read it."""
        self.refusal: str | None = None
        """Why nothing may be written or deleted; None if it may."""
        created = partial(mark_identity, self.client, project) if project.metadata is None else bool
        self.contexts = Contexts(self.client, self.lock, project.database, created)
        self.artifact_records = ArtifactRecords(self.client, self.lock, self.artifacts)
        self.executions = Executions(self.client, self.contexts, self.artifact_records, project.database)

    def _open(self) -> MetadataClient:
        """Return a client that reads and writes, or one that reads if the database cannot be written."""
        project = self.project
        try:
            with self.lock:
                # A database that a TFX pipeline names keeps the journal mode that TFX gives it: other
                # connections of this process may read it, and closing them then removes no file of ours.
                if project.metadata is None and project.database.path is not None:
                    make_database(project.database.path)
        except OSError as error:
            message = f"cannot write to the store {project.folder}: {error}"
            if not is_read_only(error) or not project.database.is_there():
                raise StoreUnavailableError(message) from error
            from zencache.metadata.read_only_client import ReadOnlyClient  # noqa: PLC0415 - seldom needed

            self.lock = threading.RLock()
            return ReadOnlyClient(project.database, self.lock, message)
        return MetadataClient(project.database, self.lock, self.clock)

    def check_format(self) -> None:
        """Read the schema version; raises StoreFormatError if it is newer than this zencache."""
        stamp, number = read_stamp_and_format(self.client)
        self.format = number or FORMAT
        self.artifacts.lacks_manifests = self.format < FORMAT
        refuse_newer(self.format, self.project.database)
        has_identity = (
            self.project.metadata is None and self.format == FORMAT
        )  # a migration makes its context
        self.refusal = check_identity(self.client, self.project, stamp) if has_identity else None
        if self.refusal:
            self.client.refuse_writes(self.refusal)

    def adopt(self) -> None:
        """Take the records as they are for the project's store from now on."""
        self.client.allow_writes()
        self.refusal = None
        self.contexts = Contexts(self.client, self.lock, self.project.database)  # types are read again
        types = self.contexts.types  # of an empty database: makes the store's context
        if read_stamp(self.client) is None:
            put_format(self.client, types[schema.STORE_CONTEXT], self.format)
        mark_identity(self.client, self.project)

    def check_writable(self) -> None:
        """Raise StoreUnavailableError if the records are not those of the project's artifacts."""
        if self.refusal:
            raise StoreUnavailableError(self.refusal)


def _write_lock(project: Project) -> AbstractContextManager[Any]:
    """Return the lock that orders writers: of processes for a file; a server orders its clients itself."""
    return threading.RLock() if project.database.is_server else StoreLock(project.lock)
