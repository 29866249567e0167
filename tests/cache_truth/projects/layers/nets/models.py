import json
from importlib import import_module

from nets import optimizers
from nets.layers import Layer


class Sequential(Layer):
    def __init__(self, layers=(), name="model"):
        super().__init__(name=name)
        self.layers = []
        self.stop = False
        for layer in layers:
            self.add(layer)

    def add(self, layer):
        taken = [each.name for each in self.layers]
        if layer.name in taken:
            layer.name = f"{layer.name}_{len(taken)}"
        self.layers.append(layer)

    def build(self, size):
        for layer in self.layers:
            layer.build(size)
            layer.built = True
            size = layer.output_size(size)
        self.built = True

    @property
    def weights(self):
        return [weight for layer in self.layers for weight in layer.weights]

    @weights.setter
    def weights(self, value):
        assert not value

    def set_weights(self, weights):
        import numpy as np

        weights = iter(weights)
        for layer in self.layers:
            layer.weights = [np.asarray(next(weights)) for _ in layer.weights]

    def call(self, x):
        for layer in self.layers:
            x = layer(x)
        return x

    def back(self, gradient):
        for layer in reversed(self.layers):
            gradient = layer.back(gradient)
        return gradient

    def compile(self, optimizer, loss, metrics=()):
        functions = import_module("nets.losses")
        self.optimizer = optimizers.get(optimizer)
        self.loss = getattr(functions, loss)
        self.metrics = {name: getattr(functions, name) for name in metrics}

    def fit(self, x, y, epochs=1, callbacks=()):
        history = []
        for callback in callbacks:
            callback.on_begin(self)
        for epoch in range(epochs):
            scores = self(x)
            loss, gradient = self.loss(scores, y)
            self.back(gradient)
            self.optimizer.apply(self.layers)
            logs = {"loss": round(float(loss), 6), **{name: metric(scores, y) for name, metric in self.metrics.items()}}
            history.append(logs)
            for callback in callbacks:
                callback.on_epoch(epoch, logs)
            if self.stop:
                break
        return history

    def summary(self):
        sizes = [f"{layer.name}: {sum(w.size for w in layer.weights)}" for layer in self.layers]
        return "; ".join(sizes)

    def to_json(self):
        from nets.serialization import serialize

        return json.dumps({"name": self.name, "layers": [serialize(layer) for layer in self.layers]})
