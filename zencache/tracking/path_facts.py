"""The facts about paths: kinds, links, sizes, times, permissions, and the names that a pattern matches."""

from __future__ import annotations

import glob
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from zencache.model.values import digest_of
from zencache.tracking.audit_events import working_folder
from zencache.tracking.listings import GLOBS, absolute_pattern, is_litter
from zencache.tracking.path_queries import ACCESS, ENTRIES, LINKS, PATHS, STATUS, kind_of_status
from zencache.util.hashing import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zencache.tracking.audit_events import Recorder
    from zencache.tracking.file_digests import FileDigests
    from zencache.tracking.file_reads import Places, Reads

_LABELS = {
    "st_size": "size",
    "st_mtime_ns": "time of modification",
    "st_ctime_ns": "time of change",
    "st_mode": "permissions",
    "st_nlink": "number of links",
    "st_uid": "owner",
    "st_gid": "group",
}
_RIGHTS = {os.F_OK: "found", os.R_OK: "readable", os.W_OK: "writable", os.X_OK: "executable"}


class _PathKind:
    """What a path is now."""

    def __init__(self, *, follow: bool) -> None:
        self._follow = follow

    def now(self, recorded: Mapping[str, str], root: Path, digests: FileDigests) -> dict[str, str]:  # noqa: ARG002
        return {name: kind_of_status(_status(_place(name, root), follow=self._follow)) for name in recorded}

    def sentence(self, name: str, before: str, now: str) -> str:
        name = name.removeprefix("./")
        if before == "absent":
            return f"{name}, which it looked for, is there now"
        if now == "absent":
            return f"{name}, which it looked for, is gone"
        return f"{name}, which it looked at, is a {now} now, before a {before}"


class _Links:
    """Where a symbolic link leads to."""

    def now(self, recorded: Mapping[str, str], root: Path, digests: FileDigests) -> dict[str, str]:  # noqa: ARG002
        return {name: _target(_place(name, root)) for name in recorded}

    def sentence(self, name: str, before: str, now: str) -> str:
        name = name.removeprefix("./")
        if not now:
            return f"{name}, a link to {before} when it was followed, is none now"
        return f"the link {name} leads to {now}, before to {before}"


class _Status:
    """A number of a file's status: `st_size data/a.csv` is a name."""

    def now(self, recorded: Mapping[str, str], root: Path, digests: FileDigests) -> dict[str, str]:  # noqa: ARG002
        values = {}
        for each in recorded:
            attribute, _, name = each.partition(" ")
            status = _status(_place(name, root), follow=True)
            values[each] = "" if status is None else str(getattr(status, attribute, ""))
        return values

    def sentence(self, name: str, before: str, now: str) -> str:
        attribute, _, path = name.partition(" ")
        label, path = _LABELS.get(attribute, attribute), path.removeprefix("./")
        if not now:
            return f"{path}, whose {label} it asked for, is gone"
        values = f"{_shown(attribute, before)} → {_shown(attribute, now)}"
        return f"the {label} of {path}, which it asked for: {values}"


class _Access:
    """Whether a file may be read, written or run: `4 data/a.csv` is a name."""

    def now(self, recorded: Mapping[str, str], root: Path, digests: FileDigests) -> dict[str, str]:  # noqa: ARG002
        values = {}
        for each in recorded:
            mode, _, name = each.partition(" ")
            values[each] = "yes" if _is_accessible(_place(name, root), int(mode)) else "no"
        return values

    def sentence(self, name: str, before: str, now: str) -> str:  # noqa: ARG002 - the other one of two
        mode, _, path = name.partition(" ")
        right = _RIGHTS.get(int(mode), "accessible")
        return (
            f"{path.removeprefix('./')}, which it tested, is {right if now == 'yes' else f'not {right}'} now"
        )


class _Globs:
    """The digest of the names that a pattern matches: `glob data/*.csv` is a name."""

    def now(self, recorded: Mapping[str, str], root: Path, digests: FileDigests) -> dict[str, str]:  # noqa: ARG002
        return {name: digest_of_matches(name, root) for name in recorded}

    def sentence(self, name: str, before: str, now: str) -> str:  # noqa: ARG002 - digests
        shown = name.partition(" ")[2].removeprefix("//").replace("//", "/")
        shown = shown.removeprefix("./").removeprefix("./")
        return f"the files that match {shown} are others"


def kinds() -> dict[str, _PathKind | _Links | _Status | _Access | _Globs]:
    """Give the kinds of facts about paths by their names."""
    return {
        PATHS: _PathKind(follow=True),
        ENTRIES: _PathKind(follow=False),
        LINKS: _Links(),
        STATUS: _Status(),
        ACCESS: _Access(),
        GLOBS: _Globs(),
    }


def digest_of_matches(name: str, root: Path) -> str:
    """Give the digest of the names that match a recorded pattern.

    The first word says which function matches: `glob`, with `-recursive` or `-hidden` after it, or `path`,
    whose folder and pattern are joined by two slashes.
    """
    how, _, pattern = name.partition(" ")
    try:
        matches = _matches(how, pattern, root)
    except (OSError, ValueError, NotImplementedError):
        matches = []
    shown = (printable(path) for path in matches if not any(map(is_litter, path.split("/"))))
    return digest_of(["matches/1", *sorted(shown)])


def _matches(how: str, pattern: str, root: Path) -> list[str]:
    """Give what matches, relative to the folder that the pattern begins with."""
    base = _place(_base(pattern), root)
    if how == "path":
        return [os.path.relpath(path, base) for path in base.glob(pattern.partition("//")[2])]
    start = working_folder() if pattern.startswith("./") else root
    more = {"include_hidden": True} if "-hidden" in how else {}
    found: list[str] = glob.glob(  # noqa: PTH207 - as the step does
        pattern,
        root_dir=start,
        recursive="-recursive" in how,
        **more,
    )
    return [os.path.relpath(os.path.join(start, path), base) for path in found]  # noqa: PTH118 - text


def facts_of(recorder: Recorder, places: Places, reads: Reads, root: Path) -> dict[str, dict[str, str]]:
    """Give the facts about paths that a step asked for, without what it made or changed itself."""
    facts: dict[str, dict[str, str]] = {}
    relative = recorder.relative_asked

    def name_of(path: str) -> str:
        if path in relative:
            return f"./{relative[path]}"
        return f"{'/' if path.startswith(f'{places.root}//') else ''}{places.name(path)}"

    for (kind, path, detail), answer in list(recorder.answers.items()):
        if kind == GLOBS or not _counts(kind, path, detail, answer, places, reads):
            continue
        absolute, name = (f"{detail} {each}" if detail else each for each in (path, name_of(path)))
        now = kinds()[kind].now({absolute: answer}, root, None)[absolute]  # type: ignore[arg-type]
        if now == answer or not _is_own(path, recorder, reads):
            facts.setdefault(kind, {})[name] = answer
    for kind, pattern, how in list(recorder.answers):
        if (
            kind == GLOBS
            and places.rule(_base(pattern)) in {"yes", "found"}
            and _base(pattern) not in recorder.created
        ):
            digest = digest_of_matches(f"{how} {pattern}", root)
            facts.setdefault(GLOBS, {})[f"{how} {name_of(pattern)}"] = digest
    return facts


def name_of_pattern(how: str, pattern: str, places: Places) -> str | None:
    """Give the name of the fact for an absolute pattern; None if its folder holds no inputs."""
    path = absolute_pattern(pattern, "/")
    if places.rule(_base(path)) not in {"yes", "found"}:
        return None
    return f"{how} {'/' if path.startswith(f'{places.root}//') else ''}{places.name(path)}"


def _counts(kind: str, path: str, detail: str, answer: str, places: Places, reads: Reads) -> bool:
    rule = places.rule(path)
    if rule not in {"yes", "found"}:
        return False
    if path in reads.files:  # its content tells more
        return not (kind in {PATHS, ENTRIES} or detail == "st_size" or (kind == ACCESS and answer == "yes"))
    is_above = places.root.startswith(f"{path.rstrip('/')}/") or path == places.root
    return not is_above and path not in reads.absent


def _is_own(path: str, recorder: Recorder, reads: Reads) -> bool:
    """Say whether the step itself made, wrote or removed a path."""
    return path in reads.written or any(
        path == made or path.startswith(f"{made}/") for made in recorder.created
    )


def _base(pattern: str) -> str:
    """Give the folder that a pattern begins with."""
    head = pattern.partition("//")[0] if "//" in pattern else pattern
    while glob.has_magic(head):
        head = os.path.dirname(head)  # noqa: PTH120 - text
    return head


def _place(name: str, root: Path) -> Path:
    """Give the place of a recorded path: one that begins with a dot is relative to the working folder."""
    return Path(working_folder(), name) if name == "." or name.startswith("./") else root / name


def _status(path: Path, *, follow: bool) -> os.stat_result | None:
    try:
        return os.stat(path, follow_symlinks=follow)  # noqa: PTH116 - may be of thousands
    except (OSError, ValueError):
        return None


def _is_accessible(path: Path, mode: int) -> bool:
    try:
        return os.access(path, mode)
    except ValueError:  # a null character, say
        return False


def _target(path: Path) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115 - text
    except (OSError, ValueError):
        return ""


def _shown(attribute: str, value: str) -> str:
    if attribute.endswith("time_ns"):
        return f"{datetime.fromtimestamp(int(value) / 1e9).astimezone():%Y-%m-%d %H:%M:%S}"
    return oct(int(value) & 0o7777) if attribute == "st_mode" else value
