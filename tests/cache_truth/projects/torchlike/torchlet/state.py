"""What is set for the whole process."""

from contextlib import ContextDecorator

import numpy as np

_state = {"generator": np.random.default_rng(0), "dtype": "float32", "grad": True}


def manual_seed(seed):
    _state["generator"] = np.random.default_rng(seed)


def generator():
    return _state["generator"]


def set_default_dtype(name):
    _state["dtype"] = name


def default_dtype():
    return _state["dtype"]


def is_grad_enabled():
    return _state["grad"]


class no_grad(ContextDecorator):  # noqa: N801 - as in torch
    def __enter__(self):
        self._before, _state["grad"] = _state["grad"], False

    def __exit__(self, *error):
        _state["grad"] = self._before
