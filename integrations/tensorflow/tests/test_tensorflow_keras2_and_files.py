"""Models of Keras 2, and which file holds which tensor.

TensorFlow is imported, and models are made, when a test needs them: collecting the tests costs neither.
"""

from __future__ import annotations

import functools
import importlib.util

import numpy as np
import pytest
from zencache_tensorflow import KerasModelMaterializer, TensorMaterializer

from zencache.testing import MaterializerContract

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("tf_keras") is None, reason="Keras 2 is not installed"),
]
X = np.ones((8, 4), dtype="float32")


def old_model(seed, *, fitted=False):
    import tf_keras

    tf_keras.utils.set_random_seed(seed)
    layers = [tf_keras.layers.Input((4,), name="given"), tf_keras.layers.Dense(2, name="out")]
    model = tf_keras.Sequential(layers, name="old")
    model.compile("adam", "mse")
    if fitted:
        model.fit(X, np.ones((8, 2)), verbose=0)
    return model


@functools.cache
def old_models():
    return [old_model(1), old_model(2), old_model(1, fitted=True)]


@functools.cache
def tensors():
    import tensorflow as tf

    return [
        tf.constant(3.5),
        tf.zeros((0, 3)),
        tf.constant([1j]),
        tf.constant("x"),
        tf.constant(["", b"\xff"]),
    ]


class TestKeras2Models(MaterializerContract):
    """What TFX's own components train (TF_USE_LEGACY_KERAS=1) comes back by the Keras that made it."""

    materializer = KerasModelMaterializer()
    values = property(lambda self: old_models())

    @property
    def types(self):
        import tf_keras

        return [tf_keras.Model, tf_keras.Sequential]

    def equal(self, left, right):
        return np.array_equal(left(X), right(X))


class TestTensorsOfOtherShapes(MaterializerContract):
    """Scalars, empty tensors and complex numbers come back with shape and type."""

    materializer = TensorMaterializer()
    values = property(lambda self: tensors())

    @property
    def types(self):
        import tensorflow as tf

        return [tf.Tensor]

    def equal(self, left, right):
        return (left.dtype, left.shape) == (right.dtype, right.shape) and np.array_equal(
            left.numpy(), right.numpy()
        )


@pytest.mark.parametrize(("dtype", "file"), [("float32", "tensor.npy"), ("bfloat16", "tensor.pb")])
def test_numbers_that_numpy_knows_are_a_numpy_file(tmp_path, dtype, file):
    """Any tool reads them, and they may be larger than the 2 GB of a TensorProto."""
    import tensorflow as tf

    TensorMaterializer().save(tf.constant([1.5], dtype=dtype), tmp_path)
    assert (tmp_path / file).exists()
