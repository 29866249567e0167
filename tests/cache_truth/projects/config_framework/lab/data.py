import numpy as np


def wave(count=20, noise=0.1, seed=0, span=(0.0, 1.0)):
    """Points of a wave with noise: an array of two columns."""
    rng = np.random.default_rng(seed)
    x = np.linspace(*span, count)
    return np.column_stack([x, np.sin(3 * x) + noise * rng.standard_normal(count)])


def line(count=20, slope=1.0, offset=0.0, **_):
    x = np.arange(count) / count
    return np.column_stack([x, slope * x + offset])
