"""Versions: how two differ, and that any number of processes may register them at once."""

from __future__ import annotations

import subprocess
import sys

import pytest

from zencache import Output, Repository, pipeline, step
from zencache.errors import NotFoundError, StepFailedError
from zencache.model.specs import CodeRef, InputSpec, OutputRef, OutputSpec, PipelineSpec, StepSpec
from zencache.pipelines.versions import find_version, structure_differences


def spec(*steps):
    """A pipeline of steps `name`, or `name<source` where another feeds it, or `slot=name`, or
    `name!function`."""
    made = []
    for text in steps:
        slot, _, rest = text.rpartition("=")
        rest, *sources = rest.split("<")
        name, _, function = rest.partition("!")
        inputs = tuple(
            InputSpec(name=f"x{n}", type="int", source=OutputRef(step=source, output="output"))
            for n, source in enumerate(sources)
        )
        code = CodeRef(module="m", qualname=function or name)
        output = OutputSpec(name="output", type="int")
        made.append(StepSpec(name=name, slot=slot or None, code=code, inputs=inputs, outputs=(output,)))
    return PipelineSpec(name="p", steps=tuple(made))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (["a", "b<a"], ["a", "b<a"], []),
        (["a"], ["a", "b<a"], ["step b added"]),
        (["a", "b<a"], ["a"], ["step b removed"]),
        (["a", "b<a"], ["a", "c<a"], ["step b removed", "step c added"]),
        (["one=a", "two=b<a", "c<b"], ["one=a", "two=d<a", "c<d"], ["step b replaced by d"]),
        (["a", "b!f<a"], ["a", "b!g<a"], ["step b replaced: m.f → m.g"]),
        (["a", "b", "c<a"], ["a", "b", "c<b"], ["step c rewired: x0 from a.output → b.output"]),
        (["a", "c"], ["a", "c<a"], ["step c rewired: x0 from (nothing) → a.output"]),
        (["a", "b", "c<a<b"], ["a", "b", "c<a"], ["step c rewired: x1 from b.output → (nothing)"]),
        (
            ["one=a", "b", "two=c<a"],
            ["one=a", "b", "two=d<b"],
            ["step c replaced by d", "step d rewired: x0 from a.output → b.output"],
        ),
    ],
    ids=["same", "added", "removed", "another", "by slot", "by name", "rewired", "wired", "unwired", "both"],
)
def test_structures_differ_in_words(old, new, said):
    """What is gone, what is new, what stands for what, and what feeds what."""
    assert structure_differences(spec(*old), spec(*new)) == said


def test_an_unknown_number_names_those_there_are():
    """And the command that lists them."""
    with pytest.raises(
        NotFoundError,
        match=r"pipeline p has no version 3; it has none yet \(`zencache pipeline versions 'p'`",
    ):
        find_version([], 3, "p")


# -- parameters and code --------------------------------------------------------------------------


@step
def load(rows: int = 3) -> Output(a=int, b=int):
    return rows, rows + 1


@step
def score(value: float, rows: int) -> float:
    return value + rows


def trainer(by):
    """Give a trainer whose helper differs."""

    def helped(x):
        return x + by

    @step
    def train(x: int, gamma: float = 0.1, broken: bool = False) -> float:
        if broken:
            raise ValueError("no rows")
        return helped(x) * gamma

    return train


@pipeline
def training(loader, trainer, scorer):
    a, b = loader()
    scorer(trainer(a), b)


@pipeline(name="training")
def shorter(loader, trainer):
    trainer(loader()[0])


def versions():
    return Repository().get_pipeline_by_name("training").versions


@pytest.mark.tfx
def test_parameters_and_code_are_those_of_the_newest_runs():
    """Of the steps that both versions have; a step's inputs are no part of a version."""
    training(load(), trainer(1)(gamma=0.5), score()).run()
    training(load(), trainer(1)(gamma=0.2), score()).run()
    shorter(load(rows=9), trainer(2)(gamma=0.2)).run()
    one, two = versions()
    assert one.diff(two) == [
        "step score removed",
        "step load: parameter rows: 3 → 9",
        "step train: closed-over by in tests/pipelines/test_versions.py: 1 → 2",
    ]
    assert two.diff(one)[0] == "step score added"
    training(load(rows=9), trainer(2)(gamma=0.2), score()).run()
    assert versions()[0].diff(versions()[1]) == ["step score removed"]


@pytest.mark.tfx
def test_a_step_that_never_finished_differs_by_its_parameters():
    """What is recorded of it is compared; nothing is made up."""
    training(load(), trainer(1)(gamma=0.5), score()).run()
    with pytest.raises(StepFailedError):
        shorter(load(), trainer(1)(gamma=0.2, broken=True)).run()
    one, two = versions()
    assert one.diff(two) == [
        "step score removed",
        "step train: parameter gamma: 0.5 → 0.2",
        "step train: parameter broken: false → true",
    ]


# -- many at once ---------------------------------------------------------------------------------

REGISTER = """
import sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_versions import spec
from zencache import config
from zencache.metadata.session import open_records

runs = open_records(config.require_project(None)).runs
Path(f"ready-{{sys.argv[1]}}").touch()
while not Path("go").exists():
    time.sleep(0.005)
structures = [spec("a", *(f"b{{n}}<a" for n in range(each))) for each in range(6)]
turn = int(sys.argv[1]) % len(structures)
made = {{}}
for structure in structures[turn:] + structures[:turn]:
    made[len(structure.steps) - 1] = runs.begin(structure, "r").version
print(sorted(made.items()))
"""


@pytest.mark.slow
def test_processes_that_register_at_once_agree(folder):
    """Eight processes, six structures each, in other orders: numbers without gaps or doubles, the same for
    all."""
    from pathlib import Path

    from zencache import config
    from zencache.metadata.session import open_records

    config.create_project(folder)
    code = REGISTER.format(tests=str(Path(__file__).parent))
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(n)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for n in range(8)
    ]
    while sum(1 for _ in folder.glob("ready-*")) < 8 and all(p.poll() is None for p in started):
        pass
    (folder / "go").touch()
    ended = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0] * 8, ended
    assert len({out for out, _ in ended}) == 1
    numbers = [number for _, number in eval(ended[0][0])]
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]
    found = list(open_records(config.require_project(None)).versions.of_pipeline("p"))
    assert [version.number for version in found] == [1, 2, 3, 4, 5, 6]
    assert len({version.structure for version in found}) == 6


def test_an_order_without_a_connection_is_wiring_too():
    """A step that waits for another without taking a result; an input that several feed."""
    old, new = spec("a", "b", "c<a"), spec("a", "b", "c<a")
    waits = new.replaced(steps=(*new.steps[:2], new.steps[2].replaced(after=("b",))))
    assert structure_differences(old, waits) == ["step c rewired: order from (nothing) → b"]
    fed = new.steps[2].inputs[0]
    both = (fed, fed.replaced(source=OutputRef(step="b", output="output")))
    many = new.replaced(steps=(*new.steps[:2], new.steps[2].replaced(inputs=both)))
    assert structure_differences(old, many) == ["step c rewired: x0 from a.output → a.output, b.output"]
