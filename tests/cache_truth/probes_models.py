"""Data classes, enums, pydantic models, parameters."""

from __future__ import annotations

from tests.cache_truth.harness import Probe, source, there

TWICE = ("x * 2", "x * 5")
WHOLE = "a class counts as a whole"


PROBES = [
    # -- data classes, enums, models ----------------------------------------------------------------
    there(
        "a dataclass field's default",
        "rerun",
        "from dataclasses import dataclass\n@dataclass\nclass C:\n    a: int = 2\n\ndef clean(x):\n    return [C().a, x]",
        ("a: int = 2", "a: int = 3"),
    ),
    there(
        "a dataclass field's factory",
        "rerun",
        "from dataclasses import dataclass, field\n@dataclass\nclass C:\n    a: list = field(default_factory=lambda: [2])\n\ndef clean(x):\n    return [C().a, x]",
        ("[2]", "[3]"),
    ),
    there(
        "a dataclass field's factory by name",
        "rerun",
        "from dataclasses import dataclass, field\ndef two():\n    return 2\n@dataclass\nclass C:\n    a: int = field(default_factory=two)\n\ndef clean(x):\n    return [C().a, x]",
        ("return 2", "return 3"),
    ),
    there(
        "a dataclass's __post_init__",
        "rerun",
        "from dataclasses import dataclass\n@dataclass\nclass C:\n    a: int\n    def __post_init__(self):\n        self.a *= 2\n\ndef clean(x):\n    return C(x).a",
        ("*= 2", "*= 3"),
    ),
    there(
        "a dataclass's options",
        "rerun",
        "from dataclasses import dataclass\n@dataclass(eq=True)\nclass C:\n    a: int\n\ndef clean(x):\n    return C(x) == C(x)",
        ("eq=True", "eq=False"),
    ),
    there(
        "the order of a dataclass's fields",
        "rerun",
        "from dataclasses import dataclass\n@dataclass\nclass C:\n    a: int\n    b: int\n\ndef clean(x):\n    return [C(1, 2).a, x]",
        ("a: int\n    b: int", "b: int\n    a: int"),
    ),
    there(
        "an annotation that makes a field of a dataclass",
        "rerun",
        "from dataclasses import dataclass, fields\n@dataclass\nclass C:\n    a: int = 1\n    b = 2\n\ndef clean(x):\n    return len(fields(C))",
        ("b = 2", "b: int = 2"),
    ),
    there(
        "a NamedTuple's default",
        "rerun",
        "from typing import NamedTuple\nclass C(NamedTuple):\n    a: int = 2\n\ndef clean(x):\n    return [C().a, x]",
        ("a: int = 2", "a: int = 3"),
    ),
    there(
        "a TypedDict's unused field",
        "imprecise",
        "from typing import TypedDict\nclass C(TypedDict):\n    a: int\n\ndef clean(x):\n    return C(a=x)",
        ("a: int", "a: int\n    b: int"),
        why=WHOLE,
    ),
    there(
        "an enum's value",
        "rerun",
        "from enum import Enum\nclass E(Enum):\n    A = 2\n\ndef clean(x):\n    return x * E.A.value",
        ("A = 2", "A = 3"),
    ),
    there(
        "an enum's method",
        "rerun",
        "from enum import Enum\nclass E(Enum):\n    A = 2\n    def run(self, x):\n        return x * 2\n\ndef clean(x):\n    return E.A.run(x)",
        TWICE,
    ),
    there(
        "the order of an enum's automatic values",
        "rerun",
        "from enum import Enum, auto\nclass E(Enum):\n    A = auto()\n    B = auto()\n\ndef clean(x):\n    return x * E.A.value",
        ("A = auto()\n    B", "B = auto()\n    A"),
    ),
    there(
        "a pydantic field's default",
        "rerun",
        "from pydantic import BaseModel\nclass C(BaseModel):\n    a: int = 2\n\ndef clean(x):\n    return [C().a, x]",
        ("a: int = 2", "a: int = 3"),
    ),
    there(
        "a pydantic field's type",
        "rerun",
        "from pydantic import BaseModel\nclass C(BaseModel):\n    a: int\n\ndef clean(x):\n    return [C(a=x).a]",
        ("a: int", "a: float"),
    ),
    there(
        "a pydantic field's limit",
        "rerun",
        "from pydantic import BaseModel, Field\nclass C(BaseModel):\n    a: int = Field(ge=2)\n\ndef clean(x):\n    try:\n        return C(a=x).a\n    except ValueError:\n        return 0",
        ("ge=2", "ge=4"),
    ),
    there(
        "a pydantic field's validator",
        "rerun",
        "from pydantic import BaseModel, field_validator\nclass C(BaseModel):\n    a: int\n    @field_validator('a')\n    @classmethod\n    def check(cls, v):\n        return v * 2\n\ndef clean(x):\n    return C(a=x).a",
        ("v * 2", "v * 3"),
    ),
    there(
        "the helper of a pydantic model's validator",
        "rerun",
        "from pydantic import BaseModel, model_validator\ndef two():\n    return 2\nclass C(BaseModel):\n    a: int\n    @model_validator(mode='after')\n    def check(self):\n        self.a *= two()\n        return self\n\ndef clean(x):\n    return C(a=x).a",
        ("return 2", "return 3"),
    ),
    there(
        "a validator in an annotation",
        "rerun",
        "from typing import Annotated\nfrom pydantic import BaseModel, AfterValidator\ndef twice(x):\n    return x * 2\nclass C(BaseModel):\n    a: Annotated[int, AfterValidator(twice)]\n\ndef clean(x):\n    return C(a=x).a",
        TWICE,
    ),
    there(
        "a pydantic model's computed field",
        "rerun",
        "from pydantic import BaseModel, computed_field\nclass C(BaseModel):\n    a: int\n    @computed_field\n    @property\n    def b(self) -> int:\n        return self.a * 2\n\ndef clean(x):\n    return C(a=x).model_dump()",
        ("a * 2", "a * 3"),
    ),
    there(
        "a pydantic model's configuration",
        "rerun",
        "from pydantic import BaseModel, ConfigDict\nclass C(BaseModel):\n    model_config = ConfigDict(extra='ignore')\n    a: int\n\ndef clean(x):\n    return C(a=x, b=1).model_dump()",
        ("'ignore'", "'allow'"),
    ),
    # -- parameters ---------------------------------------------------------------------------------
    *(
        Probe(
            f"parameters: {what}",
            verdict,
            {
                "main.py": "from zencache import pipeline\nfrom steps import *\n\n@pipeline\ndef pipeline_under_test():\n    work(params=Params(a=3))\n",
                "steps.py": source("""
                    from enum import Enum
                    from zencache import BaseParameters, step
                    from pydantic import field_validator

                    class Mode(Enum):
                        FAST = 2

                    class Params(BaseParameters):
                        a: int = 1
                        b: int = 5
                        mode: Mode = Mode.FAST

                        @field_validator("a")
                        @classmethod
                        def check(cls, v):
                            return v * 2

                        def scaled(self):
                            return self.b * 10

                    @step
                    def work(params: Params) -> float:
                        return [params.a, params.scaled(), params.mode.value]
                    """),
            },
            {"steps.py": edit},
            arguments="params=Params(a=3)",
            why="the model is code that the step reaches" if verdict == "imprecise" else "",
        )
        for what, verdict, edit in (
            ("a validator", "rerun", ("v * 2", "v * 3")),
            ("a default that is taken", "rerun", ("b: int = 5", "b: int = 6")),
            ("a default that is given", "imprecise", ("a: int = 1", "a: int = 2")),
            ("a method", "rerun", ("b * 10", "b * 20")),
            ("an enum's value", "rerun", ("FAST = 2", "FAST = 3")),
            ("a comment", "hit", ("a: int = 1", "a: int = 1  # the first")),
        )
    ),
]
