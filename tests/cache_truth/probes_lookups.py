"""Code found by a name in text: modules by name, attributes by name, files loaded by hand."""

from __future__ import annotations

from tests.cache_truth.harness import there
from tests.cache_truth.probes_imports import HELPER, OTHER, TWICE, project

PROBES = [
    # -- by name ------------------------------------------------------------------------------------
    *(
        project(
            f"{what}, {'the helper' if verdict == 'rerun' else 'unrelated code'}",
            verdict,
            body,
            above,
            {"prep.py": HELPER},
            {"prep.py": TWICE if verdict == "rerun" else OTHER},
            why="" if verdict == "rerun" else why,
        )
        for what, above, body, why in (
            (
                "import_module of a literal",
                "import importlib",
                'return importlib.import_module("prep").clean(x)',
                "what is taken from a module found by name is not followed",
            ),
            (
                "import_module under another name",
                "from importlib import import_module as load",
                'return load("prep").clean(x)',
                "what is taken from a module found by name is not followed",
            ),
            (
                "import_module of an f-string",
                "import importlib",
                'n = "ep"\nreturn importlib.import_module(f"pr{n}").clean(x)',
                "the module's name is computed",
            ),
            (
                "import_module of a constant",
                "import importlib\nNAME = 'prep'",
                "return importlib.import_module(NAME).clean(x)",
                "the module's name is computed",
            ),
            (
                "__import__",
                "",
                'return __import__("prep").clean(x)',
                "what is taken from a module found by name is not followed",
            ),
            (
                "sys.modules",
                "import sys, prep",
                'return sys.modules["prep"].clean(x)',
                "what is taken from a module found by name is not followed",
            ),
            (
                "pkgutil.resolve_name",
                "import pkgutil",
                'return pkgutil.resolve_name("prep:clean")(x)',
                "the name is resolved by a library",
            ),
            (
                "runpy.run_module",
                "import runpy",
                'return runpy.run_module("prep")["clean"](x)',
                "the name is resolved by a library",
            ),
            (
                "a literal name given to getattr",
                "import prep",
                'return getattr(prep, "clean")(x)',
                "getattr may take in the module",
            ),
            (
                "a computed name given to getattr",
                "import prep",
                'n = "an"\nreturn getattr(prep, "cle" + n)(x)',
                "the attribute's name is computed",
            ),
            (
                "vars of a module",
                "import prep",
                'return vars(prep)["clean"](x)',
                "vars() takes in the module",
            ),
            (
                "the __dict__ of a module",
                "import prep",
                'return prep.__dict__["clean"](x)',
                "__dict__ takes in the module",
            ),
            (
                "an attrgetter on a module",
                "import prep, operator",
                'return operator.attrgetter("clean")(prep)(x)',
                "the attribute's name is computed",
            ),
            (
                "a module in a dict",
                "import prep\nMODULES = {'p': prep}",
                "return MODULES['p'].clean(x)",
                "a module as a value is taken whole",
            ),
            (
                "a module given to a function",
                "import prep\ndef run(module, x):\n    return module.clean(x)",
                "return run(prep, x)",
                "a module as a value is taken whole",
            ),
        )
        for verdict in ("rerun", "imprecise")
    ),
    project(
        "a module loaded from a file at import",
        "rerun",
        "return plug.clean(x)",
        "import importlib.util, pathlib\nspec = importlib.util.spec_from_file_location('plug', pathlib.Path(__file__).with_name('prep.py'))\nplug = importlib.util.module_from_spec(spec)\nspec.loader.exec_module(plug)",
        {"prep.py": HELPER},
        {"prep.py": TWICE},
    ),
    project(
        "functions made by exec of a file at import",
        "rerun",
        "return SPACE['clean'](x)",
        "import pathlib\nSPACE = {}\nexec(pathlib.Path(__file__).with_name('prep.txt').read_text(), SPACE)",
        {"prep.txt": HELPER},
        {"prep.txt": TWICE},
    ),
    there(
        "an import for types only",
        "hit",
        "from __future__ import annotations\n" + HELPER,
        (
            "annotations\n",
            "annotations\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pathlib import Path\n",
        ),
    ),
    project(
        "an unused import of a project module",
        "hit",
        "return x * 2",
        "import prep",
        {"prep.py": HELPER},
        {"prep.py": TWICE},
    ),
    project(
        "an unused import of a project module is added",
        "hit",
        "return x * 2",
        "import math",
        {"prep.py": HELPER},
        {"steps.py": ("import math", "import math\nimport prep")},
    ),
]
