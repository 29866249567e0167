import inspect
import sys

import numpy as np


class Activation:
    name = "linear"

    def __call__(self, x):
        return x

    def slope(self, y):
        return np.ones_like(y)


class Tanh(Activation):
    name = "tanh"

    def __call__(self, x):
        return np.tanh(x)

    def slope(self, y):
        return 1 - y**2


class Relu(Activation):
    name = "relu"
    leak = 0.1

    def __call__(self, x):
        return np.where(x > 0, x, self.leak * x)

    def slope(self, y):
        return np.where(y > 0, 1.0, self.leak)


def get(name):
    """Find an activation among the classes of this module."""
    classes = [each for _, each in inspect.getmembers(sys.modules[__name__], inspect.isclass)]
    by_name = {each.name: each for each in classes if issubclass(each, Activation)}
    return by_name[name or "linear"]()
