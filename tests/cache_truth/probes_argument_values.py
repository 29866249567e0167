"""Values of parameters: their classes, their types, their order, their zones."""

from __future__ import annotations

from tests.cache_truth.harness import Probe

MAIN = """from zencache import pipeline
from steps import work
from confs import *

VALUE = {value}


@pipeline
def pipeline_under_test():
    work(x=VALUE)
"""
STEPS = "from typing import *\nfrom zencache import step\n{imports}\n\n@step\ndef work(x: {kind}) -> str:\n    return repr({use})\n"


def argument(
    name: str, verdict, value: str, new: str = "", *, kind="Any", use="x", confs="", edit=None, imports=""
) -> Probe:
    """Make a probe of a step that is given a value; `new` is another, or `edit` changes the classes."""
    files = {
        "main.py": MAIN.format(value=value),
        "steps.py": STEPS.format(kind=kind, use=use, imports=imports),
        "confs.py": confs,
    }
    change = {"confs.py": edit} if edit else {"main.py": (f"VALUE = {value}", f"VALUE = {new}")}
    return Probe(name, verdict, files, change, arguments="VALUE")


DATA = "from dataclasses import dataclass\n@dataclass\nclass Base:\n    a: int\n    def go(self):\n        return 0\n@dataclass\nclass Sub(Base):\n    def go(self):\n        return self.a * 2\n"
MODEL = "from pydantic import BaseModel\nclass Sub(BaseModel):\n    a: int\n    def go(self):\n        return self.a * 2\n"
KIND = (
    "from enum import Enum\nclass Kind(Enum):\n    A = 1\n    def go(self):\n        return self.value * 2\n"
)
TIMES = ("a * 2", "a * 5")
DATES = "from datetime import *\nfrom zoneinfo import ZoneInfo"
PATHS = "from pathlib import *\nfrom decimal import Decimal"

EXTRA = DATA + "def made(n):\n    one = Sub(1)\n    one.extra = n\n    return one\n"

PROBES = [
    argument("an argument's class", "rerun", "Sub(a=3)", confs=DATA, edit=TIMES, use="x.go()"),
    argument(
        "an argument's subclass",
        "rerun",
        "Sub(a=3)",
        confs=DATA,
        edit=TIMES,
        use="x.go()",
        kind="Base",
        imports="from confs import Base",
    ),
    argument("an argument's model", "rerun", "Sub(a=3)", confs=MODEL, edit=TIMES, use="x.go()"),
    argument(
        "an argument's enum", "rerun", "Kind.A", confs=KIND, edit=("value * 2", "value * 5"), use="x.go()"
    ),
    argument("a class in a list", "rerun", "[1, Sub(a=3)]", confs=DATA, edit=TIMES, use="x[1].go()"),
    argument(
        "a class in a mapping", "rerun", "{'k': (Sub(a=3),)}", confs=DATA, edit=TIMES, use="x['k'][0].go()"
    ),
    argument(
        "an enum as a key",
        "rerun",
        "{Kind.A: 1}",
        confs=KIND,
        edit=("value * 2", "value * 5"),
        use="list(x)[0].go()",
    ),
    argument(
        "a class in a dataclass",
        "rerun",
        "Outer(Kind.A)",
        confs=KIND + "from dataclasses import dataclass\n@dataclass\nclass Outer:\n    kind: object\n",
        edit=("value * 2", "value * 5"),
        use="x.kind.go()",
    ),
    argument(
        "a helper of an argument's class",
        "rerun",
        "Sub(a=3)",
        confs="FACTOR = 2\n" + DATA.replace("a * 2", "a * FACTOR"),
        edit=("FACTOR = 2", "FACTOR = 5"),
        use="x.go()",
    ),
    argument(
        "a comment in an argument's class",
        "hit",
        "Sub(a=3)",
        confs=DATA,
        edit=("a * 2", "a * 2  # two"),
        use="x.go()",
    ),
    argument(
        "an attribute beside the fields",
        "rerun",
        "made(2)",
        "made(3)",
        confs=EXTRA,
        use="x.extra",
    ),
    argument(
        "an attribute beside the fields, in a list",
        "rerun",
        "[made(2)]",
        "[made(3)]",
        confs=EXTRA,
        use="x[0].extra",
    ),
    argument(
        "an attribute beside the fields, in a mapping",
        "rerun",
        "{'a': made(2)}",
        "{'a': made(3)}",
        confs=EXTRA,
        use="x['a'].extra",
    ),
    argument(
        "an attribute that is set to what it was",
        "hit",
        "made(2)",
        "made(1 + 1)",
        confs=EXTRA,
        use="x.extra",
    ),
    argument(
        "a private attribute of an argument",
        "rerun",
        "made(2)",
        "made(3)",
        confs="from pydantic import BaseModel\nclass Sub(BaseModel):\n    _a: int = 0\ndef made(n):\n    one = Sub()\n    one._a = n\n    return one\n",
        use="x._a",
    ),
    # state that `==` and the declared fields do not see
    argument(
        "the fields of a model that were set",
        "rerun",
        "Sub(a=1)",
        "Sub(a=1, b=2)",
        confs="from pydantic import BaseModel\nclass Sub(BaseModel):\n    a: int = 0\n    b: int = 2\n",
        use="x.model_dump(exclude_unset=True)",
    ),
    argument(
        "the items of a dataclass that is a dict",
        "rerun",
        "made(k=1)",
        "made(k=2)",
        confs="from dataclasses import dataclass\n@dataclass\nclass Sub(dict):\n    name: str = 'a'\n"
        "def made(**items):\n    one = Sub()\n    one.update(items)\n    return one\n",
        use="dict(x)",
    ),
    argument(
        "an attribute of a subclass of str",
        "rerun",
        "made(1)",
        "made(2)",
        confs="class Word(str):\n    pass\n"
        "def made(n):\n    one = Word('a')\n    one.origin = n\n    return one\n",
        use="x.origin",
    ),
    argument(
        "the order of an OrderedDict",
        "rerun",
        "OrderedDict(b=1, a=2)",
        "OrderedDict(a=2, b=1)",
        confs="from collections import OrderedDict\n",
        use="list(x)",
    ),
    # zones
    argument(
        "a zone of the same offset",
        "rerun",
        "datetime(2026, 1, 1, tzinfo=ZoneInfo('Europe/Berlin'))",
        "datetime(2026, 1, 1, tzinfo=ZoneInfo('Africa/Lagos'))",
        confs=DATES,
        use="str((x + timedelta(180)).utcoffset())",
        imports="from datetime import timedelta",
    ),
    argument(
        "a fixed offset for a zone",
        "rerun",
        "datetime(2026, 1, 1, tzinfo=ZoneInfo('Europe/Berlin'))",
        "datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1)))",
        confs=DATES,
        use="str((x + timedelta(180)).utcoffset())",
        imports="from datetime import timedelta",
    ),
    argument(
        "the name of a fixed offset",
        "rerun",
        "datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1), 'A'))",
        "datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1), 'B'))",
        confs=DATES,
        use="x.tzname()",
    ),
    argument(
        "the zone of a time",
        "rerun",
        "time(1, tzinfo=ZoneInfo('Europe/Berlin'))",
        "time(1, tzinfo=ZoneInfo('Africa/Lagos'))",
        confs=DATES,
        use="str(x.tzinfo)",
    ),
    argument(
        "a zone in a list",
        "rerun",
        "[datetime(2026, 1, 1, tzinfo=ZoneInfo('Europe/Berlin'))]",
        "[datetime(2026, 1, 1, tzinfo=ZoneInfo('Africa/Lagos'))]",
        confs=DATES,
        use="str(x[0].tzinfo)",
    ),
    argument(
        "the fold of a time",
        "rerun",
        "datetime(2026, 1, 1)",
        "datetime(2026, 1, 1, fold=1)",
        confs=DATES,
        use="x.fold",
    ),
    argument(
        "a date spelt in another way",
        "hit",
        "datetime(2026, 1, 1, tzinfo=ZoneInfo('Europe/Berlin'))",
        "datetime(year=2026, month=1, day=1, tzinfo=ZoneInfo('Europe/Berlin'))",
        confs=DATES,
    ),
    # types
    argument(
        "a path of Windows",
        "rerun",
        "PurePosixPath('a/b')",
        "PureWindowsPath('a/b')",
        confs=PATHS,
        use="str(x)",
    ),
    argument("zeros of a decimal", "rerun", "Decimal('1.0')", "Decimal('1.00')", confs=PATHS),
    argument("an int for a float where any is taken", "rerun", "1", "1.0"),
    argument("an int for a float", "hit", "1.0", "1", kind="float", use="x + 0.0"),
    argument("an int for a float or nothing", "hit", "1.0", "1", kind="Optional[float]", use="x + 0.0"),
    argument(
        "ints for floats in a list",
        "hit",
        "[1.0, 2.0]",
        "[1, 2]",
        kind="list[float]",
        use="[i + 0.0 for i in x]",
    ),
    argument("an int where both are taken", "rerun", "1.0", "1", kind="Union[int, float]"),
    argument("another number for a float", "rerun", "1.0", "2", kind="float"),
    argument(
        "a numpy float for a float",
        "hit",
        "0.1",
        "np.float64(0.1)",
        kind="float",
        confs="import numpy as np",
        use="float(x)",
    ),
    argument(
        "a numpy text for a text",
        "hit",
        "'a'",
        "np.str_('a')",
        kind="str",
        confs="import numpy as np",
        use="x + ''",
    ),
    argument("the sign of zero", "rerun", "0.0", "-0.0", kind="float"),
    # order
    argument(
        "the order of a mapping", "rerun", "{'b': 1, 'a': 2}", "{'a': 2, 'b': 1}", kind="dict", use="list(x)"
    ),
    argument(
        "the order of a mapping in a list",
        "rerun",
        "[{'b': 1, 'a': 2}]",
        "[{'a': 2, 'b': 1}]",
        kind="list",
        use="list(x[0])",
    ),
    argument(
        "the order of a mapping with numbers",
        "rerun",
        "{2: 1, 1: 2}",
        "{1: 2, 2: 1}",
        kind="dict",
        use="list(x)",
    ),
    argument(
        "the order of a mapping in a dataclass",
        "rerun",
        "Sub({'b': 1, 'a': 2})",
        "Sub({'a': 2, 'b': 1})",
        confs=DATA.replace("a: int", "a: dict"),
        use="list(x.a)",
    ),
    argument(
        "the order of fields",
        "hit",
        "Sub(b=1, a=2)",
        "Sub(a=2, b=1)",
        confs="from dataclasses import dataclass\n@dataclass\nclass Sub:\n    b: int\n    a: int\n",
    ),
    argument("the order of a set", "hit", "{'b', 'a'}", "{'a', 'b'}", use="sorted(x)"),
    argument("a mapping spelt in another way", "hit", "{'b': 1, 'a': 2}", "dict(b=1, a=2)"),
]
