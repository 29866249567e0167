"""Calls one function for `Bench.call` in a child process, and prints only its answer, as JSON."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
from pathlib import Path


def main(target: str, given: str) -> None:
    """Call `module:function` with the arguments in a JSON object."""
    module, _, name = target.partition(":")
    function = getattr(importlib.import_module(module), name)
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        answer = function(**json.loads(given))
    print(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
