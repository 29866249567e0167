"""What imported modules passed to libraries, which keep it where no digest can follow."""

from __future__ import annotations

from tests.cache_truth.harness import source
from tests.cache_truth.probes_imports import project

TWO = "def two(*values):\n    return 2\n"
EDIT = {"extras.py": ("return 2", "return 5")}


def registered(name, text, body, verdict="rerun", above="import extras", files=None, edit=EDIT, **more):
    """Make a probe of a module `extras` that the step's module imports, and of which it uses nothing."""
    return project(name, verdict, body, above, {"extras.py": source(text), **(files or {})}, edit, **more)


CODEC = TWO + (
    "import codecs\ndef find(name):\n    if name == 'two':\n        return codecs.CodecInfo(lambda text: (str(two()).encode(), 1), None, name=name)\n"
)
ENCODE = "return str(x).encode('two')"
POINT = TWO + "class Point:\n    pass\n"
COPY = "import copy\nfrom points import Point\nreturn copy.copy(Point())"
ACCESSOR = "import pandas as pd\n{}\nclass Two:\n    def __init__(self, series):\n        pass\n    def get(self):\n        return 2\n"
SERIES = "import pandas as pd\nreturn pd.Series([x]).two.get()"
PROBES = [
    registered("a codec", CODEC + "codecs.register(find)\n", ENCODE),
    registered(
        "a codec of a helper's module",
        CODEC + "codecs.register(find)\n",
        ENCODE,
        above="import helpers",
        files={"helpers.py": "import extras\n"},
    ),
    registered(
        "a codec of a package",
        CODEC + "codecs.register(find)\n",
        ENCODE,
        above="from pkg import (\n    sub,\n)",
        files={"pkg/__init__.py": "", "pkg/sub.py": "from extras import two\n"},
    ),
    registered(
        "a codec of a module that gave a constant",
        CODEC + "codecs.register(find)\nX = 1\n",
        ENCODE,
        above="from extras import X",
    ),
    registered("a codec below a condition", CODEC + "if True:\n    codecs.register(find)\n", ENCODE),
    registered(
        "a codec that a function registers",
        CODEC + "def install():\n    codecs.register(find)\ninstall()\n",
        ENCODE,
    ),
    registered(
        "a codec, a lambda",
        TWO
        + "import codecs\ncodecs.register(lambda name: codecs.CodecInfo(lambda text: (str(two()).encode(), 1), None, name=name) if name == 'two' else None)\n",
        ENCODE,
    ),
    registered(
        "an accessor of pandas", ACCESSOR.format("@pd.api.extensions.register_series_accessor('two')"), SERIES
    ),
    registered(
        "an accessor of pandas, by name",
        "from pandas.api.extensions import register_series_accessor as register\n"
        + ACCESSOR.format("@register('two')"),
        SERIES,
    ),
    registered(
        "an accessor of pandas by a call",
        ACCESSOR.format("") + "pd.api.extensions.register_series_accessor('two')(Two)\n",
        SERIES,
    ),
    registered(
        "a method of a library's class",
        "import pandas as pd\n" + TWO + "pd.Series.two = two\n",
        "import pandas as pd\nreturn pd.Series([x]).two()",
    ),
    registered(
        "a method of a library's class by setattr",
        "import pandas as pd\n" + TWO + "setattr(pd.Series, 'two', two)\n",
        "import pandas as pd\nreturn pd.Series([x]).two()",
    ),
    registered(
        "copyreg",
        TWO + "import copyreg\nfrom points import Point\ncopyreg.pickle(Point, lambda point: (two, ()))\n",
        COPY,
        files={"points.py": "class Point:\n    pass\n"},
    ),
    registered(
        "an adapter of sqlite3",
        TWO + "import sqlite3\nfrom points import Point\nsqlite3.register_adapter(Point, two)\n",
        "import sqlite3\nfrom points import Point\nreturn sqlite3.connect(':memory:').execute('select ?', [Point()]).fetchone()",
        files={"points.py": "class Point:\n    pass\n"},
    ),
    registered(
        "a constructor of YAML",
        TWO + "import yaml\nyaml.add_constructor('!two', two, yaml.SafeLoader)\n",
        "import yaml\nreturn yaml.safe_load('!two 1')",
    ),
    registered(
        "a constructor of YAML, by the class",
        TWO + "import yaml\nyaml.SafeLoader.add_constructor('!two', two)\n",
        "import yaml\nreturn yaml.safe_load('!two 1')",
    ),
    registered(
        "a patch of json",
        TWO + "import json\njson.JSONEncoder.default = two\n",
        "import json\nreturn json.dumps(object())",
    ),
    registered(
        "a function beside a registration",
        CODEC + "codecs.register(find)\ndef other():\n    return 1\n",
        ENCODE,
        "hit",
        edit={"extras.py": ("return 1", "return 3")},
    ),
    registered(
        "a comment at a registration",
        CODEC + "codecs.register(find)  # once\n",
        ENCODE,
        "hit",
        edit={"extras.py": ("# once", "# twice")},
    ),
    registered(
        "settings without code",
        "import warnings, logging\nwarnings.filterwarnings('ignore')\nlogging.basicConfig()\nlogging.captureWarnings(True)\nX = 1\n",
        "return x",
        "hit",
        edit={"extras.py": ("X = 1", "X = 2")},
    ),
    registered(
        "a function that is printed",
        TWO + "import logging\nlogging.getLogger('x').debug('%s', two)\n",
        "return x",
        "hit",
    ),
    registered(
        "a registration in a script's part",
        CODEC + "if __name__ == '__main__':\n    codecs.register(find)\n",
        "return x",
        "hit",
    ),
    registered(
        "a codec of a module that a function imports, called at the import",
        CODEC + "codecs.register(find)\n",
        ENCODE,
        above="def setup():\n    import extras\nsetup()",
    ),
    registered(
        "a codec of a module that another step imports",
        CODEC + "codecs.register(find)\n",
        "return x",
        "hit",
        above="def other():\n    import extras",
    ),
    registered(
        "a codec that a class method registers",
        CODEC
        + "class Codec:\n    @classmethod\n    def install(cls):\n        codecs.register(find)\nCodec.install()\n",
        ENCODE,
    ),
    registered(
        "a codec that functions register which call each other",
        CODEC
        + "def ping(n):\n    return pong(n - 1)\ndef pong(n):\n    return ping(n) if n else codecs.register(find)\nping(1)\n",
        ENCODE,
    ),
    registered(
        "a script's own registrations",
        "X = 1\n",
        "return x",
        "hit",
        above="import signal\ndef stop(*_):\n    return 2\nif __name__ == '__main__':\n    signal.signal(signal.SIGTERM, stop)",
        edit={"steps.py": ("return 2", "return 3")},
    ),
]
