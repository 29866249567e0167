"""All that an ML Metadata store holds, read by its own client, as text: types, contexts, executions,
artifacts, ties."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as pb

_OUT = (pb.Event.OUTPUT, pb.Event.DECLARED_OUTPUT, pb.Event.PENDING_OUTPUT)
TFX_CACHE = "execution_cache"  # TFX's own, whose names have the process's objects in them
STATES = {"execution": pb.Execution.State, "artifact": pb.Artifact.State}
VARYING = {
    "zencache_seconds": "<seconds>",
    "zencache_owner": "<owner>",
    "zencache_token": "<token>",
}
"""Properties whose values are of the moment or of the machine."""


def connect(kind: str, **address: Any) -> metadata_store.MetadataStore:
    """Open an SQLite file (`path`), a database of a server (`port`, `name`, …), or a gRPC server (`port`)."""
    if kind == "grpc":
        return metadata_store.MetadataStore(
            pb.MetadataStoreClientConfig(host="127.0.0.1", port=address["port"])
        )
    config = pb.ConnectionConfig()
    if kind == "sqlite":
        config.sqlite.filename_uri = str(address["path"])
        config.sqlite.connection_mode = pb.SqliteMetadataSourceConfig.READWRITE
    elif kind == "mysql":
        config.mysql.host, config.mysql.port, config.mysql.database = (
            "127.0.0.1",
            address["port"],
            address["name"],
        )
        config.mysql.user, config.mysql.password = address["user"], address["password"]
    else:
        config.postgresql.host, config.postgresql.port = "127.0.0.1", str(address["port"])
        config.postgresql.dbname, config.postgresql.user = address["name"], address["user"]
        config.postgresql.password = address["password"]
    return metadata_store.MetadataStore(config)


def dump(store: metadata_store.MetadataStore) -> str:
    """Write a store's content as text, a thing a paragraph, each named by its kind and its rank among its
    kind."""
    return "\n".join(Dump(store).lines()) + "\n"


class Dump:
    """A store's content: ids are ranks, so that gaps do not count."""

    def __init__(self, store: metadata_store.MetadataStore) -> None:
        self.store = store
        self.types = {
            "context": _by_id(store.get_context_types()),
            "execution": _by_id(store.get_execution_types()),
            "artifact": _by_id(store.get_artifact_types()),
        }
        self.things = {
            "context": _by_id(store.get_contexts()),
            "execution": _by_id(store.get_executions()),
            "artifact": self._artifacts(),
        }
        self.ranks = {
            kind: {id_: rank for rank, id_ in enumerate(things, 1)} for kind, things in self.things.items()
        }

    def _artifacts(self) -> dict[int, Any]:
        """Give artifacts by the executions that put them out: a step's outputs have ids in any order."""
        things = _by_id(self.store.get_artifacts())
        events = sorted(self.store.get_events_by_artifact_ids([*things]), key=_event_order) if things else []
        made = {e.artifact_id: (e.execution_id, str(e.path)) for e in events[::-1] if e.type in _OUT}
        return {id_: things[id_] for id_ in sorted(things, key=lambda id_: (made.get(id_, (0, "")), id_))}

    def lines(self) -> Iterable[str]:
        for kind, types in self.types.items():
            for each in sorted(types.values(), key=lambda each: each.name):
                yield f"{kind} type {each.name} {each.version!r} base {each.base_type}"
                for name, value in sorted(each.properties.items()):
                    yield f"  {name}: {pb.PropertyType.Name(value)}"
        for kind, things in self.things.items():
            for id_, thing in things.items():
                yield from self._thing(kind, id_, thing)

    def _thing(self, kind: str, id_: int, thing: Any) -> Iterable[str]:
        type_name = self.types[kind][thing.type_id].name
        yield f"{self._name(kind, id_)} {type_name} {'<random>' if type_name == TFX_CACHE else repr(thing.name)}"
        if kind in STATES:
            state = thing.last_known_state if kind == "execution" else thing.state
            yield f"  state {STATES[kind].Name(state)}"
        if kind == "artifact":
            yield f"  uri {thing.uri}"
        for title, properties in (("", thing.properties), ("custom ", thing.custom_properties)):
            for name in sorted({*properties} - {"zencache_beat"}):  # there once something took some seconds
                value = properties[name]
                yield f"  {title}{name} = {self._value(name, value)}"
        yield from self._ties(kind, id_)

    def _ties(self, kind: str, id_: int) -> Iterable[str]:
        if kind == "context":
            parents = self.store.get_parent_contexts_by_context(id_)
            yield from self._named("parent", "context", parents)
        if kind == "execution":
            yield from self._named("associated with", "context", self.store.get_contexts_by_execution(id_))
            for event in sorted(self.store.get_events_by_execution_ids([id_]), key=_event_order):
                path = [getattr(step, step.WhichOneof("value")) for step in event.path.steps]
                artifact = self._name("artifact", event.artifact_id)
                yield f"  event {pb.Event.Type.Name(event.type)} {artifact} {path}"
        if kind == "artifact":
            yield from self._named("attributed to", "context", self.store.get_contexts_by_artifact(id_))

    def _named(self, tie: str, kind: str, things: Iterable[Any]) -> Iterable[str]:
        return (f"  {tie} {self._name(kind, id_)}" for id_ in sorted(thing.id for thing in things))

    def _name(self, kind: str, id_: int) -> str:
        return f"{kind}#{self.ranks[kind].get(id_, f'missing {id_}')}"

    def _value(self, name: str, value: pb.Value) -> str:
        if name in VARYING:
            return VARYING[name]
        kind = value.WhichOneof("value")
        text = (
            repr(getattr(value, kind))
            if kind in ("int_value", "double_value", "string_value")
            else str(value)
        )
        return f"{kind} {text}"


def _by_id(things: Iterable[Any]) -> dict[int, Any]:
    return {thing.id: thing for thing in sorted(things, key=lambda thing: thing.id)}


def _event_order(event: Any) -> tuple:
    return event.execution_id, event.type, str(event.path), event.artifact_id
