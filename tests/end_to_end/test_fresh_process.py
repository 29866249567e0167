"""What a fresh process imports, prints and leaves behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

HEAVY = ("ml_metadata", "tfx", "apache_beam", "tensorflow", "pandas", "numpy")
PIPELINE = """
import sys
from zencache import pipeline, step

@step
def load() -> list:
    return [1, 2, 3]

@step
def total(numbers: list) -> int:
    return sum(numbers)

@pipeline
def small():
    total(load())

if __name__ == "__main__":
    run = small().run()
    print("LOADED", *(m for m in ("tfx", "apache_beam", "tensorflow", "tfx.components") if m in sys.modules))
"""


def test_importing_zencache_is_light():
    """`import zencache` loads no engine, no store, no numpy, and few modules at all."""
    code = f"import sys; before = len(sys.modules); import zencache; print([m for m in {HEAVY} if m in sys.modules], len(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded, _, count = done.stdout.strip().rpartition(" ")
    assert loaded == "[]"
    assert int(count) < 30


def test_declaring_steps_is_light():
    """Decorating loads neither an engine nor a store."""
    code = (
        PIPELINE.replace("run = small().run()", "small()")
        .replace("LOADED", "")
        .replace('("tfx", "apache_beam", "tensorflow", "tfx.components")', repr(HEAVY))
    )
    Path("declared.py").write_text(code)
    done = subprocess.run([sys.executable, "declared.py"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.slow
def test_a_cached_run_imports_no_engine(script):
    """The first run imports TFX and Beam, but no TensorFlow; the second imports none of them."""
    first = script(PIPELINE)
    assert first.stdout.splitlines()[-1] == "LOADED tfx apache_beam"
    second = script(PIPELINE)
    assert second.stdout.splitlines()[-1].strip() == "LOADED"
    assert second.stdout.count("Using cached version of") == 2
    assert first.stderr == second.stderr == ""


@pytest.mark.slow
def test_after_a_run_tensorflow_and_tfx_components_import_as_usual(script):
    """The door leaves nothing changed behind it, whichever way TensorFlow is imported later."""
    done = script(
        PIPELINE
        + """
    import tensorflow as tf
    from tfx import components
    from tfx.dsl.io import fileio
    print("ADDS", int(tf.constant(1) + 1), components.Trainer.__name__, fileio.exists("."))
""",
        TF_CPP_MIN_LOG_LEVEL="3",
    )
    assert done.stdout.splitlines()[-1] == "ADDS 2 Trainer True"


@pytest.mark.slow
def test_after_a_run_all_of_tfx_and_its_file_systems_work(script):
    """`from tfx import v1`, and paths that TensorFlow reads: `ram://` here, where `gs://` needs a network."""
    done = script(
        PIPELINE
        + """
    from tfx.dsl.io import fileio, filesystem_registry
    with fileio.open("ram://folder/file", "w") as file:
        file.write("there")
    print(fileio.open("ram://folder/file").read(), "tensorflow" in sys.modules)
    print(*(filesystem_registry.DEFAULT_FILESYSTEM_REGISTRY.get_filesystem_for_path(f"{scheme}x").__name__
            for scheme in ("gs://", "s3://", "")))
    from tfx import v1
    print(v1.components.Evaluator.__name__, v1.dsl.experimental.LatestBlessedModelStrategy.__name__)
    print(len(small().run(enable_cache=False).steps))
""",
        TF_CPP_MIN_LOG_LEVEL="3",
    )
    lines = done.stdout.splitlines()
    assert "there True" in lines
    assert "TensorflowFilesystem TensorflowFilesystem TensorflowFilesystem" in lines
    assert "Evaluator LatestBlessedModelStrategy" in lines
    assert lines[-1] == "2"


@pytest.mark.slow
def test_a_path_that_needs_tensorflow_says_so_where_it_is_missing(script):
    """The error names the extra that brings it."""
    done = script(
        PIPELINE
        + """
    sys.modules["tensorflow"] = None  # as if it were not installed
    from tfx.dsl.io import fileio
    try:
        fileio.exists("gs://bucket/file")
    except ModuleNotFoundError as error:
        print(error)
"""
    )
    assert (
        done.stdout.splitlines()[-1]
        == "gs://bucket/file needs TensorFlow's file systems: pip install 'zencache-pipelines[tensorflow]'"
    )


@pytest.mark.slow
def test_another_process_lists_runs_and_copies(script):
    """The repository finds a script's pipeline by its snapshot, without running the script."""
    script(PIPELINE)
    Path("script.py").unlink()
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from zencache.core.repo.repo import Repository; p = Repository().get_pipeline_by_name('small'); "
            "print(p.copy('other').run().steps['total'].output.load(), len(Repository().get_runs()))",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "6 2"
    assert done.stdout.count("Using cached") == 2


@pytest.mark.slow
def test_a_failing_step_ends_the_process_with_its_traceback_first(script):
    """The step's own error comes first, then its name and where the run is recorded; the exit code is not
    0."""
    done = script(PIPELINE.replace("return sum(numbers)", "raise KeyError('no rows')"), check=False)
    assert done.returncode == 1
    own = done.stderr.index("KeyError: 'no rows'")
    ours = done.stderr.index("step total failed: KeyError: 'no rows' (recorded as run small-")
    assert own < ours
    assert done.stderr.startswith("Traceback (most recent call last):\n  File")
    assert "script.py" in done.stderr.splitlines()[1]
    assert "Step total has failed after" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("branches", [1, 2], ids=["in the main thread", "in worker threads"])
def test_ctrl_c_in_a_step_is_one_clear_error(script, folder, branches):
    """What had finished is kept, the run is recorded as interrupted, and running again goes on from there."""
    source = PIPELINE.replace(
        "return sum(numbers)",
        "import time, pathlib; pathlib.Path('sleeping').touch()\n    if not pathlib.Path('go').exists():\n"
        "        for _ in range(600): time.sleep(0.1)\n    return sum(numbers)",
    ).replace("    total(load())", "    numbers = load()\n" + "    total(numbers)\n" * branches)
    (folder / "script.py").write_text(source)
    process = subprocess.Popen(
        [sys.executable, "script.py"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that runs the tests in the background has its children ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
    )
    for _ in range(600):
        if (folder / "sleeping").exists():
            break
        time.sleep(0.1)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    try:
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode != 0
    assert re.search(r"RunInterruptedError: run small-\S+ was interrupted; run the pipeline again", err), err
    assert "was interrupted after" in out
    (folder / "go").touch()
    again = script(source)
    assert "Using cached version of load." in again.stdout
    listed = subprocess.run(
        [sys.executable, "-m", "zencache", "run", "list"], capture_output=True, text=True, check=True
    )
    assert [line.split()[3] for line in listed.stdout.splitlines()[1:]] == ["interrupted", "completed"]


@pytest.mark.slow
def test_steps_of_a_notebook_run_and_are_reused():
    """A step in a cell runs, is reused in the next cell, and reruns when its cell, or a helper's, is
    edited."""
    nbclient = pytest.importorskip("nbclient")
    import nbformat

    cells = [
        "from zencache import step, pipeline\n@step\ndef load() -> int:\n    return 20",
        "@step\ndef double(x: int) -> int:\n    return 2 * x",
        "@pipeline\ndef cells():\n    double(load())\nprint(cells().run().steps)",
        "print(cells().run().steps)",
        "@step\ndef double(x: int) -> int:\n    return 3 * x",
        "run = cells().run()\nprint(run.steps, run.steps['double'].output.load())",
        "BY = 4\ndef times(x):\n    return BY * x",
        "@step\ndef double(x: int) -> int:\n    return times(x)\nrun = cells().run()",
        "def times(x):\n    # a comment\n    return (BY * x)\nprint(cells().run().steps)",
        "def times(x):\n    return BY * x + 1\nprint(cells().run().steps['double'].reason)",
        "BY = 5\nprint(cells().run().steps['double'].reason)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    printed = [
        "".join(o.get("text", "") for o in cell.outputs if o.get("name") == "stdout")
        for cell in notebook.cells
    ]
    assert "{'load': <step load: executed>, 'double': <step double: executed>}" in printed[2]
    assert "{'load': <step load: cached>, 'double': <step double: cached>}" in printed[3]
    assert "{'load': <step load: cached>, 'double': <step double: executed>} 60" in printed[5]
    assert "{'load': <step load: cached>, 'double': <step double: cached>}" in printed[8]
    assert "helper times in the session changed (1 line)" in printed[9]
    assert "global BY in the session: 4 → 5" in printed[10]


@pytest.mark.slow
def test_a_terminal_shows_progress_and_a_pipe_does_not(folder):
    """The display is beside the lines, on a terminal only."""
    pexpect = pytest.importorskip("pexpect")
    (folder / "script.py").write_text(
        PIPELINE.replace("return sum(numbers)", "import time; time.sleep(1); return sum(numbers)")
    )
    child = pexpect.spawn(
        sys.executable,
        ["script.py"],
        cwd=str(folder),
        timeout=60,
        encoding="utf-8",
        env={**os.environ, "TERM": "xterm"},
    )
    child.expect(pexpect.EOF)
    assert "steps, total" in child.before
    assert "Step total has finished" in child.before
    assert (
        "steps, total"
        not in subprocess.run(
            [sys.executable, "script.py"], capture_output=True, text=True, check=True
        ).stdout
    )


@pytest.mark.slow
def test_python_m_zencache_tells_what_is_there(script):
    """init, pipeline list and show, run list and show; errors are one line and exit code 1."""

    def cli(*args):
        done = subprocess.run(
            [sys.executable, "-m", "zencache", *args], capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    code, text = cli("run", "list")
    assert code == 1
    assert text.startswith("Error: no zencache project at ")
    assert cli("init")[1].startswith("Created a zencache project in ")
    assert cli("pipeline", "list")[1] == "No pipeline has run here yet.\n"
    script(PIPELINE)
    assert re.search(r"small\s+1\s+1\s+small-\S+\s+completed", cli("pipeline", "list")[1])
    assert "numbers from load.output" in cli("pipeline", "show", "small")[1]
    name = cli("run", "list")[1].splitlines()[1].split()[0]
    shown = cli("run", "show", name)[1]
    assert re.search(r"load\s+executed\s+0\.\d{3}s\s+no earlier result of this step", shown)
    assert "total.output: int, 1 bytes," in shown
    code, text = cli("pipeline", "show", "smal")
    assert (code, text.strip()) == (1, "Error: no pipeline named 'smal'; did you mean 'small'?")


def test_the_public_api_is_what_all_says():
    """`__all__` is the whole public API, and each name is there."""
    import zencache

    assert set(zencache.__all__) == set(zencache._MODULES)
    assert all(getattr(zencache, name) is not None for name in zencache.__all__)
    assert json.dumps(sorted(zencache.__all__)) == json.dumps(zencache.__all__)


@pytest.mark.slow
def test_processes_that_start_at_once_share_one_new_project(folder):
    """Making the project, the tables and the first version is safe for all; no run is lost."""
    (folder / "script.py").write_text(PIPELINE)
    started = [
        subprocess.Popen(
            [sys.executable, "script.py"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for process in started:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    code = "from zencache import Repository; r = Repository(); print([(x.status, x.version) for x in r.get_runs('small')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str([("completed", 1)] * 4)


def total_without_the_script(folder):
    """Delete the script, and have another process compute its pipeline from the repository."""
    (folder / "script.py").unlink()
    code = (
        "from zencache.repo import Repository\n"
        "run = Repository().get_pipeline_by_name('small').run(enable_cache=False)\n"
        "print(run.steps['total'].output.load())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


@pytest.mark.slow
def test_a_namespace_that_exec_filled_is_reused_and_found_again(script, folder):
    """What ML Metadata keeps among Python's builtins, which exec puts there, hinders neither."""
    source = PIPELINE.replace("@step", "SPACE = {}\nexec('def f(x): return sum(x)', SPACE)\n\n@step", 1)
    source = source.replace("return sum(numbers)", "return SPACE['f'](numbers)")
    script(source)
    assert "Using cached version of total." in script(source).stdout
    assert total_without_the_script(folder) == "6"


@pytest.mark.slow
def test_a_class_that_only_a_text_annotation_names_is_found_again(script, folder):
    """`from __future__ import annotations` makes a text of it, and the script is gone."""
    source = "from __future__ import annotations\n" + PIPELINE.replace(
        "@step",
        "from zencache import BaseParameters\n\nclass Scale(BaseParameters):\n    factor: int = 2\n\n@step",
        1,
    )
    source = source.replace("numbers: list) ->", "numbers: list, scale: Scale) ->")
    source = source.replace("return sum(numbers)", "return sum(numbers) * scale.factor")
    script(source)
    assert total_without_the_script(folder) == "12"
