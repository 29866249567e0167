"""Several named outputs of a step."""

from __future__ import annotations

from typing import Any

from zencache.errors import StepDefinitionError


class Output:
    """A return annotation that names outputs: `-> Output(train=np.ndarray, test=np.ndarray)`.

    The step returns them in that order. `tuple[Annotated[np.ndarray, "train"], …]` says the same.

    >>> list(Output(train=list, test=dict).items())
    [('train', <class 'list'>), ('test', <class 'dict'>)]
    """

    def __init__(self, **types: Any) -> None:
        if not types:
            raise StepDefinitionError("Output() names no output; for a step without outputs say `-> None`")
        self._types = types

    def items(self) -> tuple[tuple[str, Any], ...]:
        """Give names and types, in order."""
        return tuple(self._types.items())

    def __repr__(self) -> str:
        return f"Output({', '.join(f'{name}={kind!r}' for name, kind in self.items())})"
