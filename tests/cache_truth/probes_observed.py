"""Probes of what a run shows a step to depend on: each runs once, and the plan's verdict counts."""

from __future__ import annotations

from tests.cache_truth.harness import Edit, Probe, Verdict, source, step_with

LOAD = "return json.load(open('n.json'))"
SETTINGS = source("""
    import json
    from pathlib import Path

    SETTINGS = json.loads(Path("n.json").read_text())
""")
TWO_STEPS = source("""
    from zencache import pipeline
    from first import fit
    from steps import work


    @pipeline
    def pipeline_under_test():
        work(fit())
""")
THINGS = source("""
    class Row:
        def __init__(self, values):
            self.values = values

        def total(self):
            return sum(self.values)

        def largest(self):
            return max(self.values)


    class Wide(Row):
        pass
""")
FIRST = source("""
    from things import Wide
    from zencache import step


    @step
    def fit() -> object:
        return Wide([1, 2, 3])
""")
SECOND = source("""
    from zencache import step


    @step
    def work(thing: object) -> float:
        return thing.total()
""")
ACCESSOR = source("""
    import pandas as pd


    @pd.api.extensions.register_series_accessor("more")
    class More:
        def __init__(self, series):
            self.series = series

        def twice(self):
            return int(self.series.sum()) * 2

        def thrice(self):
            return int(self.series.sum()) * 3
""")


KINDS = {
    "files": "ways to open",
    "process": "variables",
    "library state": "options of libraries",
    "seen code": "plug-ins",
    "parameters": "objects of earlier steps",
}


def observed(
    category: str, name: str, verdict: Verdict, files: dict[str, str], edit: dict[str, Edit], **more
) -> Probe:
    return Probe(name, verdict, files, edit, recorded=True, category=category, kind=KINDS[category], **more)


def reading(body: str, above: str = "import json", **files: str) -> dict[str, str]:
    return {"steps.py": step_with(body, above), "n.json": "1", "m.json": "1", **files}


def fed(edited: tuple[str, str], verdict: Verdict, name: str, **more) -> Probe:
    """Two steps: the first gives an object whose class only `things` has."""
    files = {"main.py": TWO_STEPS, "first.py": FIRST, "steps.py": SECOND, "things.py": THINGS}
    return observed("parameters", name, verdict, files, {"things.py": [edited]}, arguments=WIDE, **more)


WIDE = "__import__('things').Wide([1, 2, 3])"

PROBES = [
    observed("files", "a file that is read", "rerun", reading(LOAD), {"n.json": "2"}),
    observed("files", "a file that is not read", "hit", reading(LOAD), {"m.json": "2"}),
    observed("files", "a file that is as it was", "hit", reading(LOAD), {}, touched=True),
    observed(
        "files",
        "a file that is read when a module is imported",
        "rerun",
        {**reading("return SETTINGS + x", "from settings import SETTINGS"), "settings.py": SETTINGS},
        {"n.json": "2"},
    ),
    observed(
        "files",
        "a file that was not there",
        "rerun",
        reading("return float(open('k.json').read()) if os.path.exists('k.json') else 0.0", "import os"),
        {"k.json": "3"},
    ),
    observed(
        "files",
        "a folder that is listed",
        "rerun",
        {**reading("return len(os.listdir('data'))", "import os"), "data/a.txt": "a"},
        {"data/b.txt": "b"},
    ),
    observed(
        "process",
        "a variable that is read",
        "rerun",
        reading("return float(os.environ.get('RATE', '0'))", "import os"),
        {},
        environ={"RATE": "2"},
    ),
    observed(
        "process",
        "a variable that is not read",
        "hit",
        reading("return float(os.environ.get('RATE', '0'))", "import os"),
        {},
        environ={"PACE": "2"},
    ),
    observed(
        "library state",
        "an option of numpy that a module sets",
        "rerun",
        {
            **reading("return float(str(np.array([1 / 3]))[1:-1])", "import numpy as np\nimport options"),
            "options.py": "import numpy as np\n\nnp.set_printoptions(precision=3)\n",
        },
        {"options.py": [("precision=3", "precision=5")]},
    ),
    observed(
        "library state",
        "an option of numpy that the step does not reach",
        "hit",
        {
            **reading("return x * 2", "import options"),
            "options.py": "import numpy as np\n\nnp.set_printoptions(precision=3)\n",
        },
        {"options.py": [("precision=3", "precision=5")]},
    ),
    observed(
        "seen code",
        "a plug-in that is found by its file's name",
        "rerun",
        {
            **reading("return importlib.import_module('plug_' + 'a').value(x)", "import importlib"),
            "plug_a.py": "def value(x):\n    return x + 1\n\n\ndef unused(x):\n    return x\n",
        },
        {"plug_a.py": [("x + 1", "x + 2")]},
    ),
    observed(
        "seen code",
        "a method of an accessor",
        "rerun",
        {
            **reading("return pd.Series([x]).more.twice()", "import pandas as pd\nimport accessor"),
            "accessor.py": ACCESSOR,
        },
        {"accessor.py": [("* 2", "* 4")]},
    ),
    fed(("sum(self.values)", "sum(self.values) + 1"), "rerun", "a method of an input's class, which runs"),
    fed(
        ("max(self.values)", "max(self.values) + 1"),
        "imprecise",
        "a method of an input's class, which does not run",
        why="the class of an input counts whole",
    ),
    fed(("return sum", "return 2 * sum"), "rerun", "a method that an input's class inherits"),
]
