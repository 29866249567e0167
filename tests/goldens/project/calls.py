"""The requests that reach ML Metadata's client, in order, by their names: of plans and cached runs, in a
fresh process and warm."""

from __future__ import annotations

import sys
from contextlib import contextmanager

import shop
from ml_metadata.metadata_store import metadata_store

from zencache import Repository, pipeline, step

calls = []
answer = metadata_store.MetadataStore._call


def counted(self, name, *arguments, **named):
    calls.append(name)
    return answer(self, name, *arguments, **named)


metadata_store.MetadataStore._call = counted


@step
def start() -> int:
    return 0


@step
def add(x: int) -> int:
    return x + 1


@pipeline
def chain():
    value = start()
    for _ in range(9):
        value = add(value)


@contextmanager
def shown(title):
    calls.clear()
    yield
    print(f"# {title}: {len(calls)} calls")
    print(*calls, sep="\n")


def main(what):
    for name, made in (("prices", shop.prices), ("chain", chain)):
        if what == "first":
            made().run(workers=1)  # not counted: how often it beats depends on how long it takes
            continue
        for title in ("fresh", "warm", "warm again"):
            with shown(f"{name}, {title}, planned"):
                assert made().plan().all_hits
            with shown(f"{name}, {title}, cached"):
                made().run(workers=1)
        with shown(f"{name}, by the repository"):
            Repository().get_pipeline_by_name(name).run(workers=1)
        with shown(f"{name}, read"):
            [step.output.load() for step in Repository().get_runs(name)[-1].steps.values()]


if __name__ == "__main__":
    main(sys.argv[1])
