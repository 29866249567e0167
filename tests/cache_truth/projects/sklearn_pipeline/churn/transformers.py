"""Transformers in scikit-learn's manner."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted


class Named:
    """Mixin: names of columns go through unless a class says otherwise."""

    suffix = ""

    def get_feature_names_out(self, input_features=None):
        names = self.names_in_ if input_features is None else input_features
        return np.asarray([f"{name}{self.suffix}" for name in names], dtype=object)


class Clipper(Named, BaseEstimator, TransformerMixin):
    """Clip to quantiles of the training data."""

    def __init__(self, low=0.05, high=0.95):
        self.low = low
        self.high = high

    def fit(self, X, y=None):
        self.names_in_ = list(X.columns)
        self.bounds_ = {name: (X[name].quantile(self.low), X[name].quantile(self.high)) for name in X}
        return self

    def transform(self, X):
        check_is_fitted(self)
        X = X.copy()
        for name, (low, high) in self.bounds_.items():
            X[name] = X[name].clip(low, high)
        return self._scaled(X)

    def _scaled(self, X):
        return X


class LogClipper(Clipper):
    """Clip, and take logarithms."""

    suffix = "_log"

    def _scaled(self, X):
        return np.log1p(X.clip(lower=0))


class TownRates(Named, BaseEstimator, TransformerMixin):
    """Encode a town by the rate of its leavers, shrunk to the overall rate."""

    suffix = "_rate"

    def __init__(self, weight=5.0):
        self.weight = weight

    def fit(self, X, y):
        column = X.iloc[:, 0]
        self.names_in_ = list(X.columns)
        self.overall_ = float(np.mean(y))
        groups = pd.DataFrame({"town": column, "y": np.asarray(y)}).groupby("town")["y"].agg(["sum", "count"])
        self.rates_ = self._shrunk(groups).to_dict()
        return self

    def _shrunk(self, groups):
        return (groups["sum"] + self.weight * self.overall_) / (groups["count"] + self.weight)

    def transform(self, X):
        rates = X.iloc[:, 0].map(self.rates_).fillna(self.overall_)
        return rates.to_numpy(dtype=float).reshape(-1, 1)


def ratio(X):
    """Calls by month of membership: for a FunctionTransformer."""
    values = X["calls"] / (X["months"] + 1)
    return pd.DataFrame({"calls_by_month": values})


def ratio_names(transformer, names):
    return np.asarray(["calls_by_month"], dtype=object)
