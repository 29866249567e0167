"""Runs the work with joblib.Memory: cached functions, called one after another."""

import sys

import work
from joblib import Memory


def main(mode: str, store: str) -> None:
    memory = Memory(store, verbose=0)
    load, train, start, add = (memory.cache(step) for step in (work.load, work.train, work.start, work.add))

    def digits() -> float:
        return train(*load())

    def chain() -> int:
        value = start()
        for _ in range(9):
            value = add(value)
        return value

    work.answer(mode, (digits, float), (chain, int))


if __name__ == "__main__":
    main(*sys.argv[1:])
