"""What imported modules passed to libraries."""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path

import pytest

from zencache.code.library_registrations import registrations

EXTRAS = "import atexit, codecs, logging, warnings\ndef find(name): pass\nlog = logging.getLogger(__name__)\n"


@pytest.fixture
def statements(folder, monkeypatch):
    """List the registrations of a module `extras` that a module `uses` imports."""
    monkeypatch.syspath_prepend(str(folder))

    def of(text: str, uses: str = "import extras") -> list[str]:
        Path("extras.py").write_text(EXTRAS + text)
        Path("uses.py").write_text(uses)
        module = importlib.import_module("uses")
        return [ast.unparse(each.statement) for each in registrations(vars(module))]

    yield of
    for name in ("uses", "extras"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    "statement",
    [
        "codecs.register(find)",
        "codecs.register(lambda name: None)",
        "X = codecs.register_error('none', find)",
        "logging.Logger.whisper = find",
        "setattr(logging.Logger, 'whisper', find)",
        "warnings.showwarning = find",
    ],
)
def test_a_statement_that_passes_code_to_a_library_is_one(statements, statement):
    """Wherever the library keeps it."""
    assert statements(statement) == [statement]


@pytest.mark.parametrize(
    "statement",
    [
        "warnings.filterwarnings('ignore')",
        "log.debug('%s', find)",
        "logging.Logger.level = 3",
        "find.tag = find",
        "if __name__ == '__main__':\n    codecs.register(find)",
        "def later():\n    codecs.register(find)",
    ],
)
def test_a_statement_that_passes_no_code_is_none(statements, statement):
    """Settings of libraries are read where they matter, and what did not run did nothing."""
    assert statements(statement) == []


@pytest.mark.parametrize(
    "uses",
    [
        "from extras import log",
        "try:\n    import extras as e\nexcept E:\n    pass",
        "import sys\nfrom extras import (\n    log,\n)",
    ],
)
def test_modules_are_found_however_they_are_imported(statements, uses):
    """By any import in the text of a module."""
    assert len(statements("codecs.register(find)", uses)) == 1
