"""What TFX's Trainer calls: it makes the trainer that the pipeline names, and has it train."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zencache_tfx.classic.sources import load_trainer_class

if TYPE_CHECKING:
    from tfx.v1.components import FnArgs


def run_fn(fn_args: FnArgs) -> None:
    """Train what `custom_config` says: a trainer's class by import path, its arguments, the labels."""
    told: dict[str, Any] = fn_args.custom_config
    trainer = load_trainer_class(told["source"])(**told["args"])
    trainer.labels = told["labels"]
    trainer.transform_output = fn_args.transform_output
    trainer.train_files = fn_args.train_files
    trainer.eval_files = fn_args.eval_files
    trainer.serving_model_dir = fn_args.serving_model_dir
    trainer.log_dir = fn_args.model_run_dir
    trainer.schema_file = fn_args.schema_file
    trainer.run_fn()
