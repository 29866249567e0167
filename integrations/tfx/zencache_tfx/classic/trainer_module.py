"""`run_fn` for TFX's Trainer: makes the trainer that the pipeline names, and trains.

The class is imported by TFX, not by importlib here: to a reader of this code, an import by a computed name
may mean any module of the project, and a key that holds them all changes with each. What the class does
is in the key by its own digest, which stands in `custom_config`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfx.utils import import_utils

if TYPE_CHECKING:
    from tfx.v1.components import FnArgs


def run_fn(fn_args: FnArgs) -> None:
    """Train what `custom_config` says: a trainer's class by import path, its arguments, the labels."""
    told: dict[str, Any] = fn_args.custom_config
    kind = import_utils.import_class_by_path(told["source"].replace(":", "."))
    trainer = kind(**told["args"])
    trainer.labels = told["labels"]
    trainer.transform_output = fn_args.transform_output
    trainer.train_files = fn_args.train_files
    trainer.eval_files = fn_args.eval_files
    trainer.serving_model_dir = fn_args.serving_model_dir
    trainer.log_dir = fn_args.model_run_dir
    trainer.schema_file = fn_args.schema_file
    trainer.run_fn()
