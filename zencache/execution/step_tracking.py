"""Running a step's function while what it reads is noticed. Nothing here imports TFX or Beam."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zencache.code.module_origin import origin_of_file
from zencache.execution.retained_reads import Memories
from zencache.tracking.audit_events import unwatched
from zencache.tracking.notes import fresh_generators
from zencache.tracking.tracker import watching

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zencache.code.digest import CodeDigest
    from zencache.code.source import Text
    from zencache.config import Project
    from zencache.policy import CachePolicy
    from zencache.tracking.file_digests import FileDigests
    from zencache.tracking.observed_inputs import Seen


@dataclass
class Watched:
    """Calls a step's function, and knows afterwards what it was seen to read."""

    step: str
    policy: CachePolicy
    project: Project
    digests: FileDigests
    code: CodeDigest
    modules: Callable[[], Mapping[str, Text]]
    """Gives the texts of the modules that the code digest was made from without importing them."""
    _memories: Memories | None = field(default=None, init=False)

    def __call__(self, function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
        """Call the function."""
        if self.policy.watch is False:
            return function(**arguments)
        with watching(
            self.step,
            root=self.project.root,
            ignore=[self.project.folder],
            digests=self.digests,
            is_project=lambda file: origin_of_file(file) == "project",
            uses=self.code.outside,
        ) as watch:
            with unwatched():
                self._memories = Memories.begin(watch, function)
            return function(**arguments)

    def forget(self) -> None:
        """Leave a step that was interrupted: nobody will ask what it read."""
        if self._memories is not None:
            self._memories.forget()

    def seen(self) -> Seen | None:
        """Give what the step read; modules that its code digest does not know of count as files that it read.

        One that failed is asked as well: what it keeps in memory is there for the next that reads it from there.
        """
        if self._memories is None:
            return None
        watch = self._memories.watch
        for name in self.policy.env or ():  # in the key already
            watch.recorder.environment.pop(name, None)
        found = self._memories.end(watch.seen())
        known = self.modules()
        imported = {file: self.digests.digest(Path(file)) or "" for file in watch.modules - known.keys()}
        edited = [file for file in watch.modules & known.keys() if not known[file].is_current]
        return dataclasses.replace(
            found,
            files={**found.files, **{self._name(file): digest for file, digest in imported.items()}},
            notes=(*found.notes, *fresh_generators(self.step, self.code.unseeded)),
            unstable=(*found.unstable, *map(self._name, edited)),
        )

    def _name(self, file: str) -> str:
        path, root = Path(file), self.project.root
        return str(path.relative_to(root)) if path.is_relative_to(root) else file
