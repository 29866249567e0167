"""Several named outputs of a step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zencache.errors import StepDefinitionError
from zencache.materializers.registry import path_of
from zencache.model.names import check_name


class Output:
    """A return annotation that names outputs: `-> Output(train=np.ndarray, test=np.ndarray)`.

    The step returns them in that order. `tuple[Annotated[np.ndarray, "train"], …]` says the same.

    >>> list(Output(train=list, test=dict).items())
    [('train', <class 'list'>), ('test', <class 'dict'>)]
    """

    def __init__(self, **types: Any) -> None:
        if not types:
            raise StepDefinitionError("Output() names no output; for a step without outputs say `-> None`")
        for name in types:
            check_output_name(name)
        self._types = types

    def items(self) -> tuple[tuple[str, Any], ...]:
        """Give names and types, in order."""
        return tuple(self._types.items())

    def __repr__(self) -> str:
        return f"Output({', '.join(f'{name}={kind!r}' for name, kind in self.items())})"


def check_output_name(name: str) -> None:
    """Raise StepDefinitionError unless an output's name could be a variable's, and can serve as a folder."""
    if not name.isidentifier():
        raise StepDefinitionError(
            f"{name[:80]!a} cannot be the name of an output: give one that could be a variable's"
        )
    check_name("output", name)


def materializer_paths(materializers: Any) -> dict[str, str]:
    """Give output to materializer path, from one class for all outputs, or a class or path for each.

    >>> from zencache.materializers.pickle import PickleMaterializer
    >>> materializer_paths({"model": PickleMaterializer})
    {'model': 'zencache.materializers.pickle:PickleMaterializer'}
    """
    if materializers is None:
        return {}
    by_output = materializers if isinstance(materializers, Mapping) else {"": materializers}
    return {output: _path(output, chosen) for output, chosen in by_output.items()}


def _path(output: str, chosen: Any) -> str:
    if isinstance(chosen, tuple | list) and len(chosen) == 1:
        chosen = chosen[0]
    if isinstance(chosen, str):  # `module.Class`, as configuration files have it
        return chosen if ":" in chosen else ":".join(chosen.rsplit(".", 1))
    if isinstance(chosen, type) and callable(getattr(chosen, "load", None)):
        return path_of(chosen)
    where = f"output {output}" if output else "the outputs"
    raise StepDefinitionError(f"{chosen!r} cannot store {where} of a step; name a Materializer class")
