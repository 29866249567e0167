"""Imports of a component's module file: packaged as TFX does, and loaded from the text that is there now."""

from __future__ import annotations

import contextlib
import os
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import SourceFileLoader
from importlib.util import spec_from_file_location
from typing import TYPE_CHECKING, Any

from zencache.code.module_texts import modules_in
from zencache.util.imports import remove_finders

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.machinery import ModuleSpec
    from pathlib import Path

    from zencache.planning.component_body import ComponentBody


@contextlib.contextmanager
def user_modules(body: ComponentBody, node: Any, root: str) -> Iterator[None]:
    """Have a component import its module file as it is now, and no module of that name from elsewhere."""
    _, folder = body.module
    if folder is None:
        yield
        return
    _package(body, node, root)
    finder = _FolderFinder(modules_in(folder))
    before = {name: sys.modules.pop(name) for name in finder.files.keys() & sys.modules.keys()}
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        remove_finders(finder)
        for name in finder.files.keys() - before.keys():
            sys.modules.pop(name, None)
        sys.modules.update(before)


class _FolderFinder(MetaPathFinder):
    """Finds the modules of a module file's folder in that folder."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self.files = files

    def find_spec(
        self,
        fullname: str,
        path: Any = None,  # noqa: ARG002 - likewise
        target: Any = None,  # noqa: ARG002 - likewise
    ) -> ModuleSpec | None:
        file = self.files.get(fullname)
        return (
            spec_from_file_location(fullname, file, loader=_SourceLoader(fullname, str(file)))
            if file
            else None
        )


class _SourceLoader(SourceFileLoader):
    """Loads a module from its text: Python compares bytecode by size and seconds, which an edit may keep."""

    def path_stats(self, path: Any) -> Any:
        raise OSError(f"the bytecode of {path} is not looked at")


def _package(body: ComponentBody, node: Any, root: str) -> None:
    """Package a module file, as TFX does before it runs a pipeline; here only when the component runs."""
    parameters = node.parameters.parameters
    file = parameters["module_file"].field_value.string_value if "module_file" in parameters else ""
    if not file or os.environ.get("UNSUPPORTED_DO_NOT_PACKAGE_USER_MODULES"):
        return
    from tfx.components.util import udf_utils  # noqa: PLC0415 - a module file needs the whole of TFX

    _, path = udf_utils.package_user_module_file(body.spec.name, file, root)
    del parameters["module_file"]
    parameters["module_path"].field_value.string_value = path
