from .. import functional as F
from ..state import generator
from .module import Module, Parameter


class Linear(Module):
    def __init__(self, inputs, outputs, bias=True):
        super().__init__()
        self.shape = inputs, outputs
        self.weight = Parameter.uniform((inputs, outputs), inputs**-0.5)
        if bias:
            self.bias = Parameter.full((outputs,), 0.0)

    def forward(self, x):
        x = x @ self.weight
        return x + self.bias if "bias" in self._parameters else x

    def extra_repr(self):
        return "{}, {}".format(*self.shape)


class Tanh(Module):
    def forward(self, x):
        return F.tanh(x)


class Dropout(Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        kept = generator().random(x.shape) >= self.p
        return x * (kept / (1 - self.p))

    def extra_repr(self):
        return f"p={self.p}"
