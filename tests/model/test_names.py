"""Names that become parts of paths."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from zencache import Output, pipeline, step
from zencache.errors import DefinitionError, ParameterError, StepDefinitionError
from zencache.model.names import check_name, is_digest, is_one_folder
from zencache.model.specs import CodeRef, OutputSpec, StepSpec

ESCAPES = (
    "..",
    "../x",
    "a/../../x",
    "/etc/passwd",
    "a/b",
    "a\\b",
    "x\0",
    "x\n",
    "\x1b[31mred",
    "x\u202ey",
    "",
)


@given(st.text(max_size=30) | st.text(st.sampled_from("./\\ab:é\u0301 ~$\0\n\u202e\u200b")))
@example("a" * 10_000)
@example("日本語" * 33)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_name_that_is_accepted_leaves_its_folder(tmp_path, name):
    """Whatever is accepted makes one folder, in the place that is meant, and looks like what it is."""
    for what in ("step", "pipeline", "run"):
        try:
            made = check_name(what, name)
        except DefinitionError:
            continue
        place = tmp_path / made
        place.mkdir(exist_ok=True)
        assert place.resolve().parent == tmp_path.resolve()
        assert [made] == [unicodedata.normalize("NFC", each.name) for each in tmp_path.iterdir()]
        assert made.isprintable()
        assert check_name(what, made) == made
        place.rmdir()


@pytest.mark.parametrize(
    "name", [*ESCAPES, "a" * 10_000, "日本語" * 33, "a.", "a "], ids=lambda name: ascii(name)[:12]
)
@pytest.mark.parametrize("what", ["step", "pipeline", "run"])
def test_names_that_are_no_folders_are_refused(what, name):
    """Above, absolute, NUL, terminal sequences, text turned around, too long: none of it is printed raw
    either."""
    with pytest.raises(ParameterError if what == "run" else StepDefinitionError) as caught:
        check_name(what, name)
    assert not set(str(caught.value)) & {"\0", "\n", "\x1b", "\u202e"}


@pytest.mark.parametrize("name", ["p\u0430ypal", "\u0391dam", "\uff46ull", "\ufb01t", "\U0001d41a"])
def test_letters_that_look_like_others_are_refused(name):
    """Cyrillic or Greek among Latin letters, full-width and ornamental ones."""
    with pytest.raises(StepDefinitionError, match="looks like other letters"):
        check_name("step", name)


@pytest.mark.parametrize("name", ["train", "Δt", "β-VAE", "модель_v2", "日本語", "r² score", "naïve", "v1.2"])
def test_names_of_any_script_are_taken(name):
    """One script a word, as people write."""
    assert check_name("step", name) == name


def test_two_forms_of_one_name_are_one_name():
    """What Unicode writes in two ways is one name, and so is micro by either letter."""
    assert check_name("step", "cafe\u0301") == check_name("step", "café")
    assert check_name("step", "\u00b5m") == check_name("step", "\u03bcm")


def test_a_runs_name_may_be_a_time():
    """TFX names runs by the time."""
    assert check_name("run", "2024-01-01T00:00:00.123456+00:00") == "2024-01-01T00:00:00.123456+00:00"


@pytest.mark.parametrize("name", ESCAPES)
def test_outputs_are_named_like_variables(name):
    """Files are stored under an output's name."""
    with pytest.raises(StepDefinitionError):
        Output(**{name: int})


@pytest.mark.parametrize("name", ESCAPES)
def test_specs_refuse_names_that_lead_elsewhere(name):
    """Also those that a record tells, or a TFX pipeline."""
    assert not is_one_folder(name)
    with pytest.raises(DefinitionError, match="cannot be the name"):
        StepSpec(name=name, code=CodeRef(module="m", qualname="f"))
    with pytest.raises(DefinitionError, match="cannot be the name"):
        OutputSpec.model_validate({"name": name, "type": "int"})


@pytest.mark.parametrize("name", ["../../x", "", "0" * 63, "0" * 64 + "\n", "A" * 64, "/" + "0" * 63])
def test_only_digests_name_files_of_ours(name):
    """What a record tells of a file's name is a digest, or is not used."""
    assert not is_digest(name)


@step
def one() -> int:
    return 1


@pipeline
def named():
    one()


@pytest.mark.parametrize("name", ["../x", "/tmp/x", "x\0", "x" * 10_000, "x\ny", "\x1b[31mx", "x\u202ey"])
def test_a_runs_name_is_checked_before_anything_is_written(name):
    """A name that is refused leaves no trace."""
    with pytest.raises(ParameterError, match="cannot be the name of a run"):
        named().run(run_name=name)
    assert not list(Path.cwd().rglob("artifacts/*"))
