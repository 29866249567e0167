"""Finds and registers the contexts of a store: by type and name, whatever its database makes of names."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from zencache.config import FORMAT
from zencache.errors import AlreadyExistsError
from zencache.metadata import schema
from zencache.metadata.client import errors, pb
from zencache.metadata.schema_version import has_own_types, put_format
from zencache.metadata.text_encoding import truncate_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from zencache.metadata.client import MetadataClient
    from zencache.model.database import Database


class Contexts:
    """The contexts of one store."""

    def __init__(
        self,
        client: MetadataClient,
        lock: AbstractContextManager[Any],
        database: Database,
        created: Callable[[], object] = bool,
    ) -> None:
        """Take a store's client; `created` is called once the context of a new store was made."""
        self._client = client
        self._created = created
        self._lock = lock
        self._database = database
        self._ids: dict[tuple[str, str], int] = {}

    @cached_property
    def types(self) -> dict[str, int]:
        """The ids of the context types by name; missing types are registered."""
        with self._lock:
            type_ids: dict[str, int] = {t.name: t.id for t in self._client.get_context_types()}
            if self._client.is_read_only:
                return type_ids
            if not has_own_types(type_ids):  # first of all: records without a format are taken for old ones
                put_format(self._client, self._register_type(schema.STORE_CONTEXT), FORMAT)
                self._created()
            missing = [name for name in schema.CONTEXT_TYPES if name not in type_ids]
            return type_ids | {name: self._register_type(name) for name in missing}

    def _register_type(self, name: str) -> int:
        try:
            return int(self._client.put_context_type(pb.ContextType(name=name)))
        except errors.AlreadyExistsError:
            return int(next(t.id for t in self._client.get_context_types() if t.name == name))

    def find(self, kind: str, name: str) -> Any | None:
        """Find a context by its type and name; some databases return one whose name differs in case."""
        stored_name = self._stored_name(kind, name)
        context = self._client.get_context_by_type_and_name(kind, stored_name)
        return context if context is not None and context.name == stored_name else None

    def id_of(self, kind: str, name: str) -> int:
        """Return a context's id; a missing context is registered."""
        if (kind, name) not in self._ids:
            context = self.find(kind, name)
            self._ids[kind, name] = context.id if context else self._register(kind, name)
        return self._ids[kind, name]

    def _register(self, kind: str, name: str) -> int:
        context = pb.Context(type_id=self.types[kind], name=self._stored_name(kind, name))
        try:
            [context_id] = self._client.put_contexts([context])
        except errors.AlreadyExistsError:  # another process was faster
            existing = self.find(kind, name)
            if existing is None:
                raise self.name_taken(kind, name) from None
            return int(existing.id)
        return int(context_id)

    def _stored_name(self, kind: str, name: str) -> str:
        """Return the name under which a context is stored."""
        return truncate_name(self.case_safe_name(name) if kind == schema.STEP_CONTEXT else name)

    def case_safe_name(self, name: str) -> str:
        """Return a name that stays different from others in a database that ignores case, as MySQL does."""
        ignores_case = self._database.kind in ("mysql", "grpc")
        return f"{name}~{blake3(name.encode()).hexdigest()[:16]}" if ignores_case else name

    def name_taken(self, kind: str, name: str) -> AlreadyExistsError:
        """Return the error for a name that the database takes for an existing one."""
        return AlreadyExistsError(
            f"{name!r} cannot be recorded as a {kind}: {self._database} takes a name for it that differs in "
            "case or accents; choose another name, or have the database compare exactly (docs/stores.md)"
        )
