"""Running a step's function while what it reads is noticed. Nothing here imports TFX or Beam."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zencache.code.origin import origin_of_file
from zencache.execution.memories import Memories
from zencache.execution.tasks import StepEvent
from zencache.watch.events import unwatched
from zencache.watch.notes import fresh_generators
from zencache.watch.watching import watching

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zencache.execution.tasks import RunContext
    from zencache.graph.specs import StepBody, StepSpec
    from zencache.watch.seen import Seen


def call(run: RunContext, body: StepBody, arguments: Mapping[str, Any]) -> tuple[Any, Memories | None]:
    """Call a step's function, and give what it returns with what it was seen to do."""
    keys = run.planner.keys
    if keys.policy(body.spec).watch is False:
        return body.function(**arguments), None
    with watching(
        body.spec.name,
        root=keys.root,
        ignore=[run.project.folder],
        digests=keys.digests,
        is_project=lambda file: origin_of_file(file) == "project",
        uses=keys.code(body.spec.name).outside,
    ) as watch:
        with unwatched():
            memories = Memories.begin(watch, body.function)
        try:
            return body.function(**arguments), memories
        except BaseException:
            memories.forget()
            raise


def seen(run: RunContext, step: StepSpec, memories: Memories) -> Seen:
    """Give what a step read; modules that its code digest does not know of count as files that it read."""
    watch = memories.watch
    for name in run.planner.keys.policy(step).env or ():  # in the key already
        watch.recorder.environment.pop(name, None)
    found = memories.end(watch.seen())
    keys = run.planner.keys
    known = keys.modules()
    imported = {file: keys.digests.digest(Path(file)) or "" for file in watch.modules - known.keys()}
    edited = [file for file in watch.modules & known.keys() if not known[file].is_current]
    return dataclasses.replace(
        found,
        files={**found.files, **{_name(file, keys.root): digest for file, digest in imported.items()}},
        notes=(*found.notes, *fresh_generators(step.name, keys.code(step.name).unseeded)),
        unstable=(*found.unstable, *(_name(file, keys.root) for file in edited)),
    )


def tell(run: RunContext, step: StepSpec, found: Seen) -> None:
    """Tell the user what cannot be followed, unless an earlier execution of the step told so already."""
    told = run.told | run.planner.told(step) if found.notes else set()
    for note in found.notes:
        if note not in told:
            run.report(StepEvent(step.name, "note", text=note))
    run.told.update(found.notes)


def _name(file: str, root: Path) -> str:
    path = Path(file)
    return str(path.relative_to(root)) if path.is_relative_to(root) else file
