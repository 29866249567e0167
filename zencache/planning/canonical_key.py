"""Makes the second key of a step: without the names and spellings that nothing can see.

A step whose key is new is looked up by it among the last executions of the step.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from zencache.caching.key import KeyParts
from zencache.code.canonical_digest import BLIND
from zencache.materializers.registry import runs_code
from zencache.model.values import digest_of
from zencache.tracking.observed_inputs import Seen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zencache.code.canonical_digest import CanonicalCode
    from zencache.model.records import ExecutionRecord

_WITH_CLASS = ("$enum", "$model", "$dataclass")
_PLAIN = frozenset({"int", "float", "str", "bool", "bytes", "None", "complex", "numpy.ndarray"})
"""Types of which no value names a class of the project."""


def canonical_key(
    parts: KeyParts,
    code: CanonicalCode,
    packages: Mapping[str, str],
    class_digests: Mapping[str, str],
    unused: frozenset[str],
) -> str:
    """Digest what a key is made of, with the canonical digest of the code and of parameters.

    `class_digests` are those of the classes that parameters name; `unused` are parameters without effect.
    """
    parameters = {
        name: _by_content(text, class_digests)
        for name, text in parts.parameters.items()
        if name not in unused
    }
    classes = {name: digest for name, digest in parts.classes.items() if name not in class_digests}
    rest = [parts.inputs, parts.outputs, parts.policy]
    return digest_of(["canonical/1", code.digest, dict(packages), classes, parameters, *rest])


def _by_content(text: str, class_digests: Mapping[str, str]) -> str:
    """Replace the names of classes in a parameter by what the classes hold."""
    if not any(name in text for name in class_digests):
        return text
    return json.dumps(_replaced(json.loads(text), class_digests), sort_keys=True)


def _replaced(data: Any, class_digests: Mapping[str, str]) -> Any:
    if isinstance(data, list):
        return [_replaced(item, class_digests) for item in data]
    if not isinstance(data, dict):
        return data
    for mark in _WITH_CLASS:
        if data.keys() == {mark} and data[mark][0] in class_digests:
            name, *rest = data[mark]
            return {mark: [["class", class_digests[name]], *_replaced(rest, class_digests)]}
    return {key: _replaced(item, class_digests) for key, item in data.items()}


def is_same(record: ExecutionRecord, parts: KeyParts) -> bool:
    """Say whether an execution computed the same, but for names and spellings that nothing can see."""
    if not (record.done and record.key_parts and parts.canonical):
        return False
    return KeyParts.model_validate_json(record.key_parts).canonical == parts.canonical


def is_reusable(record: ExecutionRecord, parts: KeyParts) -> bool:
    """Say whether an execution ran no code that may see names, and has no outputs that name a moved class."""
    facts = Seen.from_json(record.seen).facts if record.seen else {}
    if facts.get("code") or not set(facts.get("packages", ())) <= BLIND:
        return False
    old = KeyParts.model_validate_json(record.key_parts or "{}")
    common = old.parameters.keys() & parts.parameters.keys()
    return all(old.parameters[name] == parts.parameters[name] for name in common) or all(
        artifact.value_type in _PLAIN and not runs_code(artifact.materializer)
        for artifact in record.outputs.values()
    )
