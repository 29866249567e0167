"""Which top-level statements run when a module is imported."""

from __future__ import annotations

import ast

import pytest

from zencache.code.import_conditions import run_at_import


def runs(test: str, module: str = "prep") -> str:
    body = ast.parse(f"if {test}:\n    'text'\n    yes = 1\nelse:\n    no = 1\n").body
    return "; ".join(ast.unparse(statement).partition(" ")[0] for statement in run_at_import(body, module))


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("__name__ == '__main__'", "no"),
        ("'__main__' == __name__", "no"),
        ("__name__ != '__main__'", "yes"),
        ("not __name__ == '__main__'", "yes"),
        ("__name__ in ('__main__', 'prep')", "yes"),
        ("__name__ not in {'__main__'}", "yes"),
        ("__name__ == '__main__' and DEBUG", "no"),
        ("__name__ == '__main__' or DEBUG", "if"),
        ("__name__ in '__main__'", "if"),
        ("__name__.startswith('__main__')", "if"),
        ("NAME == '__main__'", "if"),
        ("TYPE_CHECKING", "no"),
        ("not typing.TYPE_CHECKING", "yes"),
        ("settings.TYPE_CHECKING", "if"),
        ("True", "if"),
    ],
)
def test_a_decided_test_stands_for_its_branch(test, expected):
    """Law: what the text of a test decides is not counted; any other test counts whole."""
    assert runs(test) == expected


def test_a_script_runs_its_own_part():
    """In the module `__main__` itself the test holds."""
    assert runs("__name__ == '__main__'", "__main__") == "yes"
