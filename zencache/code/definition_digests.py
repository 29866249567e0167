"""Digests definitions of the project by the texts of its modules, without importing them.

A function counts by its shape and by the globals that it uses, with the imports and the definitions that make
them. Functions that it would call do not count: those that ran have digests of their own.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from zencache.code.digest_graph import digest_of
from zencache.code.module_origin import file_of_module, origin_of_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zencache.code.module_shapes import ModuleShapes, Target, Unit, Use

_AT_SUBCLASSING = ("__init_subclass__", "__set_name__")
_AT_CREATION = (*_AT_SUBCLASSING, "__new__", "__init__", "__post_init__", "__call__")
_DEEPEST = 30  # modules that a name is imported through
_Key = tuple[str, str, bool]
"""A file, the name of a unit in it, and whether what the unit's body calls is followed."""
_Visited = set[tuple[str, tuple[str, ...]]]
"""Files with the names that were looked up in them; modules may import everything from each other."""


class DefinitionDigests:
    """Digests definitions; each file's shapes are asked for once."""

    def __init__(self, shapes_of: Callable[[str], ModuleShapes | None], root: Path) -> None:
        """`shapes_of` gives the shapes of a file; None for one that is not there or cannot be parsed."""
        self._shapes_of = shapes_of
        self._root = root
        self._shapes: dict[str, ModuleShapes | None] = {}
        self._files: dict[tuple[str, str], str | None] = {}
        self._described: dict[_Key, tuple[list[object], list[_Key]]] = {}

    def digest(self, file: str, name: str) -> str | None:
        """Digest a definition by its file and its qualified name; None if it is gone."""
        shapes = self.shapes(file)
        if shapes is None or name not in shapes.units:
            return None
        start = (file, name, False)
        queue, keys, described = deque([start]), {start}, []
        while queue:
            key = queue.popleft()
            own, following = self._describe(key)
            described.append(own)
            for each in following:
                if each not in keys:
                    keys.add(each)
                    queue.append(each)
        return digest_of(["definition/1", *described])[:32]

    def shapes(self, file: str) -> ModuleShapes | None:
        """Give the shapes of a file."""
        if file not in self._shapes:
            self._shapes[file] = self._shapes_of(file)
        return self._shapes[file]

    # -- one unit -----------------------------------------------------------------------------

    def _describe(self, key: _Key) -> tuple[list[object], list[_Key]]:
        """Give a unit's own content with the names that it uses, and the units that count with it."""
        if key not in self._described:
            file, name, follows_calls = key
            shapes = self.shapes(file)
            assert shapes is not None
            unit = shapes.units[name]
            following = list(self._around(file, name, unit, shapes))
            names = []
            for use in unit.uses:
                text, keys = self._resolve(use, file, shapes, follows_calls or use.at_definition)
                names.append(text)
                following += keys
            self._described[key] = ([unit.kind, unit.shape, names], following)
        return self._described[key]

    @staticmethod
    def _around(file: str, name: str, unit: Unit, shapes: ModuleShapes) -> Iterator[_Key]:
        """Give the class of a method, whose attributes the method may read."""
        outer = name.rpartition(".")[0]
        if unit.kind == "function" and outer in shapes.units:
            yield file, outer, True

    def _resolve(self, use: Use, file: str, shapes: ModuleShapes, follows: bool) -> tuple[str, list[_Key]]:
        """Say what a name stands for, and give the units that make its value."""
        if use.imported is not None:
            return self._imported(use.imported, use.attributes, file, use.is_called and follows, set())
        return self._named(file, shapes, (use.root, *use.attributes), use.is_called and follows, set())

    def _named(
        self,
        file: str,
        shapes: ModuleShapes,
        names: tuple[str, ...],
        is_called: bool,
        visited: _Visited,
        depth: int = 0,
    ) -> tuple[str, list[_Key]]:
        root, rest = names[0], names[1:]
        if (file, names) in visited:
            return ".".join(names), []
        visited.add((file, names))
        if root in shapes.units:
            return self._unit(file, shapes, root, rest, is_called)
        if shapes.imports.get(root):
            return self._imported(shapes.imports[root][-1], rest, file, is_called, visited, depth)
        for target in shapes.imports.get("*", ()):
            star = self._file(target[0], target[1], file)
            behind = self.shapes(star) if star and depth < _DEEPEST else None
            if star and behind and (root in behind.units or root in behind.imports or "*" in behind.imports):
                text, keys = self._named(star, behind, names, is_called, visited, depth + 1)
                if text != ".".join(names):
                    return text, keys
        return ".".join(names), []

    def _unit(
        self, file: str, shapes: ModuleShapes, root: str, rest: tuple[str, ...], is_called: bool
    ) -> tuple[str, list[_Key]]:
        text = f"{self._place(file)}:{'.'.join((root, *rest))}"
        kind = shapes.units[root].kind
        if kind == "function":
            return text, [(file, root, True)] if is_called else []
        keys = [(file, root, True)]
        if kind == "class":
            methods = (*_AT_CREATION, *rest[:1]) if is_called else _AT_SUBCLASSING
            keys += [(file, f"{root}.{m}", True) for m in methods if f"{root}.{m}" in shapes.units]
        return text, keys

    def _imported(
        self,
        target: Target,
        rest: tuple[str, ...],
        file: str,
        is_called: bool,
        visited: _Visited,
        depth: int = 0,
    ) -> tuple[str, list[_Key]]:
        """Follow the target of an import through modules of the project."""
        module, level, attribute = target
        names = (*([attribute] if attribute else []), *rest)
        here = self._file(module, level, file)
        while here is not None and names and depth < _DEEPEST:
            shapes = self.shapes(here)
            if shapes and (names[0] in shapes.units or names[0] in shapes.imports):
                return self._named(here, shapes, names, is_called, visited, depth + 1)
            inner = _submodule(here, names[0])
            if inner is None:
                return (
                    self._named(here, shapes, names, is_called, visited, depth + 1)
                    if shapes
                    else (names[0], [])
                )
            here, names = inner, names[1:]
        start = self._place(here) if here else f"{'.' * level}{module}"
        return ".".join((start, *names)), []

    # -- files --------------------------------------------------------------------------------

    def _file(self, module: str, level: int, file: str) -> str | None:
        """Find the file of an imported module of the project: beside the importing file, or by its name."""
        key = (f"{'.' * level}{module}", str(Path(file).parent))
        if key not in self._files:
            self._files[key] = self._find(module, level, Path(file).parent)
        return self._files[key]

    def _find(self, module: str, level: int, folder: Path) -> str | None:
        parts = module.split(".") if module else []
        if level:
            start = folder.parents[level - 2] if level > 1 else folder
            return _module_at(start.joinpath(*parts))
        is_inside = folder.is_relative_to(self._root)
        for start in (folder, *folder.parents) if is_inside else ():
            if found := _module_at(start.joinpath(*parts)):
                return found
            if start == self._root:
                break
        file = file_of_module(module)
        return file if file and file.endswith(".py") and origin_of_file(file) == "project" else None

    def _place(self, file: str) -> str:
        path = Path(file)
        return str(path.relative_to(self._root)) if path.is_relative_to(self._root) else file


def _module_at(path: Path) -> str | None:
    """Give the file of the module or the package at a path without its suffix."""
    for file in (path / "__init__.py", path.with_name(f"{path.name}.py")):
        if file.is_file():
            return str(file)
    return None


def _submodule(package: str, name: str) -> str | None:
    path = Path(package)
    return _module_at(path.parent / name) if path.name == "__init__.py" else None
