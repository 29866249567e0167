"""What a file of Keras 2 may name; the check reads its configuration alone and needs no Keras."""

from __future__ import annotations

import pytest
from zencache_tensorflow._keras2 import check_registered

from zencache.errors import MaterializerError

REGISTERED = {"shop>Scale": object(), "shop>loss": object()}


def layer(kind="Dense", module="keras.layers", registered=None, **config):
    return {"module": module, "class_name": kind, "registered_name": registered, "config": config}


def function(name, module="builtins", registered="function"):
    return {"module": module, "class_name": "function", "config": name, "registered_name": registered}


@pytest.mark.parametrize(
    "config",
    [
        layer("Functional", "tf_keras.src.engine.functional", layers=[layer(), layer("ReLU")]),
        layer("Scale", "shop.layers", "shop>Scale", rate=2),
        layer(activation=function("relu", "keras.activations")),
        {"compile_config": {"loss": function("loss", "shop.losses", "shop>loss")}},
        layer("Lambda", function=function("loss", "shop.losses", "shop>loss")),
        layer(name="a name", units=3),
    ],
)
def test_what_keras_has_and_what_is_registered_is_loaded(config):
    assert check_registered([config], REGISTERED.get) is None


@pytest.mark.parametrize(
    "config",
    [
        function("exec"),
        function("system", "os"),
        function("get_file", "keras.utils"),
        layer("Lambda", function=function("exec")),
        layer("Lambda", function="exec"),
        layer("Lambda", function=["4wEA", None, None], function_type="lambda"),
        {"class_name": "__lambda__", "config": {"value": "4wEA"}},
        layer("Popen", "subprocess", args="ls"),
        layer("Scale", "shop.layers", "shop>Other"),
        layer("Sequential", layers=[layer(activation=function("exec", registered="exec"))]),
    ],
)
def test_what_nobody_registered_is_not_imported(config):
    """At any depth, and whatever it calls itself."""
    with pytest.raises(MaterializerError, match="not registered here"):
        check_registered({"config": [config]}, REGISTERED.get)
