"""Runs a training pipeline by TFX's own runner and writes what came of it: `python end_to_end.py FOLDER`.

A process of its own, because TFX's Keras is chosen for a whole process.
"""

from __future__ import annotations

import csv
import json
import random
import sys
from pathlib import Path

from zencache_tfx.classic import (
    CSVDatasource,
    FeedForwardTrainer,
    LocalDeployer,
    RandomSplit,
    StandardPreprocesser,
    TFMAEvaluator,
    TrainingPipeline,
    keras_names,
    node_names,
    to_config,
    views,
)

ROWS = 400


def write_data(file: Path) -> None:
    """Write people whose illness is nearly decided by their age."""
    draw = random.Random(0)
    with file.open("w", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(["age", "income", "job", "home town", "note", "ill"])
        for number in range(ROWS):
            age = draw.randint(18, 90)
            note = " ".join(draw.choices(["likes", "hates", "tea", "milk"], k=draw.randint(1, 4)))
            ill = int(age + draw.gauss(0, 3) > 55)
            town, job = draw.choice(["a b", "c"]), draw.choice(["baker", "cook"])
            writer.writerow(["" if number % 20 == 0 else age, draw.gauss(0, 1), job, town, note, ill])


def make(folder: Path, epochs: int) -> TrainingPipeline:
    """Make a pipeline with transforms of several kinds."""
    pipeline = TrainingPipeline("A")
    pipeline.add_datasource(CSVDatasource("people", folder / "people.csv"))
    pipeline.add_split(RandomSplit({"train": 0.7, "eval": 0.3}))
    pipeline.add_preprocesser(
        StandardPreprocesser(
            labels=["ill"],
            overwrite={
                "ill": {"transform": [{"method": "no_transform", "parameters": {}}]},
                "note": {
                    "transform": [
                        {"method": "ngrams", "parameters": {"ngram_range": [1, 2]}},
                        {"method": "tfidf", "parameters": {"vocab_size": 20}},
                        {"method": "pca", "parameters": {"output_dim": 3}},
                    ]
                },
                "home town": {
                    "transform": [
                        {"method": "hash_strings", "parameters": {"hash_buckets": 5}},
                        {"method": "one_hot_encode", "parameters": {"depth": 5}},
                    ]
                },
            },
        )
    )
    pipeline.add_trainer(
        FeedForwardTrainer(loss="binary_crossentropy", lr=0.01, epochs=epochs, metrics=["accuracy"])
    )
    pipeline.add_evaluator(TFMAEvaluator(metrics={"ill": ["accuracy", "AUC", "mse"]}, slices=[["job"]]))
    pipeline.add_deployment(LocalDeployer(folder / "served"))
    return pipeline


class Records:
    """The artifacts that TFX's runner recorded."""

    def __init__(self, file: Path) -> None:
        import ml_metadata
        from ml_metadata.proto import metadata_store_pb2 as mlmd

        config = mlmd.ConnectionConfig()
        config.sqlite.filename_uri = str(file)
        self._store = ml_metadata.MetadataStore(config)
        self._output = mlmd.Event.OUTPUT

    def artifact(self, node_id: str, output_key: str) -> str:
        """Give the URI of an output of the node's only execution."""
        (context,) = (c for c in self._store.get_contexts_by_type("node") if c.name == f"A.{node_id}")
        (execution,) = self._store.get_executions_by_context(context.id)
        events = self._store.get_events_by_execution_ids([execution.id])
        (found,) = (e for e in events if e.type == self._output and e.path.steps[0].key == output_key)
        (artifact,) = self._store.get_artifacts_by_id([found.artifact_id])
        return artifact.uri


def front_of(folder: Path, epochs: int) -> dict[str, str]:
    """Give the nodes before the trainer, and the trainer, as TFX's compiler has them."""
    from tfx.dsl.compiler import compiler
    from zencache_tfx.classic.graph import build

    made = compiler.Compiler().compile(build(to_config(make(folder, epochs)), "A", str(folder / "root")))
    nodes_ = {each.pipeline_node.node_info.id: each.pipeline_node for each in made.nodes}
    return {name: str(node) for name, node in nodes_.items()}


def run(folder: Path) -> Records:
    """Run the pipeline by TFX's own runner."""
    from tfx.orchestration.local.local_dag_runner import LocalDagRunner
    from zencache_tfx.classic.graph import build

    pipeline = make(folder, 20)
    pipeline.check()
    records = folder / "metadata.db"
    LocalDagRunner().run(build(to_config(pipeline), "A", str(folder / "root"), str(records)))
    return Records(records)


def predictions(model: Path) -> list[float]:
    """Have the downloaded model predict raw rows, without labels: of an old and of a young person."""
    import tensorflow as tf

    def example(age: int) -> bytes:
        def texts(value: str) -> tf.train.Feature:
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode()]))

        columns = {
            "age": tf.train.Feature(int64_list=tf.train.Int64List(value=[age])),
            "income": tf.train.Feature(float_list=tf.train.FloatList(value=[0.0])),
            "job": texts("cook"),
            "home town": texts("c"),
            "note": texts("tea"),
        }
        return tf.train.Example(features=tf.train.Features(feature=columns)).SerializeToString()

    serve = tf.saved_model.load(str(model)).signatures["serving_default"]
    return serve(tf.constant([example(88), example(19)]))["outputs"].numpy()[:, 0].tolist()


def unknown_names() -> list[str]:
    """List the names of ours that the installed libraries do not know."""
    import tensorflow_model_analysis as tfma
    import tf_keras

    return [
        *(name for name in keras_names.ACTIVATIONS if not hasattr(tf_keras.activations, name)),
        *(name for name in keras_names.LOSSES if not hasattr(tf_keras.losses, name)),
        *(name for name in keras_names.KERAS_METRICS if not hasattr(tf_keras.metrics, name)),
        *(name for name in keras_names.TFMA_METRICS if not hasattr(tfma.metrics, name)),
    ]


def main(folder: Path) -> None:
    """Run, look at everything, and write it down."""
    write_data(folder / "people.csv")
    records = run(folder)
    rows = {name: views.sample_transformed_data(records, name, ROWS) for name in ("train", "eval")}
    model = views.download_model(records, folder / "model", overwrite=False)
    before, after = front_of(folder, 1), front_of(folder, 2)
    found = {
        "rows": {name: len(table) for name, table in rows.items()},
        "columns": sorted(rows["eval"]),
        "transformed": {
            c: list(rows["train"][c]) for c in ("age_xf", "job_xf", "home town_xf", "note_xf", "ill_xf")
        },
        "metrics": views.evaluation(records).to_dict("records"),
        "statistics": str(views.view_statistics(records, folder / "statistics.html")),
        "schema": str(views.view_schema(records, folder / "schema.html")),
        "predictions": predictions(model),
        "served": [str(path) for path in (folder / "served").glob("*/saved_model.pb")],
        "changed": [name for name in before if before[name] != after[name]],
        "nodes": sorted(before),
        "known_nodes": sorted(value for key, value in vars(node_names).items() if key.isupper()),
        "unknown_names": unknown_names(),
    }
    (folder / "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
