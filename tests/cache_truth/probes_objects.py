"""Objects that carry behaviour: their own methods, callbacks that libraries call, wrappers around functions."""

from __future__ import annotations

from tests.cache_truth.harness import there

TWICE = ("x * 2", "x * 5")
RUN = "\n\ndef clean(x):\n    return K.run(x)\n"


def behaves(name, definition, edit=TWICE, use="K.run(x)", verdict="rerun", **more):
    """Make a probe of a module whose `clean` uses an object."""
    return there(name, verdict, f"{definition}\n\ndef clean(x):\n    return {use}\n", edit, **more)


PROBES = [
    behaves(
        "a method set on the instance",
        "class C:\n    def run(self, x):\n        return x\nK = C()\nK.run = lambda x: x * 2",
    ),
    behaves(
        "an instance whose class is replaced",
        "class C:\n    def run(self, x):\n        return x\nclass D(C):\n    def run(self, x):\n        return x * 2\nK = C()\nK.__class__ = D",
    ),
    behaves(
        "which class an instance's is replaced by",
        "class C:\n    def run(self, x):\n        return x\nclass D(C):\n    def run(self, x):\n        return x * 2\nclass E(C):\n    def run(self, x):\n        return x * 3\nK = C()\nK.__class__ = D",
        ("__class__ = D", "__class__ = E"),
    ),
    behaves(
        "a function bound by hand",
        "import types\nclass C:\n    pass\ndef run(self, x):\n    return x * 2\nK = C()\nK.run = types.MethodType(run, K)",
    ),
    behaves(
        "a private attribute",
        "class C:\n    def __init__(self):\n        self.__f = 2\n    def run(self, x):\n        return x * self.__f\nK = C()",
        ("f = 2", "f = 3"),
    ),
    behaves(
        "an attribute by the instance's type",
        "class C:\n    f = 2\n    def run(self, x):\n        return x * type(self).f\nK = C()",
        ("f = 2", "f = 3"),
    ),
    behaves(
        "a dict with __missing__",
        "class D(dict):\n    def __missing__(self, x):\n        return x * 2\nK = D()",
        use="K[x]",
    ),
    behaves(
        "a list with another __getitem__",
        "class L(list):\n    def __getitem__(self, x):\n        return x * 2\nK = L()",
        use="K[x]",
    ),
    behaves(
        "a list's subclass in a nested list",
        "class L(list):\n    def run(self, x):\n        return x * 2\nK = [[L()]]",
        use="K[0][0].run(x)",
    ),
    behaves(
        "a key function made of a comparison",
        "from functools import cmp_to_key\ndef compare(a, b):\n    return a - b\nK = cmp_to_key(compare)",
        ("a - b", "b - a"),
        use="sorted([1, 2], key=K)",
        unhashable="nothing tells what is in it",
    ),
    behaves(
        "an ordering completed by a library",
        "from functools import total_ordering\n@total_ordering\nclass C:\n    def __eq__(self, o):\n        return False\n    def __lt__(self, o):\n        return True\nK = C()",
        ("return True", "return False"),
        use="K <= C()",
    ),
    behaves(
        "a method that a library's base calls",
        "import ast\nclass C(ast.NodeVisitor):\n    def visit_Name(self, node):\n        self.found = node.id * 2\n    def run(self, x):\n        self.visit(ast.parse('ab'))\n        return self.found\nK = C()",
        ("id * 2", "id * 3"),
    ),
    behaves(
        "an encoder's method",
        "import json\nclass C(json.JSONEncoder):\n    def default(self, o):\n        return 2",
        ("return 2", "return 3"),
        use="json.dumps({'a': {x}}, cls=C)",
    ),
    behaves(
        "a mapping by an abstract base",
        "from collections.abc import Mapping\nclass C(Mapping):\n    def __getitem__(self, k):\n        return 2\n    def __iter__(self):\n        yield 1\n    def __len__(self):\n        return 1\nK = C()",
        ("return 2", "return 3"),
        use="dict(K)",
    ),
    behaves(
        "a wrapper around a function in a slot",
        "class W:\n    __slots__ = ('f',)\n    def __init__(self, f):\n        self.f = f\n    def run(self, x):\n        return self.f(x)\ndef twice(x):\n    return x * 2\nK = W(twice)",
    ),
    behaves(
        "a function three wrappers deep",
        "class W:\n    def __init__(self, f):\n        self.f = f\n    def __call__(self, x):\n        return self.f(x)\ndef twice(x):\n    return x * 2\nK = W(W([twice, W(twice)][1]))",
        use="K(x)",
    ),
    behaves(
        "a closure in a closure",
        "def outer(n):\n    def middle():\n        def inner(x):\n            return x * n\n        return inner\n    return middle()\nK = outer(2)",
        ("outer(2)", "outer(3)"),
        use="K(x)",
    ),
    behaves(
        "a list that a closure holds",
        "def outer():\n    held = [2]\n    def inner(x):\n        return [x, held]\n    inner.held = held\n    return inner\nK = outer()\nK.held.append(3)",
        ("append(3)", "append(4)"),
        use="K(x)",
    ),
    behaves(
        "a class that a closure holds",
        "def outer():\n    class C:\n        def run(self, x):\n            return x * 2\n    return lambda x: C().run(x)\nK = outer()",
        use="K(x)",
    ),
    behaves(
        "closures in a loop",
        "K = []\nfor n in (1, 2):\n    K.append(lambda x, n=n: x * n)",
        ("(1, 2)", "(1, 3)"),
        use="K[1](x)",
    ),
    behaves(
        "a partial of a bound method",
        "from functools import partial\nclass C:\n    def __init__(self, f):\n        self.f = f\n    def run(self, a, x):\n        return self.f * a + x\nK = partial(C(2).run, 5)",
        ("C(2)", "C(3)"),
        use="K(x)",
    ),
    behaves(
        "a mapped function held as an iterator's maker",
        "from functools import partial\ndef twice(x):\n    return x * 2\nK = partial(map, twice)",
        use="list(K([x]))",
    ),
    behaves(
        "a flag's combination",
        "from enum import Flag\nclass F(Flag):\n    A = 1\n    B = 2\nK = F.A | F.B",
        ("K = F.A | F.B", "K = F.A"),
        use="K.value",
    ),
    behaves(
        "a weak reference",
        "import weakref\nclass C:\n    f = 2\n    def run(self, x):\n        return x * self.f\nHELD = C()\nK = weakref.ref(HELD)",
        ("f = 2", "f = 3"),
        use="K().run(x)",
    ),
    behaves(
        "a pipeline of stages",
        "class Scale:\n    def __init__(self, f):\n        self.f = f\n    def __call__(self, x):\n        return x * self.f\nclass Chain:\n    def __init__(self, *stages):\n        self.stages = stages\n    def run(self, x):\n        for stage in self.stages:\n            x = stage(x)\n        return x\nK = Chain(Scale(2), Scale(3))",
        ("Scale(3)", "Scale(4)"),
    ),
    behaves(
        "a stage of a pipeline of stages",
        "class Scale:\n    def __call__(self, x):\n        return x * 2\nclass Chain:\n    def __init__(self, *stages):\n        self.stages = stages\n    def run(self, x):\n        for stage in self.stages:\n            x = stage(x)\n        return x\nK = Chain(Scale(), abs)",
    ),
    behaves(
        "objects that refer to each other",
        "class C:\n    def run(self, x):\n        return x * self.other.f\nK, L = C(), C()\nK.other, L.other = L, K\nL.f = 2",
        ("L.f = 2", "L.f = 3"),
    ),
    behaves(
        "a comment beside objects that refer to each other",
        "class C:\n    def run(self, x):\n        return x * self.other.f\nK, L = C(), C()\nK.other, L.other = L, K\nL.f = 2",
        ("L.f = 2", "L.f = 2  # two"),
        verdict="hit",
    ),
    behaves(
        "a comment beside a function three wrappers deep",
        "class W:\n    def __init__(self, f):\n        self.f = f\n    def __call__(self, x):\n        return self.f(x)\ndef twice(x):\n    return x * 2\nK = W(W(twice))",
        ("x * 2", "x * 2  # twice"),
        use="K(x)",
        verdict="hit",
    ),
    behaves(
        "a comment beside a set of instances",
        "class C:\n    def run(self, x):\n        return x * 2\nK = {C(), C(), C()}",
        ("x * 2", "x * 2  # twice"),
        use="[k.run(x) for k in K]",
        verdict="hit",
    ),
]
