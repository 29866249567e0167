"""How constants are made, changed and shared; values that say nothing, beside code that did not change."""

from __future__ import annotations

from tests.cache_truth.harness import Probe, here, there

SHOW = "return [K, x]"
FROM_JSON = "from zencache import step\nimport json, pathlib\nK = json.loads(pathlib.Path(__file__).with_name('k.json').read_text())\n\n@step\ndef work(x: int = 3) -> float:\n    return [K['a'], x]\n"

PROBES = [
    there(
        "constant: an enum's member",
        "rerun",
        "from enum import Enum\nclass E(Enum):\n    A = 1\n    B = 2\nK = E.A\n\ndef clean(x):\n    return [K.value, x]",
        ("K = E.A", "K = E.B"),
    ),
    there(
        "constant: a bound method's instance",
        "rerun",
        "class C:\n    def __init__(self, a):\n        self.a = a\n    def run(self, x):\n        return [self.a, x]\nclean = C(1).run",
        ("C(1)", "C(2)"),
    ),
    there(
        "constant: a nested instance's state",
        "rerun",
        "class C:\n    def __init__(self, a):\n        self.a = a\nK = {'k': [C(C(1))]}\n\ndef clean(x):\n    return [K['k'][0].a.a, x]",
        ("C(C(1))", "C(C(2))"),
    ),
    there(
        "constant: state set after the instance was made",
        "rerun",
        "class C:\n    pass\nK = C()\nK.a = 1\n\ndef clean(x):\n    return [K.a, x]",
        ("K.a = 1", "K.a = 2"),
    ),
    there(
        "constant: two names of one list",
        "rerun",
        "A = [1]\nB = A\n\ndef clean(x):\n    a = A\n    a.append(x)\n    b = B[:]\n    a.pop()\n    return b",
        ("B = A", "B = [1]"),
    ),
    there(
        "constant: a table filled by a loop",
        "rerun",
        "TABLE = {}\nfor n in range(4):\n    TABLE[n] = n * 2\n\ndef clean(x):\n    return TABLE[x]",
        ("n * 2", "n * 3"),
    ),
    there(
        "constant: built by a function at import",
        "rerun",
        "def build():\n    return 2\nK = build()\n\ndef clean(x):\n    return [K, x]",
        ("return 2", "return 3"),
    ),
    there(
        "constant: changed in place further down",
        "rerun",
        "K = [1]\n\ndef clean(x):\n    return [*K, x]\n\nK.append(2)",
        ("append(2)", "append(3)"),
    ),
    there(
        "constant: the second of two in one line",
        "rerun",
        "A, K = 1, 2\n\ndef clean(x):\n    return [K, x]",
        ("1, 2", "1, 3"),
    ),
    there(
        "constant: the unused one of two in one line",
        "hit",
        "A, K = 1, 2\n\ndef clean(x):\n    return [K, x]",
        ("1, 2", "9, 2"),
    ),
    there(
        "constant: the same set in another order",
        "hit",
        "K = {'a', 'b', 'c', 'd', 'e'}\n\ndef clean(x):\n    return sorted(K)",
        ("'a', 'b', 'c'", "'c', 'b', 'a'"),
    ),
    there(
        "constant: an int written otherwise",
        "hit",
        "K = 1000\n\ndef clean(x):\n    return [K, x]",
        ("1000", "1_000"),
    ),
    there(
        "constant: computed otherwise",
        "imprecise",
        "K = 1000\n\ndef clean(x):\n    return [K, x]",
        ("1000", "10 ** 3"),
        why="the expression of a constant may count, although its value does not change",
    ),
    here("constant: in the step's module", "rerun", "K = 2", ("K = 2", "K = 3"), body=SHOW),
    there(
        "constant: as an attribute of its module",
        "rerun",
        "K = 2",
        ("K = 2", "K = 3"),
        body="return [prep.K, x]",
        above="import prep",
    ),
    there(
        "constant: the unused attribute of a module",
        "hit",
        "K = 2\nJ = 2",
        ("J = 2", "J = 3"),
        body="return [prep.K, x]",
        above="import prep",
    ),
    # -- made at import from outside --------------------------------------------------------------
    Probe(
        "constant: read from a JSON file at import",
        "rerun",
        {
            "steps.py": FROM_JSON,
            "k.json": '{"a": 1, "b": 2}',
        },
        {"k.json": '{"a": 3, "b": 2}'},
    ),
    Probe(
        "constant: the JSON file that it was read from is formatted otherwise",
        "hit",
        {"steps.py": FROM_JSON, "k.json": '{"a": 1, "b": 2}'},
        {"k.json": '{\n  "a": 1,\n  "b": 2\n}\n'},
    ),
    here(
        "constant: an environment variable read at import",
        "rerun",
        "import os\nK = os.environ.get('PROBE_K')",
        body=SHOW,
        environ_before={"PROBE_K": "1"},
        environ={"PROBE_K": "2"},
    ),
    here(
        "constant: another environment variable",
        "hit",
        "import os\nK = os.environ.get('PROBE_K')",
        body=SHOW,
        environ={"PROBE_J": "2"},
    ),
    # -- values that say nothing, in code that did not change ---------------------------------------
    *(
        there(
            f"a comment beside {what}",
            "hit",
            f"{imports}\nK = {value}\n\ndef clean(x):\n    {use}\n    return x * 2",
            ("return x * 2", "return x * 2  # twice"),
        )
        for what, imports, value, use in (
            ("a lock", "import threading", "threading.Lock()", "K.acquire(); K.release()"),
            ("an RLock", "import threading", "threading.RLock()", "K.acquire(); K.release()"),
            ("thread-local data", "import threading", "threading.local()", "K.x = x"),
            ("a logger", "import logging", "logging.getLogger(__name__)", "K.info(x)"),
            ("a context variable", "import contextvars", "contextvars.ContextVar('K')", "K.set(x)"),
            ("nan", "", "float('nan')", "x + K"),
            ("a sentinel object", "", "object()", "x is K"),
            ("a set of strings", "", "{'a', 'b', 'c', 'd', 'e', 'f'}", "x in K"),
            ("a frozenset of tuples", "", "frozenset({('a', 1), ('b', 2), (None, 3)})", "x in K"),
            ("a weak dictionary", "import weakref", "weakref.WeakValueDictionary()", "K.get(x)"),
            ("an empty memo", "", "{}", "K[x] = x"),
            ("a type variable", "from typing import TypeVar", "TypeVar('T')", "str(K)"),
        )
    ),
]
