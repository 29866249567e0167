"""What a step uses of installed packages is recorded, and a change of it is a reason to run again."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import pickle
import shutil
import sys
import textwrap
from contextlib import suppress
from pathlib import Path

import pytest

from zencache.code.digest import CodeDigest
from zencache.code.loaded_packages import _names_by_prefix, holders_of
from zencache.execution.installed_code import used_code
from zencache.policy import CachePolicy
from zencache.tracking.facts import merge_facts
from zencache.tracking.file_digests import FileDigests
from zencache.tracking.observed_inputs import Seen, changed
from zencache.tracking.tracker import watching
from zencache.util import distributions

PLAIN = CachePolicy()
HERE = CodeDigest("digest", packages={"made-a": "1.0"})


@pytest.fixture
def site(folder, monkeypatch):
    """A folder that is installed into: `made_a` uses `made_b`, which it requires; both are loaded."""
    monkeypatch.syspath_prepend(str(folder / "site-packages"))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(distributions, "_memory", [])
    install("made_a", requires=["made-b"], text="import made_b\ndef f():\n    return made_b.g()\n")
    install("made_b", text="def g():\n    return 1\n")
    forget()
    importlib.import_module("made_a")
    yield folder / "site-packages"
    for name in [name for name in sys.modules if name.startswith("made_")]:
        del sys.modules[name]
    forget()


def install(name, version="1.0", *, requires=(), text="", entry="", top=None):
    site = Path("site-packages")
    for old in site.glob(f"{name}-*.dist-info"):
        shutil.rmtree(old)
    info = site / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    lines = [f"Requires-Dist: {each}\n" for each in requires]
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{''.join(lines)}"
    )
    (info / "top_level.txt").write_text(f"{top or name}\n")
    (info / "RECORD").write_text(f"{name}/__init__.py,,\n")
    (info / "entry_points.txt").write_text(textwrap.dedent(entry))
    (site / name).mkdir(exist_ok=True)
    (site / name / "__init__.py").write_text(text)


def forget():
    """Forget what is installed, as another process would not know it."""
    importlib.invalidate_caches()
    for cache in (distributions._found, holders_of, _names_by_prefix):
        cache.cache_clear()


def seen_of(work, *, code=HERE, policy=PLAIN, types=()):
    root = Path.cwd()
    with watching(
        "train", root=root, ignore=[], digests=FileDigests(None), is_project=lambda f: f == __file__
    ) as w:
        work()
    used = used_code(w.recorder, code, types, policy, root)
    files = {str(Path(file).relative_to(root)): FileDigests(None).digest(Path(file)) for file in used.files}
    return Seen(files=files, facts=merge_facts([w.seen().facts, used.facts]))


def changes(seen):
    forget()
    return changed(seen, Path.cwd(), FileDigests(None))


def nothing():
    pass


def attempt(function, *args):
    with suppress(ImportError):
        function(*args)


def test_an_upgrade_of_what_a_package_requires_is_a_change(site):
    seen = seen_of(nothing)
    assert changes(seen) == []
    install("made_b", "2.0")
    assert changes(seen) == ["made-b 1.0 → 2.0, which made-a loaded"]


def test_what_is_required_and_not_loaded_is_no_input(site):
    """It had no effect."""
    install("made_a", requires=["made-b", "made-c"])
    install("made_c")
    forget()
    seen = seen_of(nothing)
    install("made_c", "2.0")
    assert changes(seen) == []


def test_requirements_are_followed_to_the_last(site):
    install("made_b", requires=["made-d>=1; python_version > '3'"])
    install("made_d")
    forget()
    importlib.import_module("made_d")
    seen = seen_of(nothing)
    install("made_d", "1.1")
    assert changes(seen) == ["made-d 1.0 → 1.1, which made-b loaded"]


def test_an_import_that_no_metadata_declare_is_found_in_the_modules(site):
    """Many packages import another one if it is there."""
    install("made_a", text="import made_b\n")
    forget()
    seen = seen_of(nothing)
    install("made_b", "2.0")
    assert changes(seen) == ["made-b 1.0 → 2.0, which made-a loaded"]


def test_a_module_that_lies_beside_packages_counts_by_its_content(site):
    """It has no version."""
    shutil.rmtree(site / "made_b-1.0.dist-info")
    install("made_a")
    forget()
    seen = seen_of(nothing)
    (site / "made_b" / "__init__.py").write_text("def g():\n    return 5\n")
    assert changes(seen) == ["site-packages/made_b/__init__.py, which it read, changed"]


def test_a_package_that_only_another_step_uses_is_no_input(site):
    """It is loaded, but nothing of this step leads to it."""
    seen = seen_of(nothing, code=CodeDigest("digest"))
    assert seen.facts == {}


def import_late():
    import made_late  # noqa: F401 - importing it is what counts


def test_a_package_that_is_imported_while_the_step_runs_counts(site):
    install("made_late")
    forget()
    seen = seen_of(import_late)
    install("made_late", "1.0.1")
    assert changes(seen) == ["made-late 1.0 → 1.0.1, which it loaded"]


def test_a_package_that_is_removed_is_a_change(site):
    install("made_late")
    forget()
    seen = seen_of(import_late)
    shutil.rmtree(site / "made_late-1.0.dist-info")
    assert changes(seen) == ["made-late, which it loaded, is not installed now"]


@pytest.mark.parametrize("spell", ["made_b", "by name"])
def test_a_loaded_package_that_is_found_by_name_counts(site, spell):
    """The import system asks no finder for it."""
    by_name = spell == "by name"
    work = (
        (lambda: importlib.import_module("made_b")) if by_name else (lambda: pickle.loads(b"cmade_b\ng\n."))
    )
    seen = seen_of(work, code=CodeDigest("digest"))
    install("made_b", "2.0")
    assert changes(seen) == ["made-b 1.0 → 2.0, which it loaded"]


def test_the_packages_of_inputs_count(site):
    """A step that calls methods of an input need not name its package."""
    seen = seen_of(nothing, code=CodeDigest("digest"), types=["made_b.sub.Class"])
    install("made_b", "2.0")
    assert changes(seen) == ["made-b 1.0 → 2.0, which it loaded"]


def try_import():
    try:
        import made_fast
    except ImportError:
        return None
    return made_fast


@pytest.mark.parametrize(
    "ask",
    [
        try_import,
        lambda: importlib.util.find_spec("made_fast"),
        lambda: try_import() and importlib.import_module("made_fast.core"),
        lambda: attempt(importlib.import_module, "made_fast"),
        lambda: attempt(__import__, "made_fast"),
        lambda: exec("try:\n    from made_fast import dumps\nexcept ImportError: pass"),
    ],
)
def test_an_optional_package_that_is_installed_later_is_a_change(site, ask):
    seen = seen_of(ask)
    assert changes(seen) == []
    install("made_fast")
    assert changes(seen) == ["made_fast, which it tried to import, is installed now"]


def test_an_optional_module_of_the_project_is_one_too(site):
    seen = seen_of(lambda: attempt(importlib.import_module, "made_settings"))
    Path("site-packages", "made_settings.py").write_text("")
    assert len(changes(seen)) == 1


def test_a_package_that_is_looked_for_and_not_imported_counts(site):
    """`find_spec` often decides what a step does."""
    install("made_fast")
    forget()
    seen = seen_of(lambda: importlib.util.find_spec("made_fast"))
    shutil.rmtree(site / "made_fast-1.0.dist-info")
    assert changes(seen) == ["made-fast, which it loaded, is not installed now"]


def test_what_the_standard_library_looks_for_in_vain_is_no_input(site):
    """It looks for modules of other systems."""
    assert "missing modules" not in seen_of(lambda: pickle._Unpickler and importlib.reload(pickle)).facts


def test_a_version_that_is_asked_for_counts(site):
    seen = seen_of(lambda: importlib.metadata.version("made_b"), code=CodeDigest("digest"))
    install("made_b", "2.0")
    assert changes(seen) == ["made-b 1.0 → 2.0, which it asked for"]


def test_a_version_that_is_asked_for_in_vain_counts(site):
    seen = seen_of(lambda: attempt(importlib.metadata.version, "made_fast"))
    install("made_fast")
    assert changes(seen) == ["made-fast, which it asked for, is installed now"]


PLUGIN = """
    [made.plugins]
    one = made_plugin:one
"""


def list_plugins():
    entries = importlib.metadata.entry_points()
    return [entry.name for entry in entries.get("made.plugins", [])]


def load_group(group):
    """What pluggy does."""
    found = (d.entry_points for d in importlib.metadata.distributions())
    return [entry for entries in found for entry in entries if entry.group == group]


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (
            lambda: importlib.metadata.entry_points(group="made.plugins"),
            "the entry points of made.plugins are others",
        ),
        (lambda: load_group("made.plugins"), "the entry points of made.plugins are others"),
        (importlib.metadata.entry_points, "the installed packages are others"),
    ],
    ids=["group", "all distributions", "all groups"],
)
def test_a_plugin_that_is_installed_is_a_change(site, ask, sentence):
    seen = seen_of(ask)
    assert changes(seen) == []
    install("made_plugin", entry=PLUGIN)
    assert changes(seen) == [sentence]


def test_a_plugin_of_another_group_is_none(site):
    seen = seen_of(lambda: importlib.metadata.entry_points(group="made.plugins"))
    install("made_plugin", entry=PLUGIN.replace("made.plugins", "made.others"))
    assert changes(seen) == []


def test_a_policy_that_names_all_packages_is_left_alone(site):
    assert seen_of(nothing, policy=CachePolicy(packages=["made-a"])).facts == {}
    assert seen_of(nothing, policy=CachePolicy(code="function")).facts == {}


def test_a_policy_can_leave_out_one(site):
    assert seen_of(nothing, policy=CachePolicy(packages=["-made_b"])).facts == {}


def test_zencaches_own_packages_are_no_input(site):
    assert seen_of(lambda: importlib.import_module("zencache.testing"), code=CodeDigest("digest")).facts == {}
