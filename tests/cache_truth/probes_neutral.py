"""What cannot change a result: comments, docstrings, formatting, order, unrelated code, names, places."""

from __future__ import annotations

from tests.cache_truth.harness import Probe, source

PREP = source('''
    """Cleaning."""

    import math

    FACTOR = 2
    UNUSED = 1


    def clean(x, add=0):
        """Clean."""
        kept = {"a": x, "b": add}
        total = kept["a"] * FACTOR + kept["b"]
        return total + inner(x)


    def inner(x):
        if x > 2:
            y: int = x
        else:
            y = -x
        return y


    def unrelated(x):
        return math.floor(x)


    class Unrelated:
        def run(self):
            return 1


    if __name__ == "__main__":
        print(clean(1))
    ''')
STEPS = source('''
    """Steps."""

    import json
    import logging

    from zencache import step
    from prep import clean, inner

    UNUSED = 1


    def unrelated():
        return json.dumps(UNUSED)


    @step
    def work(x: int = 3) -> float:
        """Work."""
        first = clean(x, add=1)
        return [first, local(x), 'a"b']


    def local(x):
        return inner(x) + 1
    ''')
FILES = {"prep.py": PREP, "steps.py": STEPS}
EQUAL = "another text of equal meaning is not told from one of another meaning"


def edit(name, *replacements, verdict="hit", **more) -> Probe:
    """Make a probe of an edit of the helper's module."""
    return Probe(name, verdict, FILES, {"prep.py": replacements}, **more)


def edit_steps(name, *replacements, verdict="hit", **more) -> Probe:
    """Make a probe of an edit of the step's module."""
    return Probe(f"step's module: {name}", verdict, FILES, {"steps.py": replacements}, **more)


CLEAN = PREP[PREP.index("def clean") : PREP.index("def inner")]
INNER = PREP[PREP.index("def inner") : PREP.index("def unrelated")]
UNRELATED = PREP[PREP.index("def unrelated") : PREP.index("class Unrelated")]
CLASS = PREP[PREP.index("class Unrelated") : PREP.index("if __name__")]
FROM = "from prep import clean, inner"

PROBES = [
    edit("a comment on a line of its own", ("        y = -x", "        # the other way\n        y = -x")),
    edit("a comment at the end of a line", ("y = -x", "y = -x  # turned")),
    edit("a comment at the top of the module", ('"""Cleaning."""', '# Copyright\n"""Cleaning."""')),
    edit("the module's docstring", ('"""Cleaning."""', '"""Cleaning, well."""')),
    edit("the module's docstring goes", ('"""Cleaning."""\n', "")),
    edit("a docstring", ("Clean.", "Clean\n\n    rows.\n    ")),
    edit("a docstring goes", ('    """Clean."""\n', "")),
    edit("a docstring is added", ("def inner(x):", 'def inner(x):\n    """Inner."""')),
    edit("quotes", ('{"a": x, "b": add}', "{'a': x, 'b': add}")),
    edit("quotes of a key", ('kept["b"]', "kept['''b''']")),
    edit("spaces and parentheses", ("FACTOR + kept", "FACTOR   +   (kept"), ('["b"]', '["b"])')),
    edit("a line is broken", ('{"a": x, "b": add}', '{\n        "a": x,\n        "b": add,\n    }')),
    edit("a backslash", ("return total + inner(x)", "return total \\\n        + inner(x)")),
    edit("two statements on a line", ("y = -x\n    return y", "y = -x\n    return y;")),
    edit("blank lines within a function", ("    total =", "\n\n    total =")),
    edit("blank lines at the top", ('"""Cleaning."""', '\n\n\n"""Cleaning."""')),
    edit("a literal in another base", ("FACTOR = 2", "FACTOR = 0b10")),
    edit("a string in two pieces", ('kept["a"]', 'kept["" "a"]')),
    edit("the other indentation", ("        y = -x", "            y = -x")),
    Probe("Windows line ends", "hit", FILES, {"prep.py": PREP.replace("\n", "\r\n")}),
    Probe("tabs", "hit", FILES, {"prep.py": PREP.replace("    ", "\t")}),
    Probe("a byte order mark", "hit", FILES, {"prep.py": "\ufeff" + PREP}),
    Probe(
        "an encoding line and a first line for the shell",
        "hit",
        FILES,
        {"prep.py": "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n" + PREP},
    ),
    edit("an annotation of a local variable", ("y: int = x", "y: float = x")),
    edit("an annotation of a local variable goes", ("y: int = x", "y = x")),
    edit("an annotation of a local variable is added", ("total = ", "total: float = ")),
    edit("a local variable declared only", ("    total = ", "    total: float\n    total = ")),
    edit(
        "annotations are postponed",
        ('"""Cleaning."""', '"""Cleaning."""\nfrom __future__ import annotations'),
    ),
    edit(
        "imports for types",
        (
            "import math",
            "import math\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pandas",
        ),
    ),
    edit(
        "a type alias and a type variable",
        ("FACTOR = 2", "from typing import TypeVar\nT = TypeVar('T')\nRows = list[int]\nFACTOR = 2"),
    ),
    edit("an unused constant", ("UNUSED = 1", "UNUSED = 2")),
    edit("an unused constant goes", ("UNUSED = 1\n", "")),
    edit("an unused constant is added", ("UNUSED = 1", "UNUSED = 1\nMORE = object()")),
    edit("an unrelated function", ("return math.floor(x)", "return math.ceil(x)")),
    edit("an unrelated function goes", (UNRELATED, "")),
    edit(
        "an unrelated function is added", ("def inner(x):", "def added():\n    return 1\n\n\ndef inner(x):")
    ),
    edit("an unrelated class", ("return 1", "return 2")),
    edit("an unrelated class goes", (CLASS, "")),
    edit("an import that is not used by the helper", ("import math", "import math\nimport random, json")),
    edit("what runs only as a script", ("print(clean(1))", "print(clean(2))")),
    edit("what runs only as a script goes", ('if __name__ == "__main__":\n    print(clean(1))\n', "")),
    edit("__all__", ("FACTOR = 2", "__all__ = ['clean', 'inner']\nFACTOR = 2")),
    edit("a version of the module", ("FACTOR = 2", "__version__ = '1.2'\nFACTOR = 2")),
    edit("the order of functions", (CLEAN, ""), (INNER, INNER + CLEAN)),
    edit("the order of constants", ("FACTOR = 2\nUNUSED = 1", "UNUSED = 1\nFACTOR = 2")),
    edit(
        "a constant stands below its use",
        ("FACTOR = 2\n", ""),
        ("class Unrelated", "FACTOR = 2\n\n\nclass Unrelated"),
    ),
    edit(
        "a logger is added and not used",
        ("FACTOR = 2", "import logging\nlogger = logging.getLogger(__name__)\nFACTOR = 2"),
    ),
    edit(
        "an annotation of an argument",
        ("def inner(x)", "def inner(x: int)"),
        verdict="imprecise",
        why="an annotation of a signature can be read",
    ),
    edit(
        "a local variable's name",
        ("total = ", "summed = "),
        ("return total", "return summed"),
        verdict="imprecise",
        why=EQUAL,
    ),
    edit("a sum in another order", ("total + inner(x)", "inner(x) + total"), verdict="imprecise", why=EQUAL),
    edit(
        "code that is never reached", ("return y", "return y\n    return 0"), verdict="imprecise", why=EQUAL
    ),
    edit("a line of the log", ("return y", "math.floor(y)\n    return y"), verdict="imprecise", why=EQUAL),
    edit("an assertion", ("return y", "assert y\n    return y"), verdict="imprecise", why=EQUAL),
    edit("a branch that does nothing", ("return y", "pass\n    return y"), verdict="imprecise", why=EQUAL),
    # -- the step's own module ----------------------------------------------------------------------
    edit_steps("a comment", ("    first =", "    # first of all\n    first =")),
    edit_steps("a docstring", ("Work.", "Works.")),
    edit_steps("a docstring goes", ('    """Work."""\n', "")),
    edit_steps("quotes", ("'a\"b'", '"a\\"b"')),
    edit_steps("an annotation of a local variable", ("first =", "first: float =")),
    edit_steps(
        "unrelated code", ("json.dumps(UNUSED)", "json.dumps([UNUSED])"), ("UNUSED = 1", "UNUSED = 2")
    ),
    edit_steps("an unused import goes", ("import logging\n", "")),
    edit_steps(
        "the order of imports",
        (
            "from zencache import step\nfrom prep import clean, inner",
            "from prep import inner, clean\nfrom zencache import step",
        ),
    ),
    edit_steps(
        "another step is added",
        ("UNUSED = 1", "UNUSED = 1\n\n\n@step\ndef more(a: int) -> int:\n    return a"),
    ),
    edit_steps("blank lines at the top", ('"""Steps."""', '\n\n"""Steps."""')),
    edit_steps(
        "the step's helper stands above it",
        ("\n\ndef local(x):\n    return inner(x) + 1\n", ""),
        ("@step", "def local(x):\n    return inner(x) + 1\n\n\n@step"),
    ),
    edit_steps(
        "annotations are postponed", ('"""Steps."""', '"""Steps."""\nfrom __future__ import annotations')
    ),
    edit_steps(
        "an argument's annotation in quotes",
        ("x: int", 'x: "int"'),
        verdict="imprecise",
        why="an annotation of a signature can be read",
    ),
    edit_steps("an option of the step", ("@step\n", "@step(enable_cache=True)\n")),
    edit_steps("empty parentheses of the decorator", ("@step\n", "@step()\n")),
    edit_steps(
        "the decorator by its module",
        ("from zencache import step", "import zencache"),
        ("@step\n", "@zencache.step\n"),
    ),
    edit_steps(
        "the decorator under another name", ("import step", "import step as task"), ("@step\n", "@task\n")
    ),
    edit_steps("the step's name as an option", ("@step\n", '@step(name="worker")\n')),
    edit_steps(
        "the salt of a policy",
        ("import step", "import step, CachePolicy"),
        ("@step\n", '@step(cache=CachePolicy(version="2"))\n'),
        verdict="rerun",
        unobservable="a salt is there to make a step run again",
    ),
    edit_steps(
        "the type of the output",
        ("-> float", "-> list"),
        verdict="rerun",
        unobservable="what is stored has another declared type",
    ),
]
