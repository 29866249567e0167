"""Secrets as parameters: they count, and stand nowhere."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretBytes, SecretStr, ValidationError

from zencache import BaseParameters, CachePolicy, Repository, pipeline, step
from zencache.caching.key import KeyParts
from zencache.config import Settings, create_project
from zencache.errors import (
    MaterializerError,
    ParameterError,
    SettingsError,
    StepDefinitionError,
    StepFailedError,
)

pytestmark = pytest.mark.tfx

MODULE_TOKEN = SecretStr("module-s3cret-1")
calls: list[str] = []


@pytest.fixture(autouse=True)
def _no_calls():
    calls.clear()


class Login(BaseParameters):
    password: SecretStr
    user: str
    retries: int = 1


@dataclass
class Server:
    name: str
    token: SecretStr


@step
def fetch(token: SecretStr, rows: int = 3) -> list:
    calls.append(token.get_secret_value())
    return list(range(rows))


@step
def log_in(x: list, params: Login) -> int:
    calls.append(params.password.get_secret_value())
    return len(x)


@step
def total(x: list) -> int:
    return sum(x)


@pipeline
def fetching(token: Any):
    total(fetch(token=token))


@pipeline
def logging_in(token: Any, password: Any):
    log_in(fetch(token=token), Login(password=password, user="ada"))


def in_store(*values: str) -> list[str]:
    """Name the files of the project that hold one of some values."""
    found = []
    for file in Path(".zencache").rglob("*"):
        data = file.read_bytes() if file.is_file() else b""
        found += [f"{file}: {value}" for value in values if value.encode() in data]
    return found


def test_the_same_secret_is_a_hit_and_another_is_not(capsys):
    """A secret is part of the key, and what is said of a change says no value."""
    fetching(token=SecretStr("first-s3cret")).run()
    again = fetching(token=SecretStr("first-s3cret")).run()
    changed = fetching(token=SecretStr("other-s3cret")).run()
    assert [again.steps["fetch"].status, changed.steps["fetch"].status] == ["cached", "executed"]
    assert changed.steps["fetch"].reason == "the secret token changed"
    assert changed.steps["total"].is_cached
    assert calls == ["first-s3cret", "other-s3cret"]
    shown = capsys.readouterr()
    said = f"{shown.out}{shown.err}{changed.steps['fetch'].explain(code=True)}{fetching('x').plan()}"
    assert "s3cret" not in said
    assert not in_store("first-s3cret", "other-s3cret")


def test_a_secret_of_a_parameters_model_counts_and_is_not_recorded():
    """A field of a BaseParameters model is a parameter like any other."""
    logging_in("token-1234", "passw0rd-1").run()
    second = logging_in("token-1234", "passw0rd-2").run()
    assert {n: s.status for n, s in second.steps.items()} == {"fetch": "cached", "log_in": "executed"}
    assert second.steps["log_in"].reason == "the secret password changed"
    assert not in_store("token-1234", "passw0rd-1", "passw0rd-2")


def test_secrets_inside_other_values_count_and_are_not_recorded():
    """Lists, mappings, dataclasses: a secret in them is one all the same."""

    @step
    def use(many: list, named: dict, server: Server, key: SecretBytes) -> int:
        return len([secret.get_secret_value() for secret in (*many, *named.values(), server.token, key)])

    @pipeline
    def several(number: int):
        use(
            many=[SecretStr("listed-s3cret")],
            named={"a": SecretStr("named-s3cret")},
            server=Server("db", SecretStr(f"server-s3cret-{number}")),
            key=SecretBytes(b"bytes-s3cret"),
        )

    runs = [several(number).run() for number in (1, 1, 2)]
    assert [run.steps["use"].status for run in runs] == ["executed", "cached", "executed"]
    assert not in_store("listed-s3cret", "named-s3cret", "server-s3cret", "bytes-s3cret")


def test_the_digest_of_a_secret_is_keyed(monkeypatch):
    """Another project's key gives another digest: who reads the records cannot try values."""
    from blake3 import blake3

    keys = []
    for number in (1, 2):
        monkeypatch.setenv("ZENCACHE_SECRET_KEY", f"a key of the team number {number}")
        keys.append(fetching("tiny").run().steps["fetch"].cache_key)
    assert len(set(keys)) == 2
    assert not in_store(
        blake3(b"tiny").hexdigest(), blake3(b"stiny").hexdigest(), blake3(b'"tiny"').hexdigest()
    )
    assert not Path(".zencache/secret.key").exists()


def test_the_key_is_made_when_the_first_secret_is_met_and_is_its_owners_alone():
    """A project without secrets has no key; a plan writes none either."""
    create_project(Path.cwd())
    fetching("a-token").plan()
    assert not Path(".zencache/secret.key").exists()
    fetching("a-token").run()
    status = Path(".zencache/secret.key").stat()
    assert (stat.S_IMODE(status.st_mode), status.st_size) == (0o600, 32)
    assert "secret.key" not in Path(".zencache/.gitignore").read_text()
    assert Path(".zencache/.gitignore").read_text().startswith("*\n")


def test_a_short_key_of_secrets_is_refused(monkeypatch):
    """A key that can be guessed protects nothing."""
    monkeypatch.setenv("ZENCACHE_SECRET_KEY", "short")
    with pytest.raises(SettingsError, match="ZENCACHE_SECRET_KEY can be guessed"):
        fetching("a-token").run()


@step
def read_global() -> int:
    return len(MODULE_TOKEN.get_secret_value())


@pipeline
def reading():
    read_global()


def test_a_secret_that_code_reads_as_a_global_counts_and_is_not_recorded(monkeypatch):
    """A module's constant is part of the code, and what is said of a change says no value."""
    reading().run()
    assert reading().run().steps["read_global"].is_cached
    monkeypatch.setitem(globals(), "MODULE_TOKEN", SecretStr("module-s3cret-2"))
    second = reading().run().steps["read_global"]
    assert second.status == "executed"
    assert "MODULE_TOKEN" in second.reason
    assert "s3cret" not in str(second.explain(code=True))
    assert not in_store("module-s3cret")


def test_the_digest_of_a_secret_that_code_reads_is_keyed(monkeypatch):
    """Neither the code's digest nor that of the global can be guessed by trying values."""
    seen = []
    for number in (1, 2):
        monkeypatch.setenv("ZENCACHE_SECRET_KEY", f"a key of the team number {number}")
        found = reading().run().steps["read_global"].execution
        seen.append(KeyParts.model_validate_json(found.key_parts))
    assert seen[0].code != seen[1].code
    [changed] = [unit for unit in seen[0].units if seen[0].units[unit] != seen[1].units[unit]]
    assert changed.startswith("global MODULE_TOKEN")


def test_a_step_that_returns_a_secret_is_refused():
    """What is returned is stored, and secrets never are: at the definition, or when it is returned."""

    @step
    def declared() -> SecretStr:
        return SecretStr("a")

    with pytest.raises(StepDefinitionError, match="output output is a secret, which is never stored"):
        declared.signature

    @step
    def returns(how: str) -> Any:
        return {"bare": SecretStr("a"), "listed": [SecretStr("a")]}[how]

    @pipeline
    def returning(how: str):
        returns(how=how)

    for how in ("bare", "listed"):
        with pytest.raises(MaterializerError, match="a secret") as caught:
            returning(how).run()
        assert isinstance(caught.value, StepFailedError)


class Odd:
    def __init__(self, inner: Any) -> None:
        self.inner = inner


def test_a_secret_is_not_pickled_either():
    """Opting in to pickle stores any value but a secret, however deep it sits."""
    create_project(Path.cwd(), Settings(allow_pickle=True))

    @step
    def odd() -> Odd:
        return Odd({"deep": [SecretStr("pickled-s3cret")]})

    @pipeline
    def pickling():
        odd()

    with pytest.raises(MaterializerError, match="a secret, which is never stored"):
        pickling().run()
    assert not in_store("pickled-s3cret")


def test_an_error_of_a_step_is_recorded_without_the_secret():
    """A traceback is kept, and the values of the run's secrets in it are not."""

    @step
    def fails(token: SecretStr) -> int:
        raise ValueError(f"refused: {token.get_secret_value()}")

    @pipeline
    def failing():
        fails(token="told-s3cret")

    with pytest.raises(ValueError) as caught:
        failing().run()
    assert "told-s3cret" not in str(caught.value)
    assert "refused: **********" in str(caught.value)
    assert "refused: **********" in Repository().get_runs()[-1].steps["fails"].error
    assert not in_store("told-s3cret")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: fetch(token=["listed-s3cret"]),
        lambda: log_in(params={"password": "given-s3cret", "retries": "x"}),
        lambda: log_in(params={"password": "given-s3cret", "user": "ada", "retries": "x"}),
        lambda: log_in(params="given-s3cret"),
        lambda: Login(password="given-s3cret"),
        lambda: Login(password="given-s3cret", user="ada", other=1),
    ],
)
def test_a_parameter_error_shows_no_secret(wrong):
    """What may have been meant for a secret is not shown, by pydantic neither."""
    with pytest.raises((ParameterError, ValidationError)) as caught:
        wrong()
    error: BaseException | None = caught.value
    while error is not None:
        assert "s3cret" not in str(error)
        error = error.__cause__ or error.__context__


def test_a_key_function_gets_the_secret_and_cannot_record_it():
    """A key function of a policy sees the value; what it answers is recorded, and may not be a secret."""

    @step(cache=CachePolicy(key=lambda token: len(token.get_secret_value())))
    def by_length(token: SecretStr) -> int:
        return 1

    @pipeline
    def keyed(token: str):
        by_length(token=token)

    assert keyed("abcdefgh").run().steps["by_length"].status == "executed"
    assert keyed("hgfedcba").run().steps["by_length"].is_cached
    assert not in_store("abcdefgh", "hgfedcba")


# -- from the repository ------------------------------------------------------------------------------


def test_a_recorded_pipeline_runs_without_its_secret_where_all_is_a_hit():
    """The record of a secret is enough to find what was computed with it."""
    fetching("first-s3cret").run()
    again = Repository().get_pipeline_by_name("fetching").run()
    assert [s.status for s in again.steps.values()] == ["cached", "cached"]


def test_a_recorded_pipeline_says_how_to_give_the_secret_that_it_needs():
    """One sentence, before anything runs and without a run in the records."""
    fetching("first-s3cret").run()
    found = Repository().get_pipeline_by_name("fetching")
    with pytest.raises(ParameterError, match=r"with_secrets\(token=…\).*ZENCACHE_SECRET_TOKEN"):
        found.run(enable_cache=False)
    assert len(Repository().get_runs()) == 1


@step(enable_cache=False)
def count() -> int:
    calls.append("count")
    return len(calls)


@step
def later(x: int, token: SecretStr) -> int:
    calls.append("later")
    return x


@step
def use_all(named: dict) -> int:
    return len([secret.get_secret_value() for secret in named.values()])


@pipeline
def using_all(value: str):
    use_all(named={"a": SecretStr(value)})


def test_a_secret_inside_another_value_is_given_with_it():
    """The environment has no mappings, and the error does not say so."""
    using_all("first-s3cret").run()
    found = Repository().get_pipeline_by_name("using_all")
    with pytest.raises(ParameterError, match=r"with_secrets\(named=…\)`, or call"):
        found.run(enable_cache=False)
    with pytest.raises(ParameterError, match="must hold its secrets as SecretStr"):
        found.with_secrets(named={"a": "in plain form"})
    assert found.with_secrets(named={"a": SecretStr("first-s3cret")}).run().steps["use_all"].is_cached


@pipeline
def waiting(token: Any):
    later(count(), token=token)


def test_a_step_that_waits_is_not_called_without_its_secret():
    """Whether it is a hit is known when its inputs are; if it is none, it says how to give the secret."""

    waiting("first-s3cret").run()
    with pytest.raises(ParameterError, match=r"step later: the value of the secret token is not recorded"):
        Repository().get_pipeline_by_name("waiting").run()
    assert calls == ["count", "later", "count"]


def test_a_recorded_pipeline_takes_secrets_from_code_and_from_the_environment(monkeypatch):
    """What is given goes before the environment; either is the same secret as before, or another."""
    fetching("first-s3cret").run()
    found = Repository().get_pipeline_by_name("fetching")
    assert found.with_secrets(token="first-s3cret").run().steps["fetch"].is_cached
    found.with_secrets(token=SecretStr("other-s3cret")).run()
    monkeypatch.setenv("ZENCACHE_SECRET_TOKEN", "third-s3cret")
    Repository().get_pipeline_by_name("fetching").run(enable_cache=False)
    assert calls == ["first-s3cret", "other-s3cret", "third-s3cret"]
    assert not in_store("first-s3cret", "other-s3cret", "third-s3cret")


def test_an_audit_leaves_out_what_it_has_no_secret_for():
    """That a secret is not there says nothing of the stored result."""
    fetching("first-s3cret").run()
    found = {each.step: each for each in Repository().audit(sample="100%")}
    assert (found["fetch"].verdict, found["total"].verdict) == ("cannot be run", "same")
    assert "ZENCACHE_SECRET_TOKEN" in found["fetch"].detail


def test_with_secrets_takes_no_other_names():
    """A name that no secret has is an error that lists those there are."""
    made = logging_in("token-1234", "passw0rd-1")
    with pytest.raises(
        ParameterError, match=r"no step has a secret parameter pasword; there is password, token"
    ):
        made.with_secrets(pasword="x")
    with pytest.raises(ParameterError, match="must be a SecretStr"):
        made.with_secrets(password=3)


SCRIPT = """
import sys
from pydantic import SecretStr
from zencache import pipeline, step

GLOBAL = SecretStr("script-s3cret-global")

@step
def fetch(token: SecretStr) -> int:
    return len(token.get_secret_value())

@step
def add(x: int) -> int:
    return x + len(GLOBAL.get_secret_value())

@step
def literal(x: int) -> int:
    return x + len(SecretStr("script-s3cret-inline").get_secret_value())

@pipeline
def scripted():
    literal(add(fetch(token=SecretStr("script-s3cret-given"))))

if __name__ == "__main__":
    print(scripted().run(worker_kind=sys.argv[1]).steps["literal"].output.load())
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_a_script_with_secrets_written_out_leaves_none_of_them(forked_script, kind):
    """Snapshots and source texts of a script hold none of its secrets; worker processes get them all the
    same."""
    done = forked_script(SCRIPT, kind)
    assert done.stdout.splitlines()[-1] == str(
        sum(map(len, ("script-s3cret-given", "script-s3cret-global", "script-s3cret-inline")))
    )
    assert "s3cret" not in done.stdout + done.stderr
    assert not in_store("script-s3cret")
    assert list(Path(".zencache/code").iterdir())  # of `fetch`, which holds none
