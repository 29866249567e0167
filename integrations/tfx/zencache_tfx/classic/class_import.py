"""Names users' trainer classes by import path, `module:Class`, and imports them in any process."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from zencache.code.digest import CodeReader
from zencache.errors import CodeUnavailableError, DefinitionError
from zencache.model.types import module_name
from zencache_tfx.classic.trainers import BaseTrainerStep


def source_of(kind: type) -> str:
    """Give the import path of a class; raises DefinitionError if other processes cannot import it.

    >>> from zencache_tfx.classic import FeedForwardTrainer
    >>> source_of(FeedForwardTrainer)
    'zencache_tfx.classic.trainers:FeedForwardTrainer'
    """
    if "." in kind.__qualname__:
        raise DefinitionError(
            f"trainer {kind.__name__} is defined inside a function or a class, so other processes cannot "
            "import it; put the class at the top level of a module or script"
        )
    module = module_name(kind.__module__)
    if kind.__module__ == "__main__":  # importing the script by its name would run it again
        sys.modules.setdefault(module, sys.modules["__main__"])
    return f"{module}:{kind.__qualname__}"


def load_trainer_class(source: str) -> type[BaseTrainerStep]:
    """Import a trainer's class; raises CodeUnavailableError if that fails."""
    module, _, name = source.partition(":")
    is_script = module == module_name("__main__")
    try:
        owner = sys.modules["__main__"] if is_script else importlib.import_module(module)
        trainer_class: Any = getattr(owner, name)
    except (ImportError, AttributeError) as error:
        raise CodeUnavailableError(
            f"trainer {source} cannot be imported ({error}); run from a folder where its module can be "
            "imported, or use another trainer: pipeline.copy('new name').add_trainer(…)"
        ) from error
    if not (isinstance(trainer_class, type) and issubclass(trainer_class, BaseTrainerStep)):
        raise CodeUnavailableError(
            f"{source} is no longer a trainer: it does not derive from BaseTrainerStep"
        )
    return trainer_class


def code_of(kind: type) -> str | None:
    """Digest the code of a user's class and all that it reaches; None for a class of a library."""
    return CodeReader().of_class(f"{kind.__module__}.{kind.__qualname__}")
