"""Scripts as people have them print what the design says and reuse what it says."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.slow

RUN = r"Pipeline run first_pipeline-\d\d_\w{3}_\d\d-\d\d_\d\d_\d\d_\d{6} has finished in \d+\.\d{3}s."
OVERRIDE = (
    "Runtime configuration overwriting the pipeline cache settings to enable_cache=False for this pipeline "
    "run. "
    "The default caching strategy is retained for future pipeline runs."
)


def started(step: str) -> str:
    return rf"Step {step} has started\."


def finished(step: str) -> str:
    return rf"Step {step} has finished in \d+\.\d{{3}}s\."


def begun(*extra: str) -> list[str]:
    return [
        "Creating run for pipeline: first_pipeline",
        "Cache enabled for pipeline first_pipeline",
        r"Using stack default to run pipeline first_pipeline\.\.\.",
        *extra,
    ]


def assert_lines(text: str, patterns: list[str]) -> None:
    lines = text.splitlines()
    for line, pattern in zip(lines, patterns, strict=False):
        assert re.fullmatch(pattern, line), f"{line!r} is not {pattern!r}"
    assert len(lines) == len(patterns), text


def test_the_digits_script_prints_three_runs(script):
    """All steps run; then the first is reused; then a run's override runs all again."""
    done = script("digits.py")
    ran = [s for name in ("load_digits", "svc_trainer") for s in (started(name), finished(name))]
    reused = [started("load_digits"), r"Using cached version of load_digits\.", *ran[1:]]
    expected = [
        r"Created a zencache project in .*/\.zencache\.",
        *(*begun(), *ran, RUN),
        *(*begun(), *reused, RUN),
        *(*begun(re.escape(OVERRIDE)), *ran, RUN),
    ]
    assert_lines(done.stdout, expected)
    assert done.stderr == ""


def test_the_wine_script_reuses_across_processes_and_numbers_versions(forked_script):
    """Another parameter is the same version; another trainer is a new one; --no-cache reuses nothing."""
    hit = "Using cached version of {}."
    splitter, svc = hit.format("simple_data_splitter"), hit.format("parameterized_svc_trainer")
    first = forked_script("wine.py").stdout
    assert "Using cached" not in first
    assert "Test accuracy" in first
    again = forked_script("wine.py").stdout
    assert splitter in again
    assert svc in again
    gamma = forked_script("wine.py", "--gamma", "0.02").stdout
    assert splitter in gamma
    assert svc not in gamma
    assert "version 1" in gamma
    tree = forked_script("wine.py", "--trainer", "decision_tree").stdout
    assert splitter in tree
    assert "version 2" in tree
    assert "version 1" in forked_script("wine.py").stdout
    assert "Using cached" not in forked_script("wine.py", "--no-cache").stdout
