"""Trains a network of layers in the style of Keras: a registry, JSON of a model, callbacks, and own layers."""

import numpy as np
from zencache import pipeline, step

from nets import callbacks, layers, models
from nets.serialization import deserialize


@layers.register("own")
class Scaled(layers.Layer):
    """A layer of the project's own."""

    def __init__(self, factor=1.2, **options):
        super().__init__(**options)
        self.factor = factor

    def call(self, x):
        return x * self.factor

    def back(self, gradient):
        return gradient * self.factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


@step
def data(count: int = 40, seed: int = 5) -> np.ndarray:
    """Make points of three groups."""
    rng = np.random.default_rng(seed)
    groups = np.arange(count) % 3
    points = rng.normal(scale=0.4, size=(count, 2)) + np.array([(0, 1), (1, -1), (-1, -1)])[groups]
    return np.column_stack([points, groups])


@step
def design(width: int = 5) -> str:
    """Describe the model as JSON."""
    model = models.Sequential([layers.Dense(width, activation="tanh"), Scaled(), layers.Dense(3, activation="linear")])
    return model.to_json()


@step
def fitted(points: np.ndarray, description: str, epochs: int = 6) -> dict:
    """Make the model of its JSON, and train it."""
    model = deserialize(description)
    model.compile(optimizer={"name": "sgd", "rate": 0.2}, loss="crossentropy", metrics=["accuracy"])
    stop = callbacks.EarlyStopping(patience=2, least=1e-4)
    history = model.fit(points[:, :2], points[:, 2].astype(int), epochs, [stop, callbacks.Decay(0.9)])
    return {"history": history, "weights": [w.tolist() for w in model.weights], "stopped": stop.stopped}


@step
def predicted(points: np.ndarray, description: str, result: dict) -> list:
    """Predict with the trained weights."""
    model = deserialize(description)
    model.build(2)
    model.set_weights(result["weights"])
    return np.argmax(model(points[:, :2]), axis=1).tolist() + [model.summary()]


@pipeline
def groups():
    points = data()
    description = design()
    predicted(points, description, fitted(points, description))


def build():
    return groups()
