"""Trains a Keras model on MNIST twice: the second run has another trainer, and reuses the earlier steps.

python examples/mnist/run.py [--dataset auto|mnist|digits] [--epochs N] [--lr X] [--no-cache]
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from zencache import BaseParameters, Output, PipelineRun, pipeline, step

# TensorFlow reads this variable when it is imported: only errors of its C++ code are shown.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np


class TrainerParameters(BaseParameters):
    """The parameters that differ between the two runs."""

    epochs: int = 1
    lr: float = 0.001


def load_mnist() -> tuple[np.ndarray, ...]:
    """Load the real MNIST (60,000 + 10,000 images of 28 x 28) with Keras, which caches it in ~/.keras."""
    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    return x_train, y_train, x_test, y_test


def load_digits() -> tuple[np.ndarray, ...]:
    """Scale scikit-learn's 1,797 digits of 8 x 8 to 28 x 28, and repeat them to MNIST's 60,000 + 10,000."""
    from sklearn.datasets import load_digits as bundled

    digits = bundled()
    index = np.arange(28) * 8 // 28
    images = (digits.images[:, index][:, :, index] * (255 / 16)).astype(np.uint8)
    train, test = images[:1500], images[1500:]
    x_train, y_train = np.resize(train, (60_000, 28, 28)), np.resize(digits.target[:1500], 60_000)
    x_test, y_test = np.resize(test, (10_000, 28, 28)), np.resize(digits.target[1500:], 10_000)
    return x_train, y_train.astype(np.uint8), x_test, y_test.astype(np.uint8)


@step
def importer(dataset: str) -> Output(
    x_train=np.ndarray, y_train=np.ndarray, x_test=np.ndarray, y_test=np.ndarray
):
    """Load the images, as bytes of 0 to 255."""
    return load_mnist() if dataset == "mnist" else load_digits()


@step
def normalizer(x_train: np.ndarray, x_test: np.ndarray) -> Output(
    x_train_normed=np.ndarray, x_test_normed=np.ndarray
):
    """Scale to mean 0 and variance 1 of the training images."""
    mean, std = x_train.mean(dtype=np.float64), x_train.std(dtype=np.float64)
    return ((x_train - mean) / std).astype(np.float32), ((x_test - mean) / std).astype(np.float32)


@step
def trainer(params: TrainerParameters, x_train: np.ndarray, y_train: np.ndarray) -> keras.Model:
    """Train a small dense network."""
    keras.utils.set_random_seed(42)
    model = keras.Sequential(
        [
            keras.layers.Input((28, 28)),
            keras.layers.Flatten(),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(10),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(params.lr),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(x_train, y_train, epochs=params.epochs, batch_size=128, verbose=0)
    return model


@step
def evaluator(model: keras.Model, x_test: np.ndarray, y_test: np.ndarray) -> float:
    """Give the accuracy on the test images."""
    _, accuracy = model.evaluate(x_test, y_test, batch_size=512, verbose=0)
    return float(accuracy)


@pipeline
def mnist_pipeline(importer, normalizer, trainer, evaluator):  # noqa: ANN001, ANN201 - slots for steps
    """Import, normalise, train, evaluate."""
    x_train, y_train, x_test, y_test = importer()
    x_train_normed, x_test_normed = normalizer(x_train, x_test)
    model = trainer(x_train_normed, y_train)
    evaluator(model, x_test_normed, y_test)


def available(dataset: str) -> str:
    """Choose the data set: the requested one, or MNIST if it can be downloaded."""
    if dataset != "auto":
        return dataset
    try:
        load_mnist()
    except Exception as error:  # noqa: BLE001 - a download can fail in many ways, with one consequence
        reason = str(error).splitlines()[0]
        print(f"MNIST cannot be downloaded here ({reason}).")
        print(
            "Taking scikit-learn's bundled digits instead, scaled to 28 x 28 and repeated to MNIST's size.\n"
        )
        return "digits"
    return "mnist"


def compare(first: PipelineRun, second: PipelineRun) -> None:
    """Print each step's time in both runs side by side."""
    print(f"\n{'step':<12}{'run 1':>10}{'run 2':>10}   run 2 was")
    for name, one in first.steps.items():
        two = second.steps[name]
        print(f"{name:<12}{one.duration:>9.3f}s{two.duration:>9.3f}s   {two.status}: {two.reason}")
    one, two = first.steps["normalizer"], second.steps["normalizer"]
    if two.is_cached and not one.is_cached:
        print(
            f"\nnormalizer was {one.duration / two.duration:,.0f} times faster in run 2: its result was "
            f"reused."
        )
    elif one.is_cached:
        print("\nnormalizer was reused in both runs: an earlier call of this script computed it.")
    print(
        f"Accuracy: {first.steps['evaluator'].output.load():.4f}, then "
        f"{second.steps['evaluator'].output.load():.4f}."
    )
    command = "zencache" if shutil.which("zencache") else Path(sys.executable).with_name("zencache")
    print(f"\nWhere to look next:\n  {command} run show {second.name}")
    print(f"  {command} pipeline show {second.pipeline_name}")


def main() -> None:
    """Run the pipeline twice and compare the runs."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--dataset", choices=("auto", "mnist", "digits"), default="auto")
    options.add_argument("--epochs", type=int, default=1, help="of the first run; the second has one more")
    options.add_argument(
        "--lr",
        type=float,
        default=0.001,
        help="learning rate of the first run; the second's is ten times as much",
    )
    options.add_argument("--no-cache", action="store_true", help="compute everything in both runs")
    chosen = options.parse_args()
    dataset = available(chosen.dataset)
    first = TrainerParameters(epochs=chosen.epochs, lr=chosen.lr)
    second = TrainerParameters(epochs=chosen.epochs + 1, lr=chosen.lr * 10)
    pipeline = []
    for params in (first, second):
        steps = {"normalizer": normalizer(), "trainer": trainer(params), "evaluator": evaluator()}
        run = mnist_pipeline(importer=importer(dataset=dataset), **steps)
        pipeline.append(run.run(enable_cache=False if chosen.no_cache else None))
        print()
    compare(*pipeline)


if __name__ == "__main__":
    main()
