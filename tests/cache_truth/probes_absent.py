"""Names that are not there before the edit: what is added hides, completes or answers."""

from __future__ import annotations

from tests.cache_truth.harness import Probe, here, step_with, there

HELPER = "def clean(x):\n    return x * 2\n"
MAYBE = "try:\n    import fastlib\n    return fastlib.clean(x)\nexcept ImportError:\n    return x"

PROBES = [
    here(
        "a global that hides a built-in is added",
        "rerun",
        "A = 1",
        ("A = 1", "def max(*a):\n    return 0"),
        body="return max(x, 9)",
    ),
    here(
        "a global that hides a built-in goes",
        "rerun",
        "max = min",
        ("max = min", ""),
        body="return max(x, 9)",
    ),
    there(
        "a star import that hides a built-in",
        "rerun",
        "A = 1",
        ("A = 1", "def max(*a):\n    return 0"),
        body="return max(x, 9)",
        above="from prep import *",
    ),
    there(
        "a star import that hides an earlier helper",
        "rerun",
        "A = 1",
        ("A = 1", "def clean(x):\n    return 0"),
        above="def clean(x):\n    return x * 2\nfrom prep import *",
    ),
    there(
        "a built-in in a helper is hidden",
        "rerun",
        "def clean(x):\n    return round(x + 0.4)",
        ("def clean", "def round(x):\n    return 0\n\ndef clean"),
    ),
    here(
        "a helper that is missing is added",
        "rerun",
        "A = 1",
        ("A = 1", HELPER),
        body="try:\n    return clean(x)\nexcept NameError:\n    return 0",
    ),
    here(
        "a name is asked for in globals()",
        "rerun",
        "A = 1",
        ("A = 1", "FAST = 1"),
        body="return 'FAST' in globals()",
    ),
    here(
        "a name is looked up in globals() with a default",
        "rerun",
        "A = 1",
        ("A = 1", "FAST = 1"),
        body="return globals().get('FAST', 0)",
    ),
    there(
        "an attribute of a module that getattr may find",
        "rerun",
        "A = 1",
        ("A = 1", "FAST = 1"),
        body='return getattr(prep, "FAST", 0)',
        above="import prep",
    ),
    there(
        "an attribute of a module that hasattr may find",
        "rerun",
        "A = 1",
        ("A = 1", "FAST = 1"),
        body='return hasattr(prep, "FAST")',
        above="import prep",
    ),
    there(
        "an attribute of a module that is missing",
        "rerun",
        "A = 1",
        ("A = 1", "FAST = 1"),
        body="try:\n    return prep.FAST\nexcept AttributeError:\n    return 0",
        above="import prep",
    ),
    there(
        "a name that an import in the step may find",
        "rerun",
        "A = 1",
        ("A = 1", HELPER),
        body="try:\n    from prep import clean\nexcept ImportError:\n    return 0\nreturn clean(x)",
        above="",
    ),
    Probe(
        "a module that an import in the step may find",
        "rerun",
        {"steps.py": step_with(MAYBE)},
        {"fastlib.py": HELPER},
    ),
    Probe(
        "a module that an import may find",
        "rerun",
        {
            "steps.py": step_with(
                "return clean(x)", "try:\n    from fastlib import clean\nexcept ImportError:\n    clean = abs"
            )
        },
        {"fastlib.py": HELPER},
    ),
    Probe(
        "a module that an import in the step no longer finds",
        "rerun",
        {"steps.py": step_with(MAYBE), "fastlib.py": HELPER},
        {"fastlib.py": None},
    ),
    there(
        "the names of a module are counted",
        "rerun",
        "A = 1",
        ("A = 1", "A = 1\nB = 2"),
        body="return sorted(n for n in dir(prep) if n.isupper())",
        above="import prep",
    ),
    there(
        "the functions of a module are gone through",
        "rerun",
        "def a(x):\n    return x",
        ("def a", "def b(x):\n    return x * 2\n\ndef a"),
        body="return sorted(f(x) for n, f in vars(prep).items() if inspect.isfunction(f))",
        above="import inspect, prep",
    ),
    there(
        "a method that hides a base's is added",
        "rerun",
        "class A:\n    def run(self, x):\n        return x\nclass C(A):\n    pass\n\ndef clean(x):\n    return C().run(x)",
        ("    pass", "    def run(self, x):\n        return x * 2"),
    ),
    there(
        "a special method is added",
        "rerun",
        "class C:\n    pass\n\ndef clean(x):\n    return bool(C())",
        ("    pass", "    def __len__(self):\n        return 0"),
    ),
    there(
        "a special method of a base is added",
        "rerun",
        "class A:\n    pass\nclass C(A):\n    pass\n\ndef clean(x):\n    return bool(C())",
        ("class A:\n    pass", "class A:\n    def __len__(self):\n        return 0"),
    ),
    there(
        "a subclass is added and found",
        "rerun",
        "class A:\n    pass\n\ndef clean(x):\n    return len(A.__subclasses__())",
        ("def clean", "class B(A):\n    pass\n\ndef clean"),
    ),
    there(
        "an attribute that a class may have",
        "rerun",
        "class C:\n    a = 1\n\ndef clean(x):\n    return getattr(C, 'f', 0)",
        ("a = 1", "f = 1"),
    ),
    there(
        "a module's __getattr__ is added",
        "rerun",
        "A = 1",
        ("A = 1", "def __getattr__(name):\n    return 5"),
        body='return getattr(prep, "FAST", 0)',
        above="import prep",
    ),
    there(
        "a function's attribute is added",
        "rerun",
        "def clean(x):\n    return getattr(clean, 'f', 0)",
        ("return getattr(clean, 'f', 0)", "return getattr(clean, 'f', 0)\n\nclean.f = 2"),
    ),
    there(
        "an unrelated name is added to a module whose attribute is missing",
        "hit",
        "A = 1",
        ("A = 1", "A = 1\nB = 2"),
        body="try:\n    return prep.FAST\nexcept AttributeError:\n    return 0",
        above="import prep",
    ),
    there(
        "an unrelated name is added to a module with a built-in's user",
        "hit",
        "def clean(x):\n    return round(x + 0.4)",
        ("def clean", "def ground(x):\n    return 0\n\ndef clean"),
    ),
]
