"""Finds installed integrations by short names: `zencache.integrations.sklearn` is `zencache_sklearn`."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Any

from zencache.util.imports import OtherName

_PREFIX = f"{__name__}."


class _Alias(MetaPathFinder, OtherName):
    """Finds `zencache.integrations.NAME…` as `zencache_NAME…`: one module under two names."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:  # noqa: ARG002
        if not fullname.startswith(_PREFIX):
            return None
        name, _, rest = fullname[len(_PREFIX) :].partition(".")
        if importlib.util.find_spec(f"zencache_{name}") is None:
            _missing(fullname, name)
            return None
        origin = ".".join(filter(None, (f"zencache_{name}", rest)))
        if importlib.util.find_spec(origin) is None:
            _missing_in(fullname, origin)
        return ModuleSpec(fullname, self, origin=origin, is_package=True)


def _missing(fullname: str, name: str) -> None:
    """Raise ModuleNotFoundError for a missing integration; leave other modules to other finders."""
    from zencache.compat import missing_names, paths  # noqa: PLC0415 - only old code and mistakes come here
    from zencache.util.distributions import DISTRIBUTION, extras, install_advice  # noqa: PLC0415 - as above

    if fullname in paths.MODULES:
        return
    if name in missing_names.ADVICE:
        raise missing_names.no_import(f"{_PREFIX}{name}", ())
    if name in extras():
        advice = f"the integration {name} is not installed: {install_advice(name)}"
    else:
        advice = f"there is no integration {name}; {DISTRIBUTION} has the extras {', '.join(extras())}"
    raise ModuleNotFoundError(advice, name=fullname)


def _missing_in(fullname: str, origin: str) -> None:
    """Raise ModuleNotFoundError for a module that an installed integration does not have."""
    from zencache.compat import missing_names  # noqa: PLC0415 - as above

    above = importlib.import_module(origin.rpartition(".")[0])
    names = [submodule.name for submodule in pkgutil.iter_modules(getattr(above, "__path__", ()))]
    raise missing_names.no_import(fullname, (), names)


# First: the finder of paths would load a submodule again, under its alias.
sys.meta_path.insert(0, _Alias())
