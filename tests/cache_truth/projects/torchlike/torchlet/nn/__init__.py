from .layers import Dropout, Linear, Tanh
from .losses import BCELoss, MSELoss
from .module import Module, Parameter, Sequential

__all__ = ["BCELoss", "Dropout", "Linear", "MSELoss", "Module", "Parameter", "Sequential", "Tanh"]
