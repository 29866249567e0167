"""Trains a network with a small library in the style of torch: tensors with gradients, modules, hooks, loaders."""

from zencache import pipeline, step

import torchlet
from net import Net, Spirals
from torchlet import nn, optim
from torchlet.data import DataLoader

torchlet.manual_seed(3)
torchlet.set_default_dtype("float64")


@step
def dataset(count: int = 24) -> Spirals:
    """Make the points."""
    return Spirals(count, turns=0.6)


@step
def trained(points: Spirals, epochs: int = 4, rate: float = 0.3) -> dict:
    """Train, and give the weights."""
    torchlet.manual_seed(11)
    model = Net(2, 6)
    criterion = nn.BCELoss()
    optimizer = optim.SGD(model.parameters(), lr=rate, momentum=0.5)
    schedule = optim.StepLR(optimizer, size=2, gamma=0.7)
    losses = []
    model.train()
    for _ in range(epochs):
        for x, y in DataLoader(points, batch_size=8, shuffle=True):
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
        losses.append(round(loss.item(), 6))
        schedule.step()
    return {"state": model.state_dict(), "losses": losses, "rate": optimizer.lr}


@step
def evaluated(points: Spirals, result: dict) -> dict:
    """Load the weights into a new network, and count what it gets right."""
    model = Net(2, 6)
    model.load_state_dict(result["state"])
    model.eval()
    seen = []
    model.hidden.register_forward_hook(lambda module, output: seen.append(output.shape))
    with torchlet.no_grad():
        x, y = next(iter(DataLoader(points, batch_size=len(points))))
        p = model(x)
    right = sum((a > 0.5) == (b > 0.5) for a, b in zip(p.tolist(), y.tolist()))
    return {"right": right / len(points), "shapes": seen, "size": model.size, "text": repr(model), "last": result["losses"][-1]}


@pipeline
def spirals():
    points = dataset()
    evaluated(points, trained(points))


def build():
    return spirals()
