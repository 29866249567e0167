"""The kinds of edits of which there are five probes or more, for the themes that hold several kinds.

A probe that names its kind itself, as the recorded ones do, is not looked up here.
"""

from __future__ import annotations

import re

KINDS: dict[str, dict[str, str]] = {
    "late_imports": {
        "late imports: a module reads itself": r"a late module's own",
        "late imports: zip files": r"zip file",
        "late imports: class bodies": r"class body",
        "late imports: global names": r"a (global|closed-over)",
        "late imports: star imports": r"star import|__all__",
        "late imports: __getattr__ of a module": r"__getattr__",
        "late imports: tests of __name__, for type checkers": r"__|script's part|several names|TYPE|type ch",
        "late imports: patched before": r"patched before",
        "late imports: live modules": r"imported before the step",
        "late imports: packages": r"package|submodule|circular",
        "late imports: in blocks and after others": r"",
    },
    "registered": {
        "import time: codecs": r"codec",
        "import time: accessors and classes of libraries": r"accessor|library's class",
        "import time: tables of libraries": r"copyreg|adapter|YAML|patch",
        "import time: no registration": r"",
    },
    "import_effects": {
        "import time: registering decorators": r"decorator|register$|method in a class",
        "import time: operators and calls on registries": r"operator on|setattr on|item of|patch of|del in",
        "import time: calls whose result has a name": r"result has a name|registers$",
        "import time: other tables, and what changes nothing": r"",
    },
    "class_members": {
        "objects: values of enums": r"enum|flag|automatic values",
        "objects: defaults of models": r"model|annotations|slots|special attribute|computed default",
        "objects: fields of dataclasses, attrs, tuples": r"in a dataclass|dataclass's f|of a dataclass f|attrs|tuple|factory that",
        "objects: classes made by a call": r"made by a call|new_class|in the namespace",
        "objects: methods made by exec": r"exec|eval of",
        "objects: members in C, set later": r"in C|library's function|generic base|set later",
        "objects: values of a thread, handlers, loggers": r"",
    },
    "argument_values": {
        "parameters: classes": r"class|subclass|model|enum",
        "parameters: attributes": r"attribute",
        "parameters: zones and times": r"zone|offset|fold|date spelt",
        "parameters: order of mappings": r"order of|mapping spelt",
        "parameters: numbers and texts": r"",
    },
    "live_values": {
        "live values: functions in C": r"function|getter|caller|in C|reduction",
        "live values: entries of tables and namespaces": r"entry|table|order of|namespace|line|beside",
        "live values: other objects": r"",
    },
}
"""By theme, the kinds and what the names of their probes hold; the first that fits counts."""


def kind_of(theme: str, name: str) -> str:
    """Give the kind of a probe: that of the table, or else its theme.

    >>> kind_of("late_imports", "a module in a zip file"), kind_of("values", "a number")
    ('late imports: zip files', 'values')
    """
    fitting = (kind for kind, pattern in KINDS.get(theme, {}).items() if re.search(pattern, name))
    return next(fitting, theme)
