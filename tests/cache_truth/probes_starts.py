"""How and where a project is started, what ran before, and files that change under a process."""

from __future__ import annotations

from tests.cache_truth.harness import MAIN, Probe, here, step_with, there

HELPER = "def clean(x):\n    return x * 2"
TWICE = ("x * 2", "x * 5")
FOLDER = "from pathlib import Path\nROOT = Path(__file__).parent\n\ndef clean(x):\n    return (ROOT / 'data.txt').exists()"
CACHED = "from functools import cache\n\n@cache\ndef clean(x):\n    return x * 2"
AFTERWARDS = "the run changed a value that the step reads"
KINDS = {
    "a helper": (HELPER, TWICE),
    "a constant": ("F = 2\n\ndef clean(x):\n    return x * F", ("F = 2", "F = 3")),
    "a method": (
        "class C:\n    def run(self, x):\n        return x * 2\n\ndef clean(x):\n    return C().run(x)",
        TWICE,
    ),
    "a lambda": ("clean = lambda x: x * 2", TWICE),
    "a decorated helper": (
        "def deco(f):\n    return lambda x: f(x)\n\n@deco\ndef clean(x):\n    return x * 2",
        TWICE,
    ),
    "a helper further down": (
        "def clean(x):\n    return x * 2",
        ("def clean", "def before(x):\n    return x * 7\n\n\ndef clean"),
    ),
}

PROBES = [
    there("the project's folder is moved", "hit", HELPER, moved=True),
    there("the folder of a path constant is moved", "hit", FOLDER, moved=True),
    there(
        "the folder of a class and its instance is moved",
        "hit",
        "class C:\n    f = 2\nK = C()\n\ndef clean(x):\n    return K.f * x",
        moved=True,
    ),
    there("files are touched", "hit", HELPER, touched=True),
    there("nothing", "hit", HELPER),
    there("started as a script", "hit", HELPER, start="script"),
    Probe(
        "a step of main, started as a script",
        "hit",
        {"main.py": step_with("return clean(x)", HELPER) + MAIN.replace("from steps import work\n", "")},
        start="script",
    ),
    Probe(
        "a class of main, started as a script",
        "hit",
        {
            "main.py": step_with("return K.f * x", "class C:\n    f = 2\nK = C()")
            + MAIN.replace("from steps import work\n", "")
        },
        start="script",
    ),
    Probe(
        "a dataclass and an enum of main, started as a script",
        "hit",
        {
            "main.py": step_with(
                "return [K.a, E.A.value, x]",
                "import dataclasses, enum\n@dataclasses.dataclass\nclass C:\n    a: int\nclass E(enum.Enum):\n    A = 1\nK = C(2)",
            )
            + MAIN.replace("from steps import work\n", "")
        },
        start="script",
    ),
    Probe(
        "a helper of a script",
        "rerun",
        {"main.py": step_with("return clean(x)", HELPER) + MAIN.replace("from steps import work\n", "")},
        {"main.py": TWICE},
        start="script",
        start_before="script",
    ),
    Probe(
        "a helper that a script imports",
        "rerun",
        {"steps.py": step_with("return clean(x)", "from prep import clean"), "prep.py": HELPER},
        {"prep.py": TWICE},
        start="script",
        start_before="script",
    ),
    Probe(
        "what a script does when it is one",
        "rerun",
        {
            "main.py": step_with("return F * x", "F = 2\nif __name__ == '__main__':\n    F = 3")
            + MAIN.replace("from steps import work\n", "")
        },
        start="script",
    ),
    there("started in another folder", "hit", HELPER, start="elsewhere"),
    there(
        "a constant that is the working folder's name",
        "rerun",
        "import os\nK = os.path.basename(os.getcwd())\n\ndef clean(x):\n    return [K, x]",
        start="elsewhere",
    ),
    # -- the step ran before, in the same process -----------------------------------------------------
    there("the step ran before", "hit", HELPER, start="ran"),
    there("the step ran before, with a cached helper", "hit", CACHED, start="ran"),
    there(
        "the step ran before, with an import in its body",
        "hit",
        HELPER,
        start="ran",
        above="",
        body="from prep import clean\nreturn clean(x)",
    ),
    there(
        "the step ran before, with a method",
        "hit",
        "class C:\n    def run(self, x):\n        return x * 2\nK = C()\n\ndef clean(x):\n    return K.run(x)",
        start="ran",
    ),
    there(
        "the step ran before, with a dispatch by type",
        "hit",
        "from functools import singledispatch\n@singledispatch\ndef clean(x):\n    return x * 2",
        start="ran",
    ),
    there(
        "the step ran before, with a pattern",
        "hit",
        "import re\nK = re.compile('a')\n\ndef clean(x):\n    return len(K.findall('aba'))",
        start="ran",
    ),
    there(
        "the step ran before, with an abstract base",
        "hit",
        "from abc import ABC\nclass B(ABC):\n    pass\nclass C(B):\n    pass\n\ndef clean(x):\n    return isinstance(C(), B)",
        start="ran",
    ),
    there(
        "the step ran before, with a memo",
        "imprecise",
        "MEMO = {}\n\ndef clean(x):\n    return MEMO.setdefault(x, x * 2)",
        start="ran",
        why=AFTERWARDS,
    ),
    there(
        "the step ran before, with a cached property",
        "imprecise",
        "from functools import cached_property\nclass C:\n    @cached_property\n    def f(self):\n        return 2\nK = C()\n\ndef clean(x):\n    return x * K.f",
        start="ran",
        why=AFTERWARDS,
    ),
    there(
        "the step ran before, and a counter went on",
        "rerun",
        "N = [0]\n\ndef clean(x):\n    N[0] += 1\n    return N[0]",
        start="ran",
    ),
    there(
        "the step ran before, and a random generator went on",
        "rerun",
        "import random\nR = random.Random(1)\n\ndef clean(x):\n    return R.random()",
        start="ran",
    ),
    # -- the file changes after it was imported: what runs is the old code, so its key is not the new one's --
    *(
        there(f"{what} is edited after the import", "rerun", prep, edit, start_before="late")
        for what, (prep, edit) in KINDS.items()
        if what != "a helper further down"
    ),
    *(
        there(
            f"{what} is edited after the import, the code that runs is the old",
            "imprecise",
            prep,
            edit,
            start="late",
            why="the text of what runs is gone from the disk",
        )
        for what, (prep, edit) in KINDS.items()
    ),
    here("the step is edited after the import", "rerun", "", TWICE, body="return x * 2", start_before="late"),
    here("a helper beside the step is edited after the import", "rerun", HELPER, TWICE, start_before="late"),
    here(
        "two helpers change places after the import",
        "rerun",
        "def clean(x):\n    return x * 2\ndef other(x):\n    return x + 1",
        (
            "def clean(x):\n    return x * 2\ndef other(x):\n    return x + 1",
            "def other(x):\n    return x * 2\ndef clean(x):\n    return x + 1",
        ),
        start_before="late",
    ),
    there(
        "lines are put above a helper after the import",
        "rerun",
        "def clean(x):\n    return x * 2\n\n\ndef other(x):\n    return x * 5",
        (
            "def clean(x):\n    return x * 2\n\n\ndef other(x):\n    return x * 5",
            "def clean(x):\n    return x * 5\n\n\ndef other(x):\n    return x * 2",
        ),
        start_before="late",
    ),
    Probe(
        "a helper's module is removed after the import",
        "imprecise",
        {"steps.py": step_with("return clean(x)", "from prep import clean"), "prep.py": HELPER},
        {"prep.py": None},
        start="late",
        why="the text of what runs is gone from the disk",
    ),
    Probe(
        "a syntax error is written after the import",
        "imprecise",
        {"steps.py": step_with("return clean(x)", "from prep import clean"), "prep.py": HELPER},
        {"prep.py": "def clean(x:\n"},
        start="late",
        why="the text of what runs is gone from the disk",
    ),
]
