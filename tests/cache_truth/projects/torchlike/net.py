import math

from torchlet import functional as F
from torchlet import nn
from torchlet.data import Dataset
from torchlet.tensor import tensor


class Spirals(Dataset):
    """Two spirals of points."""

    def __init__(self, count, turns=1.0, gap=0.1):
        self.count = count
        self.turns = turns
        self.gap = gap

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        side = index % 2
        radius = self.gap + index / self.count
        angle = radius * self.turns * 2 * math.pi + side * math.pi
        return tensor([radius * math.cos(angle), radius * math.sin(angle)]), tensor([float(side)])


class Residual(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.inner = nn.Linear(size, size, bias=False)
        self.gate = nn.Parameter.full((1,), 0.5)

    def forward(self, x):
        return x + F.tanh(self.inner(x)) * self.gate


class Net(nn.Module):
    """A hidden layer, a residual block, dropout, and one output."""

    def __init__(self, inputs, width, p=0.1):
        super().__init__()
        self.hidden = nn.Sequential(nn.Linear(inputs, width), nn.Tanh(), Residual(width))
        self.drop = nn.Dropout(p)
        self.out = nn.Linear(width, 1)
        self.register_buffer("scale", tensor([1.5]))

    def forward(self, x):
        return F.sigmoid(self.out(self.drop(self.hidden(x))) * self.scale)

    @property
    def size(self):
        return sum(p.data.size for p in self.parameters())
