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
_LARGEST = 64 * 2**20
"""Bytes of all items of sets that are not scalars, each as a pickle of its own."""


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


class _Keys:
    """The bytes that sort the items of all sets of one value, each item's computed once."""

    _SCALARS: ClassVar = frozenset({type(None), bool, int, float, complex, str, bytes})

    def __init__(self, check: Callable[[Any], None]) -> None:
        self._check = check
        self._keys: dict[int, tuple[Any, bytes]] = {}
        self._spent = 0

    def of(self, item: Any) -> bytes:
        """Give an item's own pickle; raises PicklingError once the keys became too large."""
        if id(item) in self._keys:
            return self._keys[id(item)][1]
        file = io.BytesIO()
        _SortingPickler(file, self._check, self).dump(item)
        key = file.getvalue()
        if type(item) not in self._SCALARS:
            self._spent += len(key)
            if self._spent > _LARGEST:
                raise pickle.PicklingError("the sets are nested too deep")
            self._keys[id(item)] = item, key  # with the item, so that no other gets its id
        return key


class _SortingPickler(_InPython):  # type: ignore[misc]
    dispatch: ClassVar[dict[type, Any]] = dict(_InPython.dispatch)

    def __init__(self, file: BinaryIO, check: Callable[[Any], None], keys: _Keys | None = None) -> None:
        super().__init__(file, protocol=5)
        self._check = check
        self._keys = keys or _Keys(check)

    def reducer_override(self, obj: Any) -> Any:
        self._check(obj)
        return NotImplemented

    def _sorted(self, items: Any) -> list[Any]:
        return sorted(items, key=self._keys.of)

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
