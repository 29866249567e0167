"""Finds the executions of a step, a pipeline, a key or an age, however many records a store has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zencache.metadata.client import ListOptions, OrderByField, get_properties, pb
from zencache.metadata.schema import KEY_CONTEXT, NODE_CONTEXT, ORIGIN, PIPELINE_CONTEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from zencache.metadata.store import MetadataStore
    from zencache.model.records import ExecutionRecord

KEY_LENGTH = 64
"""Digits of a whole key."""
_PAGE = 500  # records in one call


def executions_of_step(
    metadata: MetadataStore, step: str, pipelines: Sequence[str], *, only_in: str | None = None
) -> list[ExecutionRecord]:
    """List what computed a step, and what its hits reused.

    The step is found by its name in pipelines and by its function's name. With `only_in`, only executions of
    that pipeline are listed.
    """
    executions: dict[int, Any] = {}
    for pipeline in pipelines if only_in is None else [only_in]:
        executions |= _in_context(metadata, NODE_CONTEXT, f"{pipeline}.{step}")
    if metadata.executions.find_type(step) is not None:
        of_type = {e.id: e for e in metadata.client.get_executions_by_type(step)}
        inside = of_type if only_in is None else _in_context(metadata, PIPELINE_CONTEXT, only_in)
        executions |= {number: of_type[number] for number in of_type.keys() & inside.keys()}
    return _records(metadata, _with_origins(metadata, executions))


def executions_of_pipeline(metadata: MetadataStore, pipeline: str) -> list[ExecutionRecord]:
    """List what a pipeline computed, and what its hits reused."""
    return _records(metadata, _with_origins(metadata, _in_context(metadata, PIPELINE_CONTEXT, pipeline)))


def executions_of_key(metadata: MetadataStore, key: str) -> list[ExecutionRecord]:
    """List what computed a key, or all keys that begin so."""
    if len(key) == KEY_LENGTH:
        return _records(metadata, list(_in_context(metadata, KEY_CONTEXT, key).values()))
    key_type, client = metadata.contexts.types.get(KEY_CONTEXT), metadata.client
    contexts = _all(client.get_contexts, client.get_contexts_by_id)
    ids = [context.id for context in contexts if context.type_id == key_type and context.name.startswith(key)]
    executions = {e.id: e for number in ids for e in client.get_executions_by_context(number)}
    return _records(metadata, list(executions.values()))


def executions_before(metadata: MetadataStore, moment: datetime) -> list[ExecutionRecord]:
    """List what was computed before a moment."""
    milliseconds, client = moment.timestamp() * 1000, metadata.client
    executions = [
        execution
        for execution in _all(client.get_executions, client.get_executions_by_id)
        if execution.last_known_state == pb.Execution.COMPLETE
        and execution.create_time_since_epoch < milliseconds
    ]
    return _records(metadata, executions)


def _records(metadata: MetadataStore, executions: Sequence[Any]) -> list[ExecutionRecord]:
    return metadata.executions.records(executions, events=False)


def _in_context(metadata: MetadataStore, kind: str, name: str) -> dict[int, Any]:
    context = metadata.contexts.find(kind, name)
    return {e.id: e for e in metadata.client.get_executions_by_context(context.id)} if context else {}


def _all(list_page: Callable[..., list[Any]], get_by_id: Callable[[list[int]], list[Any]]) -> Iterator[Any]:
    """Read all records of a kind, oldest first, page by page.

    ML Metadata filters records by a query only before release 1.21, and lists them only as a whole.
    """
    newest = list_page(list_options=ListOptions(limit=1, order_by=OrderByField.ID, is_asc=False))
    end = newest[0].id + 1 if newest else 1
    for start in range(1, end, _PAGE):
        yield from get_by_id(list(range(start, min(start + _PAGE, end))))


def _with_origins(metadata: MetadataStore, executions: dict[int, Any]) -> list[Any]:
    """Add the executions that computed what the hits among these reused."""
    hits = [e for e in executions.values() if e.last_known_state == pb.Execution.CACHED]
    origins = (get_properties(hit.custom_properties).get(ORIGIN) for hit in hits)
    missing = sorted({int(origin) for origin in origins if origin} - executions.keys())
    return [*executions.values(), *(metadata.client.get_executions_by_id(missing) if missing else ())]
