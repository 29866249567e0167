"""Loads the engine: TFX's SDK, Beam, and the modules of this package that use them."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING

from zencache.execution.tfx_sdk import quiet, refused
from zencache.util.imports import PausedCollection

if TYPE_CHECKING:
    from types import ModuleType

_lock = threading.Lock()


def load_engine() -> ModuleType:
    """Import the engine, if it is not imported yet, and give `beam_runner`."""
    with _lock:
        return _engine()


@functools.cache
def _engine() -> ModuleType:
    with refused(), quiet(), PausedCollection():
        from zencache.execution import beam_runner, tfx_filesystems  # noqa: PLC0415 - import Beam

        tfx_filesystems.register()
    return beam_runner
