"""Other packages use the verbs of the metadata store: import-linter sees imports, this sees attributes."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = [
    file
    for file in [*ROOT.glob("zencache/**/*.py"), *ROOT.glob("integrations/*/zencache_*/**/*.py")]
    if "metadata" not in file.relative_to(ROOT).parts
]


def uses_of_the_client(text):
    """List the lines that take the attribute `client` of a metadata store."""
    attributes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute)]
    return [
        node.lineno
        for node in attributes
        if node.attr == "client"
        and ast.unparse(node.value).rpartition(".")[2] in ("metadata", "_metadata", "store")
    ]


def test_no_other_package_takes_the_client_of_a_store():
    """ML Metadata can be replaced in one place."""
    uses = {
        str(file.relative_to(ROOT)): uses_of_the_client(file.read_text(encoding="utf-8")) for file in FILES
    }
    assert len(uses) > 100
    assert {file: lines for file, lines in uses.items() if lines} == {}


def test_a_use_would_be_seen():
    """The check can fail."""
    assert uses_of_the_client("def f(records):\n    return records.metadata.client.get_artifacts()\n") == [2]
