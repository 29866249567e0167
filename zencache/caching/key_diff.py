"""Explains in words how a key differs from an earlier one."""

from __future__ import annotations

import ast
import difflib
import json
import textwrap
from typing import TYPE_CHECKING

from blake3 import blake3

from zencache.model.names import is_digest
from zencache.model.secrets import holds_secret
from zencache.util.atomic_write import write_once

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from zencache.caching.key import KeyParts

_LONGEST = 40  # characters of a parameter's value that a reason shows
_MOST_NAMES = 3  # of libraries that a reason shows
_HIDDEN = ("environment variable ", "file ")  # of which the value is a digest, or a secret


def differences(
    old: KeyParts,
    new: KeyParts,
    feeds: Mapping[str, str],
    *,
    texts: Mapping[str, str] | None = None,
    stored: Path | None = None,
) -> tuple[str, ...]:
    """Say what differs, most telling first.

    `feeds` tells which step feeds an input; `texts` the units' texts now; `stored` is the folder of the
    texts of earlier executions.

    >>> from zencache.caching.key import KeyParts
    >>> old = KeyParts(code="1", parameters={"lr": "0.001"}, inputs={"images": ("numpy.ndarray", "aa")})
    >>> new = KeyParts(code="1", parameters={"lr": "0.01"}, inputs={"images": ("numpy.ndarray", "bb")})
    >>> differences(old, new, {"images": "importer"})
    ('parameter lr: 0.001 → 0.01', 'input images from importer: content differs')
    """
    words = _code(old, new, texts or {}, stored) if old.code != new.code else []
    words += _changes("", old.packages, new.packages, gone="no longer used", new_as="new")
    words += [
        f"{_class_of(n)} changed"
        for n in {**old.classes, **new.classes}
        if n in old.classes and old.classes[n] != new.classes.get(n, old.classes[n])
    ]
    secret = {n for p in (old.parameters, new.parameters) for n, text in p.items() if holds_secret(text)}
    before, now = _by_attribute(_shown(old.parameters, secret), _shown(new.parameters, secret))
    words += _changes("parameter ", before, now)
    words += _secrets(old.parameters, new.parameters, secret)
    words += _inputs(old, new, feeds)
    words += _changes("output ", _texts(old.outputs), _texts(new.outputs))
    words += _policy(old.policy, new.policy)
    if not words and old.classes != new.classes:
        words = ["the classes of its inputs' values are others"]
    return tuple(words)


# -- code -------------------------------------------------------------------------------------------


def _code(old: KeyParts, new: KeyParts, texts: Mapping[str, str], stored: Path | None) -> list[str]:
    before = read_texts(stored, old.sources)
    words = []
    for unit, (digest, value) in new.units.items():
        if unit not in old.units:
            words.append(f"{unit} is new")
        elif old.units[unit][0] != digest:
            words.append(_changed(unit, old.units[unit][1], value, before.get(unit), texts.get(unit)))
    words += [f"{unit} is no longer used" for unit in old.units if unit not in new.units]
    return (
        words or _swapped(old.libraries, new.libraries) or ["its code uses other things under the same names"]
    )


def _swapped(old: Collection[str], new: Collection[str]) -> list[str]:
    """Say which names of libraries the code uses instead of others; nothing if too many differ.

    >>> _swapped(["numpy.array", "numpy.mean"], ["numpy.array", "numpy.median"])
    ['numpy.mean → numpy.median']
    >>> _swapped(["_operator.add"], ["_operator.add", "builtins.max"])
    ['it uses max now']
    """
    gone = [_public(name) for name in old if name not in new]
    added = [_public(name) for name in new if name not in old]
    if not old or max(len(gone), len(added)) > _MOST_NAMES:
        return []
    if gone and added:
        return [f"{', '.join(gone)} → {', '.join(added)}"]
    if gone:
        return [f"it no longer uses {', '.join(gone)}"]
    return [f"it uses {', '.join(added)} now"] if added else []


def _public(name: str) -> str:
    """Write a name of a library as code has it: of C modules as `_operator`, without the underscore."""
    return name.removeprefix("builtins.").removeprefix("_")


def _changed(unit: str, old_value: str, value: str, before: str | None, now: str | None) -> str:
    if value or old_value:
        same = old_value == value
        return f"{unit}: content differs" if same else f"{unit}: {_short(old_value)} → {_short(value)}"
    lines = changed_lines(before, now) if before is not None and now is not None else 0
    return f"{unit} changed ({lines} line{'s' if lines > 1 else ''})" if lines else f"{unit} changed"


def changed_lines(before: str, now: str) -> int:
    r"""Count the lines of code that differ, comments and formatting left out.

    >>> changed_lines("def f(x):\n    # one\n    return x + 1", "def f(x):\n    return x + 2  # two")
    1
    """
    old, new = _normal(before), _normal(now)
    count = {"-": 0, "+": 0, " ": 0, "?": 0}
    for line in difflib.ndiff(old, new):
        count[line[0]] += 1
    return max(count["-"], count["+"])


def _normal(text: str) -> list[str]:
    try:
        return ast.unparse(ast.parse(textwrap.dedent(text))).splitlines()
    except (SyntaxError, ValueError):
        return [line.strip() for line in text.splitlines() if line.strip()]


def code_diff(unit: str, before: str, now: str) -> str:
    """Show the lines that differ, as a unified diff."""
    lines = difflib.unified_diff(
        textwrap.dedent(before).splitlines(), textwrap.dedent(now).splitlines(), unit, unit, lineterm="", n=2
    )
    return "\n".join(lines)


def write_texts(folder: Path, texts: Mapping[str, str]) -> str:
    """Write the texts of units, once for the same content; gives the name to read them by."""
    data = json.dumps(texts, ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass")
    name = blake3(data).hexdigest()[:32]
    file = folder / f"{name}.json"
    write_once(file, data)
    return name


def read_texts(folder: Path | None, name: str) -> dict[str, str]:
    """Read the texts that `write_texts` wrote; empty if they are gone."""
    if folder is None or not is_digest(name):  # it comes from a record
        return {}
    try:
        texts: dict[str, str] = json.loads((folder / f"{name}.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return texts


# -- the other parts --------------------------------------------------------------------------------


def _inputs(old: KeyParts, new: KeyParts, feeds: Mapping[str, str]) -> list[str]:
    words = []
    for name, (kind, digest) in new.inputs.items():
        where = f"input {name} from {feeds.get(name, '?')}"
        if name not in old.inputs:
            words.append(f"{where}: new")
        elif old.inputs[name][0] != kind:
            words.append(f"{where}: type {old.inputs[name][0]} → {kind}")
        elif old.inputs[name][1] != digest:
            words.append(f"{where}: content differs")
    return words + [f"input {name}: gone" for name in old.inputs if name not in new.inputs]


def _policy(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Say what differs in what a policy adds; values of environment variables are never shown."""
    hidden = {name for name in {**old, **new} if name.startswith(_HIDDEN)}
    words = _changes(
        "cache policy ",
        {name: text for name, text in old.items() if name not in hidden},
        {name: text for name, text in new.items() if name not in hidden},
    )
    for name in sorted(hidden):
        before, now = old.get(name), new.get(name)
        if before != now:
            words.append(
                f"{name}: new" if before is None else f"{name}: gone" if now is None else f"{name} changed"
            )
    return words


def _changes(
    what: str, old: Mapping[str, str], new: Mapping[str, str], *, gone: str = "", new_as: str = ""
) -> list[str]:
    """List what was added, taken away or changed between two mappings of texts."""
    words = []
    for name in {**old, **new}:
        before, now = old.get(name), new.get(name)
        if before == now:
            continue
        if now is None and gone:
            words.append(f"{what}{name}: {gone}")
        elif before is None and new_as:
            words.append(f"{what}{name}: {new_as}")
        elif what:
            words.append(f"{what}{name}: {_short(before or '(none)')} → {_short(now or '(none)')}")
        else:
            words.append(f"{name} {before} → {now}")
    return words


def _shown(parameters: Mapping[str, str], secret: Collection[str]) -> dict[str, str]:
    """Show a file as its name and the first digits of its content's digest; leave out secrets."""
    shown = {}
    for name, text in parameters.items():
        if name in secret:
            continue
        data = json.loads(text) if '"$file"' in text else None
        named = data.get("$file") if isinstance(data, dict) else None
        shown[name] = f"{named[0]} ({named[1][:8]})" if named else text
    return shown


def _by_attribute(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Show two objects of one class by the attributes in which they differ."""
    before, now = dict(old), dict(new)
    for name in old.keys() & new.keys():
        one, other = _attributes(old[name]), _attributes(new[name])
        if old[name] != new[name] and one and other and one[0] == other[0]:
            for values, shown in ((one[1], before), (other[1], now)):
                del shown[name]
                shown |= {f"{name}.{attribute}": text for attribute, text in values.items()}
    return before, now


def _attributes(text: str) -> tuple[str, dict[str, str]] | None:
    """Read the class and the attributes of a dataclass or a model; None for another value."""
    if not text.startswith(('{"$dataclass"', '{"$model"')):
        return None
    match json.loads(text):
        case {"$dataclass": [str(kind), *parts]} | {"$model": [str(kind), *parts]}:
            pairs = [pair for part in parts for pair in part.items()]
            return kind, {name: json.dumps(value, separators=(",", ":")) for name, value in pairs}
    return None


def _secrets(old: Mapping[str, str], new: Mapping[str, str], secret: Collection[str]) -> list[str]:
    """Say which secrets changed, and nothing of their values."""
    words = []
    for name in {**old, **new}:
        if name in secret and old.get(name) != new.get(name):
            what = ": new" if name not in old else ": gone" if name not in new else " changed"
            words.append(f"the secret {name}{what}")
    return words


def _texts(outputs: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    return {name: f"{kind} by {materializer}" for name, (kind, materializer) in outputs.items()}


def _class_of(name: str) -> str:
    return f"class {name.replace(':', '.')}"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
