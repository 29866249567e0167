"""`zencache cache audit`, and `Repository().audit`."""

from __future__ import annotations

from pathlib import Path

import pytest

from zencache import Repository
from zencache.artifacts.manifest import content_digest
from zencache.errors import NotFoundError, ParameterError

pytestmark = pytest.mark.tfx


def verdicts(found):
    return {each.step: each.verdict for each in found}


def recorded():
    """What the store holds, in one value."""
    client = Repository()._records.metadata.client
    counts = [len(getattr(client, f"get_{kind}")()) for kind in ("executions", "artifacts", "contexts")]
    dropped = [e.id for e in client.get_executions() if "zencache_dropped" in e.custom_properties]
    return (
        counts,
        dropped,
        content_digest(Path(".zencache/artifacts")),
        [a.state for a in client.get_artifacts()],
    )


def test_a_step_that_is_not_deterministic_is_named(shop, zencache):
    """With the first difference, what to do, and exit code 1; what steps print is not in the table."""
    done = zencache("cache", "audit", "--sample", "100%", "--pipeline", "prices")
    assert done.exit_code == 1
    assert "differs: output output[1]: 0." in done.stdout
    assert "Step noise does not give the same result again." in done.stdout
    assert "`zencache cache drop --key " in done.stdout
    assert done.stdout.count("  same") == 2
    assert "drawing" not in done.stdout


def test_what_is_deterministic_is_the_same(shop, zencache):
    """Exit code 0."""
    done = zencache("cache", "audit", "--sample", "100%", "--pipeline", "prices", "--step", "scale")
    assert (done.exit_code, done.stdout.count("  same")) == (0, 1)


def test_the_store_is_not_changed(shop):
    """No execution, artifact or context more, no byte another, nothing dropped: also not what differs."""
    before = recorded()
    assert "differs" in verdicts(Repository().audit(sample="100%")).values()
    assert recorded() == before


def test_a_step_that_fails_now_is_named(shop, zencache):
    """The error is the verdict, and the exit code is 1."""
    (shop / "down").touch()
    done = zencache("cache", "audit", "--sample", "100%", "--step", "fetch")
    assert done.exit_code == 1
    assert "failed: ConnectionError: no answer" in done.stdout
    assert "could not compute again" in done.stdout


def test_contexts_and_beam_pipelines_are_given(shop):
    """A step is told the names of the run that computed its result, and gets a Beam pipeline as in a run."""
    found = Repository().audit(sample="100%", pipeline="tools")
    assert verdicts(found) == {"names": "same", "words": "same"}


def test_a_result_of_several_pipelines_is_audited_once(shop):
    """A key counts once, whoever reuses it."""
    found = [each.step for each in Repository().audit(sample="100%")]
    assert found.count("load") == 1


def test_what_a_run_would_not_reuse_is_not_audited(shop):
    """A dropped result, and those that wait for it, are no hits."""
    Repository().drop(step="load")
    assert set(verdicts(Repository().audit(sample="100%", pipeline="prices"))) == {"noise"}


def test_a_damaged_input_is_not_dropped_by_an_audit(shop):
    """The step cannot be run; to drop the input is left to a run."""
    file = Repository().get_run("first").steps["load"].output.folder / "array.npy"
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-8] + b"\1" * 8)
    before = recorded()
    [found] = Repository().audit(sample="100%", pipeline="prices", step="scale")
    assert (found.verdict, found.is_good) == ("cannot be run", True)
    assert recorded() == before


def test_a_pipeline_whose_code_is_gone_cannot_be_run(shop, zencache):
    """It is said, and is no failure of determinism."""
    (shop / "shop.py").unlink()
    done = zencache("cache", "audit", "--pipeline", "prices")
    assert done.exit_code == 0
    assert "cannot be run: step shop.load cannot be imported" in done.stdout


def test_a_sample_is_at_least_one_and_repeatable(shop):
    """The same seed chooses the same steps."""
    repository = Repository()
    assert len(repository.audit()) == 1
    chosen = [[a.step for a in repository.audit(sample=2, seed=7)] for _ in range(2)]
    assert chosen[0] == chosen[1]
    assert len(chosen[0]) == 2


@pytest.mark.parametrize("sample", ["0", "0%", "-5%", "x", "", "%", "nan%", "inf%", "1.5"])
def test_a_sample_that_is_none_is_refused(shop, sample):
    """Before anything is computed."""
    with pytest.raises(ParameterError, match="a sample is a number of steps or a share"):
        Repository().audit(sample=sample)


def test_a_pipeline_that_never_ran_is_an_error(shop, zencache):
    """With the nearest name."""
    with pytest.raises(NotFoundError, match="did you mean 'prices'"):
        raise zencache("cache", "audit", "--pipeline", "price").exception


def test_a_trace_finds_the_code_of_each_step_covered(shop, zencache):
    """What the steps run is in their keys or their records."""
    done = zencache(
        "cache", "audit", "--sample", "100%", "--pipeline", "prices", "--step", "scale", "--trace"
    )
    assert (done.exit_code, done.stdout.count("  same")) == (0, 1)
