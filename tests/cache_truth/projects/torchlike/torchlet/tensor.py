import numpy as np

from .state import default_dtype, is_grad_enabled


def unbroadcast(gradient, shape):
    """Sum up a gradient where a value was broadcast."""
    while gradient.ndim > len(shape):
        gradient = gradient.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1 and gradient.shape[axis] != 1:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return gradient


class Tensor:
    """An array, and how its gradient flows back."""

    __slots__ = ("data", "grad", "requires_grad", "_parents")

    def __init__(self, data, requires_grad=False, parents=()):
        self.data = np.asarray(data, dtype=default_dtype())
        self.grad = None
        self.requires_grad = requires_grad
        self._parents = parents

    def __getattr__(self, name):
        if name in ("shape", "ndim", "dtype", "size"):
            return getattr(self.data, name)
        raise AttributeError(name)

    def _made(self, data, *parents):
        parents = tuple((parent, back) for parent, back in parents if parent.requires_grad)
        tracked = bool(parents) and is_grad_enabled()
        return Tensor(data, tracked, parents if tracked else ())

    def _binary(self, other, function, left, right):
        other = other if isinstance(other, Tensor) else Tensor(other)
        return self._made(
            function(self.data, other.data),
            (self, lambda g: unbroadcast(left(g, self.data, other.data), self.data.shape)),
            (other, lambda g: unbroadcast(right(g, self.data, other.data), other.data.shape)),
        )

    def map(self, value, slope):
        return self._made(value, (self, lambda g: g * slope))

    def mean(self):
        return self._made(self.data.mean(), (self, lambda g: np.full_like(self.data, g / self.data.size)))

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if id(node) not in seen:
                seen.add(id(node))
                for parent, _ in node._parents:
                    visit(parent)
                order.append(node)

        visit(self)
        self.grad = np.ones_like(self.data)
        for node in reversed(order):
            for parent, back in node._parents:
                change = back(node.grad)
                parent.grad = change if parent.grad is None else parent.grad + change

    def item(self):
        return float(self.data)

    def tolist(self):
        return self.data.ravel().tolist()


def _operator(function, left, right, swapped=False):
    def method(self, other):
        if swapped:
            return (other if isinstance(other, Tensor) else Tensor(other))._binary(self, function, left, right)
        return self._binary(other, function, left, right)

    return method


OPERATORS = {
    "add": (np.add, lambda g, a, b: g, lambda g, a, b: g),
    "sub": (np.subtract, lambda g, a, b: g, lambda g, a, b: -g),
    "mul": (np.multiply, lambda g, a, b: g * b, lambda g, a, b: g * a),
    "matmul": (np.matmul, lambda g, a, b: g @ b.T, lambda g, a, b: a.T @ g),
}
for _name, _functions in OPERATORS.items():
    setattr(Tensor, f"__{_name}__", _operator(*_functions))
    setattr(Tensor, f"__r{_name}__", _operator(*_functions, swapped=True))


def tensor(data, requires_grad=False):
    return Tensor(data, requires_grad)


def stack(tensors):
    return Tensor(np.stack([each.data for each in tensors]))
