"""Times TFX's Chicago taxi pipeline with TFX's runner and with zencache: `python -m benchmarks.tfx`.

`--only zencache` omits TFX's runner. Each run is a separate process; the table shows the seconds of
`runner.run(pipeline)`, without imports.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

RUNS = (("first run", "taxi"), ("second run", "taxi"), ("third run", "taxi"), ("another name", "renamed"))
SCRIPT = """
import json, sys, time
import taxi_pipeline_native_keras as taxi
from tfx.orchestration.beam.beam_dag_runner import BeamDagRunner
from zencache_tfx import ZencacheDagRunner

who, name, here = sys.argv[1:]
pipeline = taxi._create_pipeline(
    pipeline_name=name,
    pipeline_root=f"{here}/{who}/root/{name}",
    data_root=f"{here}/data/simple",
    module_file=f"{here}/taxi_utils_native_keras.py",
    serving_model_dir=f"{here}/{who}/serving",
    metadata_path=f"{here}/{who}/metadata.db",
    beam_pipeline_args=["--direct_running_mode=in_memory", "--direct_num_workers=1"],
)
started = time.perf_counter()
(ZencacheDagRunner() if who == "zencache" else BeamDagRunner()).run(pipeline)
print("\\nRESULT " + json.dumps(time.perf_counter() - started))
"""


def main() -> None:
    """Run both in turns and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("TFX", "zencache"))
    only = parser.parse_args().only
    with tempfile.TemporaryDirectory() as folder:
        _prepare(Path(folder))
        print(f"{'seconds':<14}{'TFX':>10}{'zencache':>10}")
        for what, name in RUNS:
            taken = [
                _run(who, name, Path(folder)) if only in (None, who) else None for who in ("TFX", "zencache")
            ]
            print(
                f"{what:<14}" + "".join(f"{'-' if t is None else format(t, '.2f'):>10}" for t in taken),
                flush=True,
            )


def _prepare(folder: Path) -> None:
    seconds_by_runner = find_spec("tfx")
    assert seconds_by_runner is not None
    assert seconds_by_runner.submodule_search_locations is not None
    example = (
        Path(next(iter(seconds_by_runner.submodule_search_locations))) / "examples" / "chicago_taxi_pipeline"
    )
    for name in ("taxi_pipeline_native_keras.py", "taxi_utils_native_keras.py"):
        shutil.copy(example / name, folder)
    shutil.copytree(example / "data", folder / "data")
    for who in ("TFX", "zencache"):
        (folder / who).mkdir()
    (folder / "run.py").write_text(SCRIPT)


def _run(who: str, name: str, folder: Path) -> float:
    # TFX 1.16 needs Keras 2, which is tf_keras.
    env = {**os.environ, "TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "HOME": str(folder)}
    done = subprocess.run(
        [sys.executable, "run.py", who, name, str(folder)],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    results = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not results:
        sys.exit(done.stderr[-3000:])
    return float(json.loads(results[0].removeprefix("RESULT ")))


if __name__ == "__main__":
    main()
