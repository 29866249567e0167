"""A wine pipeline with options, in the style of the later decorator era."""

import argparse

import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from zencache.pipelines import pipeline
from zencache.steps import BaseParameters, Output, step


class SVCTrainerParams(BaseParameters):
    """Trainer params."""

    gamma: float = 0.001


@step
def simple_data_splitter() -> Output(train_set=pd.DataFrame, test_set=pd.DataFrame):
    dataset = load_wine(as_frame=True).frame
    train_set, test_set = train_test_split(dataset)
    return train_set, test_set


@step
def parameterized_svc_trainer(
    params: SVCTrainerParams, train_set: pd.DataFrame, test_set: pd.DataFrame
) -> ClassifierMixin:
    X_train, y_train = train_set.drop("target", axis=1), train_set["target"]
    X_test, y_test = test_set.drop("target", axis=1), test_set["target"]
    model = SVC(gamma=params.gamma)
    model.fit(X_train, y_train)
    print(f"Test accuracy: {model.score(X_test, y_test)}")
    return model


@step
def parameterized_tree_trainer(train_set: pd.DataFrame, test_set: pd.DataFrame) -> ClassifierMixin:
    X_train, y_train = train_set.drop("target", axis=1), train_set["target"]
    model = DecisionTreeClassifier()
    model.fit(X_train, y_train)
    return model


@pipeline
def first_pipeline(step_1, step_2):
    train_set, test_set = step_1()
    step_2(train_set, test_set)


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--gamma", type=float, default=0.001)
    options.add_argument("--trainer", choices=("svc", "decision_tree"), default="svc")
    options.add_argument("--no-cache", action="store_true")
    chosen = options.parse_args()
    trainers = {
        "svc": parameterized_svc_trainer(SVCTrainerParams(gamma=chosen.gamma)),
        "decision_tree": parameterized_tree_trainer(),
    }
    run = first_pipeline(step_1=simple_data_splitter(), step_2=trainers[chosen.trainer]).run(
        enable_cache=False if chosen.no_cache else None
    )
    print(f"version {run.version}")
