"""Implements `StandardPreprocesser` with TF Transform; TFX's Transform component calls it.

It depends on the preprocesser's configuration alone, so that a changed trainer does not invalidate it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import tensorflow as tf
import tensorflow_transform as tft

from zencache_tfx.classic.beam_patch import let_transform_copy
from zencache_tfx.classic.nearest_names import to_transformed
from zencache_tfx.classic.preprocesser import StandardPreprocesser

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Tensor = Any


def preprocessing_fn(inputs: Mapping[str, Tensor], custom_config: Mapping[str, Any]) -> dict[str, Tensor]:
    """Fill and transform the features and labels; called by TFX's Transform."""
    let_transform_copy()
    steps = StandardPreprocesser(**custom_config["preprocesser"])
    wanted = [*steps.feature_names(list(inputs)), *steps.label_names()]
    return {to_transformed(column): _column(steps, column, inputs[column]) for column in wanted}


def _column(steps: StandardPreprocesser, column: str, tensor: Tensor) -> Tensor:
    kind = "text" if tensor.dtype == tf.string else "number"
    tensor = _filled(tensor, steps.calls(column, "filling", kind))
    for call in steps.calls(column, "transform", kind):
        tensor = _METHODS[call["method"]](tensor, **call["parameters"])
    return tensor


# -- fillings -------------------------------------------------------------------------------------


def _filled(tensor: Tensor, calls: list[dict[str, Any]]) -> Tensor:
    """Give one value a row; the last filling supplies missing values."""
    if not isinstance(tensor, tf.SparseTensor):
        return tensor
    value: Tensor = "" if tensor.dtype == tf.string else 0
    for call in calls:
        tensor, value = _FILLINGS[call["method"]](tensor, **call["parameters"])
    one_a_row = tf.SparseTensor(tensor.indices, tensor.values, [tensor.dense_shape[0], 1])
    dense = tf.sparse.to_dense(one_a_row, tf.cast(value, tensor.dtype))
    dense.set_shape([None, 1])
    return dense


def _filled_with(analyzer: Callable[[Tensor], Tensor], tensor: tf.SparseTensor) -> tuple[Tensor, Tensor]:
    return tensor, analyzer(tensor)


def _filled_with_mean(tensor: tf.SparseTensor) -> tuple[Tensor, Tensor]:
    """Fill with the mean, which may be a fraction even if the column holds whole numbers."""
    floats = tf.cast(tensor, tf.float32)
    return floats, tft.mean(floats)


def _filled_with_custom(tensor: tf.SparseTensor, custom_value: Any) -> tuple[Tensor, Tensor]:
    if tensor.dtype == tf.int64 and isinstance(custom_value, float) and not custom_value.is_integer():
        tensor = tf.cast(tensor, tf.float32)
    return tensor, custom_value


_FILLINGS: dict[str, Callable[..., tuple[Tensor, Tensor]]] = {
    "min": partial(_filled_with, tft.min),
    "max": partial(_filled_with, tft.max),
    "mean": _filled_with_mean,
    "custom": _filled_with_custom,
}


# -- transforms -----------------------------------------------------------------------------------


def _words(tensor: Tensor) -> tf.SparseTensor:
    """Split texts, one a row, into words."""
    return tf.strings.split(tf.reshape(tensor, [-1])).to_sparse()


def _ngrams(tensor: Tensor, ngram_range: list[int], separator: str = " ") -> tf.SparseTensor:
    return tft.ngrams(_words(tensor), tuple(ngram_range), separator)


def _tfidf(tensor: Tensor, vocab_size: int, smooth: bool = True) -> Tensor:
    """Weight the words of a text; a row has a weight for each word of the vocabulary."""
    words = tensor if isinstance(tensor, tf.SparseTensor) else _words(tensor)
    if words.dtype == tf.string:
        words = tft.compute_and_apply_vocabulary(words, top_k=vocab_size - 1, default_value=vocab_size - 1)
    ids, weights = tft.tfidf(words, vocab_size, smooth=smooth)
    places = tf.stack([ids.indices[:, 0], ids.values], axis=1)
    rows = tf.SparseTensor(places, weights.values, [ids.dense_shape[0], vocab_size])
    dense = tf.sparse.to_dense(tf.sparse.reorder(rows))
    dense.set_shape([None, vocab_size])
    return dense


def _one_hot(tensor: Tensor, depth: int) -> Tensor:
    """Encode the categories of a row as ones; categories beyond the depth are omitted."""
    if isinstance(tensor, tf.SparseTensor):
        return tf.reduce_max(tf.one_hot(tf.sparse.to_dense(tensor, -1), depth), axis=1)
    return tf.one_hot(tf.cast(tf.reshape(tensor, [-1]), tf.int64), depth)


def _pca(tensor: Tensor, output_dim: int, dtype: str = "float32") -> Tensor:
    """Project a row onto the principal components."""
    rows = tf.cast(tensor, dtype)
    directions = tft.pca(rows, output_dim, tf.as_dtype(dtype))
    places = tf.cast(tf.matmul(rows, directions), tf.float32)  # tf.Example has no doubles
    places.set_shape([None, output_dim])
    return places


def _hashed(tensor: Tensor, hash_buckets: int) -> Tensor:
    return tft.hash_strings(tensor, hash_buckets)


def _vocabulary(tensor: Tensor, **parameters: Any) -> Tensor:
    if tensor.dtype.is_floating:
        tensor = tf.strings.as_string(tensor)
    return tft.compute_and_apply_vocabulary(tensor, **parameters)


def _same(tensor: Tensor) -> Tensor:
    return tensor


_METHODS: dict[str, Callable[..., Tensor]] = {
    "no_transform": _same,
    "scale_by_min_max": tft.scale_by_min_max,
    "scale_to_0_1": tft.scale_to_0_1,
    "scale_to_z_score": tft.scale_to_z_score,
    "bucketize": tft.bucketize,
    "compute_and_apply_vocabulary": _vocabulary,
    "hash_strings": _hashed,
    "ngrams": _ngrams,
    "tfidf": _tfidf,
    "one_hot_encode": _one_hot,
    "pca": _pca,
}
