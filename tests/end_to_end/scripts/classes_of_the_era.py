"""Class-based steps and a class-based pipeline, with a materializer of their own."""

import os
import sys

from zencache.io import fileio
from zencache.materializers.base_materializer import BaseMaterializer

from zencache.pipelines import BasePipeline
from zencache.post_execution import get_pipeline
from zencache.steps import BaseParameters, BaseStep


class Model:
    def __init__(self, weight):
        self.weight = weight


class ModelMaterializer(BaseMaterializer):
    ASSOCIATED_TYPES = (Model,)

    def handle_return(self, model):
        super().handle_return(model)
        with fileio.open(os.path.join(self.artifact.uri, "weight.txt"), "w") as file:  # noqa: PTH118
            file.write(repr(model.weight))

    def handle_input(self, data_type):
        super().handle_input(data_type)
        with fileio.open(os.path.join(self.artifact.uri, "weight.txt")) as file:  # noqa: PTH118
            return data_type(float(file.read()))


class Loader(BaseStep):
    def entrypoint(self) -> list:
        print("LOADING")
        return [1, 2, 3]


class TrainerConfig(BaseParameters):
    factor: float = 2.0


class Trainer(BaseStep):
    def __init__(self, *args, offset=0, **kwargs):
        super().__init__(*args, **kwargs)
        self.offset = offset

    def entrypoint(self, config: TrainerConfig, numbers: list) -> Model:
        return Model(self.weigh(numbers) * config.factor)

    def weigh(self, numbers):
        return sum(numbers) + self.offset


class Scorer(BaseStep):
    def entrypoint(self, model: Model, numbers: list) -> float:
        return model.weight / len(numbers)


class Training(BasePipeline):
    def connect(self, loader, trainer, scorer):
        numbers = loader()
        scorer(trainer(numbers), numbers)


if __name__ == "__main__":
    made = Training(loader=Loader(), trainer=Trainer(TrainerConfig(factor=3.0), offset=1), scorer=Scorer())
    made.run(worker_kind=sys.argv[1], workers=2)
    last = get_pipeline(Training).runs[-1]
    print("READ", last.get_step("scorer").output.read(), last.get_step("trainer").output.read().weight)
    print("STATUS", *(str(each.status) for each in last.steps))
