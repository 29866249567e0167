import numpy as np

from nets import activations, initializers

LAYERS = {}


def register(package="nets"):
    def add(cls):
        LAYERS[f"{package}>{cls.__name__}"] = cls
        cls.registered_name = f"{package}>{cls.__name__}"
        return cls

    return add


class Layer:
    """A layer: built when its inputs are known."""

    registered_name = None
    _names: dict = {}

    def __init__(self, name=None, trainable=True):
        self.name = name or self._unique()
        self.trainable = trainable
        self.built = False
        self.weights = []
        self.gradients = []

    @classmethod
    def _unique(cls):
        return cls.__name__.lower()

    def __call__(self, x):
        if not self.built:
            self.build(x.shape[-1])
            self.built = True
        return self.call(x)

    def build(self, size):
        """Make the weights."""

    def call(self, x):
        return x

    def back(self, gradient):
        return gradient

    def output_size(self, size):
        return size

    def get_config(self):
        return {"name": self.name, "trainable": self.trainable}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


@register()
class Dense(Layer):
    def __init__(self, units, activation=None, initializer="glorot", **options):
        super().__init__(**options)
        self.units = units
        self.activation = activations.get(activation)
        self.initializer = initializers.get(initializer)

    def build(self, size):
        self.weights = [self.initializer((size, self.units)), np.zeros(self.units)]

    def call(self, x):
        kernel, bias = self.weights
        self.x = x
        self.y = self.activation(x @ kernel + bias)
        return self.y

    def back(self, gradient):
        gradient = gradient * self.activation.slope(self.y)
        self.gradients = [self.x.T @ gradient, gradient.sum(axis=0)]
        return gradient @ self.weights[0].T

    def output_size(self, size):
        return self.units

    def get_config(self):
        own = {"units": self.units, "activation": self.activation.name, "initializer": self.initializer.name}
        return {**super().get_config(), **own}
