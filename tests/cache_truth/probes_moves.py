"""Styles of import, helpers that move, names of steps and pipelines, arguments."""

from __future__ import annotations

from tests.cache_truth.harness import MAIN, Probe, step_with
from tests.cache_truth.probes_neutral import CLEAN, FILES, FROM, INNER, PREP, STEPS, edit_steps


def moved(name, steps, **files) -> Probe:
    """Make a probe in which helpers move and the step's module imports them from where they are."""
    return Probe(
        name, "hit", FILES, {"steps.py": steps, **{f"{key}.py": text for key, text in files.items()}}
    )


LOGGED = (
    "import logging\nlogger = logging.getLogger(__name__)\ndef clean(x):\n    logger.debug(x)\n    return x\n"
)


SLOTS = "from zencache import pipeline\nfrom steps import work\n\n@pipeline\ndef slotted(a):\n    a()\n\ndef pipeline_under_test():\n    return slotted(a=work())\n"


PROBES = [
    # -- styles of import ---------------------------------------------------------------------------
    edit_steps(
        "a helper imported as another name",
        (FROM, "from prep import clean as tidy, inner"),
        ("clean(x, add", "tidy(x, add"),
    ),
    edit_steps(
        "a helper by its module",
        (FROM, "import prep\nfrom prep import inner"),
        ("clean(x, add", "prep.clean(x, add"),
    ),
    edit_steps("a star import", (FROM, "from prep import *")),
    edit_steps(
        "an import in the step's function",
        (FROM, "from prep import inner"),
        ("    first =", "    from prep import clean\n    first ="),
        verdict="imprecise",
        why="an import in the body is part of the body",
    ),
    moved(
        "a helper is moved",
        (FROM, "from tidy import clean\nfrom prep import inner"),
        tidy="from prep import inner, FACTOR\n\n" + CLEAN,
    ),
    moved(
        "a helper and its constant are moved",
        (FROM, "from tidy import clean\nfrom prep import inner"),
        tidy="from prep import inner\nFACTOR = 2\n\n" + CLEAN,
    ),
    moved("a module is renamed", (FROM, "from tidy import clean, inner"), prep=None, tidy=PREP),
    moved(
        "a module is split",
        (FROM, "from one import clean\nfrom two import inner"),
        prep=None,
        one="from two import inner\nfrom three import FACTOR\n" + CLEAN,
        two=INNER,
        three="FACTOR = 2\n",
    ),
    moved("modules are put together", (FROM, CLEAN + INNER + "FACTOR = 2\n"), prep=None),
    Probe(
        "a helper is moved into a package",
        "hit",
        FILES,
        {
            "steps.py": (FROM, "from pkg import clean, inner"),
            "prep.py": None,
            "pkg/__init__.py": "from .sub.prep import clean, inner\n",
            "pkg/sub/prep.py": PREP,
        },
    ),
    Probe(
        "a helper with a logger is moved",
        "hit",
        {"steps.py": step_with("return clean(x)", "from prep import clean"), "prep.py": LOGGED},
        {"steps.py": ("from prep", "from tidy"), "prep.py": None, "tidy.py": LOGGED},
    ),
    Probe(
        "a class is moved",
        "hit",
        {
            "steps.py": step_with("return C().run(x)", "from prep import C"),
            "prep.py": "class C:\n    def run(self, x):\n        return x\n",
        },
        {
            "steps.py": ("from prep", "from tidy"),
            "prep.py": None,
            "tidy.py": "class C:\n    def run(self, x):\n        return x\n",
        },
    ),
    # -- the step, the pipeline, the project ----------------------------------------------------------
    Probe(
        "the step is renamed",
        "hit",
        FILES,
        {"steps.py": ("def work", "def labour"), "main.py": MAIN.replace("work", "labour")},
    ),
    Probe(
        "the step is moved",
        "hit",
        FILES,
        {"steps.py": None, "jobs.py": STEPS, "main.py": MAIN.replace("steps", "jobs")},
    ),
    Probe(
        "the step is moved into main",
        "hit",
        FILES,
        {"steps.py": None, "main.py": STEPS + MAIN.replace("from steps import work\n", "")},
    ),
    Probe(
        "the pipeline is renamed",
        "hit",
        FILES,
        {"main.py": MAIN.replace("@pipeline", '@pipeline(name="other")')},
    ),
    Probe(
        "a comment in the pipeline", "hit", FILES, {"main.py": ("    work()", "    # one step\n    work()")}
    ),
    Probe(
        "another step in the pipeline",
        "hit",
        FILES,
        {
            "main.py": [("import work", "import more, work"), ("    work()", "    more()\n    work()")],
            "steps.py": ("UNUSED = 1", "UNUSED = 1\n\n@step\ndef more() -> int:\n    return 1"),
        },
    ),
    Probe(
        "a slot is renamed",
        "hit",
        {**FILES, "main.py": SLOTS},
        {
            "main.py": SLOTS.replace("slotted(a=", "slotted(b=")
            .replace("slotted(a)", "slotted(b)")
            .replace("    a()", "    b()")
        },
    ),
    Probe(
        "files that nothing imports",
        "hit",
        FILES,
        {"README.md": "# Project\n", "test_prep.py": "import prep\n", "data.csv": "1,2\n"},
    ),
    Probe(
        "a parameter's default that the call does not take",
        "hit",
        {"main.py": MAIN.replace("work()", "work(x=5)"), "steps.py": step_with("return x * 2")},
        {"steps.py": ("x: int = 3", "x: int = 4")},
        arguments="5",
    ),
    Probe(
        "a parameter's default that is taken",
        "rerun",
        {"steps.py": step_with("return x * 2")},
        {"steps.py": ("x: int = 3", "x: int = 4")},
    ),
    Probe(
        "a parameter that the pipeline gives",
        "rerun",
        {"main.py": MAIN.replace("work()", "work(x=5)"), "steps.py": step_with("return x * 2", "")},
        {"main.py": ("x=5", "x=6")},
        unobservable="the arguments are the pipeline's",
    ),
]
