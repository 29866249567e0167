"""Defines the fillings and transforms of the classic API: names, parameters, and the kinds that they take.

Nothing here imports TensorFlow, so that a chain of transforms is checked before a run. `transform_module`
implements them with TF Transform.

A column has a kind, and a transform changes it. `text` and `number` are the kinds of a CSV file, and `ids`
are numbers of categories. `words` and `word_ids` are several values a row, and a `vector` is a row of numbers
of fixed length. A model takes numbers, ids and vectors.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zencache.errors import NotFoundError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FOR_A_MODEL = ("number", "ids", "vector")

_NOT_OFFERED = ("image_reshape", "load_binary_image")


@dataclass(frozen=True)
class Method:
    """A filling or a transform: its parameters, and the kinds that it takes, each with the resulting kind."""

    kinds: Mapping[str, str]
    optional: Sequence[str] = ()
    required: Sequence[str] = field(default=())


_SCALE = {"number": "number", "ids": "number", "vector": "vector"}

TRANSFORMS: Mapping[str, Method] = {
    "no_transform": Method({kind: kind for kind in ("text", "number", "ids", "words", "word_ids", "vector")}),
    "scale_by_min_max": Method(_SCALE, ["output_min", "output_max", "elementwise"]),
    "scale_to_0_1": Method(_SCALE, ["elementwise"]),
    "scale_to_z_score": Method(_SCALE, ["elementwise"]),
    "bucketize": Method({"number": "ids"}, ["epsilon"], ["num_buckets"]),
    "compute_and_apply_vocabulary": Method(
        {"text": "ids", "number": "ids", "words": "word_ids"},
        ["default_value", "top_k", "frequency_threshold", "num_oov_buckets"],
    ),
    "hash_strings": Method({"text": "ids", "words": "word_ids"}, [], ["hash_buckets"]),
    "ngrams": Method({"text": "words"}, ["separator"], ["ngram_range"]),
    "tfidf": Method(dict.fromkeys(("text", "words", "word_ids"), "vector"), ["smooth"], ["vocab_size"]),
    "one_hot_encode": Method(dict.fromkeys(("number", "ids", "word_ids"), "vector"), [], ["depth"]),
    "pca": Method({"vector": "vector"}, ["dtype"], ["output_dim"]),
}

FILLINGS: Mapping[str, Method] = {
    "min": Method({"number": "number"}),
    "max": Method({"number": "number"}),
    "mean": Method({"number": "number"}),
    "custom": Method({"number": "number", "text": "text"}, [], ["custom_value"]),
}

DEFAULTS: Mapping[str, Mapping[str, list[dict[str, Any]]]] = {
    "number": {
        "filling": [{"method": "max", "parameters": {}}],
        "transform": [{"method": "scale_to_z_score", "parameters": {}}],
    },
    "text": {
        "filling": [{"method": "custom", "parameters": {"custom_value": ""}}],
        "transform": [{"method": "compute_and_apply_vocabulary", "parameters": {}}],
    },
}
"""The default methods by the kind of a column."""

_TABLES = {"filling": FILLINGS, "transform": TRANSFORMS}


def check_method(column: str, stage: str, call: Any) -> dict[str, Any]:
    """Check one `{"method": …, "parameters": {…}}`; raises NotFoundError or ParameterError.

    >>> check_method("age", "filling", {"method": "median"})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    zencache.errors.NotFoundError: no filling method named 'median'; did you mean 'mean' or 'min'?; ...
    """
    if (
        not isinstance(call, dict)
        or not isinstance(call.get("method"), str)
        or call.keys() - {"method", "parameters"}
    ):
        raise ParameterError(
            f"overwrite of column {column!r}: a {stage} is {call!r}; "
            'give {"method": "…", "parameters": {…}}'
        )
    name, parameters = call["method"], call.get("parameters") or {}
    if name in _NOT_OFFERED:
        raise NotFoundError(
            f"{name} (column {column!r}) is not offered: zencache reads no images in a training pipeline; "
            "adopt a tfx.dsl.Pipeline that does (zencache_tfx.adopt), or write the loading as a zencache step"
        )
    known = _TABLES[stage]
    if name not in known:
        raise NotFoundError.named(f"{stage} method", name, known, hint=f"it is wanted for column {column!r}")
    _check_parameters(column, name, known[name], parameters)
    return {"method": name, "parameters": dict(parameters)}


def _check_parameters(column: str, name: str, method: Method, parameters: Any) -> None:
    allowed = [*method.required, *method.optional]
    if not isinstance(parameters, dict):
        raise ParameterError(f"{name} (column {column!r}): parameters are {parameters!r}; give a dict")
    for given in parameters:
        if given not in allowed:
            raise NotFoundError.named(f"parameter of {name}", given, allowed, hint=f"column {column!r}")
    missing = [wanted for wanted in method.required if wanted not in parameters]
    if missing:
        raise ParameterError(f"{name} (column {column!r}) needs the parameter {missing[0]!r}")


def kind_after(column: str, kind: str, stage: str, calls: Sequence[Mapping[str, Any]]) -> str:
    """Give the kind of a column after a chain of methods; raises ParameterError if a method does not fit.

    >>> kind_after("job", "text", "transform", [{"method": "ngrams"}, {"method": "tfidf"}])
    'vector'
    """
    for call in calls:
        method = _TABLES[stage][call["method"]]
        if kind not in method.kinds:
            raise ParameterError(
                f"column {column!r}: {call['method']} takes {' or '.join(method.kinds)}, and the column is "
                f"{kind} there; correct its {stage} in StandardPreprocesser(overwrite=…)"
            )
        kind = method.kinds[kind]
    return kind
