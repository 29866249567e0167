"""What only a run can resolve: code from text, names computed, definitions replaced, code that reads code."""

from __future__ import annotations

from tests.cache_truth.harness import MAIN, Probe, here, step_with, there

HELPER = "def clean(x):\n    return x * 2\n\n\ndef other(x):\n    return x + 1\n"
TWICE = ("x * 2", "x * 5")
OTHER = ("x + 1", "x + 2")
COMPUTED = "which function is meant is computed in the run"


def either(name, above, body, **more) -> list[Probe]:
    """Make two probes of functions in the step's module: the helper is edited, and an unrelated one."""
    return [
        here(name, "rerun", above, TWICE, body=body, **more),
        here(f"{name}, unrelated code", "imprecise", above, OTHER, body=body, why=COMPUTED, **more),
    ]


PATCH = "import prep, patches\n"
METHODS = (
    "class C:\n    def run_a(self, x):\n        return x * 2\n    def run_b(self, x):\n        return x + 1\n"
)

ALIASED = MAIN.replace("import work", "import alias").replace("work()", "alias()")
RENAMED = [
    ("its object is asked", "rerun", "import steps\nreturn steps.alias.__name__", ""),
    ("its global is asked", "rerun", "return alias.entrypoint.__name__", ""),
    ("a helper asks", "rerun", "return show(alias)", "def show(f):\n    return f.__name__"),
    ("its frame is asked", "rerun", "return inspect.currentframe().f_code.co_name", "import inspect"),
    (
        "its caller is asked",
        "rerun",
        "return me()",
        "import sys\ndef me():\n    return sys._getframe(1).f_code.co_name",
    ),
    ("the stack is asked", "rerun", "return inspect.stack()[0].function", "import inspect"),
    ("the name of a type is asked", "hit", "return type(x).__name__", ""),
    ("the name of the module is asked", "hit", "return __name__", ""),
    ("nothing is asked", "hit", "return x * 2", ""),
]

PROBES = [
    *either("globals() with a literal", HELPER, 'return globals()["clean"](x)'),
    *either("globals() with a computed name", HELPER, 'n = "an"\nreturn globals()["cle" + n](x)'),
    *either("eval of a literal", HELPER, 'return eval("clean(x)")'),
    *either("eval of a computed text", HELPER, 'n = "an"\nreturn eval("cle" + n + "(x)")'),
    *either(
        "exec of a literal", HELPER, 'space = {}\nexec("y = clean(3)", globals(), space)\nreturn space["y"]'
    ),
    *either("this module by its name", "import sys\n" + HELPER, "return sys.modules[__name__].clean(x)"),
    *either(
        "getattr on this module",
        "import sys\n" + HELPER,
        'n = "an"\nreturn getattr(sys.modules[__name__], "cle" + n)(x)',
    ),
    *either(
        "getattr with a computed name on an instance", METHODS, 'k = "a"\nreturn getattr(C(), f"run_{k}")(x)'
    ),
    *either(
        "a method called by name",
        "import operator\n" + METHODS,
        'return operator.methodcaller("run_a", x)(C())',
    ),
    *either("the globals of a function", HELPER, 'return other.__globals__["clean"](x)'),
    *either(
        "the globals of a frame",
        "import inspect\n" + HELPER,
        'return inspect.currentframe().f_globals["clean"](x)',
    ),
    here(
        "eval through a second name",
        "rerun",
        "run = eval\n" + HELPER,
        TWICE,
        body='n = "an"\nreturn run("cle" + n + "(3)", globals())',
    ),
    here(
        "text that is executed",
        "rerun",
        "CODE = 'y = 2'",
        ("y = 2", "y = 3"),
        body='space = {}\nexec(CODE, space)\nreturn space["y"] * x',
    ),
    here(
        "text that is compiled at import",
        "rerun",
        "SPACE = {}\nexec(compile('def clean(x): return x * 2', 'made', 'exec'), SPACE)",
        TWICE,
        body="return SPACE['clean'](x)",
    ),
    here(
        "the first of two functions made by exec under one name",
        "rerun",
        "def make(text):\n    space = {}\n    exec(text, space)\n    return space['f']\nA = make('def f(x): return x * 2')\nB = make('def f(x): return x + 1')",
        TWICE,
        body="return A(x) - B(x)",
    ),
    here(
        "a function made from code and globals",
        "rerun",
        "import types\nF = 2\ndef clean(x):\n    return x * F\nmade = types.FunctionType(clean.__code__, {'F': 5})",
        ("'F': 5", "'F': 6"),
        body="return made(x)",
    ),
    # -- replaced -----------------------------------------------------------------------------------
    Probe(
        "a constant of another module is set",
        "rerun",
        {
            "steps.py": step_with("return clean(x)", "import prep\nfrom prep import clean\nprep.F = 3"),
            "prep.py": "F = 2\ndef clean(x):\n    return x * F\n",
        },
        {"steps.py": ("prep.F = 3", "prep.F = 4")},
    ),
    there(
        "a constant that another module replaces",
        "imprecise",
        "F = 2\ndef clean(x):\n    return x * F",
        ("F = 2", "F = 9"),
        above="import prep\nfrom prep import clean\nprep.F = 3",
        why="the text of the replaced definition may count",
    ),
    Probe(
        "a function of another module is replaced",
        "rerun",
        {
            "steps.py": step_with("return prep.clean(x)", PATCH + "prep.clean = patches.clean"),
            "prep.py": HELPER,
            "patches.py": HELPER.replace("x * 2", "x * 7"),
        },
        {"patches.py": ("x * 7", "x * 8")},
    ),
    Probe(
        "the replacement of a function goes",
        "rerun",
        {
            "steps.py": step_with("return prep.clean(x)", PATCH + "prep.clean = patches.clean"),
            "prep.py": HELPER,
            "patches.py": HELPER.replace("x * 2", "x * 7"),
        },
        {"steps.py": ("prep.clean = patches.clean", "")},
    ),
    Probe(
        "main replaces a function that a helper calls",
        "rerun",
        {
            "main.py": "import prep\nfrom zencache import pipeline\nfrom steps import work\nprep.inner = lambda x: x * 2\n@pipeline\ndef pipeline_under_test():\n    work()\n",
            "steps.py": step_with("return prep.clean(x)", "import prep"),
            "prep.py": "def inner(x):\n    return x\ndef clean(x):\n    return inner(x)\n",
        },
        {"main.py": TWICE},
    ),
    here(
        "a function of the standard library is replaced",
        "rerun",
        "import math\nmath.sqrt = lambda x: x * 2",
        TWICE,
        body="return math.sqrt(x)",
    ),
    here(
        "a built-in is added",
        "rerun",
        "import builtins\nbuiltins.clean_it = lambda x: x * 2",
        TWICE,
        body="return clean_it(x)",
    ),
    here(
        "a built-in is replaced",
        "rerun",
        "import builtins\n_round = round\nbuiltins.round = lambda x: x * 2",
        TWICE,
        body="return round(x)",
    ),
    here(
        "a method of a library's class is replaced",
        "rerun",
        "import fractions\nfractions.Fraction.limit_denominator = lambda self, n=0: n * 2",
        ("n * 2", "n * 5"),
        body="return fractions.Fraction(1).limit_denominator(x)",
    ),
    here(
        "a module stands in for itself",
        "rerun",
        "import sys, types\nfake = types.SimpleNamespace(clean=lambda x: x * 2)\nsys.modules['fake'] = fake",
        TWICE,
        body="import fake\nreturn fake.clean(x)",
    ),
    here(
        "a patch during the run",
        "rerun",
        "from unittest import mock\nimport steps\ndef other(x):\n    return x * 2\ndef clean(x):\n    return x",
        TWICE,
        body="with mock.patch('steps.clean', other):\n    return clean(x)",
    ),
    here(
        "a patch by name during the run",
        "rerun",
        "from unittest import mock\nF = 1\ndef clean(x):\n    return x * F",
        ("F', 5", "F', 6"),
        body="with mock.patch('steps.F', 5):\n    return clean(x)",
    ),
    # -- code that reads code -----------------------------------------------------------------------
    there(
        "a docstring that is read",
        "rerun",
        'def clean(x):\n    """One."""\n    return x',
        ("One.", "Two."),
        body="return clean.__doc__",
    ),
    there(
        "a docstring that is read by inspect",
        "rerun",
        'def clean(x):\n    """One."""\n    return x',
        ("One.", "Two."),
        body="return inspect.getdoc(clean)",
        above="import inspect\nfrom prep import clean",
    ),
    there(
        "a docstring of a class that is read",
        "rerun",
        'class C:\n    """One."""\n\ndef clean(x):\n    return C.__doc__',
        ("One.", "Two."),
    ),
    there(
        "a docstring of a module that is read",
        "rerun",
        '"""One."""\n\ndef clean(x):\n    return __doc__',
        ("One.", "Two."),
    ),
    there(
        "a docstring that is read by a literal getattr",
        "rerun",
        'def clean(x):\n    """One."""\n    return x',
        ("One.", "Two."),
        body='return getattr(clean, "__doc__")',
    ),
    here(
        "the step's own docstring",
        "rerun",
        "",
        ("One.", "Two."),
        body='"""One."""\nreturn work.entrypoint.__doc__',
    ),
    there(
        "a prompt in a docstring",
        "rerun",
        'def show(f):\n    return f.__doc__\n\ndef clean(x):\n    """One."""\n    return show(clean)',
        ("One.", "Two."),
    ),
    here(
        "a name of a function that is read",
        "rerun",
        "def clean(x):\n    return x\nused = clean",
        ("def clean(x):\n    return x\nused = clean", "def tidy(x):\n    return x\nused = tidy"),
        body="return used.__name__",
    ),
    there(
        "the annotations of a helper that are read",
        "rerun",
        "def clean(x: int):\n    return x",
        ("x: int", "x: float"),
        body="return str(clean.__annotations__)",
    ),
    there(
        "type hints that are read",
        "rerun",
        "import typing\nclass C:\n    a: int\n\ndef clean(x):\n    return str(typing.get_type_hints(C))",
        ("a: int", "a: float"),
    ),
    there(
        "the parameters of a helper that are read",
        "rerun",
        "import inspect\ndef inner(a, b):\n    return a\n\ndef clean(x):\n    return list(inspect.signature(inner).parameters)",
        ("inner(a, b):\n    return a", "inner(a, c):\n    return a"),
    ),
    there(
        "the source of a helper that is read",
        "rerun",
        "def clean(x):\n    return x  # one",
        ("# one", "# two"),
        body="return inspect.getsource(clean)",
        above="import inspect\nfrom prep import clean",
    ),
    there(
        "the line on which code stands",
        "rerun",
        "import inspect\n\ndef clean(x):\n    return inspect.currentframe().f_lineno",
        ("import inspect\n", "import inspect\n\n\n"),
    ),
    there(
        "the names of local variables that are read",
        "rerun",
        "def clean(x):\n    a = x\n    return sorted(locals())",
        ("a = x", "b = x"),
    ),
    Probe(
        "the module of a class that is read",
        "rerun",
        {
            "steps.py": step_with("return C.__module__", "from prep import C"),
            "prep.py": "class C:\n    pass\n",
        },
        {"steps.py": ("from prep", "from tidy"), "prep.py": None, "tidy.py": "class C:\n    pass\n"},
    ),
    Probe(
        "a helper that reads its module's name is moved",
        "rerun",
        {
            "steps.py": step_with("return clean(x)", "from prep import clean"),
            "prep.py": "def clean(x):\n    return __name__\n",
        },
        {
            "steps.py": ("from prep", "from tidy"),
            "prep.py": None,
            "tidy.py": "def clean(x):\n    return __name__\n",
        },
    ),
    Probe(
        "a helper that reads its file's name is moved",
        "rerun",
        {
            "steps.py": step_with("return clean(x)", "from prep import clean"),
            "prep.py": "import os\ndef clean(x):\n    return os.path.basename(__file__)\n",
        },
        {
            "steps.py": ("from prep", "from tidy"),
            "prep.py": None,
            "tidy.py": "import os\ndef clean(x):\n    return os.path.basename(__file__)\n",
        },
    ),
    *(
        Probe(
            f"the step is renamed: {name}",
            verdict,
            {"steps.py": step_with(body, above) + "\n\nalias = work\n", "main.py": ALIASED},
            {"steps.py": (("def work(", "def task("), ("alias = work", "alias = task"))},
        )
        for name, verdict, body, above in RENAMED
    ),
]
