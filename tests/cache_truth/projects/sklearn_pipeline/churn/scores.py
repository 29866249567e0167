import numpy as np
from sklearn.metrics import accuracy_score, roc_auc_score

SCORES = {}


def score(function=None, *, digits=3):
    """Register a score under its function's name."""
    if function is None:
        return lambda each: score(each, digits=digits)
    SCORES[function.__name__] = (function, digits)
    return function


@score
def accuracy(y, p):
    return accuracy_score(y, p > 0.5)


@score(digits=4)
def auc(y, p):
    return roc_auc_score(y, p)


@score(digits=2)
def lift(y, p, share=0.25):
    """How many more leavers are among the highest predictions than anywhere."""
    top = np.argsort(-p, kind="stable")[: max(1, int(len(p) * share))]
    return np.mean(np.asarray(y)[top]) / max(np.mean(y), 1e-9)


def evaluate(model, X, y):
    p = model.predict_proba(X)[:, 1]
    return {name: round(float(function(y, p)), digits) for name, (function, digits) in SCORES.items()}
