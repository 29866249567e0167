"""Settings that modules give to libraries when they are imported: names, dialects, tables, constants."""

from __future__ import annotations

from tests.cache_truth.harness import Probe
from tests.cache_truth.probes_imports import project


def setting(name: str, verdict: str, use: str, module: str, edit: tuple[str, str]) -> list[Probe]:
    """Make two probes of a module with a statement that is edited: imported above the step, and in a helper."""
    helper = f"def set_up():\n    {module.replace(chr(10), chr(10) + '    ').rstrip()}\nset_up()\n"
    return [
        project(name, verdict, use, "import settings", {"settings.py": module}, {"settings.py": edit}),
        project(
            f"{name}, by a helper",
            verdict,
            use,
            "import settings",
            {"settings.py": helper},
            {"settings.py": edit},
        ),
    ]


PROBES = [
    *setting(
        "a type of a suffix",
        "rerun",
        "import mimetypes\nreturn mimetypes.guess_type('a.zzz')",
        "import mimetypes\nmimetypes.add_type('x/two', '.zzz')\n",
        ("two", "five"),
    ),
    *setting(
        "a prefix of a namespace",
        "rerun",
        "import xml.etree.ElementTree as ET\nreturn ET.tostring(ET.Element('{urn:x}a'))",
        "import xml.etree.ElementTree as ET\nET.register_namespace('aa', 'urn:x')\n",
        ("'aa'", "'bb'"),
    ),
    *setting(
        "a dialect of tables",
        "rerun",
        "import csv\nreturn list(csv.reader(['a;b,c'], 'mine'))",
        "import csv\ncsv.register_dialect('mine', delimiter=';')\n",
        ("';'", "','"),
    ),
    setting(
        "the first day of a week",
        "rerun",
        "import calendar\nreturn calendar.monthcalendar(2020, 1)[0]",
        "from calendar import setfirstweekday\nsetfirstweekday(6)\n",
        ("(6)", "(3)"),
    )[0],
    setting(
        "an attribute of a library's object",
        "rerun",
        "import reprlib\nreturn reprlib.repr([1, 2, 3, 4])",
        "import reprlib\nreprlib.aRepr.maxlist = 2\n",
        ("= 2", "= 3"),
    )[0],
    setting(
        "an item of a library's table",
        "rerun",
        "return 'é'.encode('mine_x')",
        "import encodings.aliases\nencodings.aliases.aliases['mine_x'] = 'utf_8'\n",
        ("utf_8", "latin_1"),
    )[0],
    setting(
        "an item that is appended to a library's list",
        "rerun",
        "import urllib.parse\nreturn 's3x' in urllib.parse.uses_netloc",
        "import urllib.parse\nurllib.parse.uses_netloc.append('s3x')\n",
        ("s3x", "s3y"),
    )[0],
    project(
        "a constant of a library's module",
        "rerun",
        "import string\nreturn string.whitespace",
        "import settings",
        {"settings.py": "import string\nif True:\n    string.whitespace = ' '\n"},
        {"settings.py": ("' '", "'  '")},
    ),
    *[
        setting(name, "hit", "return 1", module, edit)[0]
        for name, module, edit in [
            ("the level of logs", "import logging\nlogging.basicConfig(level='INFO')\n", ("INFO", "DEBUG")),
            (
                "the level of a logger",
                "import logging\nlogging.getLogger('x').setLevel('INFO')\n",
                ("INFO", "DEBUG"),
            ),
            ("a filter of warnings", "import warnings\nwarnings.simplefilter('once')\n", ("once", "ignore")),
            (
                "an option of pandas that no step uses",
                "import pandas as pd\npd.options.display.precision = 3\n",
                ("= 3", "= 4"),
            ),
            (
                "an argument of a command line that no step uses",
                "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--n', default=1)\n",
                ("=1", "=2"),
            ),
            (
                "a function for the end of the process",
                "import atexit\ndef bye():\n    return 2\natexit.register(bye)\n",
                ("2", "5"),
            ),
            ("a folder of modules", "import sys\nsys.path.append('/nowhere/a')\n", ("/a", "/b")),
            ("an item of the module's own list", "NAMES = []\nNAMES.append('a')\n", ("'a'", "'b'")),
        ]
    ],
    *[
        project(
            f"{name}, imported late",
            "hit",
            "import settings\nreturn 1",
            "",
            {"settings.py": module},
            {"settings.py": edit},
        )
        for name, module, edit in [
            ("the level of logs", "import logging\nlogging.basicConfig(level='INFO')\n", ("INFO", "DEBUG")),
            (
                "the level of a logger",
                "import logging\nlogging.getLogger('x').setLevel(logging.INFO)\n",
                ("INFO", "DEBUG"),
            ),
            (
                "a function for the end of the process",
                "import atexit\n@atexit.register\ndef bye():\n    return 2\natexit.register(bye)\n",
                ("2", "5"),
            ),
        ]
    ],
    project(
        "a handler of logs, imported late",
        "rerun",
        "import logging, settings\nlogging.getLogger('x').warning('a')\nreturn settings.LINES",
        "",
        {
            "settings.py": "import logging\nLINES = []\nclass Lines(logging.Handler):\n    def emit(self, record):\n"
            "        LINES.append(2)\nlogging.getLogger('x').addHandler(Lines())\n"
        },
        {"settings.py": ("append(2)", "append(5)")},
    ),
    *[
        project(
            f"an attribute of thread-local data{name}",
            verdict,
            "return K.rate",
            "from settings import K",
            {"settings.py": "import threading\nK = threading.local()\nK.rate = 2\nOTHER = 1\n"},
            {"settings.py": edit},
        )
        for name, verdict, edit in [
            ("", "rerun", ("= 2", "= 5")),
            (", unrelated code beside it", "hit", ("OTHER = 1", "OTHER = 2")),
        ]
    ],
]
