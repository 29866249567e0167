"""Configuration files of runs (0.5 to 0.39): parameters and options of steps in YAML.

::

    run_name: monday
    enable_cache: false
    parameters: {gamma: 0.01}        # of the pipeline's own arguments
    steps:
      trainer:                       # a slot, or a step's name
        enable_cache: true
        parameters: {epochs: 3}      # plain arguments, or fields of the parameters model

Other keys of older releases (`settings`, …) are passed over with a note.
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
    from zencache.steps.step import Step

Both = Literal["raise", "overwrite", "keep"]
"""What is done where code and file give a value: raise, take the file's, or keep the code's and say so."""
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
        given = yaml.load(Path(file).read_text(encoding="utf-8"), Loader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise SettingsError(
            f"the configuration file {file} cannot be read: {error.strerror}; correct its path"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"the configuration file {file} is not YAML: {' '.join(str(error).split())}"
        ) from error
    return checked(given or {}, str(file))


def checked(given: Any, where: str) -> dict[str, Any]:
    """Give a configuration back if it has the shape of one; raises SettingsError if not."""
    _check_keys(given, _OF_FILE, "run", where)
    for name, step in _mapping(given.get("steps"), f"{where}: steps").items():
        _check_keys(step, _OF_STEP, f"step {name}", f"{where}: steps: {name}")
        _check_flag(step, f"{where}: steps: {name}")
    _check_flag(given, where)
    return dict(given)


def for_run(
    pipeline: Pipeline, config_path: str | Path | None, older: Mapping[str, Any]
) -> tuple[Pipeline, dict[str, Any]]:
    """Give the pipeline of one run, and the options of that run: from a file, and from older options of `run`."""
    steps = older.get(_IN_CODE)
    check_options("run", {name: value for name, value in older.items() if name != _IN_CODE})
    given = read(config_path) if config_path is not None else {}
    if given:
        pipeline = pipeline.with_parts(applied(pipeline, given, config_path, "keep"))
    if steps:
        in_code = checked({"steps": {name: _plain(step) for name, step in steps.items()}}, _IN_CODE)
        pipeline = pipeline.with_parts(applied(pipeline, in_code, _IN_CODE, "overwrite"))
    return pipeline, {
        name: given[name] for name in ("run_name", "enable_cache") if given.get(name) is not None
    }


def applied(pipeline: Pipeline, given: Mapping[str, Any], where: Any, both: Both) -> PipelineParts:
    """Give the parts of a pipeline with the parameters and options of a configuration."""
    made = _with_parameters(pipeline, _mapping(given.get("parameters"), f"{where}: parameters"), where, both)
    spec = made.spec.replaced(enable_cache=pipeline.spec.enable_cache)  # it may have been configured since
    bodies, steps = dict(made.parts.bodies), dict(made.parts.steps)
    for name, config in _mapping(given.get("steps"), "steps").items():
        step = _step_named(made, name, where)
        body = bodies[step]
        if isinstance(body, FunctionBody):
            bodies[step] = _configured(body, steps[step], config, where, both)
            steps[step] = steps[step].with_options(enable_cache=config.get("enable_cache"))
        elif config.get("parameters"):
            raise ParameterError(
                f"{where}: step {step} is a TFX component; give its parameters where it is made"
            )
        else:
            bodies[step] = body.with_spec(_flagged(body.spec, config))
    spec = spec.replaced(steps=tuple(body.spec for body in bodies.values()))
    return PipelineParts(spec, bodies, steps)


# -- the pipeline's own arguments -----------------------------------------------------------------


def _with_parameters(pipeline: Pipeline, given: Mapping[str, Any], where: Any, both: Both) -> Pipeline:
    """Read the pipeline's body again, with other values of its arguments."""
    if not given:
        return pipeline
    if pipeline.parts.call is None:
        raise ParameterError(
            f"{where}: pipeline {pipeline.name} was copied, changed or found in the repository, so that its own "
            "arguments are given already; put parameters under steps"
        )
    definition, arguments = pipeline.parts.call
    _check_known_of(definition, given, where)
    taken = _taken(f"pipeline {pipeline.name}", given, arguments, where, both)
    return definition(**{**arguments, **taken})


def _check_known_of(definition: PipelineFunction, given: Mapping[str, Any], where: Any) -> None:
    known = inspect.signature(definition.entrypoint).parameters
    for name in given:
        if name not in known:
            raise ParameterError(f"{where}: pipeline {definition.name}: {_unknown('parameter', name, known)}")


# -- steps ----------------------------------------------------------------------------------------


def _step_named(pipeline: Pipeline, name: str, where: Any) -> str:
    try:
        return pipeline.spec.step(name).name
    except NotFoundError as error:
        raise NotFoundError(f"{where}: {error}") from error


def _configured(
    body: FunctionBody, step: Step, config: Mapping[str, Any], where: Any, both: Both
) -> FunctionBody:
    """Give a step's body with the parameters and the flag of a configuration."""
    given = _mapping(config.get("parameters"), f"{where}: steps: {body.spec.name}: parameters")
    arguments = _arguments(body, step, given, where, both)
    spec = _flagged(body.spec, config).replaced(parameters=spread(step.signature, arguments))
    return dataclasses.replace(body, spec=spec, arguments=arguments)


def _flagged(spec: StepSpec, config: Mapping[str, Any]) -> StepSpec:
    flag = config.get("enable_cache")
    return spec if flag is None else spec.replaced(enable_cache=flag)


def _arguments(
    body: FunctionBody, step: Step, given: Mapping[str, Any], where: Any, both: Both
) -> dict[str, Any]:
    signature, made = step.signature, dict(body.arguments)
    model = signature.model
    fields = dict(made[model.name]) if model else {}
    plain = {a.name: a for a in signature.of_kind("value") if a.name in made}
    _check_known(body.spec.name, given, [*plain, *fields], where)
    said = {n: v for n, v in made.items() if n in plain and not _is_default(v, plain[n].default)}
    said |= {n: fields[n] for n in (made[model.name].model_fields_set if model else ())}
    taken = _taken(f"step {body.spec.name}", given, said, where, both)
    made |= {n: check_parameter(body.spec.name, plain[n], v) for n, v in taken.items() if n in plain}
    if model and (named := {n: v for n, v in taken.items() if n in fields}):
        kept = {n: fields[n] for n in made[model.name].model_fields_set}
        made[model.name] = check_parameter(body.spec.name, model, kept | named)
    return {name: made[name] for name in body.arguments}


def _is_default(value: Any, default: Any) -> bool:
    return default is not MISSING and to_text(value, seal_of_process) == to_text(default, seal_of_process)


def _taken(
    what: str, given: Mapping[str, Any], said: Mapping[str, Any], where: Any, both: Both
) -> dict[str, Any]:
    """Give the values that a file gives and that count, `said` being those that the code gives."""
    twice = [name for name in given if name in said]
    if twice and both == "raise":
        raise ParameterError(
            f"{what}: {', '.join(twice)} is given in the code and in {where}; leave one out, or say "
            "with_config(…, overwrite_step_parameters=True) to take the file's"
        )
    if twice and both == "keep":
        note(f"{what}: {', '.join(twice)} in {where} is ignored: the code gives it")
    return {name: value for name, value in given.items() if both == "overwrite" or name not in said}


# -- shape ----------------------------------------------------------------------------------------


def _mapping(given: Any, where: str) -> Mapping[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, dict) or not all(isinstance(name, str) for name in given):
        raise SettingsError(f"{where} must be names with values, not {given!r}")
    return given


def _check_keys(given: Any, known: Iterable[str], what: str, where: str) -> None:
    unknown = {n: v for n, v in _mapping(given, where).items() if n not in known}
    for name in unknown:
        if "materializer" in name or name == "outputs":
            raise SettingsError(f"{where}: {name} is chosen in code: @step(output_materializers=…)")
        if not is_known(what, name):
            raise SettingsError(f"{where}: {_unknown('key', name, known)}")
    check_options(what, unknown)


def _check_flag(given: Mapping[str, Any], where: str) -> None:
    flag = given.get("enable_cache")
    if flag is not None and not isinstance(flag, bool):
        raise SettingsError(f"{where}: enable_cache must be true or false, not {flag!r}")


def _check_known(step: str, given: Mapping[str, Any], known: list[str], where: Any) -> None:
    for name in given:
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
