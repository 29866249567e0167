"""Finds what a step's record says of installed code: packages that were loaded, and missing modules."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zencache.code.loaded_packages import used_packages
from zencache.code.module_origin import origin_of_file, origin_of_module
from zencache.tracking.audit_events import unwatched
from zencache.tracking.import_reads import MISSING, PACKAGES
from zencache.tracking.package_facts import ABSENT
from zencache.util.distributions import normalized
from zencache.util.imports import find_spec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from zencache.code.digest import CodeDigest
    from zencache.policy import CachePolicy
    from zencache.tracking.audit_events import Recorder


@dataclass(frozen=True)
class UsedCode:
    """What a step used of installed code, beyond its key."""

    facts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    files: frozenset[str] = frozenset()


def used_code(
    recorder: Recorder, code: CodeDigest, types: Iterable[str], policy: CachePolicy, root: Path
) -> UsedCode:
    """Give what a step that has just ended used; a failure to find out does not reach the step.

    `types` are the qualified names of its inputs' types.
    """
    with suppress(Exception), unwatched():
        return _used_code(recorder, code, types, policy, root)
    return UsedCode()


def _used_code(
    recorder: Recorder, code: CodeDigest, types: Iterable[str], policy: CachePolicy, root: Path
) -> UsedCode:
    absent = dict.fromkeys(_absent(recorder), ABSENT)
    facts: dict[str, Mapping[str, str]] = {MISSING: absent} if absent else {}
    if not _follows_packages(policy):
        return UsedCode(facts)
    here = [name for name in recorder.imports if name not in absent]
    used = used_packages(code.packages, [*here, *types])
    dropped = {normalized(name[1:]) for name in policy.packages or () if name.startswith("-")}
    by_name = {name: version for name, version in used.versions.items() if name not in dropped}
    files = frozenset(file for file in used.files if "-packages/" in file or not file.startswith(f"{root}/"))
    return UsedCode({**facts, **({PACKAGES: by_name} if by_name else {})}, files)


def _follows_packages(policy: CachePolicy) -> bool:
    """Say whether the policy leaves it to zencache which packages count."""
    names_all = policy.packages is not None and all(name[:1] not in "+-" for name in policy.packages)
    return policy.code in (None, "closure") and not names_all


def _absent(recorder: Recorder) -> Iterator[str]:
    """Give the modules that the step's code or a library looked for in vain.

    The standard library looks for modules of other systems. Parts of installed packages go with these.
    """
    for name, file in recorder.imports.items():
        if sys.modules.get(name) is not None or origin_of_file(file) == "standard":
            continue
        parent = name.rpartition(".")[0]
        if parent and origin_of_module(parent) != "project":
            continue
        if find_spec(name) is None:
            yield name
