"""What a cache policy adds to a key, takes from it, and refuses."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from zencache import BaseParameters, CachePolicy, pipeline, step
from zencache.config import Settings, create_project
from zencache.errors import CachePolicyError, SettingsError

FACTOR = 2


def helper(x):
    return x * FACTOR + float(np.sqrt(4))


def planned(policy=None, *, outer=None, function=None, **parameters):
    """Plan a pipeline of one step under a policy, and give what it decides."""

    def work(x: int = 1, data: Path = Path("data.csv")) -> float:
        return helper(x)

    made = step(name="work", cache=policy)(function or work)

    @pipeline(cache=outer)
    def one():
        made(**parameters)

    return one().plan().steps["work"]


def key(policy=None, **more):
    return planned(policy, **more).key


def test_a_salt_makes_another_key():
    """Each version is a key of its own."""
    assert len({key(), key(CachePolicy(version="1")), key(CachePolicy(version="2"))}) == 3


def test_declared_files_count_by_content():
    """Another content is another key; another time of writing is not."""
    Path("data").mkdir()
    Path("data/a.csv").write_text("1")
    Path("data/b.csv").write_text("2")
    policy = CachePolicy(files=["data/*.csv"])
    before = key(policy)
    os.utime("data/a.csv", (1, 1))
    assert key(policy) == before
    Path("data/a.csv").write_text("3")
    changed = key(policy)
    assert changed != before
    Path("data/c.csv").write_text("")
    assert key(policy) not in (before, changed)
    Path("data/c.csv").unlink()
    Path("data/a.csv").write_text("1")
    assert key(policy) == before


def test_a_declared_file_that_is_missing_is_named():
    """It is an error: a hit without it would be a guess."""
    with pytest.raises(CachePolicyError, match=r"step work.*data/none\.csv"):
        key(CachePolicy(files=["data/none.csv"]))


def test_declared_environment_variables_count_by_value(monkeypatch):
    """Not set is a value too; what it holds is not shown."""
    policy = CachePolicy(env="RATE")
    keys = {key(policy)}
    for value in ("0.1", "0.2"):
        monkeypatch.setenv("RATE", value)
        keys.add(key(policy))
    assert len(keys) == 3
    assert "0.2" not in planned(policy).parts.model_dump_json()


def test_packages_are_those_that_the_code_reaches():
    """The helper's numpy counts; what it does not use does not."""
    packages = planned().parts.packages
    assert packages == {"numpy": np.__version__}


@pytest.mark.parametrize(
    ("packages", "expected"),
    [
        (["pandas"], {"pandas"}),
        (["+pandas"], {"pandas", "numpy"}),
        (["-numpy"], set()),
        ([], set()),
        (["+pandas", "-numpy"], {"pandas"}),
    ],
)
def test_packages_are_narrowed_and_widened(packages, expected):
    """Names alone are exactly these; with a sign they are added or taken away."""
    assert set(planned(CachePolicy(packages=packages)).parts.packages) == expected


def test_an_unknown_package_is_named():
    """A misspelt name must not silently count nothing."""
    with pytest.raises(CachePolicyError, match=r"work.*numpyy.*not installed"):
        key(CachePolicy(packages=["numpyy"]))


def test_how_much_code_counts(monkeypatch):
    """A helper counts in the closure; with "function" and "none" it does not."""
    before = {code: key(CachePolicy(code=code)) for code in ("closure", "function", "none")}
    monkeypatch.setitem(globals(), "FACTOR", 3)
    after = {code: key(CachePolicy(code=code)) for code in ("closure", "function", "none")}
    assert before["closure"] != after["closure"]
    assert (before["function"], before["none"]) == (after["function"], after["none"])

    def other(x: int = 1, data: Path = Path("data.csv")) -> float:
        return helper(x) + 1

    assert key(CachePolicy(code="function"), function=other) != after["function"]
    assert key(CachePolicy(code="none"), function=other) == after["none"]


def test_a_key_function_answers_for_what_it_takes():
    """Of `x` only its parity counts; the other argument counts as ever."""
    policy = CachePolicy(key=lambda x: x % 2)
    assert key(policy, x=1) == key(policy, x=3) != key(policy, x=2)
    assert key(policy, x=1) != key(policy, x=1, data=Path("other.csv"))


def test_a_key_function_without_arguments_adds():
    """Today's date, for instance."""
    assert key(CachePolicy(key=lambda: 1)) != key(CachePolicy(key=lambda: 2)) != key()


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda: 1 / 0, "raised ZeroDivisionError"),
        (lambda: object(), "returned object"),
        (lambda rows: 1, "takes rows, which is not an argument"),
    ],
)
def test_a_key_function_that_fails_is_an_error(function, said):
    """It names the step; nothing is looked up."""
    with pytest.raises(CachePolicyError, match=f"step work: the key function .*{said}"):
        key(CachePolicy(key=function))


def test_a_path_parameter_counts_by_content():
    """Wherever the file lies; its name counts, as its ending may matter."""
    Path("a").mkdir()
    Path("b").mkdir()
    Path("a/data.csv").write_text("1")
    Path("b/data.csv").write_text("1")
    Path("b/data.tsv").write_text("1")
    before = key(data=Path("a/data.csv"))
    assert key(data=Path("b/data.csv")) == before
    assert key(data=Path("b/data.csv").resolve()) == before
    assert key(data=Path("b/data.tsv")) != before
    Path("b/data.csv").write_text("2")
    assert key(data=Path("b/data.csv")) != before


class Params(BaseParameters):
    source: Path = Path("data.csv")


def test_a_path_in_a_parameters_model_counts_by_content():
    """A field is a parameter."""

    def work(params: Params) -> int:
        return 1

    Path("data.csv").write_text("1")
    before = key(function=work)
    Path("data.csv").write_text("2")
    assert key(function=work) != before


def test_the_nearest_policy_counts_field_by_field():
    """The step's own, then the pipeline's, then the project's."""
    create_project(Path())
    config = Path(".zencache/config.toml")
    config.write_text(config.read_text() + '[cache]\nversion = "project"\nenv = ["RATE"]\n')
    assert planned().parts.policy == {"version": "project", "environment variable RATE": "not set"}
    outer = CachePolicy(version="pipeline")
    assert planned(outer=outer).parts.policy["version"] == "pipeline"
    assert planned(CachePolicy(version="step"), outer=outer).parts.policy["version"] == "step"
    assert "environment variable RATE" in planned(outer=outer).parts.policy


def test_the_projects_policy_can_turn_caching_off():
    """And a pipeline or a step turns it on again."""
    create_project(Path())
    config = Path(".zencache/config.toml")
    config.write_text(config.read_text() + "[cache]\nenabled = false\n")
    assert planned().reason == "caching is off: the project's settings say enabled = false"
    assert planned(outer=CachePolicy(enabled=True)).cached
    assert planned(CachePolicy(enabled=True)).cached


def test_settings_read_a_policy():
    """As TOML writes it: spans in ISO 8601, lists of texts."""
    settings = Settings(cache={"expires_after": "P7D", "files": "data/*.csv", "code": "function"})
    assert settings.cache == CachePolicy(
        expires_after=timedelta(days=7), files=["data/*.csv"], code="function"
    )


def test_settings_refuse_what_no_policy_has():
    """With the names of the fields."""
    create_project(Path())
    config = Path(".zencache/config.toml")
    config.write_text(config.read_text() + "[cache]\nttl = 3\n")
    with pytest.raises(SettingsError, match=r"\[cache\]: CachePolicy takes no ttl; it takes enabled"):
        planned()
