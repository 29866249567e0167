"""Checks what a file of Keras 2 would have imported and called while it is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zencache.errors import MaterializerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_OWN = ("keras", "tf_keras", "tensorflow")
_OF_FUNCTIONS = frozenset({"activations", "constraints", "initializers", "losses", "metrics", "regularizers"})


def check_registered(config: Any, registered: Callable[[str], Any]) -> None:
    """Raise MaterializerError unless all that a configuration names is Keras's own or registered.

    Keras 2 imports any module that a file names, and a Lambda layer calls any function.

    >>> check_registered({"module": "keras.layers", "class_name": "Dense", "config": {}}, {}.get)
    >>> foreign = {"module": "os", "class_name": "function", "config": "system"}
    >>> check_registered(foreign, {}.get)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    zencache.errors.MaterializerError: the stored model names os.system, which is not Keras's ...
    """
    for node in _nodes(config):
        name = _foreign(node, registered)
        if name is not None:
            raise MaterializerError(
                f"the stored model names {name}, which is not Keras's and not registered here, so it is not "
                "loaded. If it is yours, import the module that registers it with "
                "@tf_keras.saving.register_keras_serializable() first"
            )


def _foreign(node: dict[str, Any], registered: Callable[[str], Any]) -> str | None:
    """Name what a part of a configuration would import or call and must not; None if there is nothing."""
    kind, module = str(node.get("class_name")), str(node.get("module") or "")
    config = node.get("config")
    if kind == "__lambda__":
        return "a lambda"
    if kind == "Lambda":
        function = config.get("function") if isinstance(config, dict) else None
        return None if isinstance(function, dict) else "a function in a Lambda layer"
    if "class_name" not in node or _is_registered(node, kind, registered):
        return None
    top, *rest = module.split(".")
    if kind == "function":
        is_own = top in _OWN and bool(_OF_FUNCTIONS & set(rest))
        return None if is_own else f"{module or 'a function'}.{config}"
    return None if top in _OWN or not module else f"{module}.{kind}"


def _is_registered(node: dict[str, Any], kind: str, registered: Callable[[str], Any]) -> bool:
    names = (node.get("registered_name"), node.get("config") if kind == "function" else kind)
    return any(isinstance(name, str) and registered(name) is not None for name in names)


def _nodes(config: Any) -> Iterator[dict[str, Any]]:
    """List the mappings in a configuration, at any depth."""
    if isinstance(config, dict):
        yield config
    for each in config.values() if isinstance(config, dict) else config if isinstance(config, list) else ():
        yield from _nodes(each)
