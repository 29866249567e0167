"""Models and tensors come back whole, and saving again gives the same digest."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import zencache

pytestmark = pytest.mark.slow
tf = pytest.importorskip("tensorflow")

import keras  # noqa: E402 - after TensorFlow
from zencache_tensorflow import KerasModelMaterializer, TensorMaterializer  # noqa: E402

from zencache.errors import MaterializerError  # noqa: E402
from zencache.materializers import find  # noqa: E402
from zencache.testing import MaterializerContract  # noqa: E402

X = np.ones((8, 4), dtype="float32")


def small_model(seed, *, fitted=False):
    keras.utils.set_random_seed(seed)
    layers = [
        keras.layers.Input((4,)),
        keras.layers.Dense(3, name="hidden"),
        keras.layers.Dense(2, name="out"),
    ]
    model = keras.Sequential(layers, name="small")
    if fitted:
        model.compile("adam", "mse")
        model.fit(X, np.ones((8, 2)), verbose=0)
    return model


class TestKerasModels(MaterializerContract):
    """Models predict as before, with their optimizer."""

    materializer = KerasModelMaterializer()
    types = [keras.Model, keras.Sequential]
    values = [small_model(1), small_model(2), small_model(1, fitted=True)]

    def equal(self, left, right):
        return np.array_equal(left(X), right(X))


class TestTensors(MaterializerContract):
    """Tensors of any type keep it."""

    materializer = TensorMaterializer()
    types = [tf.Tensor, type(tf.constant(1))]
    values = [
        tf.constant([[1.0, 2.0]]),
        tf.constant([1, 2], dtype=tf.int64),
        tf.constant(["a", "é"]),
        tf.constant([1.5], dtype=tf.bfloat16),
        tf.constant(True),
    ]

    def equal(self, left, right):
        return left.dtype == right.dtype and np.array_equal(left.numpy(), right.numpy())


class Unregistered(keras.layers.Layer):
    """A layer that Keras cannot find by name."""

    def call(self, x):
        return x


def test_a_layer_of_ones_own_needs_a_name(tmp_path):
    """The error says how to give it one."""
    model = keras.Sequential([keras.layers.Input((4,)), Unregistered()])
    KerasModelMaterializer().save(model, tmp_path)
    model_file = tmp_path / "model.keras"
    assert model_file.exists()
    Unregistered.__module__ = "gone"
    with pytest.raises(MaterializerError, match="register_keras_serializable"):
        KerasModelMaterializer().load(tmp_path)


def test_importing_the_package_imports_no_tensorflow():
    """An integration costs nothing until there is a value for it."""
    code = "import sys, zencache_tensorflow; print('tensorflow' in sys.modules, 'keras' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
    assert zencache.__version__
    assert find(keras.Model) is not None
