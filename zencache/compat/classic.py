"""Import paths and repository methods of the classic API (ZenML 0.1 to 0.3), which a plug-in implements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zencache.pipelines.plugins import classic

if TYPE_CHECKING:
    from zencache.repo import Repository

_MODULE = "zencache.compat.classic"
_KINDS = {
    "datasources": {"CSVDatasource": "csv_datasource"},
    "steps.split": {
        "RandomSplit": "random_split",
        "CategoricalDomainSplit": "categorical_domain_split_step",
        "CategoricalRatioSplit": "categorical_ratio_split_step",
        "NoSplit": "no_split_step",
        "HashSplit": "hash_split",
    },
    "steps.preprocesser": {"StandardPreprocesser": "standard_preprocesser.standard_preprocesser"},
    "steps.trainer": {
        "TFFeedForwardTrainer": "tensorflow_trainers.tf_ff_trainer",
        "FeedForwardTrainer": "tensorflow_trainers.tf_ff_trainer",
        "BaseTrainerStep": "base_trainer",
    },
    "steps.evaluator": {"TFMAEvaluator": "tfma_evaluator"},
    "steps.deployer": {"LocalDeployer": "local_deployer"},
    "pipelines": {"TrainingPipeline": "training_pipeline"},
}
"""Package to its classes, and the module that each was in."""


def modules() -> dict[str, dict[str, str]]:
    """List the import paths, packages and modules: with `core`, as before 0.3.4, and without it."""
    names_by_module: dict[str, dict[str, str]] = {}
    for top in ("zencache", "zencache.core"):
        for package, classes in _KINDS.items():
            names_by_module[f"{top}.{package}"] = dict.fromkeys(classes, _MODULE)
            for name, module in classes.items():
                parts = module.split(".")
                for depth in range(1, len(parts) + 1):
                    names_by_module.setdefault(".".join([top, package, *parts[:depth]]), {})[name] = _MODULE
        names_by_module.setdefault(f"{top}.steps", {})
    del names_by_module["zencache.pipelines"], names_by_module["zencache.steps"]  # these are there
    return names_by_module


def __getattr__(name: str) -> Any:
    if name not in {class_name for classes in _KINDS.values() for class_name in classes}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return classic().named(name)


# -- the repository -------------------------------------------------------------------------------------


def get_pipelines_by_datasource(repository: Repository, datasource: Any) -> list[Any]:
    """List the training pipelines that read a datasource, given by name or itself (0.1 to 0.3)."""
    return list(classic().by_datasource(repository, datasource))


def get_datasources(repository: Repository) -> list[Any]:
    """List the datasources of the training pipelines that have run, by name (0.1 to 0.3)."""
    return list(classic().datasources(repository))


def get_datasource_names(repository: Repository) -> list[str]:
    """List the names of the datasources (0.1 to 0.3)."""
    return [datasource.name for datasource in get_datasources(repository)]


def get_datasource_by_name(repository: Repository, name: str) -> Any:
    """Find a datasource; raises NotFoundError with the nearest names (0.1 to 0.3)."""
    return classic().datasource(repository, name)


def compare_training_runs(repository: Repository, port: int = 0, datasource: Any = None) -> Any:  # noqa: ARG001 - the old signature
    """Compare the newest runs of the training pipelines: a table, `.plot()` for a plot (0.1 to 0.3)."""
    return classic().compare(repository, datasource)


OF_REPOSITORY = (
    get_pipelines_by_datasource,
    get_datasources,
    get_datasource_names,
    get_datasource_by_name,
    compare_training_runs,
)
