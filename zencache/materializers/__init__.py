"""Materializers turn a value into files and back, chosen by the value's type."""

from zencache.materializers.base import Materializer
from zencache.materializers.registry import MaterializerRef, find, load_materializer, register

__all__ = ["Materializer", "MaterializerRef", "find", "load_materializer", "register"]
