"""Models and tensors come back whole, and saving again gives the same digest.

TensorFlow is imported, and models are made, when a test needs them: collecting the tests costs neither.
"""

from __future__ import annotations

import functools
import importlib.util
import subprocess
import sys

import numpy as np
import pytest
from zencache_tensorflow import KerasModelMaterializer, TensorMaterializer

import zencache
from zencache.errors import MaterializerError
from zencache.materializers import find
from zencache.testing import MaterializerContract

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"),
]
X = np.ones((8, 4), dtype="float32")


def shared_layer():
    import keras

    keras.utils.set_random_seed(1)
    given = keras.layers.Input((4,), name="given")
    twice = keras.layers.Dense(4, name="twice")
    return keras.Model(given, twice(twice(given)), name="shared")


def compiled_only():
    model = small_model(1)
    model.compile("rmsprop", "mse")
    return model


def small_model(seed, *, fitted=False):
    import keras

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


@functools.cache
def models():
    return [small_model(1), small_model(2), small_model(1, fitted=True), compiled_only(), shared_layer()]


@functools.cache
def tensors():
    import tensorflow as tf

    return [
        tf.constant([[1.0, 2.0]]),
        tf.constant([1, 2], dtype=tf.int64),
        tf.constant(["a", "é"]),
        tf.constant([1.5], dtype=tf.bfloat16),
        tf.constant(True),
    ]


class TestKerasModels(MaterializerContract):
    """Models predict as before, with their optimizer."""

    materializer = KerasModelMaterializer()
    values = property(lambda self: models())

    @property
    def types(self):
        import keras

        return [keras.Model, keras.Sequential]

    def equal(self, left, right):
        return np.array_equal(left(X), right(X))


def test_a_text_vectorizer_keeps_its_digest(tmp_path):
    """Names that Keras numbers within a process are not part of the model; the vocabulary is."""
    import keras

    def digest(texts, name):
        layer = keras.layers.TextVectorization(name="texts")
        layer.adapt(texts)
        model = keras.Sequential(
            [keras.layers.Input((1,), dtype="string", name="given"), layer], name="words"
        )
        (tmp_path / name).mkdir()
        materializer.save(model, tmp_path / name)
        return materializer.digest(tmp_path / name)

    materializer = KerasModelMaterializer()
    assert digest(["a b"], "one") == digest(["a b"], "again") != digest(["a c"], "other")


def test_the_digest_needs_no_tensorflow(tmp_path):
    """Looking whether something changed does not pay for an import of seconds."""
    KerasModelMaterializer().save(small_model(1), tmp_path)
    code = (
        "import pathlib, sys; from zencache_tensorflow import KerasModelMaterializer as M; "
        "print(M().digest(pathlib.Path(sys.argv[1])), 'tensorflow' in sys.modules, 'keras' in sys.modules)"
    )
    ran = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(ran, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [KerasModelMaterializer().digest(tmp_path), "False", "False"]


def test_a_lambda_is_refused_when_it_is_stored(tmp_path):
    """Keras would not load it again."""
    import keras

    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Lambda(lambda x: x)])
    with pytest.raises(MaterializerError, match="register_keras_serializable"):
        KerasModelMaterializer().save(model, tmp_path)


def test_a_symbol_is_refused(tmp_path):
    """Inside a tf.function a tensor has no value yet."""
    import tensorflow as tf

    @tf.function(autograph=False)
    def store(tensor):
        TensorMaterializer().save(tensor, tmp_path)
        return tensor

    with pytest.raises(MaterializerError, match="no value"):
        store(tf.constant(1))


class TestTensors(MaterializerContract):
    """Tensors of any type keep it."""

    materializer = TensorMaterializer()
    values = property(lambda self: tensors())

    @property
    def types(self):
        import tensorflow as tf

        return [tf.Tensor, type(tf.constant(1))]

    def equal(self, left, right):
        return left.dtype == right.dtype and np.array_equal(left.numpy(), right.numpy())


def test_a_layer_of_ones_own_needs_a_name(tmp_path, monkeypatch):
    """The error says how to give it one."""
    import keras

    class Unregistered(keras.layers.Layer):
        """A layer that Keras cannot find by name."""

        def call(self, x):
            return x

    Unregistered.__qualname__ = "Unregistered"
    monkeypatch.setitem(globals(), "Unregistered", Unregistered)
    model = keras.Sequential([keras.layers.Input((4,)), Unregistered()])
    KerasModelMaterializer().save(model, tmp_path)
    model_file = tmp_path / "model.keras"
    assert model_file.exists()
    Unregistered.__module__ = "gone"
    with pytest.raises(MaterializerError, match="register_keras_serializable"):
        KerasModelMaterializer().load(tmp_path)


def test_importing_the_package_imports_no_tensorflow():
    """An integration costs nothing until there is a value for it."""
    import keras

    code = "import sys, zencache_tensorflow; print('tensorflow' in sys.modules, 'keras' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
    assert zencache.__version__
    assert find(keras.Model) is not None
