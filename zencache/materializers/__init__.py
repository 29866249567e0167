"""Materializers turn a value into files and back, chosen by the value's type."""

from zencache.materializers.base import Materializer
from zencache.materializers.registry import MaterializerRef, find, load_materializer, register
from zencache.util.legacy_hooks import names_of

__all__ = ["Materializer", "MaterializerRef", "find", "load_materializer", "register"]

__getattr__ = names_of(__name__, {"BaseMaterializer": "zencache.compat.materializers"})
