"""Describes a pipeline as data: its steps, their connections and their parameters.

Everything here is frozen and can be written as JSON, so that a pipeline can be recorded and found
again by another process. What a step does is not here: a `planning.bodies.Body` ties a spec to live code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence  # noqa: TC003 - pydantic and dataclasses read annotations
from functools import cached_property
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from typing_extensions import Self

from zencache.errors import CycleError, DefinitionError, NotFoundError
from zencache.model.names import is_one_folder
from zencache.model.values import digest_of
from zencache.policy import CachePolicy  # noqa: TC001 - pydantic reads annotations
from zencache.util.backoff import doubled

T = TypeVar("T")


class Frozen(BaseModel):
    """Base of the specs: values that are replaced, never edited."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def replaced(self, **changes: Any) -> Self:
        """Make a copy with some fields changed; values derived from the old fields are derived again."""
        return type(self)(**{name: getattr(self, name) for name in type(self).model_fields} | changes)


def indexed(key: str, index: int) -> str:
    """Name one of several artifacts of an input or output.

    >>> indexed("examples", 0), indexed("examples", 1)
    ('examples', 'examples[1]')
    """
    return f"{key}[{index}]" if index else key


def key_and_index(name: str) -> tuple[str, int]:
    """Take apart what `indexed` named.

    >>> key_and_index("examples"), key_and_index("examples[1]")
    (('examples', 0), ('examples', 1))
    """
    key, mark, index = name.partition("[")
    return key, int(index[:-1]) if mark else 0


class OutputRef(Frozen):
    """An output of a step, by names."""

    step: str
    output: str


class InputSpec(Frozen):
    """An argument of a step that is fed by another step's output."""

    name: str
    type: str
    source: OutputRef


def _folder_name(name: str) -> str:
    if not is_one_folder(name):
        raise DefinitionError(
            f"{name[:80]!a} cannot be the name of a step or an output: files are stored under it, "
            "and it is not one folder"
        )
    return name


FolderName = Annotated[str, AfterValidator(_folder_name)]
"""A name under which files are stored, from a user, TFX or a record."""


class OutputSpec(Frozen):
    """An output of a step: its name and the qualified name of its declared type."""

    name: FolderName
    type: str
    materializer: str | None = None
    """The path of the one that the step chose, `module:Class`; None leaves it to the value's type."""


class CodeRef(Frozen):
    """Where a step's code is found again: by import, or in the snapshot of that name."""

    module: str
    qualname: str
    snapshot: str | None = None


class NodeRef(Frozen):
    """What makes a step a native TFX component: its part of TFX's intermediate representation."""

    ir: str
    """The node, a `pipeline_pb2.PipelineNode` in base64."""
    deployment: str = ""
    """How it is launched, a `LocalDeploymentConfig` of this node alone in base64."""
    pipeline: str
    """The name of the pipeline that it was compiled in."""
    root: str = ""
    """The pipeline root that it was compiled with."""
    executor: str = ""
    """The executor's class, `module.Class`; empty for a node that TFX itself handles."""
    driver: str = ""
    """The custom driver's class, likewise."""
    told: dict[str, str] = {}
    """What else bears on its result: flags of its executor, properties that its outputs are given."""
    is_late: bool = False
    """Whether what feeds it, or whether it runs, is known only when the run has come to it."""
    dynamic: tuple[str, ...] = ()
    """The execution properties that are computed from inputs when it runs."""


_LONGEST_WAIT = 3600.0  # seconds: doubling a delay ends here


class Attempts(Frozen):
    """The retries and the timeout of a step; None for values that are not set.

    >>> Attempts(retries=3, retry_delay=2.0).delay(1), Attempts(retries=3, retry_delay=2.0).delay(3)
    (2.0, 8.0)
    """

    retries: int | None = None
    """How many more times a step that fails is computed."""
    retry_delay: float | None = None
    """Seconds before the first retry, by default 1; each further wait is twice as long, up to an hour."""
    timeout: float | None = None
    """Seconds that one attempt may take."""

    def delay(self, failed: int) -> float:
        """Give the seconds to wait after that many attempts have failed."""
        first = 1.0 if self.retry_delay is None else self.retry_delay
        return doubled(first, max(first, _LONGEST_WAIT), failed)


class StepSpec(Frozen):
    """One step of a pipeline."""

    name: FolderName
    slot: str | None = None
    code: CodeRef
    inputs: tuple[InputSpec, ...] = ()
    outputs: tuple[OutputSpec, ...] = ()
    parameters: dict[str, str] = {}
    """Parameter to JSON text (`zencache.model.values`); a parameters model is spread into its fields."""
    enable_cache: bool | None = None
    policy: CachePolicy | None = None
    attempts: Attempts | None = None
    takes_context: bool = False
    after: tuple[str, ...] = ()
    """Steps that it waits for without taking a result."""
    node: NodeRef | None = None
    """The node of a native TFX component; None for a step."""
    runs_after: tuple[str, ...] = Field(default=(), exclude=True)
    """Steps that were seen to write files that this one reads: of one run, not recorded."""

    @property
    def tries(self) -> Attempts:
        """What is said about its attempts, as a value that is always there."""
        return self.attempts or Attempts()

    @cached_property
    def identity(self) -> str:
        """The qualified name of the step's function; it is also the MLMD execution type."""
        return f"{self.code.module}.{self.code.qualname}"

    def fed(self, outputs: Mapping[str, Mapping[str, T]]) -> dict[str, T]:
        """Give what each input is fed with, of the outputs by step and name.

        An input of a native component may be fed with several artifacts: `examples`, `examples[1]`, …
        """
        fed: dict[str, T] = {}
        counts: dict[str, int] = {}
        for item in self.inputs:
            for name, value in outputs[item.source.step].items():
                if key_and_index(name)[0] == item.source.output:
                    number = counts[item.name] = counts.get(item.name, -1) + 1
                    fed[indexed(item.name, number)] = value
        return fed

    @cached_property
    def input_sources(self) -> dict[str, OutputRef]:
        """What feeds each input, by its name: `scores`, `scores[1]`, … for several of one argument."""
        sources: dict[str, OutputRef] = {}
        counts: dict[str, int] = {}
        for item in self.inputs:
            number = counts[item.name] = counts.get(item.name, -1) + 1
            sources[indexed(item.name, number)] = item.source
        return sources

    @cached_property
    def upstream(self) -> frozenset[str]:
        """The names of the steps that this one waits for."""
        return frozenset((*(item.source.step for item in self.inputs), *self.after))

    @cached_property
    def waits_for(self) -> frozenset[str]:
        """The names of the steps that have to end before this one begins."""
        return self.upstream | frozenset(self.runs_after)


class PipelineSpec(Frozen):
    """A pipeline: its steps in an order in which each comes after those it waits for."""

    name: str
    steps: tuple[StepSpec, ...]
    enable_cache: bool | None = None
    policy: CachePolicy | None = None
    root: str | None = None
    """Where native components write their artifacts, if not where the project does: TFX's pipeline root."""
    classic: str | None = None
    """Of a `TrainingPipeline`: its configuration as JSON."""

    @model_validator(mode="after")
    def _is_a_graph(self) -> PipelineSpec:
        names = [step.name for step in self.steps]
        if not names:
            raise DefinitionError(f"pipeline {self.name} has no steps: call at least one step in its body")
        if len(set(names)) != len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise DefinitionError(f"pipeline {self.name} has two steps named {', '.join(twice)}")
        seen: set[str] = set()
        for step in self.steps:
            if missing := step.upstream - set(names):
                raise DefinitionError(
                    f"step {step.name} takes an input from {', '.join(sorted(missing))}, "
                    f"which is not a step of pipeline {self.name}"
                )
            if waits := step.upstream - seen:
                raise CycleError(
                    f"step {step.name} of pipeline {self.name} waits for {', '.join(sorted(waits))}, "
                    "which waits for it"
                )
            seen.add(step.name)
        return self

    @cached_property
    def by_name(self) -> Mapping[str, StepSpec]:
        """The steps by their names."""
        return {step.name: step for step in self.steps}

    @cached_property
    def levels(self) -> tuple[tuple[StepSpec, ...], ...]:
        """The steps by how far they are from the start: those of one level do not wait for each other."""
        levels: list[list[StepSpec]] = []
        level_of: dict[str, int] = {}
        for step in self.steps:
            level = level_of[step.name] = 1 + max((level_of[name] for name in step.waits_for), default=-1)
            levels += [[]] if level == len(levels) else []
            levels[level].append(step)
        return tuple(map(tuple, levels))

    def ordered(self, order: Mapping[str, Sequence[str]]) -> PipelineSpec:
        """Let steps run after earlier steps that no result connects them with: step to those steps."""
        if not order:
            return self
        numbers = {step.name: number for number, step in enumerate(self.steps)}
        steps = [
            step.replaced(runs_after=after) if (after := self._earlier(step, order, numbers)) else step
            for step in self.steps
        ]
        return self.replaced(steps=tuple(steps))

    @staticmethod
    def _earlier(
        step: StepSpec, order: Mapping[str, Sequence[str]], numbers: Mapping[str, int]
    ) -> tuple[str, ...]:
        earlier = (name for name in order.get(step.name, ()) if name in numbers)
        return tuple(sorted(name for name in earlier if numbers[name] < numbers[step.name]))

    def ancestors(self, step: str) -> frozenset[str]:
        """Name the steps whose results lead to a step, and those that it is declared to wait for."""
        names: set[str] = set()
        left = [step]
        while left:
            new = self.by_name[left.pop()].upstream - names
            names |= new
            left += new
        return frozenset(names)

    def step(self, name: str) -> StepSpec:
        """Find a step by its slot or its name."""
        for step in self.steps:
            if name in (step.slot, step.name):
                return step
        raise NotFoundError.named(
            "step", name, [s.slot or s.name for s in self.steps], hint=f"pipeline {self.name}"
        )

    @cached_property
    def structure(self) -> str:
        """The digest that decides the version: the steps by identity, and how they are connected."""
        return digest_of(
            [
                "structure/1",
                *(
                    [
                        s.name,
                        s.identity,
                        sorted([name, source.step, source.output] for name, source in _wiring(s)),
                        *([sorted(s.after)] if s.after else []),
                    ]
                    for s in sorted(self.steps, key=lambda s: s.name)
                ),
            ]
        )


def _wiring(step: StepSpec) -> list[tuple[str, OutputRef]]:
    """List what feeds a step; the order of several outputs of one argument counts, a component's does not."""
    if step.node is None:
        return list(step.input_sources.items())
    return [(item.name, item.source) for item in step.inputs]


def in_order(steps: Sequence[StepSpec]) -> tuple[StepSpec, ...]:
    """Put each step after those that it waits for, and leave the order as it is otherwise."""
    names = {step.name for step in steps}
    remaining, done, ordered = list(steps), set[str](), list[StepSpec]()
    while remaining:
        ready = next((step for step in remaining if step.upstream & names <= done), remaining[0])
        remaining.remove(ready)
        done.add(ready.name)
        ordered.append(ready)
    return tuple(ordered)
