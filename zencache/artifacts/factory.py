"""Chooses the backend of a uri. Nothing else asks whether a uri is of this machine or of a remote store."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from zencache.artifacts.local import LocalBackend
from zencache.artifacts.read_cache import ReadCache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from zencache.artifacts.protocol import ArtifactBackend
    from zencache.config import Project
    from zencache.util.backoff import Retry

_Item = TypeVar("_Item")


class Backends:
    """The backends of a project, by uri."""

    def __init__(self, project: Project, retry: Retry | None = None) -> None:
        self._project = project
        self._retry = retry
        self.cache = ReadCache(project.read_cache, project.settings.read_cache_size)
        self.local = LocalBackend(project)

    def of(self, uri: str) -> ArtifactBackend:
        """Give the backend of a uri: of an artifact, a root, or the artifact store's setting."""
        return self._remote if _is_remote(uri) else self.local

    def grouped(
        self, items: Iterable[_Item], uri: Callable[[_Item], str]
    ) -> list[tuple[ArtifactBackend, list[_Item]]]:
        """Group items by the backend of their uris, the local ones first."""
        local: list[_Item] = []
        remote: list[_Item] = []
        for item in items:
            (remote if _is_remote(uri(item)) else local).append(item)
        groups: list[tuple[ArtifactBackend, list[_Item]]] = [(self.local, local)] if local else []
        return [*groups, (self._remote, remote)] if remote else groups

    @cached_property
    def _remote(self) -> ArtifactBackend:
        from zencache.artifacts.remote import RemoteBackend  # noqa: PLC0415 - imports fsspec

        return RemoteBackend(self._project, self.cache, self._retry)


def _is_remote(uri: str) -> bool:
    """Say whether a uri is of a remote store.

    >>> _is_remote("s3://bucket/prefix"), _is_remote("/mnt/store"), _is_remote("file:///mnt/store")
    (True, False, False)
    """
    return "://" in uri and not uri.startswith("file://")
