"""Holds the undeclared inputs of a step, and checks whether they have changed."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from blake3 import blake3

from zencache.tracking.audit_events import unwatched, working_folder
from zencache.tracking.facts import changed_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from zencache.tracking.file_digests import FileDigests

ALL = "*"  # as a variable's name: that all of them were read
# What differs from one terminal, process or test to the next; and zencache's own keys.
_PASSING = frozenset(
    {"_", "PWD", "OLDPWD", "SHLVL", "WINDOWID", "COLUMNS", "LINES", "PYTEST_CURRENT_TEST"}
    | {"ZENCACHE_SECRET_KEY", "ZENCACHE_SIGNING_KEY"}
)
_OF_SESSIONS = (
    "TF_CPP_",
    "SSH_",
    "XDG_SESSION",
    "TERM",
    "DBUS_",
    "TMUX",
    "STY",
    "VSCODE_",
    "WT_",
    "ITERM_",
    "INVOCATION_ID",
)


@dataclass(frozen=True)
class Seen:
    """The undeclared inputs of a step, with their digests.

    >>> seen = Seen(files={"data/a.csv": "1b2"}, unstable=("counter.txt",))
    >>> Seen.from_json(seen.to_json()) == seen
    True
    """

    files: Mapping[str, str] = field(default_factory=dict)
    """Path to the digest of its content; "" for a file that the step looked for and did not find.
    Relative to the project's folder for what is inside it, else absolute."""
    folders: Mapping[str, str] = field(default_factory=dict)
    """Folder that was listed to what was asked of its entries and their digest; "" if it was not there.
    In records of older releases the digest stands alone: of the names but hidden ones."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variable to the digest of its value; "" for one that was not set."""
    targets: Mapping[str, str] = field(default_factory=dict)
    """What it wrote outside of its outputs, a served model say, to the digest of the content then."""
    writes: Mapping[str, str] = field(default_factory=dict)
    """File of the project that it wrote whole to the digest of its content: it counts as an output."""
    shared: tuple[str, ...] = ()
    """Files that it wrote or changed, and other steps of its run too: they do not count."""
    channels: Mapping[str, str] = field(default_factory=dict)
    """File that it read to the step of its run that wrote it, where no result leads from that step to it."""
    modified: tuple[str, ...] = ()
    """Files of the project that it changed, added to or removed; they are not recorded."""
    facts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """All else that it depended on: kind to name to value, as `tracking.facts` compares them."""
    relative: Mapping[str, str] = field(default_factory=dict)
    """File or folder that was named relative to the working folder, to that path."""
    readers: Mapping[str, str] = field(default_factory=dict)
    """Who read what the step did not read itself: a file or folder, or `$` and a variable, to a module
    ("settings.py", when it was imported) or a function ("`load` in settings.py")."""
    unstable: tuple[str, ...] = ()
    """Files that changed while the step ran: a result that read such a file is never reused."""
    notes: tuple[str, ...] = ()
    """Sentences for the user about what cannot be followed, with the line to write."""
    remarks: tuple[str, ...] = ()
    """Low-confidence sentences, shown only on request: what may affect the result, but rarely does."""

    @property
    def unseen_programs(self) -> tuple[str, ...]:
        """The programs that it started and whose reads are not seen."""
        return tuple(self.facts.get("unseen programs", ()))

    @property
    def unseen_reads(self) -> tuple[str, ...]:
        """What earlier code read in memory that the step may use, and of which not all was noted."""
        return tuple(self.facts.get("unseen reads", ()))

    def to_json(self) -> str:
        """Write it as one line of JSON."""
        data = asdict(self)
        del data["modified"]
        for name in ("readers", "writes", "shared", "channels"):
            if not data[name]:
                del data[name]
        return json.dumps({"format": "seen/1", **data}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Seen:
        """Read what `to_json` wrote; what a later version added is left out."""
        data = json.loads(text)
        return cls(
            files=data.get("files", {}),
            folders=data.get("folders", {}),
            relative=data.get("relative", {}),
            environment=data.get("environment", {}),
            targets=data.get("targets", {}),
            writes=data.get("writes", {}),
            shared=tuple(data.get("shared", ())),
            channels=data.get("channels", {}),
            facts=data.get("facts", {}),
            readers=data.get("readers", {}),
            unstable=tuple(data.get("unstable", ())),
            notes=tuple(data.get("notes", ())),
            remarks=tuple(data.get("remarks", ())),
        )


def changed(
    seen: Seen, root: Path, digests: FileDigests, parameters: Mapping[str, str] | None = None
) -> list[str]:
    """List the inputs that have changed since a step read them; empty if its result is still valid.

    `parameters` are those of the step that is planned, as texts.

    >>> from pathlib import Path
    >>> from zencache.tracking.file_digests import FileDigests
    >>> changed(Seen(files={"data/train.csv": "1b2"}), Path.cwd(), FileDigests(None))
    ['data/train.csv, which it read, is gone']
    """
    readers = seen.readers
    with unwatched():
        changes = [_of_unstable(name, readers.get(name, "")) for name in seen.unstable]
        places = _places(seen, root)
        for name, before in seen.files.items():
            changes += filter(None, [_of_file(*places(name), before, digests, readers.get(name, ""))])
        for name, before in seen.folders.items():
            changes += filter(None, [_of_folder(*places(name), before, digests, readers.get(name, ""))])
        changes += [
            _of_variable(name, readers.get(f"${name}", ""))
            for name, digest in seen.environment.items()
            if (digest_of_all() if name == ALL else digest_of_variable(os.environ.get(name))) != digest
        ]
        changes += filter(None, (_of_target(*item, root, digests) for item in seen.targets.items()))
        changes += changed_facts(seen.facts, root, digests, parameters)
        digests.flush()
    return changes


def changed_writes(seen: Seen, root: Path, digests: FileDigests) -> dict[str, str]:
    """Give the files that a step wrote and that are not as it left them, each with a sentence.

    >>> from pathlib import Path
    >>> from zencache.tracking.file_digests import FileDigests
    >>> changed_writes(Seen(writes={"data.csv": "1b2"}), Path.cwd(), FileDigests(None))
    {'data.csv': 'data.csv, which it wrote, is not there any more'}
    """
    with unwatched():
        places = _places(seen, root)
        changes = {}
        for name, digest in seen.writes.items():
            shown, path = places(name)
            now = digests.digest(path)
            if now != digest:
                how = "is not there any more" if now is None else "is not as it left it"
                changes[name] = f"{shown}, which it wrote, {how}"
        digests.flush()
    return changes


def place_of_write(seen: Seen, name: str, root: Path) -> Path:
    """Give where a file that a step wrote is, or was, as seen from the present working folder."""
    return _places(seen, root)(name)[1]


def _places(seen: Seen, root: Path) -> Callable[[str], tuple[str, Path]]:
    """Give how a recorded file or folder is called here, and where it is: a relative path stays relative."""
    here = working_folder() if seen.relative else ""

    def place(name: str) -> tuple[str, Path]:
        at_first = root / name
        if name not in seen.relative:
            return name, at_first
        path = os.path.normpath(os.path.join(here, seen.relative[name]))  # noqa: PTH118 - `..` may be in it
        if path == str(at_first):
            return name, at_first
        return f"{seen.relative[name]} in the working folder", at_first.__class__(path)

    return place


def _read_by(reader: str) -> str:
    """Say who read something.

    >>> _read_by(""), _read_by("settings.py"), _read_by("`load` in settings.py")
    ('it read', 'settings.py read when it was imported', '`load` in settings.py read')
    """
    if not reader:
        return "it read"
    return f"{reader} read" if reader.startswith("`") else f"{reader} read when it was imported"


def _of_unstable(name: str, reader: str) -> str:
    return f"{name} changed after {reader} read it" if reader else f"{name} changed while it was read"


def _of_variable(name: str, reader: str) -> str:
    if name == ALL:
        return "the environment variables changed"
    which = f", which {_read_by(reader)}," if reader else ""
    return f"environment variable {name}{which} changed"


def _of_target(name: str, before: str, root: Path, digests: FileDigests) -> str | None:
    target = root / name
    now = digests.digest(target) or ""
    if not before:
        return f"its target {name} cannot be looked at from here"
    if now != before:
        return f"its target {name} {'changed' if now else 'is gone'}"
    # Model servers use the highest number.
    newer = [
        entry.name for entry in target.parent.iterdir() if entry.name.isdigit() and target.name.isdigit()
    ]
    return (
        f"a newer version lies beside its target {name}"
        if max(map(int, newer), default=0) > _number(target)
        else None
    )


def _number(target: Path) -> int:
    return int(target.name) if target.name.isdigit() else 0


def _of_file(name: str, path: Path, before: str, digests: FileDigests, reader: str) -> str | None:
    now = digests.digest(path) or ""
    if now == before:
        return None
    if not before:
        return f"{name}, which {reader or 'it'} looked for, is there now"
    return f"{name}, which {_read_by(reader)}, {'changed' if now else 'is gone'}"


def _of_folder(name: str, path: Path, before: str, digests: FileDigests, reader: str) -> str | None:
    asked, separator, _ = before.partition(":")
    now = digests.entries(path, asked) or None if separator else digests.listing(path)
    if now == (before or None):
        return None
    shown = name if " " in name else f"{name.rstrip('/')}/"
    if not before:
        return f"the folder {shown}, which {reader or 'it'} looked for, is there now"
    if now is None:
        return f"the folder {shown}, which {reader or 'it'} listed, is gone"
    return f"the files in {shown}{f', which {reader} listed,' if reader else ''} are others"


def digest_of_variable(value: str | None) -> str:
    """Stand for a variable's value, which may be a secret; empty for one that is not set."""
    return "" if value is None else blake3(value.encode("utf-8", "surrogateescape")).hexdigest()


def digest_of_all() -> str:
    """Stand for all environment variables but those of the terminal and the session."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _PASSING and not name.startswith(_OF_SESSIONS)
    }
    return digest_of_variable(json.dumps(kept, sort_keys=True))
