"""Turns values into files and back by materializers, which are chosen by the value's type."""

from zencache.materializers.base import Materializer
from zencache.materializers.registry import MaterializerRef, find, load_materializer, register
from zencache.model.legacy_api import legacy_names

__all__ = ["Materializer", "MaterializerRef", "find", "load_materializer", "register"]

__getattr__ = legacy_names(__name__, "BaseMaterializer")
