"""The kinds of facts about what is installed: versions, modules that are missing, and entry points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zencache.util.distributions import entry_point_digest, versions
from zencache.util.imports import find_spec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from zencache.tracking.file_digests import FileDigests

ABSENT = "absent"
_PRESENT = "present"


class Packages:
    """Distributions and their versions; after a bar, the distribution that loaded it. "" is not installed."""

    def now(
        self,
        recorded: Mapping[str, str],
        root: Path,  # noqa: ARG002 - as all kinds
        digests: FileDigests,  # noqa: ARG002 - likewise
    ) -> dict[str, str]:
        """Look the versions up among what is installed."""
        installed = versions()
        return {name: _with_version(before, installed.get(name, "")) for name, before in recorded.items()}

    def sentence(self, name: str, before: str, now: str) -> str:
        """Explain an upgrade, a removal, or that a distribution was installed."""
        version, bar, parent = before.partition("|")
        present = now.partition("|")[0]
        if not version:
            return f"{name}, which it asked for, is installed now"
        why = f", which {parent} loaded" if parent else ", which it loaded" if bar else ", which it asked for"
        return f"{name}{why}, is not installed now" if not present else f"{name} {version} → {present}{why}"


def _with_version(recorded: str, version: str) -> str:
    _, bar, parent = recorded.partition("|")
    return f"{version}{bar}{parent}"


class MissingModules:
    """Modules that a step looked for and did not find."""

    def now(
        self,
        recorded: Mapping[str, str],
        root: Path,  # noqa: ARG002 - as all kinds
        digests: FileDigests,  # noqa: ARG002 - likewise
    ) -> dict[str, str]:
        """Look for them as the import system does, without an import."""
        return {name: ABSENT if find_spec(name) is None else _PRESENT for name in recorded}

    def sentence(self, name: str, before: str, now: str) -> str:  # noqa: ARG002 - as all kinds
        """Say that one is there now."""
        return f"{name}, which it tried to import, is installed now"


class EntryPoints:
    """Groups of entry points, whose plug-ins a step listed."""

    def now(
        self,
        recorded: Mapping[str, str],
        root: Path,  # noqa: ARG002 - as all kinds
        digests: FileDigests,  # noqa: ARG002 - likewise
    ) -> dict[str, str]:
        """Digest what is installed in each group."""
        return {group: entry_point_digest(group) for group in recorded}

    def sentence(self, name: str, before: str, now: str) -> str:  # noqa: ARG002 - as all kinds
        """Name the group."""
        return (
            "the installed packages are others" if name == "*" else f"the entry points of {name} are others"
        )


KINDS: Mapping[str, Packages | MissingModules | EntryPoints] = {
    "packages": Packages(),
    "missing modules": MissingModules(),
    "entry points": EntryPoints(),
}
