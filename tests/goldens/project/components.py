"""TFX components of the golden project, alone in a TFX pipeline and among steps."""

from pathlib import Path

from tfx import v1 as tfx
from tfx.types import standard_artifacts as sa
from zencache_tfx import Examples, channel

from zencache import pipeline, step

FACTOR = 3


def helper(number):
    return number * FACTOR


@tfx.dsl.components.component
def Numbers(  # noqa: N802 - a component's name
    n: tfx.dsl.components.Parameter[int], numbers: tfx.dsl.components.OutputArtifact[sa.Examples]
):
    Path(numbers.uri, "numbers.txt").write_text(str(helper(n)))


@tfx.dsl.components.component
def Train(  # noqa: N802 - a component's name
    numbers: tfx.dsl.components.InputArtifact[sa.Examples],
    rate: tfx.dsl.components.Parameter[float],
    model: tfx.dsl.components.OutputArtifact[sa.Model],
):
    value = Path(numbers.uri, "numbers.txt").read_text()
    Path(model.uri, "model.txt").write_text(f"{value} {rate}")


@tfx.dsl.components.component
def List(  # noqa: N802 - a component's name
    examples: tfx.dsl.components.InputArtifact[sa.Examples],
    model: tfx.dsl.components.OutputArtifact[sa.Model],
):
    Path(model.uri, "listing").write_text(examples.split_names)


@step
def rows(count: int = 3) -> Examples:
    made = [{"x": n, "name": f"n{n}"} for n in range(count)]
    return Examples.of({"train": made, "eval": made[:1]})


@step
def splits(examples: Examples) -> list:
    return [examples.splits, sum(row["x"][0] for row in examples.rows("train"))]


@step
def look(model: sa.Model) -> str:
    return (model.path / "listing").read_text()


@pipeline
def mixed(count: int = 3):
    made = rows(count=count)
    splits(made)
    look(List(examples=channel(made, sa.Examples)).outputs["model"])
    splits.after(look)


def native(name="native", rate=0.5):
    """Give a TFX pipeline with a store of its own."""
    here = Path.cwd()
    numbers = Numbers(n=2)
    train = Train(numbers=numbers.outputs["numbers"], rate=rate)
    records = str(here / "mlmd" / "metadata.db")
    return tfx.dsl.Pipeline(
        name,
        str(here / "root"),
        components=[numbers, train],
        metadata_connection_config=tfx.orchestration.metadata.sqlite_metadata_connection_config(records),
    )
