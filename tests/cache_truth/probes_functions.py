"""Helpers: where they are, how deep, how they are called; defaults, closures, lambdas, generators."""

from __future__ import annotations

from tests.cache_truth.harness import Probe, here, source, step_with, there

HELPER = "def clean(x):\n    return x * 2"
TWICE = ("x * 2", "x * 5")
CLEAN = "from prep import clean"

deep = {
    "steps.py": step_with("return one(x)", "from one import one"),
    "one.py": "import two\ndef one(x):\n    return two.two(x)\n",
    "two.py": "from three import three as third\ndef two(x):\n    return third(x)\n",
    "three.py": "from four import *\ndef three(x):\n    return four(x)\n",
    "four.py": "from five import five\ndef four(x):\n    return max(map(five, [x]))\n",
    "five.py": "def five(x):\n    return x * 2\n",
}

PROBES = [
    here("the step's own body", "rerun", "", ("x * 2", "x * 3"), body="return x * 2"),
    here("a helper in the same module", "rerun", HELPER, TWICE),
    there("a helper in another module", "rerun", HELPER, TWICE),
    Probe("a helper five modules deep", "rerun", deep, {"five.py": TWICE}),
    Probe("a comment five modules deep", "hit", deep, {"five.py": ("    return", "    # twice\n    return")}),
    Probe(
        "a helper that is defined below the step",
        "rerun",
        {"steps.py": step_with("return clean(x)") + "\n\n" + HELPER + "\n"},
        {"steps.py": TWICE},
    ),
    there(
        "functions that call each other",
        "rerun",
        """
        def even(n):
            return True if n == 0 else odd(n - 1)

        def odd(n):
            return False if n == 0 else even(n - 1)
        """,
        ("return False if", "return None if"),
        body="return even(x)",
        above="from prep import even",
    ),
    there(
        "a comment in functions that call each other",
        "hit",
        """
        def even(n):
            return True if n == 0 else odd(n - 1)

        def odd(n):
            return False if n == 0 else even(n - 1)
        """,
        ("return False if", "# base\n    return False if"),
        body="return even(x)",
        above="from prep import even",
    ),
    there("a default of a helper", "rerun", "def clean(x, f=2):\n    return x * f", ("f=2", "f=3")),
    there("the type of a default", "rerun", "def clean(x, f=2):\n    return x * f", ("f=2", "f=2.0")),
    there("a keyword-only default", "rerun", "def clean(x, *, f=2):\n    return x * f", ("f=2", "f=3")),
    there("a mutable default", "rerun", "def clean(x, f=[1]):\n    return [x, *f]", ("[1]", "[1, 2]")),
    there(
        "a default that is a function",
        "rerun",
        "def twice(x):\n    return x * 2\n\ndef clean(x, f=twice):\n    return f(x)",
        TWICE,
    ),
    there(
        "a default read from a constant",
        "rerun",
        "F = 2\n\ndef clean(x, f=F):\n    return x * f",
        ("F = 2", "F = 3"),
    ),
    there(
        "a constant changed after a default took it",
        "imprecise",
        "F = 2\n\ndef clean(x, f=F):\n    return x * f\n\nF = 7",
        ("F = 7", "F = 8"),
        why="the default's expression names the constant, though its value was taken earlier",
    ),
    there(
        "defaults that are replaced",
        "rerun",
        "def clean(x, f=2):\n    return x * f\n\nclean.__defaults__ = (5,)",
        ("(5,)", "(6,)"),
    ),
    there(
        "code that is replaced",
        "rerun",
        "def other(x):\n    return x + 1\n\ndef clean(x):\n    return x\n\nclean.__code__ = other.__code__",
        ("x + 1", "x + 2"),
    ),
    there(
        "an attribute of a function",
        "rerun",
        "def clean(x):\n    return x * clean.factor\n\nclean.factor = 2",
        ("factor = 2", "factor = 3"),
    ),
    there(
        "a function that says it wraps another",
        "rerun",
        "def inner(x):\n    return x\n\ndef clean(x):\n    return inner(x) * 2\n\nclean.__wrapped__ = inner",
        ("(x) * 2", "(x) * 3"),
    ),
    there("a lambda as a helper", "rerun", "clean = lambda x: x * 2", TWICE),
    there(
        "the used one of two lambdas on a line",
        "rerun",
        "clean, other = (lambda x: x * 2), (lambda x: x + 1)",
        TWICE,
    ),
    there(
        "two lambdas on a line change places",
        "rerun",
        "clean, other = (lambda x: x * 2), (lambda x: x + 1)",
        ("(lambda x: x * 2), (lambda x: x + 1)", "(lambda x: x + 1), (lambda x: x * 2)"),
    ),
    there(
        "the unused one of two lambdas on a line",
        "imprecise",
        "clean, other = (lambda x: x * 2), (lambda x: x + 1)",
        ("x + 1", "x + 2"),
        why="Python 3.10 gives no column of a function, so lambdas of one line are taken together",
    ),
    there(
        "an inner function",
        "rerun",
        "def clean(x):\n    def inner(y):\n        return y * 2\n    return inner(x)",
        ("y * 2", "y * 3"),
    ),
    there(
        "a helper of an inner function",
        "rerun",
        "def twice(x):\n    return x * 2\n\ndef clean(x):\n    def inner(y):\n        return twice(y)\n    return inner(x)",
        TWICE,
    ),
    there(
        "a helper of a comprehension",
        "rerun",
        "def twice(x):\n    return x * 2\n\ndef clean(x):\n    return {k: [twice(v) for v in range(k)] for k in range(x)}",
        TWICE,
    ),
    here(
        "an assignment expression",
        "rerun",
        "def clean(x):\n    return [y for v in range(x) if (y := v * 2) > 1]",
        ("v * 2", "v * 3"),
    ),
    there(
        "a generator",
        "rerun",
        "def inner(n):\n    yield n * 2\n\ndef clean(n):\n    yield from inner(n)",
        ("n * 2", "n * 3"),
        body="return list(clean(x))",
    ),
    there(
        "an async helper",
        "rerun",
        "import asyncio\n\nasync def inner(x):\n    return x * 2\n\ndef clean(x):\n    return asyncio.run(inner(x))",
        TWICE,
    ),
    there(
        "a function that calls itself",
        "rerun",
        "def clean(n):\n    return 2 if n == 0 else n * clean(n - 1)",
        ("return 2", "return 3"),
    ),
    there(
        "a partial's function",
        "rerun",
        "from functools import partial\n\ndef scale(f, x):\n    return x * 2 + f\n\nclean = partial(partial(scale), 1)",
        TWICE,
    ),
    there(
        "a partial's argument",
        "rerun",
        "from functools import partial\n\ndef scale(f, x):\n    return x * f\n\nclean = partial(scale, 2)",
        ("scale, 2", "scale, 3"),
    ),
    there(
        "a helper given to reduce, map and sorted",
        "rerun",
        "from functools import reduce\n\ndef add(a, b):\n    return a + b * 2\n\ndef clean(x):\n    return reduce(add, sorted(map(abs, range(x))))",
        ("b * 2", "b * 3"),
    ),
    here(
        "a helper only called when something fails",
        "rerun",
        "def clean(x):\n    return x * 2",
        TWICE,
        body="try:\n    return 1 / (x - 3)\nexcept ZeroDivisionError:\n    return clean(x)",
    ),
    here("a helper in an f-string", "rerun", HELPER, TWICE, body='return f"{clean(x)!r:>{x}}"'),
    here(
        "a step that calls another step's function",
        "rerun",
        "@step\ndef other(x: int = 1) -> int:\n    return x * 2",
        TWICE,
        body="return other.entrypoint(x)",
    ),
    here(
        "a thread pool's function",
        "rerun",
        "from concurrent.futures import ThreadPoolExecutor\n\n" + HELPER,
        TWICE,
        body="with ThreadPoolExecutor() as pool:\n    return list(pool.map(clean, [x]))",
    ),
    # -- step factories ---------------------------------------------------------------------------
    *(
        Probe(
            f"a step factory that closes over {what}",
            "rerun",
            {
                "steps.py": source("""
                    from zencache import step

                    def double(v):
                        return v * 2

                    def triple(v):
                        return v * 3

                    def make(given):
                        @step
                        def work(x: int = 3) -> float:
                            return given(x) if callable(given) else [given, x]
                        return work
                    """)
                + f"\nwork = make({old})\n"
            },
            {"steps.py": (f"make({old})", f"make({new})")},
        )
        for what, old, new in (
            ("a number", "1", "2"),
            ("a type of number", "1", "True"),
            ("a list", "[1, [2]]", "[1, [3]]"),
            ("a function", "double", "triple"),
            ("a lambda", "lambda v: v + 1", "lambda v: v + 2"),
        )
    ),
    Probe(
        "the function that a step factory closes over",
        "rerun",
        {
            "steps.py": "from zencache import step\nfrom prep import clean\n\ndef make(given):\n    @step\n    def work(x: int = 3) -> float:\n        return given(x)\n    return work\n\nwork = make(clean)\n",
            "prep.py": "def helper(x):\n    return x * 2\n\ndef clean(x):\n    return helper(x)\n",
        },
        {"prep.py": TWICE},
    ),
    Probe(
        "unrelated code in a step factory",
        "hit",
        {
            "steps.py": "from zencache import step\n\ndef make(given):\n    unused = 1\n    @step\n    def work(x: int = 3) -> float:\n        return given * x\n    return work\n\nwork = make(5)\n"
        },
        {"steps.py": ("unused = 1", "unused = 2")},
    ),
]
