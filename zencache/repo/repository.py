"""`Repository`: pipelines, runs and the cache of a project, for any process."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from zencache import config
from zencache.errors import NotFoundError
from zencache.metadata.project_migration import migrate_if_needed
from zencache.metadata.session import open_others, open_records
from zencache.model.legacy_api import LegacyAttributes
from zencache.model.names import normal
from zencache.pipelines import Pipeline, PipelineRun, PipelineVersion
from zencache.pipelines.plugins import classic
from zencache.util.sizes import parse_size

if TYPE_CHECKING:
    from datetime import timedelta

    from zencache.maintenance.artifact_checks import Progress
    from zencache.maintenance.audit import AuditedStep
    from zencache.maintenance.deletion import Deletion
    from zencache.maintenance.gc import Collection
    from zencache.maintenance.invalidate import DroppedResult
    from zencache.maintenance.size import CacheSize
    from zencache.maintenance.verify import Verification
    from zencache.metadata.session import ProjectRecords
    from zencache.model.records import RunRecord


class Repository(LegacyAttributes):
    """Pipelines and runs of the project that is found upward from a folder, by default the working folder.

    Raises NotFoundError where there is no project::

        pipeline = Repository().get_pipeline_by_name("first_pipeline")
        pipeline.copy("wider", trainer=wide_trainer()).run()
    """

    def __init__(self, root: str | Path | None = None) -> None:
        self._records: ProjectRecords = open_records(
            config.require_project(Path(root) if root is not None else None)
        )

    @classmethod
    def get_instance(cls, root: str | Path | None = None) -> Repository:
        """Give the repository, as in the oldest API."""
        return cls(root)

    @property
    def _all(self) -> list[ProjectRecords]:
        """The project's own records, and those of the stores that its TFX pipelines name."""
        return [self._records, *open_others(self._records.project)]

    def _to_write(self, *, dry_run: bool) -> None:
        """Migrate records of an older format, except for a dry run."""
        if not dry_run:
            migrate_if_needed(self._records)

    def _records_of(self, name: str) -> ProjectRecords:
        """Find the records that hold a pipeline; of several, where it ran last."""
        name = normal(name)
        having = [records for records in self._all if name in records.runs.pipelines()]
        if not having:
            hint = "`zencache pipeline list` shows all"
            raise NotFoundError.named("pipeline", name, self.get_pipeline_names(), hint=hint)
        return having[0] if len(having) == 1 else max(having, key=lambda records: _last_run(records, name))

    @property
    def root(self) -> Path:
        """The folder that holds `.zencache/`."""
        return self._records.project.root

    def get_pipeline_by_name(self, name: str) -> Pipeline:
        """Find a pipeline as it ran last, a `Pipeline` or a `TrainingPipeline`.

        It is immutable, and can be run and copied. Raises NotFoundError with the nearest names. Running it
        raises CodeUnavailableError where a step's code is gone.
        """
        pipeline = self._recorded(name)
        return pipeline if pipeline.spec.classic is None else classic().recorded(pipeline.spec.classic)

    def _recorded(self, name: str) -> Pipeline:
        name, records = normal(name), self._records_of(name)
        runs = records.runs.all(name)
        spec = records.runs.spec_of(runs[-1]) if runs else list(records.versions.of_pipeline(name))[-1].spec
        return Pipeline(spec, records=records)

    def get_pipelines(self) -> list[Pipeline]:
        """List all pipelines, by name."""
        return [self.get_pipeline_by_name(name) for name in self.get_pipeline_names()]

    def get_pipeline_names(self) -> list[str]:
        """List the names of all pipelines that have run, sorted."""
        return sorted({name for records in self._all for name in records.runs.pipelines()})

    def get_versions(self, name: str) -> list[PipelineVersion]:
        """List the versions of a pipeline, from 1; raises NotFoundError with the nearest names."""
        return self._recorded(name).versions

    def get_runs(self, pipeline: str | Pipeline | None = None) -> list[PipelineRun]:
        """List runs, newest last: of a pipeline, or all."""
        name = pipeline.name if isinstance(pipeline, Pipeline) else pipeline and normal(pipeline)
        if name is not None and name not in self.get_pipeline_names():
            raise NotFoundError.named("pipeline", name, self.get_pipeline_names())
        runs = [(run, records) for records in self._all for run in records.runs.all(name)]
        return [PipelineRun(run, records) for run, records in sorted(runs, key=lambda pair: pair[0].created)]

    def get_run(self, name: str, *, deleted: bool = False) -> PipelineRun:
        """Find a run by its name; raises NotFoundError with the nearest names.

        One that was deleted is given only with `deleted`.
        """
        records, run = self._find_run(name)
        if run.deleted and not deleted:
            raise NotFoundError(
                f"run {name!r} was deleted on {run.deleted}; Repository().get_run({name!r}, deleted=True) "
                "gives what is recorded of it"
            )
        return PipelineRun(run, records)

    def _find_run(self, name: str) -> tuple[ProjectRecords, RunRecord]:
        name = normal(name)
        for records in self._all:
            run = records.runs.find(name)
            if run is not None:
                return records, run
        names = [run.name for run in self.get_runs()]
        raise NotFoundError.named("run", name, names, hint="`zencache run list` shows all")

    # -- the cache ------------------------------------------------------------------------------

    def drop(
        self,
        *,
        step: str | None = None,
        pipeline: str | Pipeline | None = None,
        key: str | None = None,
        older_than: timedelta | None = None,
        dry_run: bool = False,
    ) -> list[DroppedResult]:
        """Mark results so that they are never reused; their history and their bytes stay.

        At least one of `step` (its name in a pipeline, or its qualified function name), `pipeline`, `key` (at
        least eight digits) and `older_than` is given; of several, all must match. Gives what was marked, or
        with `dry_run` what would be. Raises ParameterError if nothing is given, or the key is malformed.
        """
        from zencache.maintenance.invalidate import Selection, drop  # noqa: PLC0415 - reading runs needs none of it

        self._to_write(dry_run=dry_run)
        name = pipeline.name if isinstance(pipeline, Pipeline) else pipeline and normal(pipeline)
        selection = Selection(step, name, key, older_than)
        holders = [records for records in self._all if name is None or name in records.runs.pipelines()]
        return [
            result
            for records in holders or [self._records]
            for result in drop(records, selection, dry_run=dry_run)
        ]

    def audit(
        self,
        *,
        sample: str | int = "10%",
        pipeline: str | Pipeline | None = None,
        step: str | None = None,
        seed: int | None = None,
        trace: bool = False,
    ) -> list[AuditedStep]:
        """Compute a sample of the results that runs would reuse again, record nothing, and compare.

        `sample` is a number of steps, or a percentage such as `"10%"`; at least one step is taken. The same
        `seed` gives the same sample. With `trace`, which makes steps slower, each function of the project
        that runs is looked for in the step's key and its record. Raises NotFoundError for a pipeline that
        has not run.
        """
        from zencache.maintenance.audit import audit  # noqa: PLC0415 - reading runs needs none of it

        name = pipeline.name if isinstance(pipeline, Pipeline) else pipeline and normal(pipeline)
        names = self._records.runs.pipelines() if name is None else [name]
        specs = [self._recorded(each).spec for each in names]
        return audit(self._records, specs, sample=sample, step=step, seed=seed, trace=trace)

    def verify(
        self, *, full: bool = False, repair: bool = False, progress: Progress | None = None
    ) -> Verification:
        """Compare all live artifacts of the project's stores with their records, and check the records.

        Artifacts are compared by existence, size and manifest; with `full`, by every byte. Changes nothing,
        unless `repair`: then bad copies are set aside and never reused, the newest runs that need them run
        again, and records are repaired. Each problem's `outcome` says what was done. Safe while runs are
        active. `progress` is called with artifacts and bytes: how many are done, and of how many.

        Raises StoreUnavailableError where a store cannot be read.
        """
        from zencache.maintenance.verify import verify  # noqa: PLC0415 - reading runs needs none of it

        self._to_write(dry_run=not repair)
        return verify(self._all, full=full, repair=repair, progress=progress)

    # -- disk space, pins and deletion ----------------------------------------------------------

    def cache_size(self) -> CacheSize:
        """Measure what the project's stores hold: by pipeline, by step, and what `gc` could free."""
        from zencache.maintenance.size import cache_size  # noqa: PLC0415 - reading runs needs none of it

        return cache_size(self._all)

    def gc(
        self,
        *,
        older_than: timedelta | None = None,
        keep_last: int | None = None,
        max_size: int | str | None = None,
        dry_run: bool = False,
    ) -> Collection:
        """Delete the bytes of results that no kept run needs; the records stay.

        A run is kept if it is pinned or active, ended less than `older_than` ago, or is one of the
        `keep_last` last of its pipeline. With `max_size` (bytes, or `"10GB"`), the least recently used
        results are deleted until the store fits. Orphans, which no record refers to, are deleted too. Gives
        what was deleted, or with `dry_run` would be.

        Raises ParameterError if no criterion is given, and StoreUnavailableError where a store cannot be read
        or written.
        """
        from zencache.maintenance.gc import gc  # noqa: PLC0415 - reading runs needs none of it
        from zencache.maintenance.retention import Criteria  # noqa: PLC0415 - likewise

        self._to_write(dry_run=dry_run)
        size = None if max_size is None else parse_size(max_size)
        return gc(self._all, Criteria(older_than, keep_last, size), dry_run=dry_run)

    def pin(self, run: str | PipelineRun, why: str = "") -> None:
        """Keep all that a run needs, whatever `gc` collects; raises InUseError if it is active or deleted."""
        self.get_run(_name(run), deleted=True).pin(why)

    def unpin(self, run: str | PipelineRun) -> None:
        """Remove a run's pin."""
        self.get_run(_name(run)).unpin()

    def delete_run(self, run: str | PipelineRun, *, dry_run: bool = False) -> Deletion:
        """Delete a run and free results that no other run uses.

        Nothing reuses these results, and the next `gc` deletes them. Its name stays taken. Raises InUseError
        if it is pinned or active.
        """
        from zencache.maintenance.deletion import delete_runs  # noqa: PLC0415 - reading runs needs none of it

        self._to_write(dry_run=dry_run)
        records, record = self._find_run(_name(run))
        self.get_run(record.name)  # raises where it was deleted before
        return delete_runs(self._all, record.pipeline, [(records, record)], dry_run=dry_run)

    def delete_pipeline(self, name: str, *, dry_run: bool = False) -> Deletion:
        """Delete all runs and versions of a pipeline, as `delete_run` does.

        Its name is free again; the numbers of its versions go on. Raises InUseError if one of its runs is
        pinned or active.
        """
        from zencache.maintenance.deletion import delete_pipeline  # noqa: PLC0415 - reading runs needs none of it

        self._to_write(dry_run=dry_run)
        self._records_of(name)  # raises where there is none
        return delete_pipeline(self._all, name, dry_run=dry_run)

    def __repr__(self) -> str:
        return f"<repository {self.root}>"


def _name(run: str | PipelineRun) -> str:
    return run if isinstance(run, str) else run.name


def _last_run(records: ProjectRecords, name: str) -> datetime:
    runs = records.runs.all(name)
    return runs[-1].created if runs else datetime.min.replace(tzinfo=timezone.utc)
