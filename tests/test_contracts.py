"""The contracts on imports in `pyproject.toml`: each fails on a package that breaks it, and on no other."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS = {contract["id"]: contract for contract in PYPROJECT["tool"]["importlinter"]["contracts"]}
LAYERS = [set(layer.split(" : ")) for layer in CONTRACTS["layers"]["layers"]]
GROUPS = {"zencache.materializers", *PYPROJECT["project"]["entry-points"], "zencache.plugins"}
INTEGRATIONS = "|".join(sorted(path.name for path in (ROOT / "integrations").glob("*/zencache_*")))

OFFENDERS = {
    "layers": {"model/specs.py": "import zencache.pipelines"},
    "layers, exhaustive": {"no_layer/__init__.py": ""},
    "layers, type checking": {
        "util/sizes.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import zencache.steps"
    },
    "door-to-tfx": {"planning/keys.py": "def key():\n    import apache_beam"},
    "door-to-tensorflow": {"execution/engine.py": "import tensorflow"},
    "door-to-mlmd": {"pipelines/runner.py": "from ml_metadata.proto import metadata_store_pb2"},
    "mlmd-client": {"pipelines/runner.py": "from zencache.metadata import client"},
    "door-to-fsspec": {"maintenance/gc.py": "import fsspec.implementations.local"},
    "artifact-backends": {"artifacts/store.py": "from zencache.artifacts.remote import RemoteBackend"},
    "no-circles": {
        "steps/step.py": "import zencache.steps.trace",
        "steps/trace.py": "import zencache.steps.step",
    },
}
"""A contract, and what of it is tried, to files of a package that break it."""


@pytest.fixture
def package(folder):
    """A package that has all layers and keeps all contracts, each door with what goes through it."""
    files = {f"{name}/__init__.py": "" for layer in LAYERS for name in layer}
    for contract in CONTRACTS.values():
        for number, module in enumerate(contract.get("protected_modules", ())):
            if module.startswith("zencache."):
                files[module.removeprefix("zencache.").replace(".", "/") + ".py"] = ""
            [importer] = contract["allowed_importers"]
            door = f"{importer.removeprefix('zencache.').replace('.', '/')}/{contract['id'].replace('-', '_')}_{number}.py"
            files[door] = f"import {module}"
    config = {**PYPROJECT["tool"]["importlinter"], "contracts": []}
    for contract in CONTRACTS.values():
        config["contracts"].append({k: v for k, v in contract.items() if k != "ignore_imports"})
    (folder / "zencache").mkdir()
    (folder / "zencache" / "__init__.py").write_text("")
    (folder / "pyproject.toml").write_text(_toml(config))
    _write(folder, files)
    return folder


def _write(folder, files):
    for name, text in files.items():
        file = folder / "zencache" / name
        file.parent.mkdir(exist_ok=True)
        if not (file.parent / "__init__.py").exists():
            (file.parent / "__init__.py").write_text("")
        file.write_text(text)


def _toml(config):
    """Write import-linter's settings: what JSON and TOML write alike are texts, lists and booleans."""
    tables = {"tool.importlinter": [config], "tool.importlinter.contracts": config["contracts"]}
    lines = []
    for table, values in tables.items():
        for value in values:
            lines.append(f"[[{table}]]" if table.endswith("contracts") else f"[{table}]")
            lines += [f"{key} = {json.dumps(each)}" for key, each in value.items() if key != "contracts"]
    return "\n".join(lines)


def _broken(folder):
    """Check the package's contracts; give the names of those that are broken."""
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", code, "--no-cache", "--no-logo"],
        check=False,
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert "Contracts: " in done.stdout, done.stdout + done.stderr
    broken = re.findall(r"^(.*) BROKEN\b", done.stdout, re.MULTILINE)
    assert bool(broken) == bool(done.returncode)
    return broken


def test_a_package_that_keeps_the_contracts_passes(package):
    """What the others add to it is what breaks them."""
    assert _broken(package) == []


@pytest.mark.parametrize("what", OFFENDERS)
def test_each_contract_fails_on_what_it_forbids(package, what):
    """And no other contract does."""
    _write(package, OFFENDERS[what])
    assert _broken(package) == [CONTRACTS[what.partition(",")[0]]["name"]]


def test_every_contract_has_a_package_that_breaks_it():
    """A new contract comes with its negative control."""
    assert {what.partition(",")[0] for what in OFFENDERS} == set(CONTRACTS)


# -- texts that name modules ----------------------------------------------------------------------


def named_above(source, layer):
    """List the texts in a source that name a module of a layer above its own, or an integration.

    >>> named_above('import_module("zencache.steps.step")', "model")
    ['zencache.steps.step']
    >>> named_above('import_module(f"zencache_tfx.{name}")', "cli")
    ['zencache_tfx.']
    """
    tree = ast.parse(source)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
    ]
    return [text for text in texts if text not in GROUPS and _is_above(text, _height(layer))]


def _is_above(text, height):
    if re.fullmatch(rf"({INTEGRATIONS})([.:]\S*)?", text):
        return True
    path = re.fullmatch(r"zencache\.(\w+)[\w.:]*", text)
    return path is not None and _height(path[1]) < height


def _height(package):
    """Give the number of a package's layer, counted from above; below all for what is no package."""
    return next((number for number, layer in enumerate(LAYERS) if package in layer), len(LAYERS))


def _sources():
    for file in sorted((ROOT / "zencache").rglob("*.py")):
        layer = file.relative_to(ROOT / "zencache").parts[0].removesuffix(".py")
        # `__init__` stands above all layers; the tables of `compat` list the import paths that old code uses.
        if layer not in ("__init__", "__main__", "compat"):
            yield file, layer


def test_no_text_names_a_module_of_a_layer_above_or_an_integration():
    """An import by a text would dodge the contracts."""
    found = {str(file): named_above(file.read_text(encoding="utf-8"), layer) for file, layer in _sources()}
    assert {file: texts for file, texts in found.items() if texts} == {}


@pytest.mark.parametrize(
    ("source", "layer"),
    [
        ('import_module("zencache.compat.options")', "util"),
        ('HOMES = {"BaseStep": "zencache.compat.steps"}', "steps"),
        ('load("zencache.execution.beam_runner:execute")', "planning"),
        ('import_module(f"zencache_tfx.{module}")', "steps"),
        ('NAME = "zencache_tfx"', "cli"),
    ],
)
def test_a_text_that_names_one_is_found(source, layer):
    """The negative control."""
    assert named_above(source, layer)


@pytest.mark.parametrize(
    ("source", "layer"),
    [
        ('"""zencache.compat"""', "util"),  # a docstring
        ('GROUP = "zencache.materializers"', "util"),  # a group of entry points
        ('KEY_CONTEXT = "zencache.cache_key"', "metadata"),  # no module
        ('BUILTINS = "zencache.materializers.builtin:"', "materializers"),
        ('raise Error("adopt it: zencache_tfx.adopt(pipeline)")', "planning"),  # a sentence
    ],
)
def test_a_text_that_names_none_is_not(source, layer):
    """Names of records, and of what is on the same layer or below."""
    assert named_above(source, layer) == []
