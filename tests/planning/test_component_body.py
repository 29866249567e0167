"""What of a native component's spec its key is made of; no TFX is needed to know."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zencache.errors import DefinitionError
from zencache.model.specs import CodeRef, NodeRef, StepSpec
from zencache.model.values import to_text
from zencache.planning.component_body import IMPORTER, RESOLVER, ComponentBody, resolvers_before
from zencache.planning.example_files import Matched
from zencache.tracking.file_digests import FileDigests

DRIVER = "tfx.components.example_gen.driver.FileBasedDriver"


def body(
    identity="tfx.components.X",
    *,
    driver="",
    executor="tfx.components.statistics_gen.executor.Executor",
    **properties,
):
    module, _, name = identity.rpartition(".")
    node = NodeRef(ir="x", pipeline="p", executor=executor, driver=driver)
    texts = {key: to_text(value) for key, value in properties.items()}
    return ComponentBody.of(
        StepSpec(name="node", code=CodeRef(module=module, qualname=name), parameters=texts, node=node)
    )


def parameters(component, **computed):
    return component.parameters(component.spec, FileDigests(None), computed)


def nothing(properties):
    raise AssertionError("TFX was asked for spans")


def test_two_spellings_of_one_json_are_one_property():
    """Law: a property that is a JSON object or list counts by what it says."""
    one = parameters(body(config='{"b": 1, "a": [1, 2]}'))
    other = parameters(body(config='{\n  "a": [1, 2],\n  "b": 1\n}'))
    assert one == other
    assert parameters(body(config='{"a": [2, 1], "b": 1}')) != one


def test_a_component_of_ones_own_may_go_by_the_order_in_a_text():
    """Law: what TFX's own components cannot tell apart, one's own may."""
    own = {"executor": "__main__.Mine"}
    assert parameters(body(config='{"b": 1, "a": 2}', **own)) != parameters(
        body(config='{"a": 2, "b": 1}', **own)
    )


def test_texts_and_numbers_of_one_spelling_differ():
    assert parameters(body(a="1")) != parameters(body(a=1))
    assert parameters(body(a="[")) != parameters(body(a="[]"))


def test_module_files_count_as_code_and_not_as_paths():
    assert parameters(body(module_file="a.py", x=1)) == parameters(body(module_file="b.py", x=1))


def test_dynamic_properties_are_among_the_parameters():
    assert parameters(body(x=1), y=2) == parameters(body(x=1, y=2))


def test_files_of_an_example_gen_count_by_name_and_content(folder):
    (folder / "data").mkdir()
    (folder / "data" / "a.csv").write_text("a")
    (folder / "data" / "below").mkdir()
    config = json.dumps({"splits": [{"name": "all", "pattern": "*"}]})
    node = body(driver=DRIVER, input_base=str(folder / "data"), input_config=config)
    files = node.files(FileDigests(None), nothing, {})
    assert set(files) == {"split all", "file a.csv"}
    assert "input_base" not in parameters(node)
    (folder / "data" / "a.csv").write_text("b")
    assert node.files(FileDigests(None), nothing, {}) != files


def test_files_match_as_beam_matches(folder):
    """Law: a hidden file is matched by `*`, a folder is not, and `**` goes down."""
    for name in ("a.csv", ".h.csv", "b.txt", "deep/c.csv", "deep/er/d.csv"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)

    def matched(pattern):
        config = json.dumps({"splits": [{"name": "all", "pattern": pattern}]})
        files = body(driver=DRIVER, input_base=str(folder), input_config=config).files(
            FileDigests(None), nothing, {}
        )
        return {name.removeprefix("file ") for name in files if name.startswith("file ")}

    assert matched("*.csv") == {"a.csv", ".h.csv"}
    assert matched("deep/*") == {"deep/c.csv"}
    assert matched("*/[a-c].csv") == {"deep/c.csv"}
    assert matched("deep/**.csv") == {"deep/c.csv", "deep/er/d.csv"}
    assert matched("a.csv") == {"a.csv"}
    assert matched("[!b].csv") == {"a.csv"}
    assert matched(f"../{folder.name}/a*") == {"a.csv"}


def test_many_files_are_one_part_of_the_key(folder):
    for number in range(120):
        (folder / f"{number}.csv").write_text(str(number))
    config = json.dumps({"splits": [{"name": "all", "pattern": "*.csv"}]})
    node = body(driver=DRIVER, input_base=str(folder), input_config=config)
    files = node.files(FileDigests(None), nothing, {})
    assert set(files) == {"split all", "file *.csv (120 files)"}
    (folder / "7.csv").write_text("other")
    assert node.files(FileDigests(None), nothing, {}) != files


def test_spans_are_asked_of_tfx(folder):
    (folder / "2").mkdir()
    (folder / "2" / "a.csv").write_text("a")
    config = json.dumps({"splits": [{"name": "all", "pattern": "{SPAN}/*"}]})
    node = body(driver=DRIVER, input_base=str(folder), input_config=config)
    files = node.files(FileDigests(None), lambda _: Matched({"all": "2/*"}, span=2), {})
    assert set(files) == {"split all", "span", "file 2/a.csv"}


def test_a_range_that_is_computed_when_the_node_runs_is_asked_of_tfx(folder):
    config = json.dumps({"splits": [{"name": "all", "pattern": "*"}]})
    node = body(driver=DRIVER, input_base=str(folder), input_config=config)
    asked = []

    def spans(properties):
        asked.append(properties["range_config"])
        return Matched({"all": "none"})

    with pytest.raises(DefinitionError, match="no file matches 'none'"):
        node.files(FileDigests(None), spans, {"range_config": "{}"})
    assert asked == ["{}"]


def test_an_importer_counts_what_lies_at_its_uri(folder):
    (folder / "a").write_text("1")
    node = body(IMPORTER, artifact_uri=str(folder / "a"), reimport=0)
    first = node.files(FileDigests(None), nothing, {})
    (folder / "a").write_text("2")
    assert node.files(FileDigests(None), nothing, {}) != first


def test_what_is_never_looked_up_says_why():
    assert body(RESOLVER).never_cached == "a resolver looks at the records each time"
    assert "reimport=True" in body(IMPORTER, artifact_uri="a", reimport=1).never_cached
    query = body(driver="tfx.components.example_gen.driver.QueryBasedDriver")
    assert "CachePolicy(expires_after=…)" in query.never_cached
    assert body().never_cached is None


def test_paths_that_properties_mention_are_known(folder):
    (folder / "words.txt").write_text("")
    node = body(
        vocabulary=str(folder / "words.txt"), config=json.dumps({"deep": [str(folder)]}), name="words.txt"
    )
    assert set(node.mentioned) == {folder / "words.txt", folder}
    pusher = body(executor="tfx.components.pusher.executor.Executor", base=str(folder))
    assert pusher.mentioned == ()


def test_resolvers_come_before_what_is_listed_after_them():
    from zencache.model.specs import PipelineSpec

    def named(name, identity="a.B"):
        module, _, qualname = identity.rpartition(".")
        return StepSpec(name=name, code=CodeRef(module=module, qualname=qualname))

    spec = PipelineSpec(name="p", steps=(named("first"), named("latest", RESOLVER), named("last")))
    assert resolvers_before(spec) == {"first": frozenset(), "latest": {"first"}, "last": {"latest"}}


def test_a_wheel_is_unpacked_once(folder):
    import zipfile

    wheel = folder / "user-0.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("module.py", "def run_fn():\n    return 1\n")
    module, unpacked = body(module_path=f"module@{wheel}").module
    assert module == "module"
    assert (Path(unpacked) / "module.py").is_file()
    assert body(module_path=f"module@{wheel}").module[1] == unpacked
