"""Measures a classic training pipeline over more rows than fit in memory: `python -m benchmarks.classic`.

The default of ROWS, the argument, is ten million (half a gigabyte of CSV), which take 20 to 40 minutes on two
cores. Prints the seconds of each step and the peak memory of the process at its end. Then prints the seconds
until the trainer starts in a copy with another trainer.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROWS = 10_000_000
CHUNK = 500_000
SCRIPT = """
import builtins, json, resource, sys, time
from zencache.datasources import CSVDatasource
from zencache.pipelines import TrainingPipeline
from zencache.repo import Repository
from zencache.steps.preprocesser import StandardPreprocesser
from zencache.steps.split import RandomSplit
from zencache.steps.trainer import TFFeedForwardTrainer
import tensorflow, tfx.v1, zencache_tfx.adoption, zencache_tfx.classic.graph

what = sys.argv[1]
trainer = dict(loss="binary_crossentropy", batch_size=8192, epochs=1, hidden_layers=[16])
plain = {"transform": [{"method": "no_transform", "parameters": {}}]}
if what == "first":
    pipeline = TrainingPipeline("Pipeline A")
    pipeline.add_datasource(CSVDatasource("rows", "rows.csv"))
    pipeline.add_split(RandomSplit({"train": 0.8, "eval": 0.2}))
    pipeline.add_preprocesser(StandardPreprocesser(labels=["label"], overwrite={"label": plain}))
    pipeline.add_trainer(TFFeedForwardTrainer(**trainer))
else:
    pipeline = Repository().get_pipeline_by_name("Pipeline A").copy("Pipeline B")
    pipeline.add_trainer(TFFeedForwardTrainer(**{**trainer, "lr": 0.01}))

lines, started, printed = [], time.perf_counter(), builtins.print


def timed(*args, **kwargs):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    lines.append((time.perf_counter() - started, peak, str(args[0]) if args else ""))
    printed(*args, **kwargs)


builtins.print = timed
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
pipeline.run()
builtins.print = printed
printed("RESULT " + json.dumps({"before": before, "lines": lines}))
"""


def main() -> None:
    """Generate the rows, run twice, and print the figures."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as folder:
        size = _generate(Path(folder) / "rows.csv", rows)
        (Path(folder) / "run.py").write_text(SCRIPT)
        first = _run("first", folder)
        print(
            f"{rows:,} rows, {size / 2**20:.0f} MB of CSV; {first['before']:.0f} MB before the run "
            f"(libraries)"
        )
        print(f"{'step':<16}{'seconds':>10}{'peak MB':>10}")
        for _, peak, line in first["lines"]:
            if "has finished in" in line and line.startswith("Step"):
                print(f"{line.split()[1]:<16}{line.split()[-1].rstrip('.'):>10}{peak:>10.0f}")
        second = _run("second", folder)
        until = next(seconds for seconds, _, line in second["lines"] if line == "Step Trainer has started.")
        print(f"another trainer: {until:.2f} s beyond imports until it starts, the rest reused")


def _generate(file: Path, rows: int) -> int:
    draw = np.random.default_rng(0)
    with file.open("w") as out:
        out.write("a,b,c,d,kind,label\n")
        for start in range(0, rows, CHUNK):
            count = min(CHUNK, rows - start)
            values = draw.normal(size=(count, 4)).round(4)
            kinds = draw.choice(["red", "green", "blue"], size=count)
            labels = (values.sum(axis=1) > 0).astype(int)
            out.writelines(
                f"{a},{b},{c},{d},{kind},{label}\n"
                for (a, b, c, d), kind, label in zip(
                    values.tolist(), kinds.tolist(), labels.tolist(), strict=True
                )
            )
    return file.stat().st_size


def _run(what: str, folder: str) -> dict:
    done = subprocess.run(
        [sys.executable, "run.py", what], cwd=folder, capture_output=True, text=True, check=False
    )
    results = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not results:
        sys.exit(done.stderr[-3000:])
    return json.loads(results[0].removeprefix("RESULT "))


if __name__ == "__main__":
    main()
