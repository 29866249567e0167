"""A Trainer that calls a user's module: what runs is what the key says, in the process that imported it
before, too."""

from __future__ import annotations

import os
import sys

import pytest

pytestmark = [pytest.mark.tfx, pytest.mark.slow]

MODULE = """
import os
import rates


def run_fn(fn_args):
    os.makedirs(fn_args.serving_model_dir)
    with open(os.path.join(fn_args.serving_model_dir, "saved_model.pb"), "w") as file:
        file.write(str(rates.rate()))
    with open(os.environ["RAN"], "a") as file:
        file.write("Trainer\\n")
"""


@pytest.fixture
def training(flow, monkeypatch):
    from tfx import v1 as tfx

    (flow.folder / "user").mkdir()
    (flow.folder / "user" / "module.py").write_text(MODULE)
    (flow.folder / "user" / "rates.py").write_text("def rate():\n    return 1\n")
    flow.edit('    note("Numbers")', '    numbers.split_names = \'["train", "eval"]\'\n    note("Numbers")')

    assert flow.module
    # The module file may have bytecode, of the second and size that an edit has too; it must not be used.
    monkeypatch.setattr(sys, "dont_write_bytecode", False)

    def create():
        def more(numbers, train):
            return [
                tfx.components.Trainer(
                    module_file=str(flow.folder / "user" / "module.py"),
                    examples=numbers.outputs["numbers"],
                    train_args=tfx.proto.TrainArgs(num_steps=1),
                    eval_args=tfx.proto.EvalArgs(num_steps=1),
                )
            ]

        return flow.module.create(more=more)

    return create


def test_an_edited_helper_of_a_module_file_is_what_runs(training, flow):
    """Law: the code that ran is the code in the key, whatever was imported before."""

    def trained():
        run = flow.run(training())
        return run.steps["Trainer"].outputs["model"].load().serving.joinpath("saved_model.pb").read_text()

    assert trained() == "1"
    assert sorted(flow.ran) == ["Numbers", "Train", "Trainer"]
    assert trained() == "1"
    assert flow.ran == []
    rates = flow.folder / "user" / "rates.py"
    second = rates.stat().st_mtime_ns // 10**9 * 10**9
    rates.write_text("def rate():\n    return 2\n")
    os.utime(rates, ns=(second + 7, second + 7))
    assert trained() == "2"
    assert flow.ran == ["Trainer"]
    (flow.folder / "user" / "rates.py").write_text("def rate():\n    return 1\n")
    assert trained() == "1"
    assert flow.ran == []
    assert "rates" not in sys.modules


def test_the_record_of_a_pipeline_runs_its_module_file(training, flow):
    from zencache import Repository

    flow.run(training())
    assert flow.ran
    found = Repository().get_pipeline_by_name("flow")
    assert {step.status for step in found.run().steps.values()} == {"cached"}
    (flow.folder / "user" / "rates.py").write_text("def rate():\n    return 3\n")
    run = found.run()
    assert flow.ran == ["Trainer"]
    assert "helper rate in rates.py changed (1 line)" in run.steps["Trainer"].reason


def test_a_module_file_that_is_edited_while_its_component_runs_gives_no_result_to_reuse(training, flow):
    """Law: where nobody knows which text ran, nothing is reused."""
    module = flow.folder / "user" / "module.py"
    module.write_text(
        MODULE + "    here = os.path.dirname(os.path.abspath(rates.__file__))\n"
        "    with open(os.path.join(here, 'rates.py'), 'a') as file:\n"
        "        file.write('\\nLATER = 1\\nrate = lambda: 5\\n')\n"
    )
    flow.run(training())
    assert "Trainer" in flow.ran
    (flow.folder / "user" / "rates.py").write_text("def rate():\n    return 1\n")
    run = flow.run(training())
    assert flow.ran == ["Trainer"]
    assert run.steps["Trainer"].reason.endswith("module.py changed while it was read")
