"""Modules that are imported when the step runs: which binding of a name counts, and which branch runs."""

from __future__ import annotations

from tests.cache_truth.probes_imports import HELPER, TWICE, both, project

FROM_HELPERS = "from helpers import clean\nreturn clean(x)"
PREP = {"prep.py": HELPER}


def late(name, helpers, files=PREP, where="prep.py", body=FROM_HELPERS, above=""):
    """Make two probes of a module `helpers` that the step imports: an edit of what counts, and of the rest."""
    return both(name, body, above, {"helpers.py": helpers, **files}, where)


def branch(name, verdict, helpers, *edit):
    """Make a probe of a module whose `RATE` a condition at its import decides."""
    return project(
        name,
        verdict,
        "import helpers\nreturn helpers.RATE",
        "",
        {"helpers.py": helpers},
        {"helpers.py": edit},
    )


PACKED = """
import os, sys, zipfile
FOLDER = os.path.dirname(os.path.abspath(__file__))
ARCHIVE = os.path.join(FOLDER, "lib.zip")
with zipfile.ZipFile(ARCHIVE, "w") as archive:
    archive.write(os.path.join(FOLDER, "zipped.txt"), "zipped.py")
    archive.comment = open(os.path.join(FOLDER, "comment.txt"), "rb").read()
sys.path.insert(0, ARCHIVE)
"""


def zipped(name, verdict, edit, above="", body="from zipped import clean\nreturn clean(x)"):
    """Make a probe of a module in a zip file, which the project packs when it is imported."""
    files = {"pack.py": PACKED, "zipped.txt": HELPER, "comment.txt": "once"}
    return project(name, verdict, body, f"import pack\n{above}", files, edit)


PROBES = [
    zipped("a module in a zip file, imported in the step", "rerun", {"zipped.txt": TWICE}),
    zipped("a zip file that is packed again", "hit", {"comment.txt": "twice"}),
    zipped("unrelated code in a zip file", "hit", {"zipped.txt": ("x + 1", "x + 2")}),
    zipped(
        "a module in a zip file",
        "rerun",
        {"zipped.txt": TWICE},
        "from zipped import clean",
        "return clean(x)",
    ),
    zipped(
        "a comment in a zip file",
        "hit",
        {"zipped.txt": ("x * 2", "x * 2  # twice")},
        "from zipped import clean",
        "return clean(x)",
    ),
    *late(
        "a name that one of two imports gives",
        "try:\n    from prep import clean\nexcept ImportError:\n    raise\n",
    ),
    *late(
        "the import after a failed one",
        "try:\n    from missing_module import clean\nexcept ImportError:\n    from prep import clean\n",
    ),
    *late("an import below a condition", "import sys\nif sys.maxsize > 1:\n    from prep import clean\n"),
    *late(
        "an import in a with block",
        "import contextlib\nwith contextlib.suppress(ImportError):\n    from prep import clean\n",
    ),
    *late(
        "a module imported below a condition",
        "import sys\nif sys.maxsize > 1:\n    import prep\ndef clean(x):\n    return prep.clean(x)\n",
    ),
    *late("an import after a definition", "def clean(x):\n    return 0\n\n\nfrom prep import clean\n"),
    *late("an import after an assignment", "clean = None\nfrom prep import clean\n"),
    *late(
        "an operator on an imported name",
        "from prep import LIST\nLIST += [1]\n",
        {"prep.py": HELPER + "LIST = [clean(3)]\n"},
        body="from helpers import LIST\nreturn LIST",
    ),
    *late(
        "a name made of the imported one", "from prep import clean\nclean = lambda x, inner=clean: inner(x)\n"
    ),
    *both(
        "a global that a helper imports",
        "load()\nreturn clean(x)",
        "def load():\n    global clean\n    from prep import clean\n",
        PREP,
        "prep.py",
    ),
    *both(
        "a global that a late helper imports",
        "import helpers\nhelpers.load()\nreturn helpers.clean(x)",
        "",
        {"helpers.py": "clean = None\ndef load():\n    global clean\n    from prep import clean\n", **PREP},
        "prep.py",
    ),
    *both(
        "a global module that a helper imports",
        "load()\nreturn prep.clean(x)",
        "def load():\n    global prep\n    import prep\n",
        {"prep.py": "from inner import clean\n", "inner.py": HELPER},
        "inner.py",
    ),
    *both(
        "a closed-over name that an inner function imports",
        "clean = None\ndef load():\n    nonlocal clean\n    from prep import clean\nload()\nreturn clean(x)",
        "",
        PREP,
        "prep.py",
    ),
    *both(
        "an import in a class body in the step",
        "class Tools:\n    from prep import clean\nreturn Tools.clean(x)",
        "",
        PREP,
        "prep.py",
    ),
    *both(
        "an import that locals() gives",
        "from prep import clean\nreturn locals()['clean'](x)",
        "",
        PREP,
        "prep.py",
    ),
    *late(
        "an import in a late class body",
        "class Tools:\n    from prep import clean\n",
        body="from helpers import Tools\nreturn Tools.clean(x)",
    ),
    *[
        project(
            f"a class body that reads a global of its own name{name}",
            "rerun",
            "from helpers import C\nreturn C.RATE",
            "",
            {"helpers.py": "RATE = 2\n" + text},
            {"helpers.py": ("RATE = 2", "RATE = 5")},
        )
        for name, text in [
            ("", "class C:\n    RATE = RATE\n"),
            (", with an operator", "class C:\n    RATE += 1\n"),
            (", below a condition", "class C:\n    if True:\n        RATE = RATE + 1\n"),
            (", after it was deleted", "class C:\n    RATE = 1\n    del RATE\n    RATE = RATE\n"),
            (
                ", in a default",
                "class C:\n    def get(self, rate=RATE):\n        return rate\n    RATE = get(None)\n",
            ),
            (", which a loop binds", "class C:\n    for RATE in [RATE]:\n        pass\n"),
        ]
    ],
    project(
        "a class body whose name hides a global",
        "hit",
        "from helpers import C\nreturn C.DOUBLE",
        "",
        {"helpers.py": "RATE = 2\nclass C:\n    RATE = 3\n    DOUBLE = RATE * 2\n"},
        {"helpers.py": ("RATE = 2", "RATE = 5")},
    ),
    *[
        project(
            f"two star imports: {name}",
            verdict,
            FROM_HELPERS,
            "",
            {"helpers.py": helpers, "a.py": HELPER + more, "b.py": HELPER + more},
            {where: TWICE},
        )
        for name, verdict, helpers, more, where in [
            ("the later one", "rerun", "from a import *\nfrom b import *\n", "", "b.py"),
            ("the earlier one", "hit", "from a import *\nfrom b import *\n", "", "a.py"),
            ("a later definition", "hit", "from a import *\ndef clean(x):\n    return x\n", "", "a.py"),
            ("after a definition", "rerun", "def clean(x):\n    return x\nfrom a import *\n", "", "a.py"),
            ("after an import", "rerun", "from b import clean\nfrom a import *\n", "", "a.py"),
            ("before an import", "hit", "from a import *\nfrom b import clean\n", "", "a.py"),
            (
                "a name that __all__ leaves out",
                "rerun",
                "from a import *\nfrom b import *\n",
                "__all__ = ['other', *([] if __name__ == 'b' else ['clean'])]\n",
                "a.py",
            ),
            ("below a condition", "rerun", "from a import *\nif True:\n    from b import *\n", "", "b.py"),
            (
                "used in between",
                "rerun",
                "from a import *\nN = clean(3)\nfrom b import *\nwas = clean\ndef clean(x):\n    return N\n",
                "",
                "a.py",
            ),
        ]
    ],
    project(
        "a star import that __all__ keeps from a name",
        "rerun",
        FROM_HELPERS,
        "",
        {
            "helpers.py": "from a import *\nfrom b import *\n",
            "a.py": HELPER,
            "b.py": "__all__ = ['other']\n" + HELPER,
        },
        {"a.py": TWICE},
    ),
    project(
        "a name that is added to __all__",
        "rerun",
        FROM_HELPERS,
        "",
        {
            "helpers.py": "from a import *\nfrom b import *\n",
            "a.py": HELPER,
            "b.py": "__all__ = ['other']\ndef clean(x):\n    return 0\ndef other(x):\n    return 1\n",
        },
        {"b.py": ("['other']", "['other', 'clean']")},
    ),
    *late(
        "a private name that __all__ exports",
        "from prep import *\nclean = _clean\n",
        {
            "prep.py": "__all__ = ['_clean']\ndef _clean(x):\n    return x * 2\ndef other(x):\n    return x + 1\n"
        },
    ),
    *late(
        "a late module's __getattr__",
        "def __getattr__(name):\n    from prep import clean\n    return clean\n",
    ),
    *late(
        "a module's __getattr__ by attribute",
        "def __getattr__(name):\n    from prep import clean\n    return clean\n",
        body="import helpers as h\nreturn h.clean(x)",
    ),
    *both(
        "a package's __getattr__",
        "from pkg import clean\nreturn clean(x)",
        "",
        {
            "pkg/__init__.py": "def __getattr__(name):\n    if name != 'clean':\n        raise AttributeError(name)\n"
            "    from .prep import clean\n    return clean\n",
            "pkg/prep.py": HELPER,
        },
        "pkg/prep.py",
    ),
    *late(
        "a definition below a condition",
        "import sys\nif sys.maxsize > 1:\n    def clean(x):\n        import prep\n"
        "        return prep.clean(x)\nelse:\n    clean = None\n",
    ),
    *both(
        "a name that a package exports again",
        "from pkg import clean\nreturn clean(x)",
        "",
        {
            "pkg/__init__.py": "from .api import clean\n",
            "pkg/api.py": "from ._prep import clean\n",
            "pkg/_prep.py": HELPER,
        },
        "pkg/_prep.py",
    ),
    *both(
        "a submodule that a package imports",
        "import pkg\nreturn pkg.prep.clean(x)",
        "",
        {"pkg/__init__.py": "from . import prep\n", "pkg/prep.py": HELPER},
        "pkg/prep.py",
    ),
    *both(
        "a submodule that a package imports under another name",
        "import pkg\nreturn pkg.tools.clean(x)",
        "",
        {"pkg/__init__.py": "import pkg.prep as tools\n", "pkg/prep.py": HELPER},
        "pkg/prep.py",
    ),
    *both(
        "circular imports",
        "from a import run\nreturn run(x)",
        "",
        {"a.py": "import b\ndef run(x):\n    return b.clean(x)\n", "b.py": "import a\n" + HELPER},
        "b.py",
    ),
    *both(
        "circular imports of names",
        "from a import run\nreturn run(x)",
        "",
        {
            "a.py": "def run(x):\n    return clean(x)\nfrom b import clean\n",
            "b.py": "from a import run\n" + HELPER,
        },
        "b.py",
    ),
    *both(
        "import_module with a constant",
        "import importlib\nreturn importlib.import_module('prep').clean(x)",
        "",
        {"prep.py": "from inner import clean\n", "inner.py": HELPER},
        "inner.py",
    ),
    *[
        project(
            f"what a package does at the import of its submodule{name}",
            "rerun",
            body,
            "",
            {
                "state.py": "RATES = []\n",
                "pkg/__init__.py": "import state\nstate.RATES.append(2)\n",
                "pkg/sub.py": HELPER,
                **files,
            },
            {"pkg/__init__.py": ("append(2)", "append(5)")},
        )
        for name, body, files in [
            ("", "import pkg.sub as sub\nimport state\nreturn [sub.clean(x), state.RATES]", {}),
            (", by name", "from pkg.sub import clean\nfrom state import RATES\nreturn [clean(x), RATES]", {}),
            (
                ", in a helper",
                "import helpers\nimport state\nreturn state.RATES",
                {"helpers.py": "import pkg.sub\n"},
            ),
        ]
    ],
    project(
        "a submodule that a helper imports for its effects",
        "rerun",
        "import helpers\nimport state\nreturn state.RATES",
        "",
        {
            "state.py": "RATES = []\n",
            "helpers.py": "import pkg.sub\n",
            "pkg/__init__.py": "",
            "pkg/sub.py": "import state\nstate.RATES.append(2)\n",
        },
        {"pkg/sub.py": ("append(2)", "append(5)")},
    ),
    *[
        branch(name, verdict, f"RATE = 0\n{text}", edit)
        for name, verdict, text, edit in [
            (
                "a branch where __name__ is not __main__",
                "rerun",
                "if __name__ != '__main__':\n    RATE = 2\n",
                ("= 2", "= 5"),
            ),
            (
                "a branch where __main__ is not __name__",
                "rerun",
                "if '__main__' != __name__:\n    RATE = 2\n",
                ("= 2", "= 5"),
            ),
            (
                "an else of __name__ and __main__",
                "rerun",
                "if __name__ == '__main__':\n    RATE = 1\nelse:\n    RATE = 2\n",
                ("= 2", "= 5"),
            ),
            (
                "a negated test of __main__",
                "rerun",
                "if not __name__ == '__main__':\n    RATE = 2\n",
                ("= 2", "= 5"),
            ),
            (
                "a test of __main__ or another",
                "rerun",
                "import sys\nif __name__ == '__main__' or sys.maxsize > 1:\n    RATE = 2\n",
                ("= 2", "= 5"),
            ),
            (
                "a test of __main__ and another",
                "hit",
                "import sys\nif __name__ == '__main__' and sys.maxsize > 1:\n    RATE = 2\n",
                ("= 2", "= 5"),
            ),
            (
                "a test of several names",
                "rerun",
                "if __name__ in ('__main__', 'helpers'):\n    RATE = 2\n",
                ("= 2", "= 5"),
            ),
            (
                "an elif of __main__",
                "rerun",
                "if __name__ == '__main__':\n    RATE = 1\nelif True:\n    RATE = 2\n",
                ("= 2", "= 5"),
            ),
            ("the script's part", "hit", "if __name__ == '__main__':\n    RATE = 2\n", ("= 2", "= 5")),
            (
                "the script's part, in a list",
                "hit",
                "if __name__ in ['__main__']:\n    RATE = 2\n",
                ("= 2", "= 5"),
            ),
            (
                "not TYPE_CHECKING",
                "rerun",
                "from typing import TYPE_CHECKING\nif not TYPE_CHECKING:\n    RATE = 2\n",
                ("= 2", "= 5"),
            ),
            (
                "an else of TYPE_CHECKING",
                "rerun",
                "import typing\nif typing.TYPE_CHECKING:\n    RATE = 1\nelse:\n    RATE = 2\n",
                ("= 2", "= 5"),
            ),
            (
                "TYPE_CHECKING or another",
                "rerun",
                "import typing as t\nif t.TYPE_CHECKING or RATE == 0:\n    RATE = 2\n",
                ("= 2", "= 5"),
            ),
            (
                "for type checkers alone",
                "hit",
                "import typing as t\nif t.TYPE_CHECKING:\n    RATE = 2\n",
                ("= 2", "= 5"),
            ),
        ]
    ],
    *[
        project(
            f"a late module's own {name}",
            "rerun",
            body,
            "",
            {"helpers.py": '"""Two."""\nRATE = 2\ndef doc():\n    """Two!"""\n    return __doc__\n'},
            {"helpers.py": edit},
        )
        for name, body, edit in [
            ("__doc__", "from helpers import doc\nreturn doc()", ("Two.", "Five.")),
            ("__doc__ as an attribute", "import helpers\nreturn helpers.__doc__", ("Two.", "Five.")),
            ("__dict__", "import helpers\nreturn helpers.__dict__['RATE']", ("RATE = 2", "RATE = 5")),
            ("vars()", "import helpers\nreturn vars(helpers)['RATE']", ("RATE = 2", "RATE = 5")),
            (
                "members",
                "import helpers, inspect\nreturn dict(inspect.getmembers(helpers))['RATE']",
                ("RATE = 2", "RATE = 5"),
            ),
            ("dir()", "import helpers\nreturn 'RATE' in dir(helpers)", ("RATE = 2", "RATIO = 2")),
            ("docstring of a function", "from helpers import doc\nreturn doc.__doc__", ("Two!", "Five!")),
            (
                "source",
                "import inspect\nfrom helpers import doc\nreturn inspect.getsource(doc)",
                ("Two!", "Five!"),
            ),
            (
                "line",
                "from helpers import doc\nreturn doc.__code__.co_firstlineno",
                ("RATE = 2", "RATE = 2\n\n"),
            ),
        ]
    ],
    *[
        project(
            f"a helper that was patched before the step imports it: {name}",
            verdict,
            "from helpers import f, C, RATE\nreturn [f(), C().get(), RATE]",
            "import patches",
            {
                "helpers.py": "from base import h\nRATE = 1\ndef f():\n    return h()\nclass C:\n    def get(self):\n        return 2\n",
                "base.py": "def h():\n    return 1\n",
                "patches.py": text,
            },
            {"patches.py": edit},
        )
        for name, verdict, text, edit in [
            (
                "a function",
                "rerun",
                "import helpers\ndef patched():\n    return 3\nhelpers.f = patched\n",
                ("return 3", "return 5"),
            ),
            (
                "a function that its function uses",
                "rerun",
                "import helpers\nhelpers.h = lambda: 3\n",
                ("lambda: 3", "lambda: 5"),
            ),
            (
                "a function of another type",
                "rerun",
                "import helpers, functools\nhelpers.f = functools.partial(int, 3)\n",
                ("int, 3", "int, 5"),
            ),
            ("a method", "rerun", "import helpers\nhelpers.C.get = lambda self: 3\n", ("self: 3", "self: 5")),
            (
                "a class",
                "rerun",
                "import helpers\nclass C:\n    def get(self):\n        return 3\nhelpers.C = C\n",
                ("return 3", "return 5"),
            ),
            ("a constant", "rerun", "import helpers\nhelpers.RATE = 3\n", ("= 3", "= 5")),
            ("a constant of another type", "rerun", "import helpers\nhelpers.RATE = '3'\n", ("'3'", "'5'")),
            ("nothing", "hit", "import helpers\nunused = 3\n", ("= 3", "= 5")),
            (
                "in a function",
                "rerun",
                "import helpers\ndef patch():\n    helpers.f = lambda: 3\npatch()\n",
                ("lambda: 3", "lambda: 5"),
            ),
        ]
    ],
    *both(
        "a module that is imported before the step",
        FROM_HELPERS,
        "import helpers",
        {"helpers.py": "from prep import clean\n", **PREP},
        "prep.py",
    ),
    *both(
        "a folder of modules that is named by its neighbour",
        "from prep import clean\nreturn clean(x)",
        "import os, sys\nHERE = os.path.dirname(os.path.abspath(__file__))\n"
        "sys.path.insert(0, os.path.join(HERE, 'scripts', '..', 'lib'))\n",
        {"lib/prep.py": HELPER, "scripts/run.py": ""},
        "lib/prep.py",
        recorded=True,
    ),
]
