"""Results that are never to be reused: chosen by step, pipeline, key or age, and marked; nothing is deleted."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from zencache.metadata.client import ListOptions, OrderByField, get_properties, pb, set_properties
from zencache.metadata.schema import KEY_CONTEXT, NODE_CONTEXT, PIPELINE_CONTEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from zencache.maintenance.selection import Selection
    from zencache.metadata.store import MetadataStore
    from zencache.model.records import ExecutionRecord

_KEY = 64  # digits of a whole key
_PAGE = 500  # records in one call


def select(metadata: MetadataStore, wanted: Selection, pipelines: Sequence[str]) -> list[ExecutionRecord]:
    """Find the executions that computed what is wanted and may still be reused, oldest first.

    `pipelines` names those in which a step's name is looked for.
    """
    wanted.check()
    before = None if wanted.older_than is None else datetime.now(timezone.utc) - wanted.older_than
    records = metadata.records(_candidates(metadata, wanted, pipelines, before), events=False)
    found = [
        record
        for record in records
        if record.state == "COMPLETE"
        and record.key
        and not record.dropped
        and record.key.startswith(wanted.key or "")
        and (before is None or record.created < before)
    ]
    return sorted(found, key=lambda record: record.id)


def mark(metadata: MetadataStore, ids: Sequence[int], why: str) -> None:
    """Mark executions so that no look-up uses them; `why` is what a plan says of them."""
    if not ids:
        return
    with metadata.lock:
        executions = metadata.client.get_executions_by_id(list(ids))
        for execution in executions:
            set_properties(execution.custom_properties, {"zencache_dropped": why})
        metadata.client.put_executions(executions)


# -- candidates -------------------------------------------------------------------------------------


def _candidates(
    metadata: MetadataStore, wanted: Selection, pipelines: Sequence[str], before: datetime | None
) -> list[Any]:
    """Read no more than the narrowest context holds."""
    if wanted.step is not None:
        return _origins(metadata, _of_step(metadata, wanted.step, wanted.pipeline, pipelines))
    if wanted.pipeline is not None:
        return _origins(metadata, _in_context(metadata, PIPELINE_CONTEXT, wanted.pipeline))
    if wanted.key is not None:
        return _of_key(metadata, wanted.key)
    return _computed_before(metadata, before)


def _of_step(
    metadata: MetadataStore, step: str, pipeline: str | None, pipelines: Sequence[str]
) -> dict[int, Any]:
    """Read the executions of a step by its name in pipelines, and by its function's name."""
    chosen = pipelines if pipeline is None else [pipeline]
    found: dict[int, Any] = {}
    for name in chosen:
        found |= _in_context(metadata, NODE_CONTEXT, f"{name}.{step}")
    if metadata.execution_type(step) is not None:
        typed = {e.id: e for e in metadata.client.get_executions_by_type(step)}
        inside = typed if pipeline is None else _in_context(metadata, PIPELINE_CONTEXT, pipeline)
        found |= {number: typed[number] for number in typed.keys() & inside.keys()}
    return found


def _in_context(metadata: MetadataStore, kind: str, name: str) -> dict[int, Any]:
    context = metadata.context(kind, name)
    return {e.id: e for e in metadata.client.get_executions_by_context(context.id)} if context else {}


def _of_key(metadata: MetadataStore, key: str) -> list[Any]:
    """Read the executions of a key, or of all keys that begin so."""
    if len(key) == _KEY:
        return list(_in_context(metadata, KEY_CONTEXT, key).values())
    kind, client = metadata.context_types.get(KEY_CONTEXT), metadata.client
    contexts = _all(client.get_contexts, client.get_contexts_by_id)
    ids = [each.id for each in contexts if each.type_id == kind and each.name.startswith(key)]
    return list({e.id: e for number in ids for e in client.get_executions_by_context(number)}.values())


def _computed_before(metadata: MetadataStore, before: datetime | None) -> list[Any]:
    assert before is not None
    milliseconds, client = before.timestamp() * 1000, metadata.client
    return [
        execution
        for execution in _all(client.get_executions, client.get_executions_by_id)
        if execution.last_known_state == pb.Execution.COMPLETE
        and execution.create_time_since_epoch < milliseconds
    ]


def _all(listed: Callable[..., list[Any]], by_id: Callable[[list[int]], list[Any]]) -> Iterator[Any]:
    """Read all records of a kind, oldest first, page by page.

    ML Metadata filters them by a query only before release 1.21, and lists them only as a whole.
    """
    newest = listed(list_options=ListOptions(limit=1, order_by=OrderByField.ID, is_asc=False))
    end = newest[0].id + 1 if newest else 1
    for start in range(1, end, _PAGE):
        yield from by_id(list(range(start, min(start + _PAGE, end))))


def _origins(metadata: MetadataStore, executions: dict[int, Any]) -> list[Any]:
    """Put in the place of each hit the execution that computed what it reused."""
    reused = {_origin(e) for e in executions.values() if e.last_known_state == pb.Execution.CACHED}
    far = _known(reused - executions.keys())
    return [*executions.values(), *(metadata.client.get_executions_by_id(far) if far else ())]


def _known(ids: Iterable[int | None]) -> list[int]:
    return sorted(number for number in ids if number is not None)


def _origin(execution: Any) -> int | None:
    found = get_properties(execution.custom_properties).get("zencache_origin")
    return int(found) if found else None
