"""Runs the work with Hamilton: functions are nodes, which drivers with a cache execute."""

import os
import sys

os.environ["HAMILTON_TELEMETRY_ENABLED"] = "false"

import work
from hamilton import driver
from hamilton.ad_hoc_utils import create_temporary_module
from hamilton.function_modifiers import parameterize, source


def split() -> work.Split:
    return work.load()


def accuracy(split: work.Split) -> float:
    return work.train(*split)


def value_0() -> int:
    return work.start()


@parameterize(**{f"value_{i}": {"x": source(f"value_{i - 1}")} for i in range(1, 10)})
def add(x: int) -> int:
    return work.add(x)


def main(mode: str, store: str) -> None:
    def run(module: object, node: str) -> object:
        built = driver.Builder().with_modules(module).with_cache(path=store).build()
        return built.execute([node])[node]

    digits = create_temporary_module(split, accuracy, module_name="digits")
    chain = create_temporary_module(value_0, add, module_name="chain")
    work.answer(
        mode,
        (lambda: run(digits, "accuracy"), float),
        (lambda: run(chain, "value_9"), int),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
