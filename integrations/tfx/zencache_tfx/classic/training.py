"""Implements the trainers with TensorFlow: reads the data, builds the network, saves the model."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import tensorflow as tf
import tensorflow_transform as tft

from zencache_tfx.classic.nearest_names import to_transformed
from zencache_tfx.classic.trainers import SHUFFLED

try:
    import tf_keras as keras  # TFX's Keras is the second one
except ImportError:  # TensorFlow before 2.16 has no other
    from tensorflow import keras

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zencache_tfx.classic.trainers import BaseTrainerStep, FeedForwardTrainer

_EXAMPLES = tf.TensorSpec([None], tf.string, name="examples")


def dataset(patterns: Sequence[str], trainer: BaseTrainerStep) -> tf.data.Dataset:
    """Read batches of transformed rows from TFRecords, with memory bounded."""
    spec = tft.TFTransformOutput(trainer.transform_output).transformed_feature_spec()
    names = [to_transformed(label) for label in trainer.labels]
    files = tf.data.Dataset.list_files(list(patterns), shuffle=False)
    records = files.interleave(lambda file: tf.data.TFRecordDataset(file, "GZIP"), cycle_length=8)
    batches = records.shuffle(SHUFFLED, seed=0, reshuffle_each_iteration=True).batch(trainer.batch_size)
    parsed = batches.map(lambda batch: _parted(tf.io.parse_example(batch, spec), names))
    return parsed.prefetch(tf.data.AUTOTUNE)


def _parted(columns: dict[str, Any], labels: Sequence[str]) -> Any:
    """Separate features and labels."""
    features = {name: column for name, column in columns.items() if name not in labels}
    if not labels:
        return features
    return features, columns[labels[0]] if len(labels) == 1 else {name: columns[name] for name in labels}


def feed_forward(trainer: FeedForwardTrainer) -> keras.Model:
    """Create the network with reproducible initial weights."""
    spec = tft.TFTransformOutput(trainer.transform_output).transformed_feature_spec()
    features = {name: each for name, each in spec.items() if name not in trainer.outputs}
    inputs = {name: keras.Input(each.shape, name=name, dtype=each.dtype) for name, each in features.items()}
    layer = keras.layers.Concatenate()(_floats(inputs)) if len(inputs) > 1 else _floats(inputs)[0]
    for number, units in enumerate(trainer.hidden_layers):
        layer = _dense(units, trainer.hidden_activation, number)(layer)
        layer = keras.layers.Dropout(trainer.dropout_chance, seed=number)(layer)
    outputs = {
        name: _dense(trainer.output_units, trainer.last_activation, number, name)(layer)
        for number, name in enumerate(trainer.outputs)
    }
    model = keras.Model(inputs, outputs if len(outputs) > 1 else outputs[trainer.outputs[0]])
    optimizer = keras.optimizers.Adam(learning_rate=trainer.lr)
    model.compile(loss=trainer.loss, optimizer=optimizer, metrics=_metrics(trainer))
    return _as_it_is_written(model)


def _as_it_is_written(model: keras.Model) -> keras.Model:
    """Keep AutoGraph from converting Keras's train and test steps, which would delay the first batch by 15 s.

    They have no control flow that needs it. AutoGraph itself skips the package `keras`, but not `tf_keras`.
    """
    model.train_step = tf.autograph.experimental.do_not_convert(model.train_step)
    model.test_step = tf.autograph.experimental.do_not_convert(model.test_step)
    return model


def _floats(inputs: dict[str, Any]) -> list[Any]:
    return [
        keras.layers.Rescaling(1.0)(each) for each in inputs.values()
    ]  # a cast that can be saved and loaded


def _dense(units: int, activation: str, seed: int, name: str | None = None) -> keras.layers.Layer:
    first = keras.initializers.GlorotUniform(seed=seed)
    return keras.layers.Dense(units, activation=activation, kernel_initializer=first, name=name)


def _metrics(trainer: FeedForwardTrainer) -> list[Any]:
    """Create the metrics; Keras itself chooses the `accuracy` that fits the loss."""
    return [name if name == "accuracy" else getattr(keras.metrics, name)() for name in trainer.metrics]


def callbacks(trainer: BaseTrainerStep) -> list[keras.callbacks.Callback]:
    """Write logs for TensorBoard as TFX's artifact `model_run`, if TensorBoard is installed."""
    if find_spec("tensorboard") is None:
        return []
    return [keras.callbacks.TensorBoard(log_dir=trainer.log_dir, update_freq="epoch")]


def save(model: Any, trainer: BaseTrainerStep) -> None:
    """Save a model whose signatures take serialized raw examples.

    `serving_default` predicts, and `transform_features` transforms.
    """
    transform = tft.TFTransformOutput(trainer.transform_output)
    model.tft_layer = (
        transform.transform_features_layer()
    )  # tracked by the model, so that it is saved with it
    signatures = {
        "serving_default": _serving(model, transform, trainer.labels),
        "transform_features": _transforming(model, transform),
    }
    model.save(trainer.serving_model_dir, save_format="tf", signatures=signatures)


def _serving(model: Any, transform: tft.TFTransformOutput, labels: Sequence[str]) -> Any:
    spec = {name: each for name, each in transform.raw_feature_spec().items() if name not in labels}
    names = [to_transformed(label) for label in labels]

    @tf.function(input_signature=[_EXAMPLES], autograph=False)  # type: ignore[untyped-decorator] # TensorFlow has no types
    def serve(examples: Any) -> dict[str, Any]:
        columns = model.tft_layer(tf.io.parse_example(examples, spec))
        predicted = model({name: column for name, column in columns.items() if name not in names})
        return predicted if isinstance(predicted, dict) else {"outputs": predicted}

    return serve


def _transforming(model: Any, transform: tft.TFTransformOutput) -> Any:
    spec = transform.raw_feature_spec()

    @tf.function(input_signature=[_EXAMPLES], autograph=False)  # type: ignore[untyped-decorator]
    def transform_features(examples: Any) -> Any:
        return model.tft_layer(tf.io.parse_example(examples, spec))

    return transform_features
