"""Follows code in modules that are not imported yet, by their text alone.

An import inside a function runs with the step, and a hit must not pay for it. So its names are followed in
the module's syntax tree: the statements that bind a name, the names that these use, and statements with side
effects at import.
"""

from __future__ import annotations

import ast
import builtins
import functools
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from zencache.code.ast_shape import Chain, Part, part_of
from zencache.code.digest_graph import Node
from zencache.code.dynamic import Target, absolute, draws_unseeded, targets
from zencache.code.module_origin import distributions, file_of_module, origin_of_module
from zencache.code.module_texts import (
    StaticModule,
    current_text,
    modules_in,
    newest_text,
    place_of,
    python_files,
    static_module,
    text_digest,
)
from zencache.code.source import first_line
from zencache.code.step_effects import is_late
from zencache.model.moved_modules import name_in_keys

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Iterator

    from zencache.code.effects_of_imports import EffectsOfImports
    from zencache.code.scopes import Imported
    from zencache.code.static_bindings import Binder, Bindings

_OF_MODULES = frozenset({"__name__", "__doc__", "__package__"})
_LIMIT = 2000  # modules that "any module of the project" may mean
Found = tuple[Node, tuple[str, ...]]
"""A node, and the attributes that are read from its object."""


def library_node(dotted: str, module: str) -> Node:
    """Represent an object in a library: its name, and the distributions of its module, by version."""
    packages = distributions(module) if origin_of_module(module) == "installed" else ()
    name = name_in_keys(dotted)
    return Node("library", name, outside=name, packages=packages)


_LOGGER_NAME = library_node("builtins.__name__", "builtins"), ()
"""The name of a module that names its logger does not count."""


class StaticReach:
    """Follows names through modules that are not imported."""

    def __init__(
        self,
        live: Callable[[Any], Node] | None = None,
        folder: Path | None = None,
        aspects: frozenset[str] = frozenset(),
        live_name: Callable[[types.ModuleType, str], Node] | None = None,
    ) -> None:
        """Follow names; modules in `folder` take precedence, with the current content of their files.

        `aspects` are those of code that other code inspects: docstrings, text, lines, place. `live_name`
        follows the value of a name in an imported module.
        """
        self.live = live
        self._live_name = live_name
        self._aspects = aspects
        """Follows an object that stands for a module without being one of a file."""
        self._folder = modules_in(folder) if folder else {}
        self.pending: list[Callable[[], None]] = []
        """Nodes that are not followed yet; chains of helpers may be longer than Python's stack."""
        self._origin = functools.cache(
            lambda name: "project" if self._inside(name) else origin_of_module(name)
        )
        self._file = functools.cache(lambda name: self._inside(name) or file_of_module(name))
        self.library = functools.cache(library_node)
        """Represents an object in a library, by one node for all uses."""
        self._modules: dict[str, StaticModule | None] = {}
        self._resolved: dict[tuple[str, Chain], Found] = {}
        self._nodes: dict[tuple[str, str], Node] = {}
        self._defined: dict[int, tuple[StaticModule, list[ast.stmt]]] = {}
        self._active: set[tuple[str, str]] = set()
        """Imported names that are being followed: modules may import each other's names."""

    @cached_property
    def _bindings(self) -> Bindings:
        from zencache.code.static_bindings import Bindings  # noqa: PLC0415 - only for late imports

        return Bindings(lambda name: self.module(name) if self._origin(name) == "project" else None)

    @cached_property
    def _import_effects(self) -> EffectsOfImports:
        from zencache.code.effects_of_imports import EffectsOfImports  # noqa: PLC0415 - only for late imports

        def read(name: str) -> StaticModule | None:
            return self.module(name) if self._origin(name) == "project" else None

        return EffectsOfImports(read, self.resolve, lambda node: self._defined.get(id(node)), self._put_off)

    # -- names --------------------------------------------------------------------------------

    def find(self, module: str, attributes: tuple[str, ...]) -> Found:
        """Follow `module.attribute.attribute` as far as modules go."""
        if self._origin(module) != "project":
            return self.library(".".join([module, *attributes]), module), ()
        origin = self.module(module)
        if origin is None:
            return self._without_text(module), attributes
        if not attributes or origin.text.tree is None:
            return self.whole(origin), attributes
        return self._attribute(origin, attributes[0], attributes[1:])

    def _attribute(self, module: StaticModule, name: str, rest: tuple[str, ...]) -> Found:
        """Follow a name of a module: what binds it, a submodule, or what `__getattr__` gives."""
        binders = self._bindings.of(module, name) if (module.name, name) not in self._active else []
        if self._live_name is not None and self._is_replaced(module, name, binders):
            return self._live_name(sys.modules[module.name], name), rest
        if binders:
            return self._bound(module, name, binders, rest)
        submodule = f"{module.name}.{name}"
        inner = self.find(submodule, rest) if self._file(submodule) is not None else None
        if "__getattr__" in module.bound:
            made = self._definition(module, "__getattr__", module.bound["__getattr__"])
            return Node("binding", own=[name], refs=[made, *(inner[:1] if inner else ())]), rest
        return inner or (self._of_every_module(module, name) or self._library_star(module, name), rest)

    def _is_replaced(self, module: StaticModule, name: str, binders: list[Binder]) -> bool:
        """Say whether a name of an imported module has another value than its text gives.

        A module that a step imported counts by its text, as in a fresh process, whatever steps left in it.
        """
        if module.name not in sys.modules or self._inside(module.name) or is_late(module.file):
            return False
        from zencache.code.replaced_names import is_replaced  # noqa: PLC0415 - only for late imports

        return is_replaced(module, name, binders)

    def _bound(self, module: StaticModule, name: str, binders: list[Binder], rest: tuple[str, ...]) -> Found:
        """Follow what binds a name: definitions, imports, or several of them."""
        targets = dict.fromkeys(target for binder in binders for target in binder.imports)
        statements = [binder.statement for binder in binders if not binder.is_import]
        if not targets:
            return self._definition(module, name, statements), rest
        self._active.add((module.name, name))
        try:
            followed = [self.imported(target, module.package, rest) for target in targets]
        finally:
            self._active.discard((module.name, name))
        if not statements and len(followed) == 1:
            return followed[0]
        if statements:
            followed.insert(0, (self._definition(module, name, statements), rest))
        return Node("binding", [list(left) for _, left in followed], [node for node, _ in followed]), rest

    def imported(self, target: Imported, package: str, rest: tuple[str, ...]) -> Found:
        """Follow the target of an import, and attributes of it."""
        module = absolute("." * target.level + target.module, package)
        return self.find(module, (target.attribute, *rest) if target.attribute else rest)

    def _of_every_module(self, module: StaticModule, name: str) -> Node | None:
        """Represent an attribute that every module has."""
        if name == "__dict__":
            return self.whole(module)
        if name == "__doc__" and module.text.tree is not None:
            return Node(
                "value", ast.get_docstring(module.text.tree, clean=False), text=f"docstring of {module.where}"
            )
        names = {"__name__": module.name, "__package__": module.package}
        return Node("value", names[name], text=names[name]) if name in names else None

    def _library_star(self, module: StaticModule, name: str) -> Node:
        """Represent a name that only a star import from a library can bind."""
        for _, target in module.stars:
            source = absolute("." * target.level + target.module, module.package)
            if self._origin(source) != "project" and not hasattr(builtins, name):
                return self.library(f"{source}.{name}", source)
        return Node("undefined", name)

    def _definition(self, module: StaticModule, name: str, statements: list[ast.stmt]) -> Node:
        key = (module.name, name)
        if key not in self._nodes:
            node = self._nodes[key] = Node("definition", label=_label(statements[-1], name, module.where))
            node.text = "\n".join(module.text.segment(s) for s in statements)
            node.written = module.written(statements, name)
            self._defined[id(node)] = (module, statements)
            self.pending.append(lambda: self._define(node, module, statements))
        return self._nodes[key]

    def _define(self, node: Node, module: StaticModule, statements: list[ast.stmt]) -> None:
        part = module.text.memory.part(statements)
        self._fill(node, part, module)
        node.refs += self._import_effects.of(module)
        inspected = {
            "docstrings": part.docstrings,
            "text": node.text,
            "lines": [first_line(statement) for statement in statements],
            "place": module.name,
        }
        if self._aspects & inspected.keys():
            node.own = [node.own, [inspected[aspect] for aspect in sorted(self._aspects & inspected.keys())]]
        if "globals" in self._aspects:
            node.refs.append(self.whole(module))

    def _put_off(self, node: Node, statements: list[ast.stmt], module: StaticModule) -> None:
        self.pending.append(lambda: self._fill(node, module.text.memory.part(statements), module))

    def drain(self) -> None:
        """Follow the pending nodes, and all that they reach."""
        while self.pending:
            self.pending.pop()()

    def definitions(self) -> Iterator[tuple[Node, StaticModule, list[ast.stmt]]]:
        """List the definitions that were followed; a module that counts whole has no statements."""
        for node in self._nodes.values():
            if id(node) in self._defined:
                yield (node, *self._defined[id(node)])
        for (name, inner), node in self._nodes.items():
            module = self._modules.get(name)
            if not inner and module is not None:
                yield node, module, []

    # -- modules ------------------------------------------------------------------------------

    def module(self, name: str) -> StaticModule | None:
        """Read a module of the project; None if it has no source text."""
        if name not in self._modules:
            file = self._file(name)
            read = newest_text if self._inside(name) else current_text
            text = read(name, file) if file and file.endswith(".py") else None
            self._modules[name] = static_module(name, file, text) if file and text else None
        return self._modules[name]

    def _inside(self, name: str) -> str | None:
        """Give a module's file in the folder that comes first."""
        file = self._folder.get(name)
        return str(file) if file else None

    def modules(self) -> list[StaticModule]:
        """List the modules that were read."""
        return [module for module in self._modules.values() if module is not None]

    def _without_text(self, module: str) -> Node:
        """Represent a module without source: an extension by its file's content, or a missing module."""
        file = self._file(module)
        if module in sys.modules and file is None and self.live is not None:
            return self.live(sys.modules[module])
        if file is None or not Path(file).is_file():
            return Node("missing", module, label=f"module {module}, which cannot be found")
        digest = blake3(Path(file).read_bytes()).hexdigest()
        return Node(
            "module",
            digest,
            label=f"module {module}",
            doubt=f"module {module} has no source text, so its file counts whole",
        )

    def whole(self, module: StaticModule) -> Node:
        """Include all of a module."""
        key = (module.name, "")
        if key not in self._nodes:
            node = self._nodes[key] = Node("module", label=f"module {module.where}", text=module.text.text)
            node.written = module.written(module.statements)
            if module.text.tree is None:
                node.own = blake3(module.text.text.encode()).hexdigest()
                node.doubt = f"{module.where} has a syntax error, so its text counts as it is"
                return node
            node.doubt = f"module {module.where} counts whole: which part is used is decided at run time"
            self.pending.append(lambda: self._fill_whole(node, module))
        return self._nodes[key]

    def _fill_whole(self, node: Node, module: StaticModule) -> None:
        part = module.text.memory.part(module.statements)
        self._fill(node, part, module)
        used = {chain.root for chain in part.chains}
        if not self._aspects.isdisjoint(("docstrings", "text", "lines")):
            node.own = [node.own, module.text.text]
        for name, passed_on in module.imports.items():
            if name not in used:
                node.refs += [ref for target in passed_on for ref in self._passed_on(name, target, module)]

    def _passed_on(self, name: str, target: Imported, module: StaticModule) -> Iterator[Node]:
        """Follow what a module imports without using it: other code may read it there."""
        source = absolute("." * target.level + target.module, module.package)
        if target.attribute is None or self._origin(source) != "project":
            return
        if name == "*":
            inner = self.module(source)
            yield from [self.whole(inner)] if inner else []
        elif self._file(f"{source}.{target.attribute}") is None:
            yield self.imported(target, module.package, ())[0]

    def effects(self, target: Imported, package: str) -> Node:
        """Represent the side effects of an import, whether its names are used or not."""
        name = absolute("." * target.level + target.module, package)
        packages = distributions(name) if self._origin(name) == "installed" else ()
        refs = []
        for imported in (name, f"{name}.{target.attribute}" if target.attribute else ""):
            module = self.module(imported) if imported and self._origin(imported) == "project" else None
            refs += self._import_effects.of(module) if module else []
        return Node("import", refs=refs, packages=packages)

    # -- what code takes from outside -----------------------------------------------------------

    def _fill(self, node: Node, part: Part, module: StaticModule) -> None:
        resolved = [self.resolve(chain, module) for chain in part.chains]
        if any("getLogger" in (chain.root, *chain.attributes) for chain in part.chains):
            resolved = [
                _LOGGER_NAME if chain.root == "__name__" else found
                for chain, found in zip(part.chains, resolved, strict=True)
            ]
        node.own = [part.shape, [list(rest) for _, rest in resolved]]
        node.refs = [ref for ref, _ in resolved]
        node.reflects = part.reflects
        if "subclasses" in part.reflects:
            node.refs += [self.whole(each) for each in self._import_effects.importing(module)]
        for number, ref in enumerate(list(node.refs)):
            if not ref.outside:
                continue
            for target in targets(ref.outside, part, number):
                node.refs += self.meant(target, module)
            if draws_unseeded(ref.outside, part, number):
                node.unseeded |= {ref.outside}

    def resolve(self, chain: Chain, module: StaticModule) -> Found:
        """Find the object of a name from outside that a module's code uses."""
        if self._active:  # what is being followed is left out
            return self._resolve(chain, module)
        key = (module.name, chain)
        if key not in self._resolved:
            resolved = self._resolve(chain, module)
            if resolved[0].kind not in ("library", "definition"):
                return resolved
            self._resolved[key] = resolved
        return self._resolved[key]

    def _resolve(self, chain: Chain, module: StaticModule) -> Found:
        if chain.imported is not None:
            if chain.effects:
                return self.effects(chain.imported, module.package), ()
            return self.imported(chain.imported, module.package, chain.attributes)
        resolved = (
            self.find(module.name, (chain.root, *chain.attributes)) if self._may_bind(module, chain) else None
        )
        if resolved is not None and resolved[0].kind != "undefined":
            return resolved
        if hasattr(builtins, chain.root) and chain.root not in _OF_MODULES:
            return self.library(f"builtins.{chain.root}", "builtins"), chain.attributes
        value = self._of_every_module(module, chain.root) if chain.root in _OF_MODULES else None
        return value or Node("undefined", chain.root), chain.attributes

    def _may_bind(self, module: StaticModule, chain: Chain) -> bool:
        return chain.root in module.bound or bool(module.stars)

    def meant(self, target: Target, module: StaticModule) -> list[Node]:
        """Include everything that dynamic code may refer to."""
        if target.kind == "module":
            return [self.find(absolute(target.text, module.package), ())[0]]
        if target.kind == "here":
            return [self.whole(module)]
        if target.kind == "code":
            return [self.code(target.text, module)]
        prefix = absolute(target.text, module.package) if target.kind == "prefix" else ""
        return [self.any_module(module.name, module.file, prefix)]

    def code(self, text: str, module: StaticModule) -> Node:
        """Follow code in a text literal."""
        node = Node("code")
        try:
            self._fill(node, part_of(ast.parse(text.strip())), module)
        except SyntaxError:
            node.own = text
        return node

    def any_module(self, module: str, file: str | None, prefix: str = "") -> Node:
        """Include every module of the project (below a package), because the code may refer to any."""
        what = f"every module below {prefix}" if prefix else "every module of the project"
        doubt = f"{what} counts: which one {place_of(module, file)} imports is decided at run time"
        files = list(python_files(module, file, prefix))
        if len(files) > _LIMIT:
            return Node(
                "any",
                unknown=True,
                doubt=f"{what} may be meant, and there are more than {_LIMIT}; "
                "import by a name that is written out",
            )
        refs = [Node("module", text_digest(path)) for path in files]
        return Node("any", refs=refs, unordered=True, doubt=doubt, label=what)


def _label(statement: ast.stmt, name: str, where: str) -> str:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return f"helper {name} in {where}"
    return f"{'class' if isinstance(statement, ast.ClassDef) else 'global'} {name} in {where}"
