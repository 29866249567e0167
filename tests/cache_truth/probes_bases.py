"""Bases, their order, metaclasses, registries of subclasses."""

from __future__ import annotations

from tests.cache_truth.harness import Probe, step_with, there
from tests.cache_truth.probes_classes import TWICE, cleaner

PROBES = [
    cleaner(
        "a __getattribute__ of a base",
        "rerun",
        "class Base:\n    def __getattribute__(self, name):\n        return lambda x: x * 2\nclass Cleaner(Base):\n    def run(self, x):\n        return x",
        TWICE,
    ),
    cleaner(
        "a metaclass's method",
        "rerun",
        "class Meta(type):\n    def run(cls, x):\n        return x * 2\n\nclass Cleaner(metaclass=Meta):\n    pass",
        TWICE,
        body="return Cleaner.run(x)",
    ),
    cleaner(
        "a metaclass's call",
        "rerun",
        "class Meta(type):\n    def __call__(cls):\n        made = super().__call__()\n        made.f = 2\n        return made\n\nclass Cleaner(metaclass=Meta):\n    def run(self, x):\n        return x * self.f",
        ("f = 2", "f = 3"),
    ),
    cleaner(
        "a metaclass that adds a method",
        "rerun",
        "class Meta(type):\n    def __new__(m, name, bases, space):\n        space['run'] = lambda self, x: x * 2\n        return super().__new__(m, name, bases, space)\n\nclass Cleaner(metaclass=Meta):\n    pass",
        TWICE,
    ),
    cleaner(
        "a base's method",
        "rerun",
        "class Base:\n    def run(self, x):\n        return x * 2\n\nclass Cleaner(Base):\n    pass",
        TWICE,
    ),
    cleaner(
        "a chain of super() calls",
        "rerun",
        "class A:\n    def run(self, x):\n        return x * 2\nclass B(A):\n    def run(self, x):\n        return super().run(x) + 1\nclass Cleaner(B):\n    def run(self, x):\n        return super().run(x) + 1",
        TWICE,
    ),
    Probe(
        "a base in another module",
        "rerun",
        {
            "steps.py": step_with("return Cleaner().run(x)", "from prep import Cleaner"),
            "prep.py": "import base\nclass Cleaner(base.Base):\n    pass\n",
            "base.py": "class Base:\n    def run(self, x):\n        return x * 2\n",
        },
        {"base.py": TWICE},
    ),
    cleaner(
        "the order of bases",
        "rerun",
        "class A:\n    def run(self, x):\n        return x * 2\nclass B:\n    def run(self, x):\n        return x + 9\nclass Cleaner(A, B):\n    pass",
        ("(A, B)", "(B, A)"),
    ),
    cleaner(
        "a mixin is added",
        "rerun",
        "class A:\n    def run(self, x):\n        return x * 2\nclass Mixin:\n    def run(self, x):\n        return super().run(x) + 1\nclass Cleaner(A):\n    pass",
        ("Cleaner(A)", "Cleaner(Mixin, A)"),
    ),
    cleaner(
        "bases that are replaced",
        "rerun",
        "class A:\n    def run(self, x):\n        return x * 2\nclass B:\n    def run(self, x):\n        return x + 9\nclass Cleaner(A):\n    pass\n\nCleaner.__bases__ = (B,)",
        ("x + 9", "x + 8"),
    ),
    cleaner(
        "an abstract base's method",
        "rerun",
        "from abc import ABC, abstractmethod\nclass Base(ABC):\n    def run(self, x):\n        return self.inner(x) * 2\n    @abstractmethod\n    def inner(self, x): ...\nclass Cleaner(Base):\n    def inner(self, x):\n        return x",
        ("(x) * 2", "(x) * 3"),
    ),
    there(
        "a virtual subclass",
        "rerun",
        "from abc import ABC\nclass Base(ABC):\n    pass\nBase.register(int)\n\ndef clean(x):\n    return isinstance(x, Base)",
        ("register(int)", "register(str)"),
    ),
    cleaner(
        "a protocol's method",
        "rerun",
        "from typing import Protocol\nclass Runs(Protocol):\n    def run(self, x):\n        return x * 2\nclass Cleaner(Runs):\n    pass",
        TWICE,
    ),
    there(
        "a registry of subclasses",
        "rerun",
        "class Base:\n    known = {}\n    def __init_subclass__(cls, key):\n        Base.known[key] = cls\nclass A(Base, key='a'):\n    def run(self, x):\n        return x * 2\n\ndef clean(x):\n    return Base.known['a']().run(x)",
        TWICE,
    ),
    there(
        "the key in a registry of subclasses",
        "rerun",
        "class Base:\n    known = {}\n    def __init_subclass__(cls, key):\n        Base.known[key] = cls\nclass A(Base, key='a'):\n    pass\n\ndef clean(x):\n    return sorted(Base.known)",
        ("key='a'", "key='b'"),
    ),
    there(
        "subclasses found by __subclasses__",
        "rerun",
        "class Base:\n    pass\nclass A(Base):\n    def run(self, x):\n        return x * 2\n\ndef clean(x):\n    return [c().run(x) for c in Base.__subclasses__()]",
        TWICE,
    ),
    there(
        "the order of subclasses found by __subclasses__",
        "rerun",
        "class Base:\n    pass\nclass A(Base):\n    pass\nclass B(Base):\n    pass\n\n"
        "def clean(x):\n    return [c.__name__ for c in Base.__subclasses__()]",
        ("class A(Base):\n    pass\nclass B(Base)", "class B(Base):\n    pass\nclass A(Base)"),
    ),
]
