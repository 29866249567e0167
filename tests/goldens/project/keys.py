"""The keys of pipelines whose values are numpy's, pandas', scikit-learn's and TensorFlow's, and of the MNIST
example."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stdout

import frames
import mnist

from zencache import Repository


def show(run):
    for name, done in run.steps.items():
        print(f"{run.pipeline_name}.{name}: {done.cache_key}")
        for _, output in sorted(done.outputs.items()):
            print(f"  {output.name}: {output.type}")


def main():
    show(frames.frames().run(workers=1))
    show(frames.frames(rows=6).run(workers=1))
    sys.argv[1:] = ["--dataset", "digits"]
    with redirect_stdout(io.StringIO()):  # it tells how fast it was
        mnist.main()
    for run in Repository().get_runs("mnist_pipeline"):
        for name in ("importer", "normalizer", "trainer"):  # the last step's key has what was trained
            print(f"{run.pipeline_name}.{name}: {run.steps[name].cache_key}")


if __name__ == "__main__":
    main()
