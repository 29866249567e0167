"""Lists the statements with side effects at the import of a module that is not imported yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zencache.code.digest_graph import Node
from zencache.code.module_texts import with_parents
from zencache.code.registrations import Registrations
from zencache.code.static_effects import ImportEffects

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Iterator

    from zencache.code.ast_shape import Chain
    from zencache.code.module_texts import StaticModule


class EffectsOfImports:
    """Lists them for modules, each once.

    `read` gives a module of the project by its name, `resolve` the object of a name in a module, and
    `defined` the statements of a definition's node. `put_off` has a node followed later, by statements.
    """

    def __init__(
        self,
        read: Callable[[str], StaticModule | None],
        resolve: Callable[[Chain, StaticModule], tuple[Node, tuple[str, ...]]],
        defined: Callable[[Node], tuple[StaticModule, list[ast.stmt]] | None],
        put_off: Callable[[Node, list[ast.stmt], StaticModule], None],
    ) -> None:
        self._read = read
        self._put_off = put_off
        self._rules = Registrations(resolve, defined), ImportEffects(resolve, defined)
        """The rules that find statements with effects: by proof for definitions, else by evidence."""
        self._of_modules: dict[str, list[Node]] = {}
        self._own: dict[str, Node | None] = {}
        self._imports: dict[str, list[StaticModule]] = {}

    def of(self, module: StaticModule) -> list[Node]:
        """List in order the statements with side effects at the import of a module and of its imports."""
        if module.name not in self._of_modules:
            nodes = [self._of_one(imported) for imported in self.importing(module)]
            effects = [node for node in nodes if node is not None]
            imports = [Node("imports", refs=effects)] if effects else []
            self._of_modules[module.name] = imports
        return self._of_modules[module.name]

    def importing(self, module: StaticModule) -> Iterator[StaticModule]:
        """List the modules that the import of a module imports, packages around them included."""
        seen = {module.name}
        yield module
        around = [each for name in with_parents(module.name) if (each := self._read(name)) is not None]
        below = [iter([*around, *self._imports_of(module)])]
        while below:
            inner = next(below[-1], None)
            if inner is None:
                below.pop()
            elif inner.name not in seen:
                seen.add(inner.name)
                yield inner
                below.append(iter(self._imports_of(inner)))

    def _imports_of(self, module: StaticModule) -> list[StaticModule]:
        """List the modules of the project that a module imports by itself."""
        if module.name not in self._imports:
            names = module.imported_modules
            self._imports[module.name] = [e for name in names if (e := self._read(name)) is not None]
        return self._imports[module.name]

    def _of_one(self, module: StaticModule) -> Node | None:
        """Give the statements with side effects of one module; None if it has none."""
        if module.name not in self._own:
            statements = [s for s in module.statements if self._has_effect(s, module)]
            node = Node("effects", label=f"what importing {module.where} does") if statements else None
            self._own[module.name] = node
            if node is not None:
                node.text = "\n".join(module.text.segment(s) for s in statements)
                node.written = module.written(statements)
                self._put_off(node, statements, module)
        return self._own[module.name]

    def _has_effect(self, statement: ast.stmt, module: StaticModule) -> bool:
        """Say whether a statement may change what other statements bind."""
        return any(rule.has_effect(statement, module) for rule in self._rules)
