"""Runs the work with TFX: Python function components, on the local or the Beam runner, with the cache on."""

import json
import sys
from pathlib import Path

import numpy as np
import work

if sys.argv[3] == "beam":
    from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, OutputDict
    from tfx.dsl.component.experimental.decorators import component
    from tfx.orchestration.beam.beam_dag_runner import BeamDagRunner as Runner
    from tfx.orchestration.metadata import sqlite_metadata_connection_config
    from tfx.orchestration.pipeline import Pipeline
    from tfx.types.artifact import Artifact
else:
    from tfx import v1 as tfx

    InputArtifact, OutputArtifact = tfx.dsl.components.InputArtifact, tfx.dsl.components.OutputArtifact
    OutputDict, component = tfx.dsl.components.OutputDict, tfx.dsl.components.component
    sqlite_metadata_connection_config = tfx.orchestration.metadata.sqlite_metadata_connection_config
    Artifact, Pipeline, Runner = tfx.dsl.Artifact, tfx.dsl.Pipeline, tfx.orchestration.LocalDagRunner


class Split(Artifact):
    TYPE_NAME = "Split"


@component
def load(split: OutputArtifact[Split]):
    np.savez(Path(split.uri) / "split.npz", *work.load())


@component
def train(split: InputArtifact[Split]) -> OutputDict(accuracy=float):
    with np.load(Path(split.uri) / "split.npz") as parts:
        return {"accuracy": work.train(*parts.values())}


@component
def start() -> OutputDict(value=int):
    return {"value": work.start()}


@component
def add(x: int) -> OutputDict(value=int):
    return {"value": work.add(x)}


def digits() -> list:
    loaded = load()
    return [loaded, train(split=loaded.outputs["split"])]


def chain() -> list:
    steps = [start()]
    for number in range(1, 10):
        steps.append(add(x=steps[-1].outputs["value"]).with_id(f"add_{number}"))
    return steps


def main(mode: str, store: str, _runner: str) -> None:
    def run(name: str, components: list) -> None:
        pipeline = Pipeline(
            pipeline_name=name,
            pipeline_root=f"{store}/{name}",
            metadata_connection_config=sqlite_metadata_connection_config(f"{store}/metadata.db"),
            components=components,
            enable_cache=True,
        )
        Runner().run(pipeline)

    def value(place: str) -> object:
        (file,) = Path(store).glob(f"{place}/*/value")
        return json.loads(file.read_text())

    work.answer(
        mode,
        (lambda: run("digits", digits()), lambda _: value("digits/train/accuracy")),
        (lambda: run("chain", chain()), lambda _: value("chain/add_9/value")),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
