"""Models of Keras 2, and which file holds which tensor."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.slow
tf = pytest.importorskip("tensorflow")
tf_keras = pytest.importorskip("tf_keras")

from zencache_tensorflow import KerasModelMaterializer, TensorMaterializer  # noqa: E402

from zencache.testing import MaterializerContract  # noqa: E402

X = np.ones((8, 4), dtype="float32")


def old_model(seed, *, fitted=False):
    tf_keras.utils.set_random_seed(seed)
    layers = [tf_keras.layers.Input((4,), name="given"), tf_keras.layers.Dense(2, name="out")]
    model = tf_keras.Sequential(layers, name="old")
    model.compile("adam", "mse")
    if fitted:
        model.fit(X, np.ones((8, 2)), verbose=0)
    return model


class TestKeras2Models(MaterializerContract):
    """What TFX's own components train (TF_USE_LEGACY_KERAS=1) comes back by the Keras that made it."""

    materializer = KerasModelMaterializer()
    types = [tf_keras.Model, tf_keras.Sequential]
    values = [old_model(1), old_model(2), old_model(1, fitted=True)]

    def equal(self, left, right):
        return np.array_equal(left(X), right(X))


class TestTensorsOfOtherShapes(MaterializerContract):
    """Scalars, empty tensors and complex numbers come back with shape and type."""

    materializer = TensorMaterializer()
    types = [tf.Tensor]
    values = [
        tf.constant(3.5),
        tf.zeros((0, 3)),
        tf.constant([1j]),
        tf.constant("x"),
        tf.constant(["", b"\xff"]),
    ]

    def equal(self, left, right):
        return (left.dtype, left.shape) == (right.dtype, right.shape) and np.array_equal(
            left.numpy(), right.numpy()
        )


@pytest.mark.parametrize(("dtype", "file"), [("float32", "tensor.npy"), ("bfloat16", "tensor.pb")])
def test_numbers_that_numpy_knows_are_a_numpy_file(tmp_path, dtype, file):
    """Any tool reads them, and they may be larger than the 2 GB of a TensorProto."""
    TensorMaterializer().save(tf.constant([1.5], dtype=dtype), tmp_path)
    assert (tmp_path / file).exists()
