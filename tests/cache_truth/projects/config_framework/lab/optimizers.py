from dataclasses import dataclass, field

import numpy as np


@dataclass
class Descent:
    rate: float = 0.1
    decay: float = 0.0
    clip: float | None = None
    steps: int = field(default=0, init=False)

    def step(self, model, data):
        x, y = data.T
        loss, gradient = model.gradient(x, y)
        if self.clip is not None:
            gradient = np.clip(gradient, -self.clip, self.clip)
        model.weights = model.weights - self.change(gradient)
        self.steps += 1
        return round(loss, 6)

    def change(self, gradient):
        return self.rate / (1 + self.decay * self.steps) * gradient


@dataclass
class Momentum(Descent):
    momentum: float = 0.8

    def __post_init__(self):
        self.speed = 0.0

    def change(self, gradient):
        self.speed = self.momentum * self.speed + super().change(gradient)
        return self.speed
