"""Pipelines of the golden project whose values are pandas', scikit-learn's and TensorFlow's."""

from __future__ import annotations

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from sklearn.linear_model import LinearRegression

from zencache import pipeline, step


@step
def table(rows: int = 5) -> pd.DataFrame:
    return pd.DataFrame({"x": np.arange(rows), "y": np.arange(rows) * 2.0, "name": list("abcdefghij"[:rows])})


@step
def column(frame: pd.DataFrame) -> pd.Series:
    return frame["y"]


@step
def fit(frame: pd.DataFrame) -> LinearRegression:
    return LinearRegression().fit(frame[["x"]], frame["y"])


@step
def predict(model: LinearRegression, frame: pd.DataFrame) -> float:
    return float(model.predict(frame[["x"]]).round(3).sum())


@step
def tensor(values: pd.Series) -> tf.Tensor:
    return tf.constant(values.to_numpy())


@step
def network(units: int = 2) -> keras.Model:
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(units)])


@step
def count(model: keras.Model, values: tf.Tensor) -> int:
    return model.count_params() + int(tf.size(values))


@pipeline
def frames(rows: int = 5):
    frame = table(rows=rows)
    values = column(frame)
    predict(fit(frame), frame)
    count(network(), tensor(values))
