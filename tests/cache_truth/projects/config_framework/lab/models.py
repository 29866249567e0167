import numpy as np

from lab import losses


class Model:
    """A function that is linear in its weights."""

    loss = "squared"

    def __init__(self, weights=None, loss=None, **options):
        self.options = {**self.defaults(), **options}
        self.weights = np.zeros(self.size()) if weights is None else np.asarray(weights)
        if loss:
            self.loss = loss

    @staticmethod
    def defaults():
        return {}

    def size(self):
        return 2

    def features(self, x):
        return np.column_stack([np.ones_like(x), x])

    def __call__(self, x):
        return self.features(x) @ self.weights

    def gradient(self, x, y):
        value, slope = losses.named(self.loss)(self(x) - y)
        return value, self.features(x).T @ slope / len(x)

    def describe(self):
        return f"{type(self).__name__}({self.size()}, {self.loss})"


class Polynomial(Model):
    @staticmethod
    def defaults():
        return {"degree": 2, "scale": 1.0}

    def size(self):
        return self.options["degree"] + 1

    def features(self, x):
        return np.column_stack([(x * self.options["scale"]) ** n for n in range(self.size())])


class Bumps(Model):
    @staticmethod
    def defaults():
        return {"centers": (0.2, 0.5, 0.8), "width": 0.2}

    def size(self):
        return len(self.options["centers"])

    def features(self, x):
        distance = x[:, None] - np.asarray(self.options["centers"])
        return np.exp(-((distance / self.options["width"]) ** 2))
