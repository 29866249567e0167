"""Steps as classes: what they take, what they are called, and what counts as their code."""

from __future__ import annotations

import importlib
import sys

import cloudpickle
import pytest

from zencache import BaseParameters, CachePolicy, Output, Step, pipeline, step
from zencache.code.digest import CodeReader
from zencache.errors import DefinitionError, ParameterError, StepDefinitionError
from zencache.steps import BaseStep, BoundStep, clone_step


class Params(BaseParameters):
    gamma: float = 0.1


class Load(BaseStep):
    def entrypoint(self, rows: int = 3) -> Output(a=int, b=int):
        return rows, rows + 1


class Train(BaseStep):
    enable_cache = False

    def entrypoint(self, config: Params, x: int) -> float:
        return self.scaled(x) * config.gamma

    def scaled(self, x):
        return 2 * x


class Shifted(BaseStep):
    def __init__(self, shift, **options):
        super().__init__(**options)
        self.shift = shift

    def entrypoint(self, x: int) -> int:
        return x + self.shift


class Inherits(Train):
    pass


@step
def decorated() -> int:
    return 1


@pipeline
def both(load, train):
    a, _ = load()
    train(a)


@pytest.mark.parametrize(
    "made",
    [
        lambda: Train(Params(gamma=0.5)),
        lambda: Train(config=Params(gamma=0.5)),
        lambda: Train(config={"gamma": 0.5}),
    ],
    ids=["by position", "by name", "as a mapping"],
)
def test_a_step_takes_its_parameters(made):
    """As a decorated one does."""
    assert made().values == {"config": Params(gamma=0.5)}


def test_a_step_is_called_as_its_class():
    """The name of its argument in the pipeline is its slot; its identity is the class's."""
    specs = both(load=Load(), train=Train()).spec.by_name
    assert list(specs) == ["Load", "Train"]
    assert specs["Train"].slot == "train"
    assert specs["Train"].identity == f"{__name__}.Train"
    assert specs["Train"].enable_cache is False


def test_options_are_class_attributes_or_keywords():
    """What is given goes before what the class says."""
    made = Train(name="svc", enable_cache=True, cache=CachePolicy(version="2"))
    assert (made.step.name, made.step.enable_cache, made.step.policy.version) == ("svc", True, "2")
    assert Train().step.enable_cache is False


def test_an_inherited_step_has_its_own_identity():
    """Two classes with one entrypoint are two steps."""
    assert Inherits().step.qualname == "Inherits"


def test_all_steps_are_base_steps():
    """As they were; and instances of their own class."""
    assert isinstance(Train(), BaseStep)
    assert isinstance(Train(), Train)
    assert isinstance(Inherits(), Train)
    assert not isinstance(Load(), Train)
    assert isinstance(decorated, BaseStep)
    assert isinstance(decorated(), BaseStep)
    assert not isinstance(3, BaseStep)
    assert isinstance(decorated, Step)


def test_in_a_body_a_step_is_called():
    """Direct calls go as well as slots."""

    @pipeline
    def direct():
        a, _ = Load(rows=5)()
        Train()(a)

    assert list(direct().spec.by_name) == ["Load", "Train"]


def test_its_own_constructor_sets_its_state():
    """What an instance holds is part of the code."""
    one, other = Shifted(1).step, Shifted(2).step
    assert one.entrypoint(x=3) == 4
    assert CodeReader().of(one.entrypoint).digest == CodeReader().of(Shifted(1).step.entrypoint).digest
    assert CodeReader().of(one.entrypoint).digest != CodeReader().of(other.entrypoint).digest


def test_parameters_and_options_are_not_part_of_the_code():
    """The key has the parameters apart, and the options not at all."""
    digests = {
        CodeReader().of(made.step.entrypoint).digest for made in (Train(), Train(Params(gamma=2), name="x"))
    }
    assert len(digests) == 1


def test_a_clone_has_another_name():
    """Of a class, of a decorated function."""
    assert clone_step(Train, "second")().step.name == "second"
    assert clone_step(decorated, "second").name == "second"
    assert decorated.name == "decorated"


def test_without_an_entrypoint_it_says_what_to_write():
    """The error shows the method."""

    class Empty(BaseStep):
        pass

    with pytest.raises(
        StepDefinitionError, match=r"class Empty has no entrypoint; write .* `def entrypoint\(self"
    ):
        Empty()


def test_unknown_arguments_name_the_nearest():
    """Parameters, and options of the decorator."""
    with pytest.raises(ParameterError, match="step Load takes no argument row; did you mean rows"):
        Load(row=3)
    with pytest.raises(DefinitionError, match="secrets=… is not supported"):
        Load(secrets=["a"])


def test_old_options_are_passed_over_with_a_note(capsys):
    """One line, on standard error."""
    Load(rows=4, step_operator="vertex")
    assert capsys.readouterr().err.startswith("Note: step Load: step_operator is ignored: ")


def test_a_pickled_step_is_imported_again_with_its_state():
    """A class of a module travels by name, so that its code is today's; the instance's state goes with it."""
    made = cloudpickle.loads(cloudpickle.dumps(Shifted(3).step))
    assert made.entrypoint(x=1) == 4
    assert made.snapshot is None


BODY = """
from zencache.steps import BaseStep

def helper(x):
    return x + 1

class Work(BaseStep):
    def entrypoint(self, x: int, by: int = 2) -> int:
        return self.method(x) * by
    def method(self, x):
        return helper(x)
"""


@pytest.fixture
def digest_of(folder, monkeypatch):
    """Give the code digest of the step of a module with a text."""
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def digest(text):
        (folder / "worksteps.py").write_text(text)
        sys.modules.pop("worksteps", None)
        importlib.invalidate_caches()
        made = importlib.import_module("worksteps").Work()
        return CodeReader().of(made.step.entrypoint)

    yield digest
    sys.modules.pop("worksteps", None)


@pytest.mark.parametrize(
    ("old", "new"),
    [("* by", "+ by"), ("return helper(x)", "return helper(x) + 1"), ("return x + 1", "return x + 2")],
    ids=["the entrypoint", "a method", "a helper of a method"],
)
def test_an_edit_of_what_is_reached_changes_the_code(digest_of, old, new):
    """The entrypoint, the methods of the class, and what these call."""
    assert digest_of(BODY).digest != digest_of(BODY.replace(old, new)).digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("def helper", "# a comment\ndef helper"),
        ("by: int = 2", "by: int = 3"),
        ("class Work(BaseStep):", 'class Work(BaseStep):\n    """A docstring."""'),
        ("def helper", "def unrelated():\n    return 1\n\ndef helper"),
    ],
    ids=["a comment", "a default, which is a parameter", "a docstring", "what is beside it"],
)
def test_an_edit_of_anything_else_does_not(digest_of, old, new):
    """The digest is of what the code means."""
    assert digest_of(BODY).digest == digest_of(BODY.replace(old, new)).digest


def test_an_edit_is_explained_by_its_place(digest_of):
    """The entrypoint is the step's own code; methods have names."""
    one, two = digest_of(BODY), digest_of(BODY.replace("* by", "+ by"))
    changed = [name for name, unit in two.units.items() if one.units[name].digest != unit.digest]
    assert changed == ["its code"]
    three = digest_of(BODY.replace("return helper(x)", "return 5"))
    assert [n for n, u in three.units.items() if one.units[n].digest != u.digest] == [
        "helper Work.method in worksteps.py"
    ]


def test_a_bound_step_is_what_a_call_gives():
    """So everything that takes a decorated step takes a class-based one."""
    assert isinstance(Train(), BoundStep)
