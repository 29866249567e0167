"""Classes: methods of every kind, bases, metaclasses, registries."""

from __future__ import annotations

from tests.cache_truth.harness import Probe, here, there

TWICE = ("x * 2", "x * 5")
PLAIN = """
class Cleaner:
    def run(self, x):
        return x * 2

    def other(self, x):
        return x + 1
"""
WHOLE = "a class counts as a whole"


def cleaner(name, verdict, prep, *edit, **more) -> Probe:
    """Make a probe in which the step calls `Cleaner().run(x)`."""
    more = {"body": "return Cleaner().run(x)", "above": "from prep import Cleaner", **more}
    return there(name, verdict, prep, *edit, **more)


PROBES = [
    cleaner("a method", "rerun", PLAIN, TWICE),
    cleaner("an unrelated method", "imprecise", PLAIN, ("x + 1", "x + 2"), why=WHOLE),
    cleaner(
        "an added method",
        "imprecise",
        PLAIN,
        ("class Cleaner:", "class Cleaner:\n    def extra(self):\n        pass\n"),
        why=WHOLE,
    ),
    cleaner("a comment in a class", "hit", PLAIN, ("    def other", "    # another\n    def other")),
    cleaner(
        "a docstring of a class", "hit", PLAIN, ("class Cleaner:", 'class Cleaner:\n    """Cleans."""\n')
    ),
    cleaner(
        "a docstring of a method",
        "hit",
        PLAIN,
        ("        return x * 2", '        """Twice."""\n        return x * 2'),
    ),
    cleaner(
        "a helper of a method",
        "rerun",
        "def twice(x):\n    return x * 2\n\nclass Cleaner:\n    def run(self, x):\n        return twice(x)",
        TWICE,
    ),
    cleaner(
        "a method that another method calls",
        "rerun",
        "class Cleaner:\n    def run(self, x):\n        return self.inner(x)\n    def inner(self, x):\n        return x * 2",
        TWICE,
    ),
    cleaner(
        "an import in a method",
        "rerun",
        "def twice(x):\n    return x * 2\n\nclass Cleaner:\n    def run(self, x):\n        from prep import twice as t\n        return t(x)",
        TWICE,
    ),
    cleaner(
        "a default of a method",
        "rerun",
        "class Cleaner:\n    def run(self, x, f=2):\n        return x * f",
        ("f=2", "f=3"),
    ),
    cleaner(
        "a constructor",
        "rerun",
        "class Cleaner:\n    def __init__(self):\n        self.f = 2\n    def run(self, x):\n        return x * self.f",
        ("f = 2", "f = 3"),
    ),
    cleaner(
        "a __new__",
        "rerun",
        "class Cleaner:\n    def __new__(cls):\n        made = super().__new__(cls)\n        made.f = 2\n        return made\n    def run(self, x):\n        return x * self.f",
        ("f = 2", "f = 3"),
    ),
    cleaner(
        "a class attribute",
        "rerun",
        "class Cleaner:\n    f = 2\n    def run(self, x):\n        return x * self.f",
        ("f = 2", "f = 3"),
    ),
    cleaner(
        "a class attribute set later",
        "rerun",
        "class Cleaner:\n    f = 2\n    def run(self, x):\n        return x * self.f\n\nCleaner.f = 4",
        ("f = 4", "f = 3"),
    ),
    cleaner(
        "a class attribute from a constant",
        "rerun",
        "F = 2\nclass Cleaner:\n    f = F\n    def run(self, x):\n        return x * self.f",
        ("F = 2", "F = 3"),
    ),
    cleaner(
        "a class attribute from a loop",
        "rerun",
        "class Cleaner:\n    t = {}\n    for n in range(5):\n        t[n] = n * 2\n    def run(self, x):\n        return self.t[x]",
        ("n * 2", "n * 3"),
    ),
    cleaner(
        "a method that is a function of the module",
        "rerun",
        "def run(self, x):\n    return x * 2\n\nclass Cleaner:\n    run = run",
        TWICE,
    ),
    cleaner(
        "a property",
        "rerun",
        "class Cleaner:\n    @property\n    def f(self):\n        return 2\n    def run(self, x):\n        return x * self.f",
        ("return 2", "return 3"),
    ),
    cleaner(
        "a property's setter",
        "rerun",
        "class Cleaner:\n    @property\n    def f(self):\n        return self._f\n    @f.setter\n    def f(self, v):\n        self._f = v * 2\n    def run(self, x):\n        self.f = x\n        return self.f",
        ("v * 2", "v * 3"),
    ),
    cleaner(
        "a cached property",
        "rerun",
        "from functools import cached_property\n\nclass Cleaner:\n    @cached_property\n    def f(self):\n        return 2\n    def run(self, x):\n        return x * self.f",
        ("return 2", "return 3"),
    ),
    cleaner(
        "a static method",
        "rerun",
        "class Cleaner:\n    @staticmethod\n    def run(x):\n        return x * 2",
        TWICE,
        body="return Cleaner.run(x)",
    ),
    cleaner(
        "a class method",
        "rerun",
        "class Cleaner:\n    @classmethod\n    def run(cls, x):\n        return x * 2",
        TWICE,
        body="return Cleaner.run(x)",
    ),
    there(
        "a class method held in a global",
        "rerun",
        "class C:\n    f = 2\n    @classmethod\n    def run(cls, x):\n        return x * cls.f\nclean = C.run",
        ("f = 2", "f = 3"),
    ),
    there(
        "a bound method held in a global",
        "rerun",
        "class C:\n    def run(self, x):\n        return x * 2\nclean = C().run",
        TWICE,
    ),
    there(
        "an instance that is called",
        "rerun",
        "class C:\n    def __call__(self, x):\n        return x * 2\nclean = C()",
        TWICE,
    ),
    there(
        "the class of an instance in a list",
        "rerun",
        "class C:\n    def run(self, x):\n        return x * 2\nSTAGES = [C()]\n\ndef clean(x):\n    return [s.run(x) for s in STAGES]",
        TWICE,
    ),
    there(
        "a partial method",
        "rerun",
        "from functools import partialmethod\nclass C:\n    def scale(self, f, x):\n        return x * f\n    run = partialmethod(scale, 2)\n\ndef clean(x):\n    return C().run(x)",
        ("scale, 2", "scale, 3"),
    ),
    cleaner(
        "a descriptor",
        "rerun",
        "class Field:\n    def __get__(self, instance, owner):\n        return 2\n\nclass Cleaner:\n    f = Field()\n    def run(self, x):\n        return x * self.f",
        ("return 2", "return 3"),
    ),
    cleaner(
        "the state of a descriptor",
        "rerun",
        "class Field:\n    def __init__(self, v):\n        self.v = v\n    def __get__(self, instance, owner):\n        return self.v\n\nclass Cleaner:\n    f = Field(2)\n    def run(self, x):\n        return x * self.f",
        ("Field(2)", "Field(3)"),
    ),
    cleaner(
        "a __set_name__",
        "rerun",
        "class Field:\n    def __set_name__(self, owner, name):\n        owner.g = 2\n\nclass Cleaner:\n    f = Field()\n    def run(self, x):\n        return x * self.g",
        ("g = 2", "g = 3"),
    ),
    cleaner(
        "a __getattr__",
        "rerun",
        "class Cleaner:\n    def __getattr__(self, name):\n        return lambda x: x * 2",
        TWICE,
    ),
    cleaner(
        "an operator",
        "rerun",
        "class Cleaner:\n    def __add__(self, x):\n        return x * 2",
        TWICE,
        body="return Cleaner() + x",
    ),
    cleaner(
        "an iterator",
        "rerun",
        "class Cleaner:\n    def __iter__(self):\n        yield 2",
        ("yield 2", "yield 3"),
        body="return [*Cleaner()]",
    ),
    cleaner(
        "a context manager",
        "rerun",
        "class Cleaner:\n    def __enter__(self):\n        return 2\n    def __exit__(self, *_):\n        return False",
        ("return 2", "return 3"),
        body="with Cleaner() as f:\n    return x * f",
    ),
    cleaner(
        "a nested class",
        "rerun",
        "class Cleaner:\n    class Inner:\n        def run(self, x):\n            return x * 2\n    def run(self, x):\n        return self.Inner().run(x)",
        TWICE,
    ),
    cleaner(
        "a class made in a function",
        "rerun",
        "def make(f):\n    class Cleaner:\n        def run(self, x):\n            return x * f\n    return Cleaner\n\nCleaner = make(2)",
        ("make(2)", "make(3)"),
    ),
    cleaner(
        "a class made by type()",
        "rerun",
        "Cleaner = type('Cleaner', (), {'run': lambda self, x: x * 2})",
        TWICE,
    ),
    cleaner(
        "a class decorator",
        "rerun",
        "def faster(cls):\n    cls.f = 2\n    return cls\n\n@faster\nclass Cleaner:\n    def run(self, x):\n        return x * self.f",
        ("f = 2", "f = 3"),
    ),
    cleaner(
        "a class attribute patched by another module",
        "rerun",
        PLAIN + "\ndef fast(self, x):\n    return x * 7\n",
        ("x * 7", "x * 8"),
        above="import prep\nfrom prep import Cleaner\nCleaner.run = prep.fast",
    ),
    cleaner(
        "the definition that a patch replaced",
        "imprecise",
        PLAIN + "\ndef fast(self, x):\n    return x * 7\n",
        TWICE,
        above="import prep\nfrom prep import Cleaner\nCleaner.run = prep.fast",
        why=WHOLE,
    ),
    there(
        "an exception's base",
        "rerun",
        "class E(Exception):\n    pass\nclass F(E):\n    pass\n\ndef clean(x):\n    try:\n        raise F\n    except E:\n        return 1\n    except Exception:\n        return 2",
        ("F(E)", "F(Exception)"),
    ),
    there(
        "an equality that decides",
        "rerun",
        "class V:\n    def __eq__(self, other):\n        return True\n    __hash__ = None\nK = V()\n\ndef clean(x):\n    return K == x",
        ("return True", "return False"),
    ),
    there(
        "a __class_getitem__",
        "rerun",
        "class V:\n    def __class_getitem__(cls, x):\n        return x * 2\n\ndef clean(x):\n    return V[x]",
        TWICE,
    ),
    there(
        "slots decide what can be set",
        "rerun",
        "class V:\n    __slots__ = ('a',)\n\ndef clean(x):\n    try:\n        V().b = 1\n    except AttributeError:\n        return 0\n    return 1",
        ("('a',)", "('a', 'b')"),
    ),
    here("a class in the step's module", "rerun", PLAIN, TWICE, body="return Cleaner().run(x)"),
    here("an unused class in the step's module", "hit", PLAIN, TWICE, body="return x"),
]
