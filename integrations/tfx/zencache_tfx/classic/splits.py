"""Defines how rows are divided into splits.

The split depends on the row alone, so that a row is in the same split in every run. A random split uses a
hash of the whole row.
"""

from __future__ import annotations

from abc import abstractmethod
from fractions import Fraction
from itertools import accumulate
from math import isclose, isfinite, lcm
from typing import TYPE_CHECKING, Any

from pydantic import field_validator, model_validator
from typing_extensions import Self

from zencache.errors import ParameterError
from zencache_tfx.classic.config_values import StepConfig
from zencache_tfx.classic.nearest_names import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SKIP = "skip"
"""The policy that omits rows of an unknown category."""

_FINEST = 10_000  # largest denominator of the fraction that stands for a weight


class Split(StepConfig):
    """Base of the splits."""

    @abstractmethod
    def names(self) -> list[str]:
        """Name the splits, in order."""

    def column_used(self) -> str | None:
        """Name the column that decides, if any."""
        return None

    def rule(self) -> dict[str, Any]:
        """Give the rule that assigns rows to splits, by `buckets` of a hash or by `categories` of a column.

        `{"names": […], "buckets": […], "column": …}` or `{"names": […], "column": …, "categories":
        {category: split}, "unknown": split or None}`. The example generator gets nothing else.
        """
        raise NotImplementedError


class RandomSplit(Split):
    """Random rows in proportion to weights: `RandomSplit({"train": 0.7, "eval": 0.3})`.

    Weights are fractions that add up to 1, or parts of any size (`{"train": 7, "eval": 3}`).

    >>> RandomSplit({"train": 0.7, "eval": 0.3}).rule()
    {'names': ['train', 'eval'], 'buckets': [7, 3], 'column': None}
    """

    split_map: dict[str, float]

    @field_validator("split_map", mode="before")
    @classmethod
    def _weights(cls, split_map: Any) -> Any:
        return check_weights(cls.__name__, "split_map", split_map)

    def names(self) -> list[str]:
        """Name the splits, in order."""
        return list(self.split_map)

    def rule(self) -> dict[str, Any]:
        """Give the rule: by a hash of the row."""
        return _by_weight(self.split_map, None)


class HashSplit(Split):
    """Rows by a hash of one column, so that equal values are never in two splits.

    >>> HashSplit("customer", {"train": 2, "eval": 1}).rule()
    {'names': ['train', 'eval'], 'buckets': [2, 1], 'column': 'customer'}
    """

    column: str
    split_map: dict[str, float]

    @field_validator("split_map", mode="before")
    @classmethod
    def _weights(cls, split_map: Any) -> Any:
        return check_weights(cls.__name__, "split_map", split_map)

    def names(self) -> list[str]:
        """Name the splits, in order."""
        return list(self.split_map)

    def column_used(self) -> str | None:
        """Name the column that decides."""
        return self.column

    def rule(self) -> dict[str, Any]:
        """Give the rule: by a hash of the column."""
        return _by_weight(self.split_map, self.column)


class CategoricalDomainSplit(Split):
    """Rows by the category in a column: `{"train": ["a", "b"], "eval": ["c"]}`.

    Rows of other categories are omitted (`"skip"`), or go to the split that the policy names.
    """

    categorical_column: str
    split_map: dict[str, list[str]]
    unknown_category_policy: str = SKIP

    @field_validator("split_map", mode="before")
    @classmethod
    def _categories(cls, split_map: Any) -> Any:
        _check_map(cls.__name__, "split_map", split_map)
        return {
            name: _as_categories(cls.__name__, name, categories) for name, categories in split_map.items()
        }

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _check_policy(type(self).__name__, self.unknown_category_policy, self.names())
        _by_category(type(self).__name__, self.split_map)
        return self

    def names(self) -> list[str]:
        """Name the splits, in order."""
        return list(self.split_map)

    def column_used(self) -> str | None:
        """Name the column that decides."""
        return self.categorical_column

    def rule(self) -> dict[str, Any]:
        """Say how a row is given its split: by the category in a column."""
        unknown = None if self.unknown_category_policy == SKIP else self.unknown_category_policy
        return {
            "names": self.names(),
            "column": self.categorical_column,
            "categories": _by_category(type(self).__name__, self.split_map),
            "unknown": unknown,
        }


class CategoricalRatioSplit(Split):
    """Rows by the category in a column; a ratio divides the list of categories in order.

    >>> split = CategoricalRatioSplit("city", ["a", "b", "c", "d"], {"train": 0.75, "eval": 0.25})
    >>> split.rule()["categories"]
    {'a': 'train', 'b': 'train', 'c': 'train', 'd': 'eval'}
    """

    categorical_column: str
    categories: list[str]
    split_ratio: dict[str, float]
    unknown_category_policy: str = SKIP

    @field_validator("categories", mode="before")
    @classmethod
    def _texts(cls, categories: Any) -> Any:
        return _as_categories(cls.__name__, "categories", categories)

    @field_validator("split_ratio", mode="before")
    @classmethod
    def _weights(cls, split_ratio: Any) -> Any:
        return check_weights(cls.__name__, "split_ratio", split_ratio)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _check_policy(type(self).__name__, self.unknown_category_policy, self.names())
        self._domain()
        return self

    def names(self) -> list[str]:
        """Name the splits, in order."""
        return list(self.split_ratio)

    def column_used(self) -> str | None:
        """Name the column that decides."""
        return self.categorical_column

    def rule(self) -> dict[str, Any]:
        """Say how a row is given its split: by the category in a column."""
        return self._domain().rule()

    def _domain(self) -> CategoricalDomainSplit:
        ends = [round(len(self.categories) * share) for share in _cumulated(list(self.split_ratio.values()))]
        dealt = {
            name: self.categories[start:end]
            for name, start, end in zip(self.split_ratio, [0, *ends], ends, strict=False)
        }
        empty = [name for name, categories in dealt.items() if not categories]
        if empty:
            raise ParameterError(
                f"CategoricalRatioSplit: {len(self.categories)} categories are too few for the ratio "
                f"{self.split_ratio}: none is left for {', '.join(empty)}; change split_ratio, or give the "
                "categories of each split: CategoricalDomainSplit(categorical_column, split_map)"
            )
        return CategoricalDomainSplit(
            categorical_column=self.categorical_column,
            split_map=dealt,
            unknown_category_policy=self.unknown_category_policy,
        )


class NoSplit(Split):
    """All rows in one split, `train`."""

    def names(self) -> list[str]:
        """Name the one split."""
        return ["train"]

    def rule(self) -> dict[str, Any]:
        """Give the rule: all rows are in one split."""
        return {"names": self.names(), "buckets": [1], "column": None}


def _by_weight(weights: Mapping[str, float], column: str | None) -> dict[str, Any]:
    return {"names": list(weights), "buckets": to_buckets(list(weights.values())), "column": column}


def check_weights(owner: str, field: str, weights: Any) -> dict[str, float]:
    """Check the weights of splits; raises ParameterError for weights that are not valid.

    Weights are fractions if all are at most 1 and one is not whole; fractions must add up to 1. Other weights
    are parts of any sum.

    >>> check_weights("RandomSplit", "split_map", {"train": 0.7, "eval": 0.2})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    zencache.errors.ParameterError: RandomSplit: the fractions of split_map add up to 0.9, not 1 ...
    """
    _check_map(owner, field, weights)
    for name, weight in weights.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not isfinite(weight):
            raise ParameterError(f"{owner}: the weight of split {name!r} is {weight!r}; give a number")
        if weight <= 0:
            raise ParameterError(f"{owner}: the weight of split {name!r} is {weight}; give one above 0")
    _check_sum(owner, field, weights)
    return {name: float(weight) for name, weight in weights.items()}


def _check_sum(owner: str, field: str, weights: Mapping[str, float]) -> None:
    values = list(weights.values())
    are_fractions = max(values) <= 1 and any(value != int(value) for value in values)
    if are_fractions and not isclose(sum(values), 1, abs_tol=1e-6):
        parts = dict(zip(weights, to_buckets(values), strict=True))
        raise ParameterError(
            f"{owner}: the fractions of {field} add up to {sum(values):.6g}, not 1 ({dict(weights)}); "
            f"correct them, or give parts of any sum: {parts}"
        )


def _check_map(owner: str, field: str, split_map: Any) -> None:
    if not isinstance(split_map, dict) or not all(isinstance(name, str) and name for name in split_map):
        raise ParameterError(
            f"{owner}: {field} is {split_map!r}; give a dict with a value for the name of each split"
        )
    wrong = [name for name in split_map if not name.replace("_", "").replace("-", "").isalnum()]
    if wrong:
        raise ParameterError(
            f"{owner}: a split cannot be named {wrong[0]!r}, since folders are named after splits; "
            "use letters, digits, _ and -"
        )
    if len(split_map) < 2:  # noqa: PLR2004 - one split does not divide the rows
        raise ParameterError(
            f"{owner}: {field} names {len(split_map)} split(s); name two or more, or use NoSplit()"
        )


def to_buckets(weights: Sequence[float]) -> list[int]:
    """Give the smallest whole numbers in the proportion of the weights.

    >>> to_buckets([0.5, 0.25, 0.25]), to_buckets([70, 30])
    ([2, 1, 1], [7, 3])
    """
    total = sum(weights)
    shares = [
        max(Fraction(weight / total).limit_denominator(_FINEST), Fraction(1, _FINEST)) for weight in weights
    ]
    scale = lcm(*(share.denominator for share in shares))
    return [int(share * scale) for share in shares]


def _cumulated(weights: Sequence[float]) -> list[float]:
    total = sum(weights)
    return [reached / total for reached in accumulate(weights)]


def _as_categories(owner: str, where: str, categories: Any) -> list[str]:
    """Give categories as the texts of a CSV file."""
    if isinstance(categories, str) or not isinstance(categories, list | tuple | set):
        raise ParameterError(f"{owner}: {where} is {categories!r}; give a list of categories")
    if not categories:
        raise ParameterError(f"{owner}: {where} has no category; name one or more")
    ordered = sorted(categories, key=str) if isinstance(categories, set) else categories
    return [str(category) for category in ordered]


def _by_category(owner: str, split_map: Mapping[str, Sequence[str]]) -> dict[str, str]:
    split_by_category: dict[str, str] = {}
    for name, categories in split_map.items():
        for category in categories:
            earlier = split_by_category.setdefault(category, name)
            if earlier != name:
                raise ParameterError(
                    f"{owner}: category {category!r} is in two splits, {earlier!r} and {name!r}"
                )
    return split_by_category


def _check_policy(owner: str, policy: str, names: list[str]) -> None:
    if policy != SKIP and policy not in names:
        raise ParameterError(
            f"{owner}: unknown_category_policy is {policy!r}; give 'skip' or the name of a split"
            f"{nearest(policy, [SKIP, *names])}"
        )
