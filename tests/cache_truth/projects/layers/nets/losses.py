import numpy as np


def crossentropy(scores, y):
    """Give the loss, and its gradient."""
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = shifted / shifted.sum(axis=1, keepdims=True)
    rows = np.arange(len(y))
    loss = -np.mean(np.log(p[rows, y] + 1e-9))
    p[rows, y] -= 1
    return loss, p / len(y)


def accuracy(scores, y):
    return float(np.mean(np.argmax(scores, axis=1) == y))


def hinge(scores, y, margin=1.0):
    rows = np.arange(len(y))
    over = np.maximum(0, scores - scores[rows, y][:, None] + margin)
    over[rows, y] = 0
    gradient = (over > 0).astype(float)
    gradient[rows, y] = -gradient.sum(axis=1)
    return over.sum() / len(y), gradient / len(y)
