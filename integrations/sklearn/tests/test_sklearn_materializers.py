"""Estimators come back whole, by skops and with stable bytes."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from zencache_sklearn import EstimatorMaterializer
from zencache_sklearn.helpers.digits import get_digits, get_digits_model

from zencache.materializers import find
from zencache.testing import MaterializerContract

X_train, X_test, y_train, y_test = (part[:150] for part in get_digits())


class Constant(BaseEstimator, ClassifierMixin):
    """A user's own estimator."""

    def fit(self, x, y):
        self.answer_ = y[0]
        return self

    def predict(self, x):
        return np.full(len(x), self.answer_)


class TestEstimators(MaterializerContract):
    """Fitted estimators predict as before."""

    materializer = EstimatorMaterializer()
    types = [SVC, ClassifierMixin, RegressorMixin, TransformerMixin, BaseEstimator]
    values = [
        get_digits_model().fit(X_train, y_train),
        SVC(gamma=0.01).fit(X_train, y_train),
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=50)).fit(X_train, y_train),
        RandomForestClassifier(3, random_state=0).fit(X_train, y_train),
        GridSearchCV(SVC(), {"C": [1, 2]}, cv=2).fit(X_train, y_train),
        Constant().fit(X_train, y_train),
    ]

    def equal(self, left, right):
        return np.array_equal(left.predict(X_test), right.predict(X_test))


def test_an_estimator_fitted_on_a_frame_keeps_its_column_names(tmp_path):
    """Names seen in fit are part of the model."""
    frame = pd.DataFrame(X_train[:, :2], columns=["a", "b"])
    EstimatorMaterializer().save(SVC().fit(frame, y_train), tmp_path)
    assert list(EstimatorMaterializer().load(tmp_path).feature_names_in_) == ["a", "b"]


def test_refitting_the_same_gives_the_same_digest(tmp_path):
    """A trainer that reran for nothing does not make what follows rerun."""
    from zencache.artifacts.manifest import content_digest

    digests = set()
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        EstimatorMaterializer().save(get_digits_model().fit(X_train, y_train), folder)
        digests.add(content_digest(folder))
    assert len(digests) == 1


def test_the_old_import_path_of_the_helper_works():
    """`zencache.integrations.sklearn` is this package."""
    from zencache.integrations.sklearn.helpers.digits import get_digits as same

    assert same is get_digits
    with pytest.raises(
        ModuleNotFoundError,
        match="there is no integration nothing; zencache-pipelines has the extras .*sklearn",
    ):
        import zencache.integrations.nothing  # noqa: F401


def test_importing_the_package_imports_no_sklearn():
    """An integration costs nothing until there is a value for it."""
    code = "import sys, zencache_sklearn; print('sklearn' in sys.modules, 'skops' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_mixins_are_found():
    """A step may declare `-> ClassifierMixin`."""
    assert find(ClassifierMixin) == find(BaseEstimator)
