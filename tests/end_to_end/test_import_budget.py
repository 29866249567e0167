"""How many modules a process loads: a regression of import time shows as a number, however busy the machine
is."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SCRIPT = """
import json, sys
before = set(sys.modules)
{code}
loaded = set(sys.modules) - before
print(json.dumps([len(loaded), sorted({{name.partition(".")[0] for name in loaded}})]))
"""
RUN = """
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
"""
ENGINES = {
    "tfx",
    "apache_beam",
    "tensorflow",
    "keras",
    "pandas",
    "numpy",
    "rich",
    "loky",
    "typer",
    "fsspec",
    "grpc",
}


def loaded(code):
    """Run code in a process of its own; give the number of modules that it loads, and their top names."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(code=code)], capture_output=True, text=True, check=True
    )
    count, names = json.loads(done.stdout.splitlines()[-1])
    return count, set(names)


def test_importing_zencache_loads_next_to_nothing():
    """The package itself; 14 modules when this was written, most of them of `importlib`'s."""
    count, names = loaded("import zencache")
    assert count <= 20
    assert not names & (ENGINES | {"pydantic", "ml_metadata"})


def test_importing_zencache_loads_no_module_that_loads_many_on_a_later_python():
    """On Python 3.13 `importlib.abc` imports `inspect`, `pathlib`, `tempfile` and 30 others; on 3.10 two."""
    loaded("import zencache; assert 'importlib.abc' not in sys.modules")


def test_declaring_a_pipeline_loads_no_store(folder):
    """Steps, signatures and code digests; 258 modules when this was written."""
    (folder / "declared.py").write_text(RUN)
    count, names = loaded("import declared; declared.small()")
    assert count <= 290
    assert not names & (ENGINES | {"ml_metadata"})


@pytest.mark.slow
def test_a_cached_run_loads_the_records_and_no_engine(folder):
    """390 modules when this was written, a first run 3,100."""
    (folder / "declared.py").write_text(RUN)
    first, engines = loaded("import declared; declared.small().run()")
    assert engines & ENGINES >= {"tfx", "apache_beam"}
    assert not engines & {"tensorflow", "keras", "loky", "typer"}
    cached, names = loaded("import declared; declared.small().run()")
    assert cached <= 430
    assert cached < first / 4
    assert not names & ENGINES


@pytest.mark.slow
def test_a_first_run_does_not_load_the_components_of_tfx(folder):
    """They would import TensorFlow, which takes longer than the rest together."""
    (folder / "declared.py").write_text(RUN)
    code = "import declared; declared.small().run(); assert not any(m.startswith('tfx.components') for m in sys.modules)"
    loaded(code)
