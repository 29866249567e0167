"""Lists the names of losses, metrics and activations, to check them without importing Keras or TFMA.

A test compares these lists with the installed libraries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zencache.errors import NotFoundError, ParameterError
from zencache_tfx.classic.nearest_names import folded

if TYPE_CHECKING:
    from collections.abc import Iterable

ACTIVATIONS = (
    "elu", "exponential", "gelu", "hard_sigmoid", "linear", "mish", "relu", "selu", "sigmoid", "softmax",
    "softplus", "softsign", "swish", "tanh",
)  # fmt: skip

NUMERIC_LOSSES = (
    "cosine_similarity", "huber", "kl_divergence", "log_cosh", "mean_absolute_error",
    "mean_absolute_percentage_error", "mean_squared_error", "mean_squared_logarithmic_error", "poisson",
)  # fmt: skip
"""Losses whose label is a quantity."""

BINARY_LOSSES = ("binary_crossentropy", "binary_focal_crossentropy", "hinge", "squared_hinge")
"""Losses whose label is one of two classes."""

VECTOR_LOSSES = ("categorical_crossentropy", "categorical_focal_crossentropy", "categorical_hinge")
"""Losses whose label is a vector with a place for each class."""

CLASS_LOSSES = ("sparse_categorical_crossentropy",)
"""Losses whose label is the number of a class."""

LOSSES = (*NUMERIC_LOSSES, *BINARY_LOSSES, *VECTOR_LOSSES, *CLASS_LOSSES)

ALIASES = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "kld": "kl_divergence",
    "kullback_leibler_divergence": "kl_divergence",
    "logcosh": "log_cosh",
    "rmse": "root_mean_squared_error",
    "acc": "accuracy",
    "binary_cross_entropy": "binary_crossentropy",
    "categorical_cross_entropy": "categorical_crossentropy",
}

KERAS_METRICS = (
    "AUC", "Accuracy", "BinaryAccuracy", "BinaryCrossentropy", "BinaryIoU", "CategoricalAccuracy",
    "CategoricalCrossentropy", "CategoricalHinge", "CosineSimilarity", "F1Score", "FBetaScore",
    "FalseNegatives", "FalsePositives", "Hinge", "KLDivergence", "LogCoshError", "MeanAbsoluteError",
    "MeanAbsolutePercentageError", "MeanSquaredError", "MeanSquaredLogarithmicError", "Poisson",
    "Precision", "R2Score", "Recall", "RootMeanSquaredError", "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy", "SparseTopKCategoricalAccuracy", "SquaredHinge",
    "TopKCategoricalAccuracy", "TrueNegatives", "TruePositives",
)  # fmt: skip
"""Metrics of Keras that need no arguments."""

TFMA_METRICS = (
    "AUCPrecisionRecall", "BalancedAccuracy", "Calibration", "CoefficientOfDiscrimination",
    "ConfusionMatrixAtThresholds", "DiagnosticOddsRatio", "ExactMatch", "ExampleCount", "FN", "FNR", "FP",
    "FPR", "FallOut", "FalseDiscoveryRate", "FalseOmissionRate", "FowlkesMallowsIndex", "Informedness",
    "Markedness", "MatthewsCorrelationCoefficient", "MeanLabel", "MeanPrediction", "MissRate", "NPV",
    "NegativeLikelihoodRatio", "NegativePredictiveValue", "PPV", "PositiveLikelihoodRatio", "Prevalence",
    "PrevalenceThreshold", "RelativeCoefficientOfDiscrimination", "Specificity",
    "SquaredPearsonCorrelation", "TN", "TNR", "TP", "TPR", "ThreatScore", "WeightedExampleCount",
)  # fmt: skip
"""Metrics that TensorFlow Model Analysis adds, where they need no arguments."""


def loss_named(name: str) -> str:
    """Give the canonical name of a loss; raises NotFoundError with the nearest names.

    >>> loss_named("mse"), loss_named("BinaryCrossentropy")
    ('mean_squared_error', 'binary_crossentropy')
    """
    return _found("loss", name, LOSSES)


def activation_named(name: str) -> str:
    """Give the name of an activation; raises NotFoundError with the nearest names."""
    return _found("activation", name, ACTIVATIONS)


def training_metric_named(name: str) -> str:
    """Give the Keras name of a training metric; raises NotFoundError with the nearest names."""
    return "accuracy" if _is_accuracy(name) else _found("metric", name, KERAS_METRICS)


def check_evaluation_metric(name: str) -> None:
    """Check that a metric exists; raises NotFoundError with the nearest names."""
    if not _is_accuracy(name):
        _found("metric", name, (*KERAS_METRICS, *TFMA_METRICS))


def evaluation_metric_named(name: str, loss: str | None) -> str:
    """Give the class name of an evaluator's metric; raises NotFoundError with the nearest names.

    As in Keras, `accuracy` stands for the accuracy that fits the trainer's loss. Raises ParameterError if the
    loss is unknown.

    >>> evaluation_metric_named("mse", None), evaluation_metric_named("accuracy", "binary_crossentropy")
    ('MeanSquaredError', 'BinaryAccuracy')
    """
    if _is_accuracy(name):
        return _accuracy_for(loss)
    return _found("metric", name, (*KERAS_METRICS, *TFMA_METRICS))


def _is_accuracy(name: str) -> bool:
    return folded(name) in ("acc", "accuracy")


def _accuracy_for(loss: str | None) -> str:
    if loss is None:
        raise ParameterError(
            "which accuracy is meant depends on the loss, which the trainer does not say; name "
            "'BinaryAccuracy', 'SparseCategoricalAccuracy' or 'CategoricalAccuracy', or give the trainer's "
            "class a `loss`"
        )
    if loss in CLASS_LOSSES:
        return "SparseCategoricalAccuracy"
    return "CategoricalAccuracy" if loss in VECTOR_LOSSES else "BinaryAccuracy"


def _found(kind: str, name: str, known: Iterable[str]) -> str:
    spellings = {folded(each): each for each in known}
    exact = {each.lower(): each for each in known}
    wanted = folded(ALIASES.get(name.lower(), name))
    found = exact.get(name.lower()) or spellings.get(wanted)
    if found is None:
        raise NotFoundError.named(
            kind, name, [*known, *(a for a in ALIASES if folded(ALIASES[a]) in spellings)]
        )
    return found
