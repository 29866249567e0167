"""Finds the pipeline that a command names: `module:pipeline`, or `path/to/file.py:pipeline`."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from zencache.cli.output import import_from_here
from zencache.errors import DefinitionError, NotFoundError
from zencache.model.plugins import components
from zencache.pipelines import Pipeline, PipelineDefinition
from zencache.pipelines.instance import of_components
from zencache.pipelines.run_guard import dry
from zencache.steps.tfx_objects import is_pipeline

if TYPE_CHECKING:
    import types
    from collections.abc import Mapping

_HOW = "name a variable that holds a Pipeline (zencache's or TFX's), or a function that returns one"


def find_pipeline(target: str, parameters: Mapping[str, Any], *, store: str = "pipeline") -> Pipeline:
    """Import the module that is named and make the pipeline; no run can start meanwhile.

    One of TFX is adopted; `store` says where its records and artifacts go.

    Raises NotFoundError that says which names there are, and DefinitionError where a pipeline has
    slots that nothing fills.
    """
    place, _, name = target.rpartition(":")
    if not place:
        place, name = target, ""
    with dry():
        module = _import(place)
        return _pipeline(_named(module, place, name), name, parameters, store)


# -- the module -------------------------------------------------------------------------------------


def _import(place: str) -> types.ModuleType:
    import_from_here()
    if place.endswith(".py") or "/" in place:
        return _import_file(Path(place))
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{place}.".startswith(f"{error.name}."):
            raise  # the module is there, and lacks another one
        raise NotFoundError(
            f"there is no module {place} in {Path.cwd()} or among what is installed; "
            "correct the name, or give the file: path/to/file.py:pipeline"
        ) from error


def _import_file(file: Path) -> types.ModuleType:
    """Import a file; it can import its neighbours, as a script can."""
    path = file.resolve()
    if not path.is_file():
        raise NotFoundError(f"there is no file {file} in {Path.cwd()}; correct the path")
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise NotFoundError(f"{file} is not a Python file; give path/to/file.py:pipeline")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _pipelines(module: types.ModuleType) -> list[str]:
    kinds = Pipeline | PipelineDefinition
    return [name for name, value in vars(module).items() if isinstance(value, kinds) or is_pipeline(value)]


def _named(module: types.ModuleType, place: str, name: str) -> Any:
    names = _pipelines(module) or [n for n, v in vars(module).items() if inspect.isfunction(v)]
    if not name:
        each = ", ".join(f"{place}:{n}" for n in names) or f"{place}:NAME"
        raise NotFoundError(f"say which pipeline of {place} is meant: {each}")
    value: Any = module
    for part in name.split("."):
        if not hasattr(value, part):
            raise NotFoundError.named("pipeline", name, names, hint=f"module {place}")
        value = getattr(value, part)
    return value


# -- the pipeline -----------------------------------------------------------------------------------


def _pipeline(value: Any, name: str, parameters: Mapping[str, Any], store: str) -> Pipeline:
    if isinstance(value, Pipeline) or is_pipeline(value):
        if parameters:
            raise DefinitionError(
                f"{name} is a Pipeline already, and takes no parameters; leave --set out, "
                "or name the @pipeline function that it was made by"
            )
        return cast("Pipeline", _adopted(value, store))
    if not isinstance(value, PipelineDefinition) and not inspect.isfunction(value):
        raise DefinitionError(f"{name} is not a pipeline, but a {type(value).__name__}; {_HOW}")
    _check_filled(value, name, parameters)
    pipeline = _adopted(value(**parameters), store)
    if not isinstance(pipeline, Pipeline):
        raise DefinitionError(f"{name}() gave a {type(pipeline).__name__}, not a Pipeline; {_HOW}")
    return pipeline


def _adopted(pipeline: Any, store: str) -> Any:
    """Adopt a pipeline of TFX; any other value is returned unchanged."""
    return of_components(*components().read(pipeline, store=store)) if is_pipeline(pipeline) else pipeline


def _check_filled(function: Any, name: str, parameters: Mapping[str, Any]) -> None:
    """Raise DefinitionError for a slot, or a parameter without a default, that has no value."""
    taken = inspect.signature(getattr(function, "entrypoint", function)).parameters.values()
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    wanted = [p for p in taken if p.kind not in variable]
    if empty := [p.name for p in wanted if p.default is p.empty and p.name not in parameters]:
        raise DefinitionError(
            f"{name}: nothing fills {', '.join(empty)}. Where these are steps, {_HOW} "
            f"(`made = {name}({', '.join(f'{n}=…' for n in empty)})`); where they are parameters, "
            f"give them: {' '.join(f'--set {n}=…' for n in empty)}"
        )
    names = [p.name for p in wanted]
    if inspect.isfunction(function) and (unknown := [n for n in parameters if n not in names]):
        raise NotFoundError.named("parameter", unknown[0], names, hint=f"function {name}")
