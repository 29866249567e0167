"""Three runs of a digits pipeline, in the style of the decorator era."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.svm import SVC
from zencache.integrations.sklearn.helpers.digits import get_digits

from zencache.pipelines import pipeline
from zencache.steps import BaseStepConfig, Output, step


@step
def load_digits() -> Output(X_train=np.ndarray, X_test=np.ndarray, y_train=np.ndarray, y_test=np.ndarray):
    """Give the digits as plain arrays."""
    X_train, X_test, y_train, y_test = get_digits()
    return X_train, X_test, y_train, y_test


class SVCTrainerStepConfig(BaseStepConfig):
    """Trainer params."""

    gamma: float = 0.001


@step(enable_cache=False)  # always retrain
def svc_trainer(config: SVCTrainerStepConfig, X_train: np.ndarray, y_train: np.ndarray) -> ClassifierMixin:
    """Train a support vector classifier."""
    model = SVC(gamma=config.gamma)
    model.fit(X_train, y_train)
    return model


@pipeline
def first_pipeline(step_1, step_2):
    X_train, X_test, y_train, y_test = step_1()
    step_2(X_train, y_train)


first_pipeline_instance = first_pipeline(step_1=load_digits(), step_2=svc_trainer())

# All steps run.
first_pipeline_instance.run()

# The first step is reused, the second is never cached.
first_pipeline_instance.run()

# Everything runs again.
first_pipeline_instance.run(enable_cache=False)
