"""Errors for names of older releases that zencache does not have: each says what to use instead."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from zencache.errors import NoSuchAttributeError, NoSuchImportError

if TYPE_CHECKING:
    from collections.abc import Iterable

_NO_STACKS = "there are no stacks here: steps run on this machine, settings are in .zencache/config.toml"
_NO_SERVER = "there is no server here: `zencache run show` and `zencache explain` show what ran"
_OWN_TRACKER = "start the tracker in the step that reports to it, and give that step enable_cache=False"
_BY_TYPE = "a value is stored by its type, so leave it out; or name a Materializer class of your own"
# The last part of an old name to what stands for it.
ADVICE = {
    "stack": _NO_STACKS,
    "stacks": _NO_STACKS,
    "active_stack": _NO_STACKS,
    "active_stack_name": _NO_STACKS,
    "stack_store": _NO_STACKS,
    "orchestrators": _NO_STACKS,
    "step_operators": _NO_STACKS,
    "container_registries": _NO_STACKS,
    "secrets_managers": _NO_STACKS,
    "image_builders": _NO_STACKS,
    "metadata_stores": "the records are `Repository()`'s; TFX's tools read .zencache/metadata.db",
    "metadata_store": "the records are `Repository()`'s; TFX's tools read .zencache/metadata.db",
    "artifact_stores": "what steps gave is loaded by `run.steps[…].outputs[…].load()`",
    "zen_server": _NO_SERVER,
    "zen_stores": _NO_SERVER,
    "models": _NO_SERVER,
    "dashboard": _NO_SERVER,
    "experiment_trackers": _OWN_TRACKER,
    "mlflow": _OWN_TRACKER,
    "wandb": _OWN_TRACKER,
    "tensorboard": _OWN_TRACKER,
    "services": "let a step write what is to be served, and start the server from that folder",
    "model_deployers": "let a step write what is to be served, and start the server from that folder",
    "alerter": "look at the status of the run that `pipeline.run()` gives",
    "alerters": "look at the status of the run that `pipeline.run()` gives",
    **dict.fromkeys(
        (
            "materializers",
            "BuiltInMaterializer",
            "NumpyMaterializer",
            "PandasMaterializer",
            "BeamMaterializer",
        ),
        _BY_TYPE,
    ),
    **dict.fromkeys(
        ("get_secret", "create_secret", "list_secrets", "update_secret", "delete_secret"),
        "secrets are environment variables here, which a step declares by CachePolicy(env=[…]), "
        "or parameters of type SecretStr",
    ),
    "environment": "a step that takes a StepContext knows its run; else ask the operating system",
    "get_step_context": "give the step an argument annotated StepContext",
    "get_output_materializer": "return the value: it is stored by its type, "
    "or by `@step(output_materializers=…)`",
    "fresh_run": "take run.status, run.steps and their outputs",
    "register": "a pipeline is recorded when it runs first",
    "write_run_configuration_template": "docs/compat.md has the keys of a configuration file",
    "ArtifactConfig": 'name an output by its annotation: Annotated[T, "name"]',
    "ExternalArtifact": "give the value as a parameter, or have a step read it",
    "Model": "give the value as a step's output, and find it by its run",
    "backends": _NO_STACKS,
    "visualizers": "plot what `run.steps[…].output.load()` gives",
    "get_artifacts_uri_by_component": "run.steps[…].outputs[…].uri",
    "StepRetryConfig": "retry inside the step",
    "save": "pipeline.run() records everything",
    "list_pipelines": "Repository().get_pipelines()",
    "list_runs": "Repository().get_runs()",
    "get_pipeline_run": "Repository().get_run(name)",
    "list_pipeline_runs": "Repository().get_runs()",
    "get_artifact": "run.steps[…].outputs[…]",
}


def no_import(module: str, names: Iterable[str], modules: Iterable[str] = ()) -> NoSuchImportError:
    """Make the error for a module, or a name in one, that is imported and not here.

    `names` are those that exist beside it, `modules` those of modules.

    >>> print(no_import("zencache.stack", []))  # doctest: +ELLIPSIS
    zencache has no stack; there are no stacks here: steps run on this machine, ...
    >>> print(no_import("zencache.steps.stepp", ["step", "Step"]))
    zencache.steps has no stepp; did you mean step?
    """
    parent, _, name = module.rpartition(".")
    return NoSuchImportError(f"{parent} has no {name}; {ADVICE.get(name) or _nearest(name, names, modules)}")


def no_attribute(target: Any, name: str) -> NoSuchAttributeError:
    """Make the error for an attribute that an object of ours does not have."""
    attributes = [attribute for attribute in dir(target) if not attribute.startswith("_")]
    kind = type(target).__name__
    return NoSuchAttributeError(f"a {kind} has no {name}; {ADVICE.get(name) or _nearest(name, attributes)}")


def _nearest(name: str, candidates: Iterable[str], modules: Iterable[str] = ()) -> str:
    names = sorted(candidates)
    near = difflib.get_close_matches(name, [*names, *modules], n=1, cutoff=0.5)
    if near:
        return f"did you mean {near[0]}?"
    return (
        f"it has {', '.join(names)}"
        if names
        else "docs/compat.md lists what code of older releases finds here"
    )
