"""Decorators of helpers and of steps, caches, dispatch, registries."""

from __future__ import annotations

from tests.cache_truth.harness import Probe, source, step_with, there

TWICE = ("x * 2", "x * 5")
TIMES = ("v * 2", "v * 5")

# A decorator's definition, in which `v * 2` matters, and how it is applied.
DECORATORS = {
    "with wraps": (
        "import functools\ndef deco(f):\n    @functools.wraps(f)\n    def run(v: int = 3) -> float:\n        return f(v * 2)\n    return run",
        "@deco",
    ),
    "without wraps": (
        "def deco(f):\n    def run(v: int = 3) -> float:\n        return f(v * 2)\n    return run",
        "@deco",
    ),
    "that is a lambda": ("def deco(f):\n    return lambda v: f(v * 2)", "@deco"),
    "with arguments": (
        "import functools\ndef deco(n):\n    def outer(f):\n        @functools.wraps(f)\n        def run(v: int = 3) -> float:\n            return [f(v * 2), n]\n        return run\n    return outer",
        "@deco(1)",
    ),
    "that is a class": (
        "class deco:\n    def __init__(self, f):\n        self.f = f\n    def __call__(self, v):\n        return self.f(v * 2)",
        "@deco",
    ),
    "that is a class with update_wrapper": (
        "import functools\nclass deco:\n    def __init__(self, f):\n        self.f = f\n        functools.update_wrapper(self, f)\n    def __call__(self, v):\n        return self.f(v * 2)",
        "@deco",
    ),
    "that is a method of an instance": (
        "class D:\n    def deco(self, f):\n        return lambda v: f(v * 2)\nd = D()",
        "@d.deco",
    ),
    "that is a context manager": (
        "import contextlib\nSEEN = []\nclass deco(contextlib.ContextDecorator):\n    def __enter__(self):\n        v = 3\n        SEEN[:] = [v * 2]\n    def __exit__(self, *_):\n        return False",
        "@deco()",
    ),
    "that calls a helper": (
        "def twice(v):\n    return v * 2\ndef deco(f):\n    def run(v: int = 3) -> float:\n        return f(twice(v))\n    return run",
        "@deco",
    ),
    "that sets an attribute and gives the function back": (
        "def deco(f):\n    v = 3\n    f.factor = v * 2\n    return f",
        "@deco",
    ),
    "that gives a partial": (
        "from functools import partial\ndef twice(f, v):\n    return f(v * 2)\ndef deco(f):\n    return partial(twice, f)",
        "@deco",
    ),
}
ON_STEPS = (
    "that is a class with update_wrapper",
    "that is a context manager",
    "that sets an attribute and gives the function back",
)


def used(what: str, definition: str, application: str) -> list[Probe]:
    """Make probes of a decorator beside a helper, in a module of its own, and on the step itself."""
    result = "return [x, SEEN]" if "SEEN" in definition else "return [x, getattr(clean, 'factor', 0)]"
    helper = f"{application}\ndef clean(x):\n    {result}\n"
    on_step = (
        "from zencache import step\n"
        + definition
        + f"\n\n@step\n{application}\ndef work(x: int = 3) -> float:\n"
        + f"    {result.replace('clean', 'work.entrypoint')}\n"
    )
    made = [there(f"a decorator {what}", "rerun", f"{definition}\n\n{helper}", TIMES)]
    if "def run" in definition or what in ON_STEPS:
        made.append(
            Probe(
                f"the step's decorator {what}",
                "rerun",
                {"steps.py": on_step},
                {"steps.py": TIMES},
                arguments="3",
            )
        )
    return made


WRAPS = DECORATORS["with wraps"][0]
FACTORY = "def make(n):\n    def deco(f):\n        return lambda x: f(x) + n\n    return deco\n\ndef first(f):\n    return lambda x: f(x) * 10\n\n"

PROBES = [
    *(
        probe
        for what, (definition, application) in DECORATORS.items()
        for probe in used(what, definition, application)
    ),
    there(
        "the function under a decorator with wraps",
        "rerun",
        WRAPS + "\n\n@deco\ndef clean(x):\n    return x * 9",
        ("x * 9", "x * 8"),
    ),
    there(
        "the function under a decorator without wraps",
        "rerun",
        DECORATORS["without wraps"][0] + "\n\n@deco\ndef clean(x):\n    return x * 9",
        ("x * 9", "x * 8"),
    ),
    there(
        "the function under two decorators",
        "rerun",
        FACTORY + "@first\n@make(1)\ndef clean(x):\n    return x * 2",
        TWICE,
    ),
    there(
        "the order of decorators",
        "rerun",
        FACTORY + "@first\n@make(1)\ndef clean(x):\n    return x * 2",
        ("@first\n@make(1)", "@make(1)\n@first"),
    ),
    there(
        "a decorator's argument",
        "rerun",
        FACTORY + "@make(1)\ndef clean(x):\n    return x * 2",
        ("make(1)", "make(2)"),
    ),
    there(
        "a decorator's argument from a constant",
        "rerun",
        FACTORY + "N = 1\n@make(N)\ndef clean(x):\n    return x * 2",
        ("N = 1", "N = 2"),
    ),
    there(
        "a decorator is added",
        "rerun",
        FACTORY + "def clean(x):\n    return x * 2",
        ("def clean", "@first\ndef clean"),
    ),
    there(
        "an unused decorator", "hit", FACTORY + "@make(1)\ndef clean(x):\n    return x * 2", ("* 10", "* 20")
    ),
    there(
        "a comment in a decorator",
        "hit",
        FACTORY + "@make(1)\ndef clean(x):\n    return x * 2",
        ("def deco(f):", "def deco(f):  # adds"),
    ),
    there(
        "a docstring under a decorator with wraps",
        "hit",
        WRAPS + "\n\n@deco\ndef clean(x):\n    return x * 9",
        ("    return x * 9", '    """Nine."""\n    return x * 9'),
    ),
    Probe(
        "a decorator in another module",
        "rerun",
        {
            "steps.py": step_with(
                "return clean(x)", "from deco import deco\n@deco\ndef clean(x):\n    return x + 1"
            ),
            "deco.py": WRAPS,
        },
        {"deco.py": TIMES},
    ),
    Probe(
        "the step's decorator in another module",
        "rerun",
        {
            "steps.py": "from zencache import step\nfrom deco import deco\n\n@step\n@deco\ndef work(x: int = 3) -> float:\n    return x + 1\n",
            "deco.py": WRAPS,
        },
        {"deco.py": TIMES},
        arguments="3",
    ),
    Probe(
        "a decorator is put on the step",
        "rerun",
        {
            "steps.py": "from zencache import step\nfrom deco import deco\n\n@step\ndef work(x: int = 3) -> float:\n    return x + 1\n",
            "deco.py": WRAPS,
        },
        {"steps.py": ("@step\n", "@step\n@deco\n")},
        arguments="3",
    ),
    there(
        "how often a decorator tries",
        "rerun",
        source("""
        def retry(times=2):
            def deco(f):
                def run(x):
                    return [f(x) for _ in range(times)]
                return run
            return deco

        @retry()
        def clean(x):
            return x
        """),
        ("times=2", "times=3"),
    ),
    there(
        "a context manager by generator",
        "rerun",
        "import contextlib\n\n@contextlib.contextmanager\ndef scale():\n    yield 2\n\ndef clean(x):\n    with scale() as f:\n        return x * f",
        ("yield 2", "yield 3"),
    ),
]
