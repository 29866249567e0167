"""Edits of texts that change nothing: code that moves, comments, spellings of imports."""

from __future__ import annotations

from tests.cache_truth.probes_imports import HELPER, project

LATE = "from helpers import clean\nreturn clean(x)"
BY_NAME = "import importlib\nname = 'helpers'\nreturn importlib.import_module(name).clean(x)"
NP = "import numpy as np\ndef clean(x):\n    return float(np.sum([x]))\n"


def hit(name, text, *edit, body=LATE, **more):
    """Make a probe of an edit of a module that the step imports, which changes nothing."""
    return project(
        name,
        "hit",
        body,
        "",
        {"helpers.py": text},
        {"helpers.py": edit[0] if len(edit) == 1 else edit},
        **more,
    )


PROBES = [
    hit(
        "a comment in a module that is found when the step runs",
        HELPER,
        ("x * 2", "x * 2  # twice"),
        body=BY_NAME,
    ),
    hit(
        "a docstring in a module that is found when the step runs",
        HELPER,
        ("def clean(x):\n", 'def clean(x):\n    """Twice."""\n'),
        body=BY_NAME,
    ),
    hit(
        "the script's part of a module that is found when the step runs",
        HELPER + "if __name__ == '__main__':\n    print(1)\n",
        ("print(1)", "print(2)"),
        body=BY_NAME,
    ),
    hit(
        "code that moves in its file",
        HELPER,
        "def other(x):\n    return x + 1\n\n\ndef clean(x):\n    return x * 2\n",
    ),
    hit(
        "another spelling of a library's import",
        NP,
        "import numpy\ndef clean(x):\n    return float(numpy.sum([x]))\n",
    ),
    hit(
        "a name of a library without its module",
        NP,
        "from numpy import sum\ndef clean(x):\n    return float(sum([x]))\n",
    ),
    hit(
        "an import in another order",
        "import os\nimport sys\n" + HELPER,
        ("import os\nimport sys", "import sys\nimport os"),
    ),
    hit("an import that is not used", "import os\n" + HELPER, ("import os\n", "")),
    hit("a quoted annotation", "def clean(x: int) -> int:\n    return x * 2\n", ("x: int", "x: 'int'")),
    hit("a number in another base", "def clean(x):\n    return x * 16\n", ("16", "0x10")),
    hit("a text in other quotes", "def clean(x):\n    return 'a' * x\n", ("'a'", '"a"')),
    hit("texts that are joined", "def clean(x):\n    return 'ab' * x\n", ("'ab'", "'a' 'b'")),
    hit(
        "an else of TYPE_CHECKING that moves",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import os\nelse:\n    os = None\n" + HELPER,
        (
            "if TYPE_CHECKING:\n    import os\nelse:\n    os = None\n",
            "if not TYPE_CHECKING:\n    os = None\n",
        ),
    ),
    project(
        "a package's module that only it imports",
        "hit",
        "from pkg import clean\nreturn clean(x)",
        "",
        {
            "pkg/__init__.py": "from .prep import clean\nfrom .rest import other\n",
            "pkg/prep.py": HELPER,
            "pkg/rest.py": HELPER,
        },
        {"pkg/rest.py": ("x + 1", "x + 3")},
    ),
    project(
        "a script from another folder",
        "hit",
        "from helpers import clean\nreturn clean(x)",
        "",
        {"helpers.py": HELPER},
        start_before="script",
        start="elsewhere",
        edit={"helpers.py": ("x + 1", "x + 2")},
    ),
]
