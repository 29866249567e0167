"""In words: what makes a key differ from an earlier one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zencache.caching.key import KeyParts

_LONGEST = 40  # characters of a parameter's value that a reason shows


def differences(old: KeyParts, new: KeyParts, sources: Mapping[str, str]) -> tuple[str, ...]:
    """Say what differs, most telling first; `sources` tells which step feeds an input.

    >>> from zencache.caching.key import KeyParts
    >>> old = KeyParts(code="1", parameters={"lr": "0.001"}, inputs={"images": ("numpy.ndarray", "aa")})
    >>> new = KeyParts(code="1", parameters={"lr": "0.01"}, inputs={"images": ("numpy.ndarray", "bb")})
    >>> differences(old, new, {"images": "importer"})
    ('parameter lr: 0.001 → 0.01', 'input images from importer: content differs')
    """
    found = ["its code changed"] if old.code != new.code else []
    found += _changes("parameter", old.parameters, new.parameters)
    for name, (kind, digest) in new.inputs.items():
        where = f"input {name} from {sources.get(name, '?')}"
        if name not in old.inputs:
            found.append(f"{where}: new")
        elif old.inputs[name][0] != kind:
            found.append(f"{where}: type {old.inputs[name][0]} → {kind}")
        elif old.inputs[name][1] != digest:
            found.append(f"{where}: content differs")
    found += [f"input {name}: gone" for name in old.inputs if name not in new.inputs]
    found += _changes("output", _texts(old.outputs), _texts(new.outputs))
    found += _changes("cache policy", old.policy, new.policy)
    return tuple(found)


def _changes(what: str, old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """List what was added, taken away or changed between two mappings of texts."""
    return [
        f"{what} {name}: {_short(old.get(name, '(none)'))} → {_short(new.get(name, '(none)'))}"
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    ]


def _texts(outputs: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    return {name: f"{kind} by {materializer}" for name, (kind, materializer) in outputs.items()}


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
