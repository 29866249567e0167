"""Where code lives and how it is imported: packages, layouts, styles, imports inside functions."""

from __future__ import annotations

from tests.cache_truth.harness import Probe, step_with

HELPER = "def clean(x):\n    return x * 2\n\n\ndef other(x):\n    return x + 1\n"
TWICE = ("x * 2", "x * 5")
OTHER = ("x + 1", "x + 2")


def project(name, verdict, body, above, files, edit, **more) -> Probe:
    """Make a probe of a step and whatever other files."""
    return Probe(name, verdict, {"steps.py": step_with(body, above), **files}, edit, **more)


def both(name, body, above, files, where, **more) -> list[Probe]:
    """Make two probes: the helper is edited, and an unrelated function beside it."""
    return [
        project(name, "rerun", body, above, files, {where: TWICE}, **more),
        project(f"{name}, unrelated code in it", "hit", body, above, files, {where: OTHER}, **more),
    ]


PROBES = [
    *both(
        "a module of a package",
        "return clean(x)",
        "from pkg.sub import clean",
        {"pkg/__init__.py": "", "pkg/sub.py": HELPER},
        "pkg/sub.py",
    ),
    *both(
        "a package without __init__",
        "return clean(x)",
        "from pkg.sub import clean",
        {"pkg/sub.py": HELPER},
        "pkg/sub.py",
    ),
    *both(
        "a subpackage by attributes",
        "return pkg.a.sub.clean(x)",
        "import pkg.a.sub",
        {"pkg/__init__.py": "", "pkg/a/__init__.py": "", "pkg/a/sub.py": HELPER},
        "pkg/a/sub.py",
    ),
    *both(
        "a submodule under an alias",
        "return s.clean(x)",
        "import pkg.sub as s",
        {"pkg/__init__.py": "", "pkg/sub.py": HELPER},
        "pkg/sub.py",
    ),
    *both("a star import", "return clean(x)", "from prep import *", {"prep.py": HELPER}, "prep.py"),
    *both(
        "a module under an alias in a variable",
        "m = p\nreturn m.clean(x)",
        "import prep as p",
        {"prep.py": HELPER},
        "prep.py",
    )[:1],
    *both(
        "a re-export of a package",
        "return clean(x)",
        "from pkg import clean",
        {"pkg/__init__.py": "from .sub import clean", "pkg/sub.py": HELPER},
        "pkg/sub.py",
    ),
    *both(
        "a star re-export of a package",
        "return pkg.clean(x)",
        "import pkg",
        {"pkg/__init__.py": "from .sub import *", "pkg/sub.py": HELPER},
        "pkg/sub.py",
    ),
    *both(
        "a relative import of a sibling package",
        "return clean(x)",
        "from pkg.a.b import clean",
        {
            "pkg/__init__.py": "",
            "pkg/c.py": HELPER,
            "pkg/a/__init__.py": "",
            "pkg/a/b.py": "from ..c import clean as c\ndef clean(x):\n    return c(x)\n",
        },
        "pkg/c.py",
    ),
    *both(
        "a src layout",
        "return clean(x)",
        "from pkg.sub import clean",
        {"src/pkg/__init__.py": "", "src/pkg/sub.py": HELPER},
        "src/pkg/sub.py",
        path=("src",),
    ),
    *both(
        "a folder that main adds to the path",
        "return clean(x)",
        "from prep import clean",
        {
            "main.py": "import sys, pathlib\nsys.path.append(str(pathlib.Path(__file__).parent / 'lib'))\nfrom zencache import pipeline\nfrom steps import work\n@pipeline\ndef pipeline_under_test():\n    work()\n",
            "lib/prep.py": HELPER,
        },
        "lib/prep.py",
    ),
    *both(
        "a package that is installed editable",
        "return clean(x)",
        "from mylib import clean",
        {
            "lib/mylib/__init__.py": HELPER,
            "venv/lib/site-packages/mylib-0.1.dist-info/METADATA": "Metadata-Version: 2.1\nName: mylib\nVersion: 0.1\n",
            "venv/lib/site-packages/mylib-0.1.dist-info/RECORD": "__editable__.mylib-0.1.pth,,\nmylib-0.1.dist-info/METADATA,,\n",
            "venv/lib/site-packages/mylib-0.1.dist-info/direct_url.json": '{"url": "file:///lib", "dir_info": {"editable": true}}',
            "venv/lib/site-packages/mylib-0.1.dist-info/top_level.txt": "mylib\n",
        },
        "lib/mylib/__init__.py",
        path=("venv/lib/site-packages", "lib"),
    ),
    *both(
        "a conditional import",
        "return clean(x)",
        "try:\n    from missing_module import clean\nexcept ImportError:\n    from prep import clean",
        {"prep.py": HELPER},
        "prep.py",
    ),
    *both(
        "two modules that import each other",
        "return run(x)",
        "from a import run",
        {"a.py": "import prep\ndef run(x):\n    return prep.clean(x)\n", "prep.py": "import a\n" + HELPER},
        "prep.py",
    ),
    *both(
        "a name imported twice, the last counts",
        "return clean(x)",
        "from a import clean\nfrom prep import clean",
        {"a.py": "def clean(x):\n    return 0\n", "prep.py": HELPER},
        "prep.py",
    ),
    project(
        "a name imported twice, the first is edited",
        "hit",
        "return clean(x)",
        "from a import clean\nfrom prep import clean",
        {"a.py": "def clean(x):\n    return 0\n", "prep.py": HELPER},
        {"a.py": ("0", "1")},
    ),
    project(
        "a constant of a package's __init__",
        "rerun",
        "return [pkg.K, x]",
        "import pkg",
        {"pkg/__init__.py": "K = 2\n"},
        {"pkg/__init__.py": ("2", "3")},
    ),
    project(
        "a constant made from another module's",
        "rerun",
        "return [K, x]",
        "from pkg import K",
        {"pkg/__init__.py": "from pkg.base import J\nK = J + 1\n", "pkg/base.py": "J = 1\n"},
        {"pkg/base.py": ("1", "2")},
    ),
    project(
        "which module a re-export comes from",
        "rerun",
        "return clean(x)",
        "from pkg import clean",
        {
            "pkg/__init__.py": "from .a import clean\n",
            "pkg/a.py": HELPER,
            "pkg/b.py": HELPER.replace("x * 2", "x * 7"),
        },
        {"pkg/__init__.py": (".a", ".b")},
    ),
    project(
        "which star import wins",
        "rerun",
        "return clean(x)",
        "from a import *\nfrom b import *",
        {"a.py": HELPER, "b.py": "__all__ = []\n" + HELPER.replace("x * 2", "x * 7")},
        {"b.py": ("__all__ = []", "__all__ = ['clean']")},
    ),
    project(
        "a module's __getattr__",
        "rerun",
        "return prep.anything(x)",
        "import prep",
        {"prep.py": "def __getattr__(name):\n    return lambda x: x * 2\n"},
        {"prep.py": TWICE},
    ),
    project(
        "a lazy package",
        "rerun",
        "return pkg.clean(x)",
        "import pkg",
        {
            "pkg/__init__.py": "import importlib\ndef __getattr__(name):\n    if name == 'clean':\n        return importlib.import_module('pkg.sub').clean\n    raise AttributeError(name)\n",
            "pkg/sub.py": HELPER,
        },
        {"pkg/sub.py": TWICE},
    ),
    project(
        "a module imported to register something",
        "rerun",
        "return KNOWN['clean'](x)",
        "from known import KNOWN\nimport plugin",
        {
            "known.py": "KNOWN = {}\n",
            "plugin.py": "from known import KNOWN\ndef clean(x):\n    return x * 2\nKNOWN['clean'] = clean\n",
        },
        {"plugin.py": TWICE},
    ),
    project(
        "the import that registers something goes",
        "rerun",
        "return len(KNOWN)",
        "from known import KNOWN\nimport plugin",
        {"known.py": "KNOWN = {}\n", "plugin.py": "from known import KNOWN\nKNOWN['clean'] = 1\n"},
        {"steps.py": ("import plugin", "")},
    ),
    project(
        "a package that hides a module",
        "rerun",
        "return clean(x)",
        "from prep import clean",
        {"prep.py": HELPER},
        {"prep/__init__.py": HELPER.replace("x * 2", "x * 7")},
    ),
    project(
        "a file that hides a module of the standard library",
        "rerun",
        "return colorsys.rgb_to_hsv(0, 0, x)[2]",
        "import colorsys",
        {},
        {"colorsys.py": "def rgb_to_hsv(*a):\n    return 0, 0, 9\n"},
    ),
    project(
        "a file earlier on the path",
        "rerun",
        "return clean(x)",
        "from prep import clean",
        {"two/prep.py": HELPER, "one/empty.py": ""},
        {"one/prep.py": HELPER.replace("x * 2", "x * 7")},
        path=("one", "two"),
    ),
    project(
        "a module becomes a package",
        "hit",
        "return clean(x)",
        "from prep import clean",
        {"prep.py": HELPER},
        {"prep.py": None, "prep/__init__.py": HELPER},
    ),
    project(
        "a module of a package is renamed",
        "hit",
        "return clean(x)",
        "from pkg.old import clean",
        {"pkg/old.py": HELPER},
        {"pkg/old.py": None, "pkg/new.py": HELPER, "steps.py": ("pkg.old", "pkg.new")},
    ),
    project(
        "an installed package's new version",
        "rerun",
        "return clean(x)",
        "from thirdlib import clean",
        {
            "venv/lib/site-packages/thirdlib/__init__.py": HELPER,
            "venv/lib/site-packages/thirdlib-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: thirdlib\nVersion: 1.0\n",
            "venv/lib/site-packages/thirdlib-1.0.dist-info/RECORD": "thirdlib/__init__.py,,\nthirdlib-1.0.dist-info/METADATA,,\n",
        },
        {
            "venv/lib/site-packages/thirdlib/__init__.py": TWICE,
            "venv/lib/site-packages/thirdlib-1.0.dist-info/METADATA": None,
            "venv/lib/site-packages/thirdlib-1.0.dist-info/RECORD": None,
            "venv/lib/site-packages/thirdlib-1.1.dist-info/METADATA": "Metadata-Version: 2.1\nName: thirdlib\nVersion: 1.1\n",
            "venv/lib/site-packages/thirdlib-1.1.dist-info/RECORD": "thirdlib/__init__.py,,\nthirdlib-1.1.dist-info/METADATA,,\n",
        },
        path=("venv/lib/site-packages",),
    ),
]
