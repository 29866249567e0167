from .. import functional as F
from .module import Module


class MSELoss(Module):
    def forward(self, output, target):
        error = output - target
        return (error * error).mean()


class BCELoss(Module):
    def forward(self, output, target):
        likely = F.log(output) * target + F.log(1.0 - output) * (1.0 - target)
        return -1.0 * likely.mean()
