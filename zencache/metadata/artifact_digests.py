"""Content digests for artifacts that TFX components made: of their files, and of what their properties say.

A key goes by content. So ids, times and places are left out of the properties, and a property that
names an input of the component, by its uri or id, counts as that input's content.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zencache.metadata import schema
from zencache.metadata.client import get_properties, pb, set_properties
from zencache.model.values import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from zencache.artifacts.manifest import Manifest
    from zencache.metadata.client import Client

OUTPUTS = (pb.Event.OUTPUT, pb.Event.DECLARED_OUTPUT, pb.Event.INTERNAL_OUTPUT)
_PASSING = frozenset(
    {
        "pipeline_name",
        "producer_component",
        "tfx_version",
        "input_fingerprint",
        "is_external",
        "pushed_version",
    }
)
"""Properties that say when, where and by whom an artifact was made, not what it is."""
_STATES = frozenset({"pending", "published", "missing", "marked_for_deletion", "deleted", "reference"})


def fingerprint(
    artifacts: Iterable[Any], client: Client, read: Callable[[str], Manifest], *, anew: bool = False
) -> list[Any]:
    """Write content digests on those artifacts that have none, as custom properties; give all, in order.

    `read` gives what is at a uri. `anew`: on all of them, whatever an executor put there: it may have copied an input's properties.
    """
    found = list(artifacts)
    new = [artifact for artifact in found if anew or schema.DIGEST not in artifact.custom_properties]
    if not new:
        return found
    inputs = _inputs_of(new, client)
    for artifact in new:
        manifest = read(artifact.uri)
        said = _properties(artifact, inputs.get(artifact.id, {}))
        made: dict[str, str | int | float | None] = {
            schema.DIGEST: manifest.digest,
            schema.SIZE: manifest.size,
            schema.PROPERTIES_DIGEST: digest_of(["properties/1", *said]) if said else None,
        }
        set_properties(artifact.custom_properties, made)
    client.put_artifacts(new)
    return found


def _properties(artifact: Any, inputs: Mapping[Any, str]) -> list[list[Any]]:
    """List what an artifact's properties say of its content."""
    own = {**get_properties(artifact.properties), **get_properties(artifact.custom_properties)}
    told = {name: _plain(value) for name, value in own.items() if name not in _PASSING}
    return [
        [name, _meant(name, value, inputs)]
        for name, value in sorted(told.items())
        if not name.startswith(schema.PROPERTY_PREFIX)
        and value not in ("", artifact.uri)
        and not _is_tfxs(name, value, artifact)
    ]


def _is_tfxs(name: str, value: Any, artifact: Any) -> bool:
    """Say whether TFX itself wrote a property under a name that others may use too."""
    return (name == "name" and value == artifact.name) or (name == "state" and value in _STATES)


def _meant(name: str, value: Any, inputs: Mapping[Any, str]) -> Any:
    """Give an input's content for its uri, or for its id in a property that is named as one."""
    is_reference = isinstance(value, str) or name.endswith("_id")
    return inputs.get(value, value) if is_reference else value


def _plain(value: Any) -> str | int | float:
    """Give a property as a number or a text; a structure as its bytes."""
    if isinstance(value, str | int | float):
        return value
    return str(value.SerializeToString(deterministic=True).hex())


def _inputs_of(artifacts: Iterable[Any], client: Client) -> dict[int, dict[Any, str]]:
    """Give for each artifact the inputs of the execution that made it: uri and id to content digest."""
    made = [e for e in client.get_events_by_artifact_ids([a.id for a in artifacts]) if e.type in OUTPUTS]
    executions = sorted({event.execution_id for event in made})
    events = client.get_events_by_execution_ids(executions) if executions else []
    ids = {event.artifact_id for event in events if event.type not in OUTPUTS}
    known = {a.id: a for a in client.get_artifacts_by_id(sorted(ids))} if ids else {}
    fed: dict[int, dict[Any, str]] = {}
    for event in events:
        artifact = known.get(event.artifact_id)
        if artifact is not None and event.type not in OUTPUTS:
            content = "content " + get_properties(artifact.custom_properties).get(schema.DIGEST, artifact.uri)
            fed.setdefault(event.execution_id, {}).update({artifact.uri: content, artifact.id: content})
    return {event.artifact_id: fed.get(event.execution_id, {}) for event in made}
