"""Audits the cache: computes results that a run would reuse again, records nothing, and compares the two.

With a trace it also compares the code that runs with the code that the key and the record hold.
"""

from __future__ import annotations

import math
import random
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from zencache.errors import ParameterError, ZencacheError
from zencache.execution.shadow_run import Traced, compute_shadow
from zencache.execution.value_io import folder_of, read
from zencache.maintenance.value_diff import first_difference, first_differing_file
from zencache.model.secrets import missing_secrets_message
from zencache.pipelines.runner import make_planner
from zencache.pipelines.snapshots import load_bodies
from zencache.planning.bodies import FunctionBody
from zencache.planning.secret_digests import lacking
from zencache.tracking.observed_inputs import Seen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zencache.config import Project
    from zencache.execution.shadow_run import ShadowResult
    from zencache.metadata.session import ProjectRecords
    from zencache.model.records import ArtifactRecord, ExecutionRecord
    from zencache.model.specs import PipelineSpec, StepSpec
    from zencache.planning.key_maker import KeyMaker

Verdict = Literal["same", "differs", "failed", "cannot be run", "not covered"]
ALL_STEPS = "(every step)"


@dataclass(frozen=True)
class AuditedStep:
    """The outcome of computing one reused result again."""

    step: str
    pipeline: str
    run: str
    """The run that computed what is reused."""
    key: str
    verdict: Verdict
    detail: str = ""
    """The first difference, or what went wrong."""
    seconds: float | None = None
    """What computing it again took."""

    @property
    def is_good(self) -> bool:
        """Whether nothing speaks against reusing it."""
        return self.verdict in ("same", "cannot be run")

    def __str__(self) -> str:
        return f"{self.verdict}: {self.detail}" if self.detail else self.verdict


@dataclass(frozen=True)
class _Hit:
    """A result that a run of a pipeline would reuse, and the step that computes it."""

    pipeline: str
    body: FunctionBody
    record: ExecutionRecord
    traced: Traced | None = None


def audit(
    records: ProjectRecords,
    pipelines: Iterable[PipelineSpec],
    *,
    sample: str | int = "10%",
    step: str | None = None,
    seed: int | None = None,
    trace: bool = False,
) -> list[AuditedStep]:
    """Audit a sample of the results that runs of these pipelines would reuse; see `Repository.audit`."""
    sample_size(0, sample)  # a malformed sample is refused before anything is read
    hit_by_key: dict[str, _Hit] = {}
    unplanned: list[AuditedStep] = []
    for spec in pipelines:
        if not any(_is_selected(each, step) for each in spec.steps):
            continue
        try:
            hits = _hits(spec, records, trace=trace)
        except Exception as error:  # noqa: BLE001 - importing users' modules may raise anything
            unplanned.append(AuditedStep(ALL_STEPS, spec.name, "", "", "cannot be run", _message(error)))
            continue
        for hit in hits:
            if _is_selected(hit.body.spec, step):
                hit_by_key.setdefault(hit.record.key or "", hit)
    return unplanned + [_audited(hit, records) for hit in _sampled(list(hit_by_key.values()), sample, seed)]


def sample_size(total: int, sample: str | int) -> int:
    """Count the steps that a sample takes of a total: a count or a percentage; at least one if there is one.

    >>> sample_size(25, "10%"), sample_size(25, 4), sample_size(3, "10%"), sample_size(0, "100%")
    (3, 4, 1, 0)
    """
    text = str(sample).strip()
    is_percentage = text.endswith("%")
    try:
        number = float(text[:-1]) if is_percentage else int(text)
    except ValueError:
        number = 0
    if not 0 < number < math.inf:
        raise ParameterError(f"a sample is a number of steps or a share, such as 5 or 10%; got {sample!r}")
    return min(total, math.ceil(number * total / 100) if is_percentage else int(number))


def _sampled(hits: Sequence[_Hit], sample: str | int, seed: int | None) -> list[_Hit]:
    """Take a sample at random, in the order of the pipelines."""
    size = sample_size(len(hits), sample)
    numbers = random.Random(seed).sample(range(len(hits)), size)  # noqa: S311 - not used for security
    return [hits[number] for number in sorted(numbers)]


def _is_selected(spec: StepSpec, step: str | None) -> bool:
    return step is None or step in (spec.name, spec.identity)


def _hits(spec: PipelineSpec, records: ProjectRecords, *, trace: bool) -> list[_Hit]:
    """Plan a pipeline as it ran last, and give what a run would reuse."""
    bodies, _ = load_bodies(spec, records.project)
    planner = make_planner(spec, bodies, records, None)
    planned = planner.plan().steps
    hits = ((name, bodies[name], each.hit) for name, each in planned.items() if each.hit)
    # A native component is computed only as part of a run: TFX records what it does.
    return [
        _Hit(spec.name, body, hit, _traced(planner.keys, name, hit) if trace else None)
        for name, body, hit in hits
        if isinstance(body, FunctionBody)
    ]


def _traced(keys: KeyMaker, step: str, hit: ExecutionRecord) -> Traced | None:
    """Give what holds the code of a step; None where its policy says that this code does not count."""
    policy, covered = keys.policy(keys.spec.by_name[step]), keys.code(step).covered
    if covered is None or policy.code not in (None, "closure") or policy.watch is False:
        return None
    return Traced(covered, Seen.from_json(hit.seen) if hit.seen else None)


# -- one result -------------------------------------------------------------------------------------


def _audited(hit: _Hit, records: ProjectRecords) -> AuditedStep:
    run = records.runs.of_execution(hit.record.id)
    pipeline, name = (run.pipeline, run.name) if run else (hit.pipeline, "")
    verdict, detail, seconds = _verdict(hit, records.project, (pipeline, name, hit.record.step))
    step, key = hit.body.spec.name, hit.record.key or ""
    return AuditedStep(step, hit.pipeline, name, key, verdict, detail, seconds)


def _verdict(
    hit: _Hit, project: Project, identity: tuple[str, str, str]
) -> tuple[Verdict, str, float | None]:
    """Compute a result again and compare; the step sees `identity` as its pipeline, run and name."""
    if missing := lacking(hit.body.spec, hit.body):
        return "cannot be run", missing_secrets_message(missing), None
    try:
        inputs = {name: read(artifact, project) for name, artifact in hit.record.inputs.items()}
    except ZencacheError as error:
        return "cannot be run", _message(error), None
    with tempfile.TemporaryDirectory(prefix="zencache-audit-", ignore_cleanup_errors=True) as folder:
        try:
            computed = compute_shadow(hit.body, inputs, project, Path(folder), identity, hit.traced)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a step may raise anything
            return "failed", _message(error), None
        difference = _difference(hit.record, computed, project)
    if difference:
        return "differs", difference, computed.seconds
    if computed.unrecorded:
        return "not covered", f"{', '.join(computed.unrecorded)} ran", computed.seconds
    return "same", "", computed.seconds


def _difference(record: ExecutionRecord, computed: ShadowResult, project: Project) -> str | None:
    """Describe the first output that differs from what is stored."""
    for name, old in record.outputs.items():
        new = computed.outputs.get(name)
        if new is None:
            return f"output {name}: it is not given any more"
        if new.digest != old.digest:
            return _where(name, old, new, project)
    return None


def _where(name: str, old: ArtifactRecord, new: ArtifactRecord, project: Project) -> str:
    """Say where two outputs differ: in the values, or else in their files."""
    where = f"output {name}"
    if old.value_type != new.value_type:
        return f"{where}: {old.value_type} → {new.value_type}"
    try:
        difference = first_difference(read(old, project), read(new, project), where)
    except ZencacheError as error:
        return f"{where}: {_message(error)}"
    except Exception:  # noqa: BLE001 - values of any kind are compared
        difference = None
    if difference:
        return difference
    return first_differing_file(folder_of(old, project), new.folder, where) or f"{where}: its content differs"


def _message(error: BaseException) -> str:
    return str(error) if isinstance(error, ZencacheError) else f"{type(error).__name__}: {error}"
