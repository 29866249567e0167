"""Computes content digests of artifacts that TFX components made: of their files and of their properties.

Keys depend on content alone. So ids, times and places among the properties are left out. A property that
names an input of the component, by its uri or id, stands for the content of that input.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zencache.metadata import schema
from zencache.metadata.client import get_properties, set_properties
from zencache.metadata.serialization import is_output
from zencache.model.values import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from zencache.artifacts.manifest import Manifest
    from zencache.metadata.client import MetadataClient

_INCIDENTAL = frozenset(
    {
        "pipeline_name",
        "producer_component",
        "tfx_version",
        "input_fingerprint",
        "is_external",
        "pushed_version",
    }
)
"""Properties that say when, where and by what an artifact was made; they are not part of its content."""
_STATES = frozenset({"pending", "published", "missing", "marked_for_deletion", "deleted", "reference"})


def add_digests(
    artifacts: Iterable[Any],
    client: MetadataClient,
    manifest_of: Callable[[str], Manifest],
    *,
    recompute: bool = False,
) -> None:
    """Write content digests, as custom properties, to those artifacts that have none.

    With `recompute`, to all of them: an executor may have copied the properties of an input.
    """
    new = [a for a in artifacts if recompute or schema.DIGEST not in a.custom_properties]
    if not new:
        return
    inputs = _inputs_of(new, client)
    for artifact in new:
        manifest = manifest_of(artifact.uri)
        content_properties = _content_properties(artifact, inputs.get(artifact.id, {}))
        digests: dict[str, str | int | float | None] = {
            schema.DIGEST: manifest.digest,
            schema.SIZE: manifest.size,
            schema.PROPERTIES_DIGEST: digest_of(["properties/1", *content_properties])
            if content_properties
            else None,
        }
        set_properties(artifact.custom_properties, digests)
    client.put_artifacts(new)


def _content_properties(artifact: Any, inputs: Mapping[Any, str]) -> list[list[Any]]:
    """List the properties that are part of an artifact's content."""
    properties = {**get_properties(artifact.properties), **get_properties(artifact.custom_properties)}
    values = {name: _plain(value) for name, value in properties.items() if name not in _INCIDENTAL}
    return [
        [name, _content_of(name, value, inputs)]
        for name, value in sorted(values.items())
        if not name.startswith(schema.PROPERTY_PREFIX)
        and value not in ("", artifact.uri)
        and not _is_written_by_tfx(name, value, artifact)
    ]


def _is_written_by_tfx(name: str, value: Any, artifact: Any) -> bool:
    """Return whether TFX itself wrote a property, under a name that a component may use too."""
    return (name == "name" and value == artifact.name) or (name == "state" and value in _STATES)


def _content_of(name: str, value: Any, inputs: Mapping[Any, str]) -> Any:
    """Return an input's content for its uri, or for its id in a property whose name ends with `_id`."""
    is_reference = isinstance(value, str) or name.endswith("_id")
    return inputs.get(value, value) if is_reference else value


def _plain(value: Any) -> str | int | float:
    """Return a property as a number or a text; a structure as its bytes."""
    if isinstance(value, str | int | float):
        return value
    return str(value.SerializeToString(deterministic=True).hex())


def _inputs_of(artifacts: Iterable[Any], client: MetadataClient) -> dict[int, dict[Any, str]]:
    """Return, by artifact id, the inputs of the execution that made it: from uri and id to content digest."""
    output_events = [
        event for event in client.get_events_by_artifact_ids([a.id for a in artifacts]) if is_output(event)
    ]
    execution_ids = sorted({event.execution_id for event in output_events})
    events = client.get_events_by_execution_ids(execution_ids) if execution_ids else []
    input_events = [event for event in events if not is_output(event)]
    input_ids = sorted({event.artifact_id for event in input_events})
    input_by_id = {a.id: a for a in client.get_artifacts_by_id(input_ids)} if input_ids else {}
    inputs_by_execution: dict[int, dict[Any, str]] = {}
    for event in input_events:
        artifact = input_by_id.get(event.artifact_id)
        if artifact is not None:
            digest = get_properties(artifact.custom_properties).get(schema.DIGEST, artifact.uri)
            content = f"content {digest}"
            contents = inputs_by_execution.setdefault(event.execution_id, {})
            contents.update({artifact.uri: content, artifact.id: content})
    return {event.artifact_id: inputs_by_execution.get(event.execution_id, {}) for event in output_events}
