"""Configuration: YAML files in groups, `${...}` interpolation, overrides, and objects made of `_target_`."""

import importlib
import re
from functools import reduce
from pathlib import Path

import yaml

INTERPOLATION = re.compile(r"\$\{([^}]+)\}")
RESOLVERS = {}


def resolver(name):
    def register(function):
        RESOLVERS[name] = function
        return function

    return register


@resolver("mul")
def multiplied(*numbers):
    return reduce(lambda a, b: a * b, map(yaml.safe_load, numbers))


@resolver("join")
def joined(*words):
    return "-".join(words)


class Node(dict):
    """A table whose entries are attributes too, and whose texts are interpolated when they are read."""

    def __init__(self, values=(), root=None):
        super().__init__()
        object.__setattr__(self, "_root", self if root is None else root)
        for key, value in dict(values).items():
            self[key] = value

    def __setitem__(self, key, value):
        if isinstance(value, dict):
            value = Node(value, self._root)
        super().__setitem__(key, value)

    def __getitem__(self, key):
        return self._resolved(super().__getitem__(key))

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"no entry {name!r} among {sorted(self)}") from None

    def get(self, key, default=None):
        return self[key] if key in self else default

    def items(self):
        return [(key, self[key]) for key in self]

    def select(self, dotted):
        return reduce(lambda node, name: node[name], dotted.split("."), self)

    def update_at(self, dotted, value):
        *sections, last = dotted.split(".")
        node = self
        for name in sections:
            if name not in node:
                node[name] = {}
            node = node[name]
        node[last] = value

    def _resolved(self, value):
        if isinstance(value, list):
            return [self._resolved(each) for each in value]
        if not isinstance(value, str):
            return value
        whole = INTERPOLATION.fullmatch(value)
        if whole:
            return self._looked_up(whole[1])
        return INTERPOLATION.sub(lambda match: str(self._looked_up(match[1])), value)

    def _looked_up(self, words):
        name, colon, arguments = words.partition(":")
        if colon:
            texts = [each.strip() for each in arguments.split(",")]
            return RESOLVERS[name](*(str(self._root.select(t)) if t[:1].isalpha() else t for t in texts))
        return self._root.select(words)


def merge(old, new):
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(old.get(key), dict):
            merge(old[key], value)
        else:
            old[key] = value
    return old


def read(path):
    return yaml.safe_load(path.read_text()) or {}


def compose(folder, overrides=()):
    """Read the main file, the group files that its defaults name, and apply overrides."""
    root = Path(__file__).resolve().parent.parent / folder
    main = read(root / "config.yaml")
    chosen = {}
    for entry in main.pop("defaults", []):
        chosen.update(entry)
    values = []
    for override in overrides:
        name, _, text = override.partition("=")
        if name in chosen:
            chosen[name] = text
        else:
            values.append((name.lstrip("+"), yaml.safe_load(text)))
    table = {}
    for group, name in chosen.items():
        merge(table, {group: read(root / group / f"{name}.yaml")})
    config = Node(merge(table, main))
    for name, value in values:
        config.update_at(name, value)
    return config


def locate(dotted):
    module, _, name = dotted.rpartition(".")
    return getattr(importlib.import_module(module), name)


def instantiate(node, **more):
    """Call what `_target_` names with the other entries."""
    if isinstance(node, list):
        return [instantiate(each) for each in node]
    if not isinstance(node, dict):
        return node
    arguments = {key: instantiate(value) for key, value in node.items() if not key.startswith("_")}
    if "_target_" not in node:
        return arguments
    return locate(node["_target_"])(**{**arguments, **more})
