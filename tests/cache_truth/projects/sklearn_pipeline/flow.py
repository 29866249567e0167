"""Predicts who leaves: a scikit-learn pipeline with transformers of its own and a ColumnTransformer."""

import pandas as pd
from sklearn.pipeline import Pipeline
from zencache import pipeline, step

from churn.data import add_noise, load, split
from churn.model import make_model
from churn.scores import evaluate

SEED = 7


@step
def customers(path: str = "data/customers.csv") -> pd.DataFrame:
    """Read the customers, and derive the columns that the model needs."""
    return add_noise(load(path), seed=SEED)


@step
def fitted(frame: pd.DataFrame, c: float = 0.5) -> Pipeline:
    """Fit the model on the first part."""
    train, _ = split(frame)
    return make_model(c).fit(train.drop(columns="left"), train["left"])


@step
def scores(frame: pd.DataFrame, model: Pipeline) -> dict:
    """Score the model on the second part."""
    _, test = split(frame)
    return evaluate(model, test.drop(columns="left"), test["left"])


@step
def names(model: Pipeline) -> list:
    """List the columns that the model sees, with their weights."""
    columns = model.named_steps["columns"].get_feature_names_out()
    weights = model.named_steps["model"].coef_[0]
    return [f"{name}={weight:.4f}" for name, weight in zip(columns, weights)]


@pipeline
def churn():
    frame = customers()
    model = fitted(frame)
    scores(frame, model)
    names(model)


def build():
    return churn()
