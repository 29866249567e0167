"""Members of classes that their text does not show: computed at import, generated, set later, written in C."""

from __future__ import annotations

from tests.cache_truth.harness import Probe, step_with, there

LOAD = "import json\nfrom pathlib import Path\ndef load():\n    return json.loads((Path(__file__).parent / 'conf.json').read_text())['rate']\n"
USE = "\n\ndef clean(x):\n    return {}\n"


def computed(name: str, definition: str, use: str, verdict="rerun", edit=None, **more) -> Probe:
    """Make a probe of a class that takes something from a file when its module is imported."""
    files = {
        "steps.py": step_with("return clean(x)", "from prep import clean"),
        "prep.py": LOAD + definition + USE.format(use),
        "conf.json": '{"rate": 2, "other": 1}',
    }
    return Probe(name, verdict, files, edit or {"conf.json": ('"rate": 2', '"rate": 5')}, **more)


def set_later(name: str, definition: str, *edit, use="C().go()", verdict="rerun", **more) -> Probe:
    """Make a probe of a class that the module changes after its definition."""
    return there(name, verdict, definition + USE.format(use), *edit, **more)


PYDANTIC = "from pydantic import BaseModel, Field\nfrom typing import Annotated\n"
DATACLASS = "from dataclasses import dataclass, field\n"
ENUM = "from enum import Enum, IntEnum, Flag, auto\n"
COMMENT = {"prep.py": ("def clean(x):", "# a comment\ndef clean(x):")}

PROBES = [
    # enums
    computed("an enum's value from a file", ENUM + "class K(Enum):\n    A = load()", "K.A.value"),
    computed("an int enum's value from a file", ENUM + "class K(IntEnum):\n    A = load()", "K.A + x"),
    computed("a flag from a file", ENUM + "class K(Flag):\n    A = load()\n    B = 8", "(K.A | K.B).value"),
    computed(
        "a text enum's value from a file",
        ENUM + "class K(str, Enum):\n    A = str(load())",
        "K.A.upper()",
    ),
    computed(
        "automatic values that a file decides",
        ENUM
        + "class K(Enum):\n    @staticmethod\n    def _generate_next_value_(name, start, count, last):\n        return load()\n    A = auto()",
        "K.A.value",
    ),
    computed(
        "an attribute that an enum's constructor reads",
        ENUM
        + "class K(Enum):\n    A = 1\n    def __init__(self, value):\n        self.rate = load() * value",
        "K.A.rate",
    ),
    computed("an enum made by a call of Enum", ENUM + "K = Enum('K', {'A': load()})", "K.A.value"),
    computed(
        "an enum's value of another entry",
        ENUM + "class K(Enum):\n    A = load()",
        "K.A.value",
        verdict="hit",
        edit={"conf.json": ('"other": 1', '"other": 9')},
    ),
    computed(
        "a comment beside a computed enum",
        ENUM + "class K(Enum):\n    A = load()",
        "K.A.value",
        "hit",
        COMMENT,
    ),
    # fields
    computed("a model's default from a file", PYDANTIC + "class C(BaseModel):\n    a: int = load()", "C().a"),
    computed(
        "a model's inherited default from a file",
        PYDANTIC + "class B(BaseModel):\n    a: int = load()\nclass C(B):\n    b: int = 1",
        "C().a",
    ),
    computed(
        "a default in a model's field", PYDANTIC + "class C(BaseModel):\n    a: int = Field(load())", "C().a"
    ),
    computed(
        "a bound in a model's field",
        PYDANTIC
        + "class C(BaseModel):\n    a: int = Field(3, lt=load() * 2)\ndef ok(x):\n    try:\n        return C(a=7).a\n    except ValueError:\n        return 0",
        "ok(x)",
    ),
    computed(
        "a bound in a model's annotation",
        PYDANTIC
        + "class C(BaseModel):\n    a: Annotated[int, Field(lt=load() * 2)]\ndef ok(x):\n    try:\n        return C(a=7).a\n    except ValueError:\n        return 0",
        "ok(x)",
    ),
    computed(
        "a private attribute of a model",
        PYDANTIC + "class C(BaseModel):\n    _a: int = load()\n    def go(self):\n        return self._a",
        "C().go()",
    ),
    computed(
        "a model made by a call",
        "from pydantic import create_model\nC = create_model('C', a=(int, load()))",
        "C().a",
    ),
    computed(
        "a default in a dataclass with slots",
        DATACLASS + "@dataclass(slots=True)\nclass C:\n    a: int = load()",
        "C().a",
    ),
    computed(
        "a default in a dataclass's field",
        DATACLASS + "@dataclass\nclass C:\n    a: int = field(default=load())",
        "C().a",
    ),
    computed(
        "the metadata of a dataclass's field",
        DATACLASS + "@dataclass\nclass C:\n    a: int = field(default=1, metadata=dict(f=load()))",
        "C.__dataclass_fields__['a'].metadata['f']",
    ),
    computed(
        "a factory that a call makes",
        DATACLASS
        + "def maker(n):\n    return lambda: n\nMAKER = maker\n@dataclass\nclass C:\n    a: int = field(default_factory=maker(load()))",
        "C().a",
    ),
    computed(
        "an option of a dataclass from a file",
        DATACLASS + "@dataclass(order=load() == 2)\nclass C:\n    a: int = 1",
        "hasattr(C, '__lt__') and C.__lt__ is not object.__lt__",
    ),
    computed(
        "an attrs default from a file",
        "import attr\n@attr.s\nclass C:\n    a = attr.ib(default=load())",
        "C().a",
    ),
    computed(
        "a defined attrs default from a file",
        "import attrs\n@attrs.define\nclass C:\n    a: int = load()",
        "C().a",
    ),
    computed(
        "a validator of attrs from a file",
        "import attrs\n@attrs.define\nclass C:\n    a: int = attrs.field(default=3, validator=attrs.validators.lt(load()))\ndef ok(x):\n    try:\n        return C().a\n    except ValueError:\n        return 0",
        "ok(x)",
    ),
    computed(
        "a named tuple's default from a file",
        "from typing import NamedTuple\nclass C(NamedTuple):\n    a: int = load()",
        "C().a",
    ),
    computed(
        "a field of a model set after its definition",
        PYDANTIC
        + "class C(BaseModel):\n    a: int = 1\nC.model_fields['a'].default = load()\nC.model_rebuild(force=True)",
        "C().a",
    ),
    computed(
        "annotations that are computed",
        "class C:\n    pass\nC.__annotations__ = {'a': load()}",
        "C.__annotations__['a']",
    ),
    computed(
        "slots that are computed",
        "class C:\n    __slots__ = tuple('abcdef'[:load()])",
        "len(C.__slots__)",
    ),
    computed(
        "a special attribute that is computed",
        "class C:\n    __rate__ = load()",
        "C.__rate__",
    ),
    computed(
        "a computed default that another file entry leaves",
        DATACLASS + "@dataclass(slots=True)\nclass C:\n    a: int = load()",
        "C().a",
        verdict="hit",
        edit={"conf.json": ('"other": 1', '"other": 9')},
    ),
    computed(
        "a comment beside a computed model",
        PYDANTIC + "class C(BaseModel):\n    a: int = load()",
        "C().a",
        "hit",
        COMMENT,
    ),
    # classes made by calls
    set_later(
        "a dataclass made by a call",
        "from dataclasses import make_dataclass\nC = make_dataclass('C', [('a', int, 2)])",
        ("int, 2", "int, 3"),
        use="C().a",
    ),
    set_later(
        "a factory of a dataclass made by a call",
        "from dataclasses import make_dataclass, field\nC = make_dataclass('C', [('a', list, field(default_factory=lambda: [2]))])",
        ("[2]", "[3]"),
        use="C().a",
    ),
    set_later(
        "a method in the namespace of a dataclass made by a call",
        "from dataclasses import make_dataclass\nC = make_dataclass('C', [('a', int, 2)], namespace={'go': lambda self: self.a * 2})",
        ("a * 2", "a * 3"),
    ),
    set_later(
        "a class made by types.new_class",
        "import types\ndef fill(names):\n    names['go'] = lambda self: 2\nC = types.new_class('C', (), {}, fill)",
        (": 2\n", ": 3\n"),
    ),
    set_later(
        "a class made by a call of ABCMeta",
        "from abc import ABCMeta\nC = ABCMeta('C', (), {'go': lambda self: 2})",
        (": 2}", ": 3}"),
    ),
    set_later(
        "a base of a dataclass made by a call",
        "from dataclasses import make_dataclass\nclass B:\n    def go(self):\n        return 2\nC = make_dataclass('C', [('a', int, 2)], bases=(B,))",
        ("return 2", "return 3"),
    ),
    set_later(
        "a comment beside a dataclass made by a call",
        "from dataclasses import make_dataclass\nC = make_dataclass('C', [('a', int, 2)])",
        ("def clean", "# a comment\ndef clean"),
        use="C().a",
        verdict="hit",
    ),
    # set later
    set_later(
        "a method made by exec",
        "class C:\n    pass\nN = {}\nexec('def go(self):\\n    return 2', N)\nC.go = N['go']",
        ("return 2", "return 3"),
    ),
    set_later(
        "a special method made by exec",
        "class C:\n    pass\nN = {}\nexec('def __call__(self):\\n    return 2', N)\nC.__call__ = N['__call__']",
        ("return 2", "return 3"),
        use="C()()",
    ),
    set_later(
        "a dataclass's constructor made by exec",
        "from dataclasses import dataclass\nN = {}\nexec('def __init__(self):\\n    self.a = 2', N)\n@dataclass\nclass C:\n    a: int = 1\nC.__init__ = N['__init__']",
        ("a = 2", "a = 3"),
        use="C().a",
    ),
    set_later(
        "a method made by eval of a lambda",
        "class C:\n    pass\nC.go = eval('lambda self: 2')",
        ("self: 2", "self: 3"),
    ),
    set_later(
        "a special method set later",
        "class C:\n    pass\nC.__call__ = lambda self: 2",
        (": 2", ": 3"),
        use="C()()",
    ),
    set_later(
        "a library's function as a special method",
        "import operator\nclass C(int):\n    pass\nC.__add__ = operator.sub",
        ("operator.sub", "operator.mul"),
        use="C(3) + 2",
    ),
    set_later(
        "a function in C as a member", "class C:\n    pass\nC.go = abs", ("= abs", "= float"), use="C.go(-2)"
    ),
    set_later(
        "a descriptor of another class in C",
        "class B:\n    __slots__ = ('a', 'b')\nclass C(B):\n    pass\nC.z = B.a\ndef made():\n    c = C()\n    c.a, c.b = 2, 3\n    return c",
        ("= B.a", "= B.b"),
        use="made().z",
    ),
    set_later(
        "__match_args__ set later",
        "class C:\n    a, b = 2, 3\nC.__match_args__ = ('a',)\ndef get(c):\n    match c:\n        case C(v):\n            return v",
        ("('a',)", "('b',)"),
        use="get(C())",
    ),
    set_later(
        "a hash set later",
        "class C:\n    def __eq__(self, o):\n        return True\nC.__hash__ = lambda self: 2",
        (": 2", ": 3"),
        use="hash(C())",
    ),
    set_later(
        "a comment beside a method made by exec",
        "class C:\n    pass\nN = {}\nexec('def go(self):\\n    return 2', N)\nC.go = N['go']",
        ("def clean", "# a comment\ndef clean"),
        verdict="hit",
    ),
    # generic bases
    set_later(
        "the argument of a generic base",
        "from typing import Generic, TypeVar, get_args\nT = TypeVar('T')\nclass B(Generic[T]):\n    pass\nclass C(B[int]):\n    def go(self):\n        return get_args(type(self).__orig_bases__[0])[0](2.5)",
        ("B[int]", "B[str]"),
    ),
    # subclasses of inert types
    set_later(
        "a method of a thread's own values",
        "import threading\nclass L(threading.local):\n    def go(self):\n        return 2\nK = L()",
        ("return 2", "return 3"),
        use="K.go()",
    ),
    set_later(
        "what the constructor of a thread's own values sets",
        "import threading\nclass L(threading.local):\n    def __init__(self, a):\n        self.a = a\nK = L(2)",
        ("L(2)", "L(3)"),
        use="K.a",
    ),
    set_later(
        "a method of a handler of logs",
        "import logging\nclass H(logging.Handler):\n    def go(self):\n        return 2\nK = H()",
        ("return 2", "return 3"),
        use="K.go()",
    ),
    set_later(
        "an attribute of a handler of logs",
        "import logging\nclass H(logging.StreamHandler):\n    def __init__(self, rate):\n        super().__init__()\n        self.rate = rate\nK = H(2)",
        ("H(2)", "H(3)"),
        use="K.rate",
    ),
    set_later(
        "a method of an event",
        "import threading\nclass E(threading.Event):\n    def go(self):\n        return 2\nK = E()",
        ("return 2", "return 3"),
        use="K.go()",
    ),
    set_later(
        "a method of a logger",
        "import logging\nclass L(logging.Logger):\n    def go(self):\n        return 2\nK = L('k')",
        ("return 2", "return 3"),
        use="K.go()",
    ),
    set_later(
        "a comment beside a handler of logs",
        "import logging\nclass H(logging.StreamHandler):\n    def go(self):\n        return 2\nK = H()",
        ("def clean", "# a comment\ndef clean"),
        use="K.go()",
        verdict="hit",
    ),
]
