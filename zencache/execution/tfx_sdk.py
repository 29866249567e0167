"""Imports TFX's SDK and Beam without TensorFlow, and without log lines.

TFX is written so that its SDK works without TensorFlow and without its component library: `fileio`
registers the local file system when TensorFlow cannot be imported, and `latest_blessed_model_strategy`
does without `tfx.components`. Where both are installed they are imported all the same, which takes
more than 10 seconds that a pipeline of plain steps has no use for. So they are refused while the SDK
is imported, by a finder that is taken away again; afterwards `import tensorflow` and
`import tfx.components` work as usual, and TensorFlow's file systems (`gs://`) are there on demand.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import warnings
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING, Any

from zencache.util.imports import remove_finders

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_REFUSED = ("tensorflow", "tfx.components")
_CHATTY = ("absl", "apache_beam", "tensorflow", "tfx")


class _Refusal(MetaPathFinder):
    """Makes imports of `tensorflow` and `tfx.components` fail as if they were not installed."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:  # noqa: ARG002
        if fullname.startswith(tuple(f"{name}." for name in _REFUSED)) or fullname in _REFUSED:
            raise ModuleNotFoundError(f"{fullname} is not needed here", name=fullname)


def debugging() -> bool:
    """Say whether the user wants the engines' log lines: `ZENCACHE_LOG=debug`."""
    return os.environ.get("ZENCACHE_LOG", "").lower() == "debug"


@contextmanager
def quiet() -> Iterator[None]:
    """Hide the engines' log lines inside of the block, unless `debugging`."""
    if debugging():
        yield
        return
    loggers = [logging.getLogger(name) for name in _CHATTY]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def refused() -> Iterator[None]:
    """Make imports of `tensorflow` and `tfx.components` fail inside of the block."""
    refusal = _Refusal()
    sys.meta_path.insert(0, refusal)
    try:
        with warnings.catch_warnings():
            if not debugging():
                warnings.simplefilter("ignore")
            yield
    finally:
        remove_finders(refusal)


def load_beam() -> ModuleType:
    """Import Beam, if it is not imported yet."""
    if "apache_beam" not in sys.modules:
        with refused(), quiet():
            importlib.import_module("apache_beam")
    return sys.modules["apache_beam"]
