"""Configuration files of runs (0.5 to 0.39): parameters and options of steps in YAML.

::

    run_name: monday
    enable_cache: false
    parameters: {gamma: 0.01}        # of the pipeline's own arguments
    steps:
      trainer:                       # a slot, or a step's name
        enable_cache: true
        parameters: {epochs: 3}      # plain arguments, or fields of the parameters model

Other keys of older releases (`settings`, …) are ignored with a note.
"""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from zencache.compat.options import check_options, is_known, note
from zencache.errors import NotFoundError, ParameterError, SettingsError
from zencache.model.secrets import seal_of_process
from zencache.model.values import to_text
from zencache.pipelines.instance import PipelineParts
from zencache.planning.bodies import FunctionBody
from zencache.steps.binding import check_parameter, spread
from zencache.steps.signature import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zencache.model.specs import StepSpec
    from zencache.pipelines.instance import Pipeline, PipelineFunction
    from zencache.steps.parameters import BaseParameters
    from zencache.steps.step import Step

Both = Literal["raise", "overwrite", "keep"]
"""If code and file both give a value: raise, take the file's, or keep the code's with a note."""
_IN_CODE = "step_configurations"
_OF_FILE = ("name", "run_name", "enable_cache", "parameters", "steps")
_OF_STEP = ("source", "parameters", "enable_cache", "name")
_EXPONENT = re.compile(r"^[-+]?[0-9]+[eE][-+]?[0-9]+$")  # YAML 1.1 reads `1e-3` as a text


def read(file: str | Path) -> dict[str, Any]:
    """Read a configuration file; raises SettingsError that says what is wrong with it."""
    import yaml  # noqa: PLC0415 - only who has such a file needs it

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        pass

    Loader.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, list("-+0123456789"))
    try:
        config = yaml.load(Path(file).read_text(encoding="utf-8"), Loader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise SettingsError(
            f"the configuration file {file} cannot be read: {error.strerror}; correct its path"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"the configuration file {file} is not YAML: {' '.join(str(error).split())}"
        ) from error
    return checked(config or {}, str(file))


def checked(config: Any, where: str) -> dict[str, Any]:
    """Check the shape of a configuration; raises SettingsError that says where it is wrong."""
    _check_keys(config, _OF_FILE, "run", where)
    for name, step in _mapping(config.get("steps"), f"{where}: steps").items():
        _check_keys(step, _OF_STEP, f"step {name}", f"{where}: steps: {name}")
        _check_flag(step, f"{where}: steps: {name}")
    _check_flag(config, where)
    return dict(config)


def for_run(
    pipeline: Pipeline, config_path: str | Path | None, older: Mapping[str, Any]
) -> tuple[Pipeline, dict[str, Any]]:
    """Apply a file and older options of `run`: give the pipeline of one run, and options of that run."""
    steps = older.get(_IN_CODE)
    check_options("run", {name: value for name, value in older.items() if name != _IN_CODE})
    config = read(config_path) if config_path is not None else {}
    if config:
        pipeline = pipeline.with_parts(applied(pipeline, config, config_path, "keep"))
    if steps:
        in_code = checked({"steps": {name: _plain(step) for name, step in steps.items()}}, _IN_CODE)
        pipeline = pipeline.with_parts(applied(pipeline, in_code, _IN_CODE, "overwrite"))
    return pipeline, {
        name: config[name] for name in ("run_name", "enable_cache") if config.get(name) is not None
    }


def applied(pipeline: Pipeline, config: Mapping[str, Any], where: Any, both: Both) -> PipelineParts:
    """Give the parts of a pipeline with the parameters and options of a configuration."""
    configured = _with_parameters(
        pipeline, _mapping(config.get("parameters"), f"{where}: parameters"), where, both
    )
    # The pipeline may have been configured since its function was called.
    spec = configured.spec.replaced(enable_cache=pipeline.spec.enable_cache)
    bodies, steps = dict(configured.parts.bodies), dict(configured.parts.steps)
    for name, step_config in _mapping(config.get("steps"), "steps").items():
        step = _step_named(configured, name, where)
        body = bodies[step]
        if isinstance(body, FunctionBody):
            bodies[step] = _configured(body, steps[step], step_config, where, both)
            steps[step] = steps[step].with_options(enable_cache=step_config.get("enable_cache"))
        elif step_config.get("parameters"):
            raise ParameterError(
                f"{where}: step {step} is a TFX component; give its parameters where it is made"
            )
        else:
            bodies[step] = body.with_spec(_flagged(body.spec, step_config))
    spec = spec.replaced(steps=tuple(body.spec for body in bodies.values()))
    return PipelineParts(spec, bodies, steps)


# -- the pipeline's own arguments -----------------------------------------------------------------


def _with_parameters(pipeline: Pipeline, parameters: Mapping[str, Any], where: Any, both: Both) -> Pipeline:
    """Read the pipeline's body again, with other values of its arguments."""
    if not parameters:
        return pipeline
    if pipeline.parts.call is None:
        raise ParameterError(
            f"{where}: pipeline {pipeline.name} was copied, changed or found in the repository, so that its "
            f"own "
            "arguments are given already; put parameters under steps"
        )
    definition, arguments = pipeline.parts.call
    _check_known_of(definition, parameters, where)
    taken = _taken(f"pipeline {pipeline.name}", parameters, arguments, where, both)
    return definition(**{**arguments, **taken})


def _check_known_of(definition: PipelineFunction, names: Mapping[str, Any], where: Any) -> None:
    accepted = inspect.signature(definition.entrypoint).parameters
    for name in names:
        if name not in accepted:
            raise ParameterError(
                f"{where}: pipeline {definition.name}: {_unknown('parameter', name, accepted)}"
            )


# -- steps ----------------------------------------------------------------------------------------


def _step_named(pipeline: Pipeline, name: str, where: Any) -> str:
    try:
        return pipeline.spec.step(name).name
    except NotFoundError as error:
        raise NotFoundError(f"{where}: {error}") from error


def _configured(
    body: FunctionBody, step: Step, config: Mapping[str, Any], where: Any, both: Both
) -> FunctionBody:
    """Give a step's body with the parameters and the `enable_cache` of a configuration."""
    parameters = _mapping(config.get("parameters"), f"{where}: steps: {body.spec.name}: parameters")
    arguments = _arguments(body, step, parameters, where, both)
    spec = _flagged(body.spec, config).replaced(parameters=spread(step.signature, arguments))
    return dataclasses.replace(body, spec=spec, arguments=arguments)


def _flagged(spec: StepSpec, config: Mapping[str, Any]) -> StepSpec:
    flag = config.get("enable_cache")
    return spec if flag is None else spec.replaced(enable_cache=flag)


def _arguments(
    body: FunctionBody, step: Step, from_file: Mapping[str, Any], where: Any, both: Both
) -> dict[str, Any]:
    signature, arguments = step.signature, dict(body.arguments)
    model = signature.model
    fields = dict(arguments[model.name]) if model else {}
    plain = {a.name: a for a in signature.of_kind("value") if a.name in arguments}
    _check_known(body.spec.name, from_file, [*plain, *fields], where)
    from_code = {n: v for n, v in arguments.items() if n in plain and not _is_default(v, plain[n].default)}
    fields_from_code = _changed_fields(arguments[model.name]) if model else {}
    from_code |= fields_from_code
    taken = _taken(f"step {body.spec.name}", from_file, from_code, where, both)
    arguments |= {n: check_parameter(body.spec.name, plain[n], v) for n, v in taken.items() if n in plain}
    if model and (named := {n: v for n, v in taken.items() if n in fields}):
        arguments[model.name] = check_parameter(body.spec.name, model, fields_from_code | named)
    return {name: arguments[name] for name in body.arguments}


def _changed_fields(model: BaseParameters) -> dict[str, Any]:
    """Give the fields whose values are not the defaults."""
    declared = type(model).model_fields
    return {
        name: value
        for name, value in model
        if name not in declared
        or declared[name].is_required()
        or not _is_default(value, declared[name].get_default(call_default_factory=True))
    }


def _is_default(value: Any, default: Any) -> bool:
    return default is not MISSING and to_text(value, seal_of_process) == to_text(default, seal_of_process)


def _taken(
    what: str, from_file: Mapping[str, Any], from_code: Mapping[str, Any], where: Any, both: Both
) -> dict[str, Any]:
    """Choose the values of a file that apply: `both` decides on those that the code gives as well."""
    twice = [name for name in from_file if name in from_code]
    if twice and both == "raise":
        raise ParameterError(
            f"{what}: {', '.join(twice)} is given in the code and in {where}; leave one out, or say "
            "with_config(…, overwrite_step_parameters=True) to take the file's"
        )
    if twice and both == "keep":
        note(f"{what}: {', '.join(twice)} in {where} is ignored: the code gives it")
    return {name: value for name, value in from_file.items() if both == "overwrite" or name not in from_code}


# -- shape ----------------------------------------------------------------------------------------


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise SettingsError(f"{where} must be names with values, not {value!r}")
    return value


def _check_keys(config: Any, known: Iterable[str], what: str, where: str) -> None:
    unknown = {n: v for n, v in _mapping(config, where).items() if n not in known}
    for name in unknown:
        if "materializer" in name or name == "outputs":
            raise SettingsError(f"{where}: {name} is chosen in code: @step(output_materializers=…)")
        if not is_known(what, name):
            raise SettingsError(f"{where}: {_unknown('key', name, known)}")
    check_options(what, unknown)


def _check_flag(config: Mapping[str, Any], where: str) -> None:
    flag = config.get("enable_cache")
    if flag is not None and not isinstance(flag, bool):
        raise SettingsError(f"{where}: enable_cache must be true or false, not {flag!r}")


def _check_known(step: str, names: Mapping[str, Any], known: list[str], where: Any) -> None:
    for name in names:
        if name not in known:
            raise ParameterError(f"{where}: step {step}: {_unknown('parameter', name, known)}")


def _unknown(kind: str, name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"there is no {kind} {name}; " + (
        f"did you mean {near[0]}?" if near else f"known: {', '.join(known) or 'none'}"
    )


def _plain(config: Any) -> Any:
    """Give a step's configuration as a mapping; older releases had a model for it."""
    return config.model_dump(exclude_none=True) if hasattr(config, "model_dump") else config
