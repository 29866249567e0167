"""Imports inside functions."""

from __future__ import annotations

from tests.cache_truth.probes_imports import HELPER, TWICE, both, project

PROBES = [
    *both(
        "an import in the step", "from prep import clean\nreturn clean(x)", "", {"prep.py": HELPER}, "prep.py"
    ),
    *both(
        "a module import in the step", "import prep\nreturn prep.clean(x)", "", {"prep.py": HELPER}, "prep.py"
    ),
    *both(
        "an import of a submodule in the step",
        "import pkg.sub\nreturn pkg.sub.clean(x)",
        "",
        {"pkg/__init__.py": "", "pkg/sub.py": HELPER},
        "pkg/sub.py",
    ),
    *both(
        "a submodule from its package in the step",
        "from pkg import sub\nreturn sub.clean(x)",
        "",
        {"pkg/__init__.py": "", "pkg/sub.py": HELPER},
        "pkg/sub.py",
    ),
    *both(
        "an import under an alias in the step",
        "import pkg.sub as s\nreturn s.clean(x)",
        "",
        {"pkg/__init__.py": "", "pkg/sub.py": HELPER},
        "pkg/sub.py",
    ),
    *both(
        "a relative import in a helper",
        "return run(x)",
        "from pkg.a import run",
        {
            "pkg/__init__.py": "",
            "pkg/a.py": "def run(x):\n    from .b import clean\n    return clean(x)\n",
            "pkg/b.py": HELPER,
        },
        "pkg/b.py",
    ),
    *both(
        "a relative import of a module in a helper",
        "return run(x)",
        "from pkg.a import run",
        {
            "pkg/__init__.py": "",
            "pkg/a.py": "def run(x):\n    from . import b\n    return b.clean(x)\n",
            "pkg/b.py": HELPER,
        },
        "pkg/b.py",
    ),
    *both(
        "an import in a comprehension's function",
        "def inner(v):\n    from prep import clean\n    return clean(v)\nreturn [inner(v) for v in [x]]",
        "",
        {"prep.py": HELPER},
        "prep.py",
    ),
    *both(
        "an import that may fail in the step",
        "try:\n    from missing_module import clean\nexcept ImportError:\n    from prep import clean\nreturn clean(x)",
        "",
        {"prep.py": HELPER},
        "prep.py",
    ),
    *both(
        "a helper's helper behind an import in the step",
        "from a import run\nreturn run(x)",
        "",
        {"a.py": "def run(x):\n    from prep import clean\n    return clean(x)\n", "prep.py": HELPER},
        "prep.py",
    ),
    project(
        "a star import in the step's function",
        "rerun",
        "import prep\nreturn prep.clean(x)",
        "",
        {"prep.py": "from inner import *\n", "inner.py": HELPER},
        {"inner.py": TWICE},
    ),
    project(
        "a constant imported in the step",
        "rerun",
        "from prep import K\nreturn [K, x]",
        "",
        {"prep.py": "K = 2\nJ = 1\n"},
        {"prep.py": ("K = 2", "K = 3")},
    ),
    project(
        "an unrelated constant of a module imported in the step",
        "hit",
        "from prep import K\nreturn [K, x]",
        "",
        {"prep.py": "K = 2\nJ = 1\n"},
        {"prep.py": ("J = 1", "J = 3")},
    ),
]
