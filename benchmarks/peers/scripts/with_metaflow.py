"""Runs the work with Metaflow, whose `resume` of a finished run copies it task by task, in place of a cache.

A run is a command of the file with its flow, and so is each of its tasks; `FLOW` chooses the flow.
"""

import os
import subprocess
import sys
from pathlib import Path

if "FLOW" not in os.environ:
    os.environ |= {
        "METAFLOW_USER": "peer",
        "METAFLOW_HOME": f"{sys.argv[2]}/home",
        "METAFLOW_DATASTORE_SYSROOT_LOCAL": sys.argv[2],
        "METAFLOW_DEFAULT_DATASTORE": "local",
        "METAFLOW_DEFAULT_METADATA": "local",
    }

import work
from metaflow import Flow, FlowSpec, step


class Digits(FlowSpec):
    @step
    def start(self):
        self.split = work.load()
        self.next(self.end)

    @step
    def end(self):
        self.result = work.train(*self.split)


class Chain(FlowSpec):
    @step
    def start(self):
        self.result = work.start()
        self.next(self.add_1)

    @step
    def add_1(self):
        self.result = work.add(self.result)
        self.next(self.add_2)

    @step
    def add_2(self):
        self.result = work.add(self.result)
        self.next(self.add_3)

    @step
    def add_3(self):
        self.result = work.add(self.result)
        self.next(self.add_4)

    @step
    def add_4(self):
        self.result = work.add(self.result)
        self.next(self.add_5)

    @step
    def add_5(self):
        self.result = work.add(self.result)
        self.next(self.add_6)

    @step
    def add_6(self):
        self.result = work.add(self.result)
        self.next(self.add_7)

    @step
    def add_7(self):
        self.result = work.add(self.result)
        self.next(self.add_8)

    @step
    def add_8(self):
        self.result = work.add(self.result)
        self.next(self.end)

    @step
    def end(self):
        self.result = work.add(self.result)


FLOWS = {"Digits": Digits, "Chain": Chain}


def verb(flow: str, store: str) -> str:
    """Resume the last run of a flow, or run the flow if there is none."""
    return "resume" if Path(store, ".metaflow", flow).exists() else "run"


def here(store: str) -> None:
    """Run or resume Digits in this process, as the command would."""
    os.environ["FLOW"] = "Digits"
    sys.argv[1:] = [verb("Digits", store)]
    try:
        Digits()
    except SystemExit as ended:
        if ended.code:
            raise


def command(flow: str, store: str) -> None:
    environ = {**os.environ, "FLOW": flow}
    subprocess.run([sys.executable, __file__, verb(flow, store)], env=environ, check=True)


def result(flow: str) -> object:
    return Flow(flow).latest_run.data.result


def main(mode: str, store: str) -> None:
    def digits() -> None:
        here(store) if mode == "run" else command("Digits", store)

    work.answer(
        mode,
        (digits, lambda _: result("Digits")),
        (lambda: command("Chain", store), lambda _: result("Chain")),
    )


if __name__ == "__main__":
    if "FLOW" in os.environ:
        FLOWS[os.environ["FLOW"]]()
    else:
        main(*sys.argv[1:])
