"""Keys of components with module files: the functions that TFX looks for, and what they reach."""

from __future__ import annotations

import sys

import pytest

pytestmark = pytest.mark.tfx

MODULE = '''
"""What Transform and Trainer call."""
import tensorflow_transform as tft
import helpers
from helpers import scale


def preprocessing_fn(inputs):
    return {name: scale(value) for name, value in inputs.items()}


def learning_rate():
    return 0.1


def run_fn(fn_args):
    return learning_rate(), helpers.layers()
'''
HELPERS = """
def scale(value):
    return value * 2


def layers():
    return [8, 8]
"""


@pytest.fixture
def digests(tmp_path, monkeypatch):
    """Give the code digests of a Transform and a Trainer of one module file."""
    from tfx import v1 as tfx
    from tfx.types import channel
    from tfx.types import standard_artifacts as sa
    from zencache_tfx import adopt

    from zencache.code.digest import CodeReader

    monkeypatch.chdir(tmp_path)
    (tmp_path / "user").mkdir()
    (tmp_path / "user" / "module.py").write_text(MODULE)
    (tmp_path / "user" / "helpers.py").write_text(HELPERS)

    def codes(file="user/module.py", **more):
        examples, schema = channel.Channel(type=sa.Examples), channel.Channel(type=sa.Schema)
        transform = tfx.components.Transform(
            examples=examples, schema=schema, module_file=str(tmp_path / file)
        )
        trainer = tfx.components.Trainer(
            examples=examples,
            module_file=str(tmp_path / file),
            train_args=tfx.proto.TrainArgs(num_steps=1),
            **more,
        )
        pipeline = tfx.dsl.Pipeline("p", str(tmp_path / "root"), components=[transform, trainer])
        bodies = adopt(pipeline, store="project").parts.bodies
        return {name: body.code(CodeReader()) for name, body in bodies.items()}

    return codes


def edited(tmp_path, file, old, new):
    path = tmp_path / "user" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def changed(before, after):
    return [name for name in before if before[name].digest != after[name].digest]


def test_each_component_has_what_its_own_function_reaches(digests, tmp_path):
    """Law: an edit reruns the components that call what was edited, and no other."""
    before = digests()
    edited(tmp_path, "module.py", "return 0.1", "return 0.2")
    assert changed(before, digests()) == ["Trainer"]
    before = digests()
    edited(tmp_path, "helpers.py", "value * 2", "value * 3")
    assert changed(before, digests()) == ["Transform"]
    before = digests()
    edited(tmp_path, "helpers.py", "[8, 8]", "[8, 8, 8]")
    assert changed(before, digests()) == ["Trainer"]
    assert any("layers" in unit for unit in before["Trainer"].units)


def test_comments_places_and_names_of_files_do_not_matter(digests, tmp_path):
    before = digests()
    edited(tmp_path, "module.py", "def learning_rate():", "# how fast\ndef learning_rate():")
    (tmp_path / "user").rename(tmp_path / "elsewhere")
    assert changed(before, digests("elsewhere/module.py")) == []


def test_versions_of_libraries_are_in_the_key(digests):
    packages = digests()["Transform"].packages
    assert {"tfx", "tensorflow", "tensorflow-transform"} <= packages.keys()


def test_a_text_that_was_there_before_counts_again(digests, tmp_path):
    """Law: the digest is of what the file holds now, also where it held that once before."""
    first = digests()
    edited(tmp_path, "module.py", "return 0.1", "return 0.2")
    second = digests()
    edited(tmp_path, "module.py", "return 0.2", "return 0.1")
    assert changed(first, second) == ["Trainer"]
    assert changed(first, digests()) == []


def test_what_was_imported_under_the_modules_name_does_not_count(digests, tmp_path, monkeypatch):
    before = digests()
    (tmp_path / "helpers.py").write_text("def scale(value):\n    return 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import helpers  # noqa: F401

    assert changed(before, digests()) == []
    sys.modules.pop("helpers")


def test_a_module_on_the_import_path_counts_like_a_file(digests, tmp_path, monkeypatch):
    from tfx import v1 as tfx
    from tfx.types import channel
    from tfx.types import standard_artifacts as sa
    from zencache_tfx import adopt

    from zencache.code.digest import CodeReader

    (tmp_path / "package_of_mine.py").write_text("def run_fn(fn_args):\n    return 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    def code():
        trainer = tfx.components.Trainer(
            examples=channel.Channel(type=sa.Examples),
            run_fn="package_of_mine.run_fn",
            train_args=tfx.proto.TrainArgs(num_steps=1),
        )
        pipeline = tfx.dsl.Pipeline("p", str(tmp_path / "root"), components=[trainer])
        return adopt(pipeline, store="project").parts.bodies["Trainer"].code(CodeReader()).digest

    before = code()
    (tmp_path / "package_of_mine.py").write_text("def run_fn(fn_args):\n    return 2\n")
    assert code() != before


def test_another_executor_is_another_key(digests):
    from tfx.components.pusher import executor
    from tfx.dsl.components.base import executor_spec

    before = digests()
    after = digests(custom_executor_spec=executor_spec.ExecutorClassSpec(executor.Executor))
    assert changed(before, after) == ["Trainer"]


def test_a_module_file_that_is_gone_is_named(digests, tmp_path):
    from zencache.errors import CodeUnavailableError

    (tmp_path / "user" / "module.py").unlink()
    with pytest.raises(CodeUnavailableError, match="step T.*: its module file .* is not there"):
        digests()


def test_a_file_beside_it_that_is_named_like_a_library_is_none_of_its_modules(digests, tmp_path):
    """Law: what an import gives is what Python would give it: an installed package goes before the folder."""
    before = digests()
    (tmp_path / "user" / "tensorflow_transform.py").write_text("raise RuntimeError\n")
    assert changed(before, digests()) == []
