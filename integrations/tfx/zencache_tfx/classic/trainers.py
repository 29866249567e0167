"""Defines trainers: a feed-forward network, and the base class of users' trainers."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

from pydantic import Field, field_validator

from zencache.errors import DefinitionError, ParameterError
from zencache_tfx.classic import keras_names
from zencache_tfx.classic.config_values import StepConfig
from zencache_tfx.classic.nearest_names import to_transformed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from typing_extensions import Self

SHUFFLED = 10_000  # size of the shuffle buffer, in rows
_ROLES = ("train", "eval", "test")


class BaseTrainerStep:
    """Base of trainers. Subclass it, give the constructor the hyper-parameters, and write `model_fn`::

        class Wide(BaseTrainerStep):
            def __init__(self, units=64, **kwargs):
                super().__init__(**kwargs)
                self.units = units

            def model_fn(self, train_dataset, eval_dataset):
                ...  # make, train and return a Keras model

    The constructor's arguments must be JSON: they are recorded, and the process that trains recreates the
    trainer from them. It also sets `transform_output`, `train_files`, `eval_files`, `serving_model_dir`,
    `log_dir`, `schema_file` and `labels`. The class must be at the top level of a module or script.

    `split_mapping` assigns splits to roles: `{"train": ["train"], "eval": ["eval"]}`.
    """

    batch_size: int = 8
    loss: str | None = None
    """The loss, where labels are checked against it before the run."""

    transform_output: str
    train_files: list[str]
    eval_files: list[str]
    serving_model_dir: str
    log_dir: str
    schema_file: str | None
    labels: list[str]

    _given: dict[str, Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Record the constructor's arguments."""
        made = super().__new__(cls)
        made._given = _given(cls, args, kwargs)
        return made

    def __init__(self, split_mapping: Mapping[str, Sequence[str]] | None = None) -> None:
        self.split_mapping = _checked_mapping(type(self).__name__, split_mapping)

    def args(self) -> dict[str, Any]:
        """Give the arguments that recreate this trainer, by name, as JSON."""
        made: dict[str, Any] = json.loads(json.dumps(self._given))
        return made

    def splits(self, role: str, names: Sequence[str]) -> list[str]:
        """List the splits of a role (`train`, `eval`).

        Raises ParameterError if the mapping names other splits, or if it is needed and missing.
        """
        told = self.split_mapping.get(role)
        if told is None:
            return _usual_splits(role, names)
        wrong = [name for name in told if name not in names]
        if wrong:
            raise ParameterError(
                f"split_mapping of {type(self).__name__} names split {wrong[0]!r}; "
                f"there are {', '.join(names)}"
            )
        return list(told)

    # -- where it trains ----------------------------------------------------------------------

    def run_fn(self) -> None:
        """Train and save the model; override it to control both."""
        from zencache_tfx.classic import training  # noqa: PLC0415 - brings TensorFlow

        model = self.model_fn(self.input_fn(self.train_files), self.input_fn(self.eval_files))
        training.save(model, self)

    def input_fn(self, file_pattern: list[str]) -> Any:
        """Give a `tf.data.Dataset` of one pass over transformed rows, in batches `(features, labels)`.

        Both are dicts by name (`age_xf`). A single label is a tensor; without labels, a batch is the features
        alone. Rows are shuffled with a fixed seed, in a buffer of ten thousand.
        """
        from zencache_tfx.classic import training  # noqa: PLC0415 - brings TensorFlow

        return training.dataset(file_pattern, self)

    def model_fn(self, train_dataset: Any, eval_dataset: Any) -> Any:  # noqa: ARG002 - for subclasses
        """Create, train and return a Keras model that takes features by name; subclasses implement it."""
        raise DefinitionError(f"trainer {type(self).__name__} has no model_fn; write it, or run_fn")


class FeedForwardSettings(StepConfig):
    """The shape and the training options of a feed-forward network."""

    batch_size: int = Field(8, ge=1)
    lr: float = Field(0.001, gt=0)
    epochs: int = Field(1, ge=1)
    dropout_chance: float = Field(0.2, ge=0, lt=1)
    loss: str = "mse"
    metrics: list[str] | None = None
    hidden_layers: list[int] | None = None
    hidden_activation: str = "relu"
    last_activation: str = "sigmoid"
    output_units: int = Field(1, ge=1)

    @field_validator("loss")
    @classmethod
    def _loss(cls, name: str) -> str:
        return keras_names.loss_named(name)

    @field_validator("metrics")
    @classmethod
    def _metrics(cls, names: list[str] | None) -> list[str] | None:
        return None if names is None else [keras_names.training_metric_named(name) for name in names]

    @field_validator("hidden_activation", "last_activation")
    @classmethod
    def _activation(cls, name: str) -> str:
        return keras_names.activation_named(name)

    @field_validator("hidden_layers")
    @classmethod
    def _units(cls, layers: list[int] | None) -> list[int] | None:
        if layers is not None and any(units < 1 for units in layers):
            raise ParameterError(f"FeedForwardTrainer: hidden_layers is {layers}; a layer has 1 unit or more")
        return layers


class FeedForwardTrainer(BaseTrainerStep):
    """A network of dense layers with dropout, with one output for each label.

    >>> FeedForwardTrainer(loss="msse")
    Traceback (most recent call last):
    zencache.errors.NotFoundError: no loss named 'msse'; did you mean 'mse' or 'msle' or 'mae'?
    """

    def __init__(
        self,
        batch_size: int = 8,
        lr: float = 0.001,
        epochs: int = 1,
        dropout_chance: float = 0.2,
        loss: str = "mse",
        metrics: list[str] | None = None,
        hidden_layers: list[int] | None = None,
        hidden_activation: str = "relu",
        last_activation: str = "sigmoid",
        output_units: int = 1,
        split_mapping: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(split_mapping)
        told = FeedForwardSettings(
            batch_size=batch_size,
            lr=lr,
            epochs=epochs,
            dropout_chance=dropout_chance,
            loss=loss,
            metrics=metrics,
            hidden_layers=hidden_layers,
            hidden_activation=hidden_activation,
            last_activation=last_activation,
            output_units=output_units,
        )
        self.batch_size = told.batch_size
        self.lr = told.lr
        self.epochs = told.epochs
        self.dropout_chance = told.dropout_chance
        self.loss: str = told.loss
        self.metrics = told.metrics or []
        self.hidden_layers = [64, 32, 16] if told.hidden_layers is None else told.hidden_layers
        self.hidden_activation = told.hidden_activation
        self.last_activation = told.last_activation
        self.output_units = told.output_units

    def model_fn(self, train_dataset: Any, eval_dataset: Any) -> Any:
        """Create and train the network."""
        from zencache_tfx.classic import training  # noqa: PLC0415 - brings TensorFlow

        model = training.feed_forward(self)
        model.fit(
            train_dataset,
            epochs=self.epochs,
            validation_data=eval_dataset,
            callbacks=training.callbacks(self),
            verbose=0,
        )
        return model

    @property
    def outputs(self) -> list[str]:
        """The names of the network's outputs: those of the transformed labels."""
        return [to_transformed(label) for label in self.labels]


TFFeedForwardTrainer = FeedForwardTrainer
"""Its name in `zenml.steps.trainer`."""


def _given(kind: type, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Give the constructor's arguments and defaults by name, so that equal trainers have equal records.

    Raises ParameterError if the arguments do not fit or are not JSON.
    """
    signature = inspect.signature(kind.__init__)  # type: ignore[misc]
    try:
        bound = signature.bind(None, *args, **kwargs)
    except TypeError as error:
        raise ParameterError(f"{kind.__name__}: {error}") from error
    named = dict(list(bound.arguments.items())[1:])
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            named |= named.pop(name, {})
        elif parameter.kind is parameter.VAR_POSITIONAL and named.get(name):
            raise ParameterError(f"{kind.__name__}: give its arguments by name, so that they can be recorded")
    return _defaults(signature) | _as_json(kind.__name__, named)


def _defaults(signature: inspect.Signature) -> dict[str, Any]:
    """Give the defaults that are plain values; the constructor supplies the others again."""
    found = {name: each.default for name, each in signature.parameters.items()}
    return {n: v for n, v in found.items() if v is None or type(v) in (bool, int, float, str)}


def _as_json(owner: str, named: dict[str, Any]) -> dict[str, Any]:
    try:
        return dict(json.loads(json.dumps(named)))
    except (TypeError, ValueError) as error:
        raise ParameterError(
            f"{owner}: {error}; give numbers, texts, lists and dicts, so that the trainer can be "
            "recorded and made again where it trains"
        ) from error


def _checked_mapping(owner: str, mapping: Mapping[str, Sequence[str]] | None) -> dict[str, list[str]]:
    for role, names in (mapping or {}).items():
        if role not in _ROLES or isinstance(names, str) or not names:
            raise ParameterError(
                f"{owner}: split_mapping says {role!r}: {names!r}; "
                f"give lists of splits for {', '.join(_ROLES)}"
            )
    return {role: list(names) for role, names in (mapping or {}).items()}


def _usual_splits(role: str, names: Sequence[str]) -> list[str]:
    """Choose splits by their names; without `eval` or `test`, all splits but `train` are for evaluation."""
    if role in names:
        return [role]
    if role == "train":
        raise ParameterError(
            f"no split is named 'train' among {', '.join(names)}; name one so, or tell the trainer: "
            f"split_mapping={{'train': [{names[0]!r}], 'eval': [{names[-1]!r}]}}"
        )
    others = [name for name in ("eval", "test") if name in names] or [n for n in names if n != "train"]
    return others[:1] or [names[0]]
