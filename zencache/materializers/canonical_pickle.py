"""Pickles sets so that the bytes do not depend on the order in which a set iterates.

That order depends on the hash seed, so equal values had different pickles in different processes.
"""

from __future__ import annotations

import io
import pickle
import pickletools
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

_LONGEST = 200_000
"""Operations of a pickle that are searched; the pickle of a larger value stays as it is."""


def has_sets(file: BinaryIO) -> bool:
    """Say whether a pickle holds a set with items.

    >>> [has_sets(io.BytesIO(pickle.dumps(value, 5))) for value in ({1, 2}, [frozenset("a")], [1, {}, set()])]
    [True, True, False]
    """
    for number, (opcode, _, _) in enumerate(pickletools.genops(file)):
        if opcode.name in ("ADDITEMS", "FROZENSET"):
            return True
        if number > _LONGEST:
            break
    return False


def dumps(value: Any, check: Callable[[Any], None]) -> bytes | None:
    """Pickle a value by protocol 5 with the items of sets in a stable order; None if that is impossible.

    `check` is called with each object.

    >>> dumps({"b", "a"}, lambda _: None) == dumps({"a", "b"}, lambda _: None)
    True
    """
    file = io.BytesIO()
    try:
        _SortingPickler(file, check).dump(value)
    except (pickle.PicklingError, RecursionError, TypeError, AttributeError):
        return None  # the pickler in C goes deeper
    return file.getvalue()


_InPython: Any = vars(pickle)["_Pickler"]
"""Python's pickler that is written in Python, whose methods a subclass can replace."""


class _SortingPickler(_InPython):  # type: ignore[misc]
    dispatch: ClassVar[dict[type, Any]] = dict(_InPython.dispatch)

    def __init__(self, file: BinaryIO, check: Callable[[Any], None]) -> None:
        super().__init__(file, protocol=5)
        self._check = check

    def reducer_override(self, obj: Any) -> Any:
        self._check(obj)
        return NotImplemented

    def _sorted(self, items: Any) -> list[Any]:
        def key(item: Any) -> bytes:
            file = io.BytesIO()
            _SortingPickler(file, self._check).dump(item)
            return file.getvalue()

        return sorted(items, key=key)

    def save_set(self, obj: Any) -> None:
        """Write a set as pickle does, its items sorted."""
        self.write(pickle.EMPTY_SET)
        self.memoize(obj)
        items = self._sorted(obj)
        for start in range(0, len(items), self._BATCHSIZE):
            self.write(pickle.MARK)
            for item in items[start : start + self._BATCHSIZE]:
                self.save(item)
            self.write(pickle.ADDITEMS)

    def save_frozenset(self, obj: Any) -> None:
        """Write a frozenset as pickle does, its items sorted."""
        self.write(pickle.MARK)
        for item in self._sorted(obj):
            self.save(item)
        if id(obj) in self.memo:  # it refers to itself
            self.write(pickle.POP_MARK + self.get(self.memo[id(obj)][0]))
            return
        self.write(pickle.FROZENSET)
        self.memoize(obj)

    dispatch[set] = save_set
    dispatch[frozenset] = save_frozenset
