"""Rewrites skops files so that equal models give equal bytes, in every process and at any time.

A skops file is a zip with `schema.json`, a tree of nodes that name their class, and arrays. skops names nodes
and arrays by addresses in memory, and a zip holds dates. Here nodes and arrays are numbered in order, arrays
of equal content share a file, and dates are fixed. Nothing is compressed, because zlib's output depends on
its version.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SCHEMA = "schema.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip can carry
# Values that cannot change are not numbered: whether two places share one is an accident.
_UNSHARED = ("JsonNode", "TypeNode", "TupleNode", "BytesNode", "SliceNode", "FunctionNode", "DTypeNode")

# Of text vectorizers: the address of their stop words, so that these are checked once in a process.
_ADDRESS = "_stop_words_id"
_NO_ADDRESS = "0"


def stable(data: bytes, modules: Mapping[str, str]) -> bytes:
    """Rewrite a skops file so that equal models have equal bytes, and rename modules."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        contents = {name: _stable_file(name, old.read(name)) for name in old.namelist() if name != _SCHEMA}
        schema = _canonical(json.loads(old.read(_SCHEMA)), modules)
    files: dict[bytes, str] = {}
    schema = _numbered(schema, {}, files, contents)
    members = [(name, content) for content, name in files.items()]
    return _zip([*members, (_SCHEMA, json.dumps(schema, indent=2).encode())])


def with_modules(data: bytes, modules: Mapping[str, str]) -> bytes:
    """Rename modules in a skops file, and change nothing else."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        members = {name: old.read(name) for name in old.namelist()}
    members[_SCHEMA] = json.dumps(_canonical(json.loads(members[_SCHEMA]), modules)).encode()
    return _zip(members.items())


def _zip(members: Iterable[tuple[str, bytes]]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as new:
        for name, content in members:
            new.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_STORED)
    return file.getvalue()


def _canonical(node: Any, modules: Mapping[str, str]) -> Any:
    """Sort the items of sets, whose order depends on hashing, clear an address, and rename modules."""
    if isinstance(node, list):
        return [_canonical(item, modules) for item in node]
    if not isinstance(node, dict):
        return node
    made = {key: _canonical(value, modules) for key, value in node.items()}
    if isinstance(made.get("__module__"), str):
        made["__module__"] = modules.get(made["__module__"], made["__module__"])
    address = made.get(_ADDRESS)
    if isinstance(address, dict) and address.get("__loader__") == "JsonNode":
        address["content"] = _NO_ADDRESS
    if made.get("__loader__") == "SetNode":
        made["content"].sort(key=_order)
    if made.get("__loader__") == "ConstructorFromReduceNode" and made["__class__"] == "frozenset":
        made["content"]["content"][0]["content"].sort(key=_order)
    return made


def _order(node: Any) -> str:
    """Give the sort key of a set's item: its text without memory addresses."""
    return json.dumps(_without_addresses(node), sort_keys=True)


def _without_addresses(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_addresses(item) for item in node]
    if isinstance(node, dict):
        return {key: _without_addresses(node[key]) for key in node.keys() - {"__id__", "file"}}
    return node


def _numbered(node: Any, ids: dict[int, int], files: dict[bytes, str], contents: Mapping[str, bytes]) -> Any:
    """Number the nodes in the order of the tree, and the files in the order of their first use."""
    if isinstance(node, list):
        return [_numbered(item, ids, files, contents) for item in node]
    if not isinstance(node, dict):
        return node
    made = dict(node)
    if isinstance(made.get("__id__"), int):
        number = made.pop("__id__")
        if not _is_unshared(made):
            made["__id__"] = ids.setdefault(number, len(ids) + 1)
    if isinstance(made.get("file"), str):
        content = contents[made["file"]]
        made["file"] = files.setdefault(content, f"{len(files) + 1}{Path(made['file']).suffix}")
    return {key: _numbered(value, ids, files, contents) for key, value in made.items()}


def _is_unshared(node: Mapping[str, Any]) -> bool:
    is_scalar = node.get("__loader__") == "NdArrayNode" and node.get("__class__") != "ndarray"
    return is_scalar or node.get("__loader__") in _UNSHARED


def _stable_file(name: str, content: bytes) -> bytes:
    if name.endswith(".npy"):
        return _without_padding(content)
    if name.endswith(".npz"):  # a sparse matrix, which scipy stores as a zip with dates
        with zipfile.ZipFile(io.BytesIO(content)) as arrays:
            return _zip((member, arrays.read(member)) for member in arrays.namelist())
    return content


def _without_padding(content: bytes) -> bytes:
    """Zero the bytes between the fields of a structured array (a tree's nodes), which are uninitialized."""
    import numpy as np  # noqa: PLC0415 - imported when there is an estimator

    array = np.load(io.BytesIO(content), allow_pickle=False)
    if not array.dtype.names:
        return content
    clean = np.zeros(array.shape, array.dtype)  # `zeros_like` leaves the bytes between fields as they are
    for field in array.dtype.names:
        clean[field] = array[field]
    file = io.BytesIO()
    np.save(file, clean, allow_pickle=False)
    return file.getvalue()
