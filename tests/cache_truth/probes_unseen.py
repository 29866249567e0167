"""What nothing can see: names of variables, unused arguments, spellings of types, places of classes."""

from __future__ import annotations

from tests.cache_truth.harness import Probe, here, source, step_with
from tests.cache_truth.probes_argument_values import DATA, KIND, argument

HELPER = "def clean(x, add=1):\n    total = 0.0\n    for each in range(x):\n        total = total + each + add\n    return total"
SETTINGS = source("""
    from dataclasses import dataclass
    from pydantic import BaseModel


    @dataclass
    class Settings:
        lr: float
        rest: object


    class Model(BaseModel):
        lr: float
        rest: object


    CONFIG = {"model": {"lr": 0.5, "rest": dict(size=1)}}
    VALUE = Settings(lr=0.5, rest=dict(size=2))
    MODEL = Model(lr=0.5, rest=dict(size=3))


    def clean(x):
        return USE
    """)

ERROR = source("""
    def clean(x):
        try:
            for late in range(0):
                pass
            return float(late)
        except UnboundLocalError as error:
            return float(sum(map(ord, str(error))))
    """)


def helper(name: str, verdict, *edit: tuple[str, str], text: str = HELPER, **more) -> Probe:
    return here(name, verdict, text, *edit, recorded=True, **more)


def moved(name: str, value: str, text: str, use: str, verdict="hit", **more) -> Probe:
    """Make a probe of an argument's class that moves to another module."""
    probe = argument(name, "hit", value, value + " ", confs=text, use=use)
    edit = {"confs.py": "from kinds import *\n", "kinds.py": text}
    return Probe(name, verdict, probe.files, edit, arguments="VALUE", recorded=True, **more)


PROBES = [
    helper(
        "unseen: a local variable's name",
        "hit",
        ("total = 0.0", "sum_ = 0.0"),
        ("total = total +", "sum_ = sum_ +"),
        ("return total", "return sum_"),
    ),
    helper(
        "unseen: an argument's name",
        "hit",
        ("def clean(x, add", "def clean(n, add"),
        ("range(x)", "range(n)"),
    ),
    helper("unseen: an unused argument", "hit", ("add=1):", "add=1, verbose=False):")),
    helper(
        "unseen: annotations of a helper",
        "hit",
        ("clean(x, add=1):", "clean(x: int, add: 'float' = 1) -> float:"),
    ),
    here(
        "unseen: an unused argument of the step",
        "hit",
        "",
        ("x: int = 3", "x: int = 3, verbose: bool = False"),
        body="return x * 2.0",
        recorded=True,
    ),
    Probe(
        "seen: another value of an unused argument",
        "rerun",
        {"steps.py": step_with("return 2.0")},
        {"main.py": ("work()", "work(x=4)")},
        recorded=True,
        unobservable="who gives another value wants a run",
    ),
    here(
        "unseen: another spelling of the step's types",
        "hit",
        "from typing import *",
        ("x: int = 3", "x: 'Union[int]' = 3"),
        body="return x * 2.0",
        recorded=True,
    ),
    *(
        helper(
            f"unseen: another entry than {use}",
            "hit",
            (f"size={n}", "size=9"),
            text=SETTINGS.replace("USE", use),
        )
        for n, use in ((1, "CONFIG['model']['lr']"), (2, "VALUE.lr"), (3, "MODEL.lr"))
    ),
    moved("unseen: where an argument's enum is defined", "Kind.A", KIND, "x.value"),
    moved("unseen: where an argument's dataclass is defined", "Sub(a=3)", DATA, "x.a"),
    # what can be seen
    moved("seen: where an argument's class is defined", "Sub(a=3)", DATA, "str(type(x))", "rerun"),
    helper("seen: a local variable's value", "rerun", ("total = 0.0", "total = 1.0")),
    helper(
        "seen: an argument that is used",
        "rerun",
        ("add=1):", "add=1, more=2):"),
        ("return total", "return total + more"),
    ),
    *(
        helper(
            f"seen: the entry of {use}",
            "rerun",
            (f"{before}0.5", f"{before}0.25"),
            text=SETTINGS.replace("USE", use),
        )
        for before, use in (
            ('{"lr": ', "CONFIG['model']['lr']"),
            ("Settings(lr=", "VALUE.lr"),
            ("Model(lr=", "MODEL.lr"),
        )
    ),
    helper(
        "seen: the name of a variable in an error",
        "rerun",
        ("for late in", "for each in"),
        ("float(late)", "float(each)"),
        text=ERROR,
    ),
]
