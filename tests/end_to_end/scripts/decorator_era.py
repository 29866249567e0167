"""A script as the decorator era wrote it: functions, a parameters class, views of what ran."""

import sys

import helpers_of_the_era
import numpy as np
from zenml.pipelines import pipeline
from zenml.post_execution import get_pipeline
from zenml.repository import Repository
from zenml.steps import BaseParameters, Output, step

COLUMNS = 3


class TrainerParams(BaseParameters):
    """What the trainer takes."""

    gamma: float = 0.001


@step
def load_table() -> Output(train=np.ndarray, test=np.ndarray):
    """Give two tables."""
    from zenml.steps import StepContext  # noqa: F401 - imported where it runs

    table = np.arange(12.0).reshape(-1, COLUMNS)
    return table[:3], table[3:]


@step(enable_cache=len(sys.argv) < 3)
def svc_trainer(params: TrainerParams, train: np.ndarray) -> float:
    """Stand for a training."""
    return helpers_of_the_era.fitted(train, params.gamma)


@pipeline
def first_pipeline(step_1, step_2):
    train, _ = step_1()
    step_2(train)


if __name__ == "__main__":
    first_pipeline(
        step_1=helpers_of_the_era.cleaned(load_table()),
        step_2=svc_trainer(TrainerParams(gamma=float(sys.argv[1]) if len(sys.argv) > 1 else 0.001)),
    ).run()
    view = get_pipeline("first_pipeline")
    last = view.runs[-1]
    print("READ", last.get_step("step_2").output.read(), [str(each.status) for each in last.steps])
    print(
        "SEEN",
        len(view.runs),
        Repository().get_pipeline("first_pipeline").runs[-1].name == last.name,
        *sys.argv[1:],
    )
    print("PLACE", __name__, __file__.endswith("decorator_era.py"), sys.argv[0].endswith("decorator_era.py"))
