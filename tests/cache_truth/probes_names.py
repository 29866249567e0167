"""What a name means: shadowed, redefined, chosen, deleted, exchanged; constants in bodies."""

from __future__ import annotations

from tests.cache_truth.harness import Probe, here, step_with, there

HELPER = "def clean(x):\n    return x * 2"
TWICE = ("x * 2", "x * 5")


PROBES = [
    here(
        "a name that a comprehension shadows",
        "hit",
        HELPER,
        TWICE,
        body="return [clean + x for clean in range(3)]",
    ),
    here("a name that a local variable shadows", "hit", HELPER, TWICE, body="clean = 5\nreturn clean * x"),
    here(
        "a name that is local in one function and global in the next",
        "rerun",
        "FACTOR = 2\n\ndef shadow():\n    FACTOR = 9\n    return FACTOR\n\ndef clean(x):\n    return FACTOR * x * shadow()",
        ("FACTOR = 2", "FACTOR = 3"),
    ),
    here(
        "a name that an argument shadows",
        "hit",
        "FACTOR = 2\n\ndef clean(FACTOR):\n    return FACTOR * 3",
        ("FACTOR = 2", "FACTOR = 4"),
    ),
    here(
        "a global set by a call at import",
        "rerun",
        "def clean(x):\n    return FACTOR * x\n\ndef setup():\n    global FACTOR\n    FACTOR = 2\n\nsetup()",
        ("FACTOR = 2", "FACTOR = 3"),
    ),
    here(
        "a global set by a helper in the run",
        "rerun",
        "def prepare():\n    global FACTOR\n    FACTOR = 2",
        ("FACTOR = 2", "FACTOR = 3"),
        body="prepare()\nreturn FACTOR * x",
    ),
    here(
        "a nonlocal counter",
        "rerun",
        "def counter():\n    n = 0\n    def more():\n        nonlocal n\n        n += 2\n        return n\n    return more",
        ("n += 2", "n += 3"),
        body="more = counter()\nmore()\nreturn more()",
    ),
    there(
        "the last of two definitions of a name",
        "rerun",
        "def clean(x):\n    return x * 2\n\ndef clean(x):\n    return x * 7",
        ("x * 7", "x * 8"),
    ),
    there(
        "the first of two definitions of a name",
        "hit",
        "def clean(x):\n    return x * 2\n\ndef clean(x):\n    return x * 7",
        ("x * 2", "x * 3"),
    ),
    there(
        "the constant that chooses a definition",
        "rerun",
        "FAST = True\nif FAST:\n    def clean(x):\n        return x * 2\nelse:\n    def clean(x):\n        return x * 7",
        ("FAST = True", "FAST = False"),
    ),
    there(
        "the branch that was not taken at import",
        "hit",
        "FAST = True\nif FAST:\n    def clean(x):\n        return x * 2\nelse:\n    def clean(x):\n        return x * 7",
        ("x * 7", "x * 8"),
    ),
    there(
        "a function whose first name was deleted",
        "rerun",
        "def twice(x):\n    return x * 2\n\nclean = twice\ndel twice",
        TWICE,
    ),
    there(
        "a function under a second name", "rerun", "def twice(x):\n    return x * 2\n\nclean = twice", TWICE
    ),
    Probe(
        "two helpers of one name change places",
        "rerun",
        {
            "steps.py": step_with("return a.f(x) - b.f(x)", "import a, b"),
            "a.py": "def f(x):\n    return x * 2\n",
            "b.py": "def f(x):\n    return x + 9\n",
        },
        {"steps.py": ("a.f(x) - b.f(x)", "b.f(x) - a.f(x)")},
    ),
    Probe(
        "two imports of one name change places",
        "rerun",
        {
            "steps.py": step_with("return f(x) - g(x)", "from a import f\nfrom b import f as g"),
            "a.py": "def f(x):\n    return x * 2\n",
            "b.py": "def f(x):\n    return x + 9\n",
        },
        {"steps.py": ("from a import f\nfrom b import f as g", "from b import f\nfrom a import f as g")},
    ),
    Probe(
        "the bodies of two modules change places",
        "rerun",
        {
            "steps.py": step_with("return a.f(x) - b.f(x)", "import a, b"),
            "a.py": "def f(x):\n    return x * 2\n",
            "b.py": "def f(x):\n    return x + 9\n",
        },
        {"a.py": "def f(x):\n    return x + 9\n", "b.py": "def f(x):\n    return x * 2\n"},
    ),
    here(
        "a pattern of a match",
        "rerun",
        "def clean(x):\n    match x:\n        case 3:\n            return 1\n    return 0",
        ("case 3", "case 4"),
    ),
    here(
        "a class that a match looks at",
        "rerun",
        "class P:\n    __match_args__ = ('a', 'b')\n    a, b = 1, 2\n\ndef clean(x):\n    match P():\n        case P(v):\n            return v",
        ("('a', 'b')", "('b', 'a')"),
    ),
    here(
        "the order of keyword arguments",
        "rerun",
        "def clean(**k):\n    return list(k)",
        ("a=1, b=2", "b=2, a=1"),
        body="return clean(a=1, b=2)",
    ),
    here(
        "the order of a set of operations", "rerun", "", ("x - 1 - 2", "x - (1 - 2)"), body="return x - 1 - 2"
    ),
    here("the type of a constant in the body", "rerun", "", ("[x, 1]", "[x, True]"), body="return [x, 1]"),
    here("a constant becomes minus zero", "rerun", "", ("[x, 0.0]", "[x, -0.0]"), body="return [x, 0.0]"),
    here(
        "a global that a generator expression reads",
        "rerun",
        "LIMIT = 2",
        ("LIMIT = 2", "LIMIT = 3"),
        body="return sum(v for v in range(x + 9) if v < LIMIT)",
    ),
]
