"""Runs the trainer that the pipeline names; TFX's Trainer calls it.

TFX imports the class, not importlib. For the code digest, an import by a computed name may mean any module of
the project. The key would then change with each of them. The digest of the class itself is in the key,
through `custom_config`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfx.utils import import_utils

if TYPE_CHECKING:
    from tfx.v1.components import FnArgs


def run_fn(fn_args: FnArgs) -> None:
    """Train by `custom_config`: the import path of a trainer's class, its arguments, and the labels."""
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
