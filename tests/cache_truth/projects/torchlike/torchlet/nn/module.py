from collections import OrderedDict

import numpy as np

from ..state import generator
from ..tensor import Tensor


class Parameter(Tensor):
    """A tensor that is trained."""

    __slots__ = ()

    def __init__(self, data):
        super().__init__(data, requires_grad=True)

    @classmethod
    def full(cls, shape, value):
        return cls(np.full(shape, value))

    @classmethod
    def uniform(cls, shape, bound):
        return cls(generator().uniform(-bound, bound, shape))


class Module:
    """Attributes that are parameters or modules register themselves."""

    training = True

    def __init__(self):
        for name in ("_parameters", "_modules", "_buffers"):
            object.__setattr__(self, name, OrderedDict())
        self._hooks = []

    def __setattr__(self, name, value):
        if isinstance(value, Parameter):
            self._parameters[name] = value
        elif isinstance(value, Module):
            self._modules[name] = value
        else:
            object.__setattr__(self, name, value)

    def __getattr__(self, name):
        for table in ("_parameters", "_modules", "_buffers"):
            if name in self.__dict__.get(table, ()):
                return self.__dict__[table][name]
        raise AttributeError(f"{type(self).__name__} has no {name}")

    def __call__(self, *inputs):
        output = self.forward(*inputs)
        for hook in self._hooks:
            changed = hook(self, output)
            output = changed if changed is not None else output
        return output

    def forward(self, *inputs):
        raise NotImplementedError(type(self).__name__)

    def register_forward_hook(self, hook):
        self._hooks.append(hook)

    def register_buffer(self, name, value):
        self._buffers[name] = value

    def named_parameters(self, prefix=""):
        for name, parameter in self._parameters.items():
            yield prefix + name, parameter
        for name, module in self._modules.items():
            yield from module.named_parameters(f"{prefix}{name}.")

    def parameters(self):
        return [parameter for _, parameter in self.named_parameters()]

    def state_dict(self):
        return {name: parameter.data.tolist() for name, parameter in self.named_parameters()}

    def load_state_dict(self, state, strict=True):
        own = dict(self.named_parameters())
        if strict and own.keys() != state.keys():
            raise KeyError(sorted(own.keys() ^ state.keys()))
        for name, values in state.items():
            own[name].data = np.asarray(values, dtype=own[name].data.dtype)

    def train(self, mode=True):
        object.__setattr__(self, "training", mode)
        for module in self._modules.values():
            module.train(mode)
        return self

    def eval(self):
        return self.train(False)

    def extra_repr(self):
        return ""

    def __repr__(self):
        inner = ", ".join(f"{name}={module!r}" for name, module in self._modules.items())
        return f"{type(self).__name__}({inner or self.extra_repr()})"


class Sequential(Module):
    def __init__(self, *modules):
        super().__init__()
        for number, module in enumerate(modules):
            setattr(self, str(number), module)

    def forward(self, x):
        for module in self._modules.values():
            x = module(x)
        return x
