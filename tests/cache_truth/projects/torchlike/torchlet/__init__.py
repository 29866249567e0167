"""Tensors with gradients, on numpy."""

from .state import generator, manual_seed, no_grad, set_default_dtype
from .tensor import Tensor, tensor

__all__ = ["Tensor", "generator", "manual_seed", "no_grad", "set_default_dtype", "tensor"]
