"""What a native component reads, or writes, outside of its inputs and outputs."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from zencache.code.digest import CodeReader
from zencache.code.module_origin import origin_of_file
from zencache.tracking.observed_inputs import Seen
from zencache.tracking.tracker import watching

if TYPE_CHECKING:
    from typing_extensions import Self

    from zencache.execution.run_context import RunContext
    from zencache.planning.components import ComponentBody
    from zencache.tracking.tracker import Watch


class Outside:
    """Notices it while the component runs."""

    def __init__(self, run: RunContext, body: ComponentBody) -> None:
        self._run = run
        self._body = body
        self._policy = run.planner.keys.policy(body.spec)
        self._stack = ExitStack()
        self._watch: Watch | None = None

    def __enter__(self) -> Self:
        project = self._run.project
        root = Path(self._run.root_of(self._body.spec)).absolute()
        made = [root / name for name in ("_wheels", *self._run.spec.by_name)]
        records = [project.database.path] if project.database.path else []
        ignored = [project.folder, project.lock, project.leases, *records, *made, *self._fed()]
        if self._policy.watch is not False:
            self._watch = self._stack.enter_context(
                watching(
                    self._body.spec.name,
                    root=project.root,
                    ignore=ignored,
                    digests=self._run.planner.keys.digests,
                    is_project=lambda file: origin_of_file(file) == "project",
                )
            )
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def _fed(self) -> list[Path]:
        """List what it is known to read: the artifacts that feed it, and the files that are in its key."""
        results = [self._run.results[name] for name in self._body.spec.upstream if name in self._run.results]
        return [a.folder for result in results for a in result.outputs.values()] + list(self._body.declared)

    def seen(self, execution_id: int) -> Seen | None:
        """Give what it was seen to read, and what it wrote elsewhere: both are looked at before a result is reused."""
        if self._watch is None:
            return None
        digests = self._run.planner.keys.digests
        mentioned = {str(path.absolute()): digests.digest(path) or "" for path in self._body.mentioned}
        pushed = self._run.runs.pushed(execution_id)
        targets = {path: digests.digest(Path(path)) or "" for path in pushed}
        found = self._watch.seen()
        files = {name: digest for name, digest in found.files.items() if not name.endswith((".py", ".pyc"))}
        unstable = (*found.unstable, *self._edited())
        folders = {name: listing for name, listing in found.folders.items() if name not in mentioned}
        return Seen({**files, **mentioned}, folders, found.environment, targets=targets, unstable=unstable)

    def _edited(self) -> tuple[str, ...]:
        """Name the module file if it was edited since its digest was taken: then nobody knows which text ran."""
        module, folder = self._body.module
        if folder is None:
            return ()
        known = self._run.planner.keys.code(self._body.spec.name).digest
        return (
            ()
            if self._body.code(CodeReader(self._run.planner.keys.seal)).digest == known
            else (f"{module}.py",)
        )
