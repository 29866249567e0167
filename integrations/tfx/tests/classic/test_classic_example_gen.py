"""Rows become examples in splits."""

import pytest
from zencache_tfx.classic import CategoricalDomainSplit, HashSplit, NoSplit, RandomSplit

from zencache.errors import DefinitionError

pytestmark = pytest.mark.tfx

LINES = [f"{number},{'' if number == 3 else number / 2},{'abc'[number % 3]},07" for number in range(300)]


@pytest.fixture
def written(folder):
    """A function that writes the splits and gives their examples back, as dicts."""

    def write(split, lines=LINES, schema=None):
        from zencache_tfx.classic.example_gen import write_splits

        file = folder / "a.csv"
        file.write_text("\n".join(["number,half,letter,code", *lines]) + "\n")
        folders = {name: str(folder / name) for name in split.names()}
        write_splits([file], list(folders.values()), split.rule(), schema)
        return {name: _read(where) for name, where in folders.items()}

    return write


def _read(where):
    import tensorflow as tf

    files = sorted(tf.io.gfile.glob(f"{where}/*.gz"))
    records = tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator()
    return [_plain(tf.train.Example.FromString(record)) for record in records]


def _plain(example):
    return {
        name: [*each.int64_list.value, *each.float_list.value, *each.bytes_list.value]
        for name, each in example.features.feature.items()
    }


def test_values_have_the_types_of_their_columns(written):
    """A missing one is no value; leading zeros of a number are not kept unless it is declared text."""
    rows = written(NoSplit())["train"]
    assert rows[4] == {"number": [4], "half": [2.0], "letter": [b"b"], "code": [7]}
    assert rows[3]["half"] == []
    assert written(NoSplit(), schema={"code": "text"})["train"][0]["code"] == [b"07"]


def test_a_number_that_is_none_is_missing(written):
    """One NaN would make a mean NaN, and all z-scores with it."""
    rows = written(NoSplit(), lines=["1,nan,a,1", "2,0.5,b,2"])["train"]
    assert [row["half"] for row in rows] == [[], [0.5]]


def test_a_random_split_is_the_same_each_time_and_loses_nothing(written):
    """A row's split is decided by the row."""
    first, again = (
        written(RandomSplit({"train": 2, "eval": 1})),
        written(RandomSplit({"train": 2, "eval": 1})),
    )
    assert first == again
    assert sorted(row["number"][0] for rows in first.values() for row in rows) == list(range(300))
    assert 170 <= len(first["train"]) <= 230


def test_a_split_by_hash_keeps_equal_values_together(written):
    """No letter is in two splits."""
    letters = [
        {row["letter"][0] for row in rows}
        for rows in written(HashSplit("letter", {"train": 1, "eval": 1})).values()
    ]
    assert not letters[0] & letters[1]


@pytest.mark.parametrize(("policy", "kept"), [("skip", 200), ("eval", 300)])
def test_rows_of_unknown_categories_follow_the_policy(written, policy, kept):
    """Left out, or in the split that it names."""
    splits = written(CategoricalDomainSplit("letter", {"train": ["a"], "eval": ["b"]}, policy))
    assert {row["letter"][0] for row in splits["train"]} == {b"a"}
    assert sum(map(len, splits.values())) == kept


def test_a_split_without_rows_is_told(written):
    """Rather than a failure in the components that follow."""
    with pytest.raises(
        DefinitionError, match=r"no row is in split 'eval': the splits have 100 \(train\), 0 \(eval\)"
    ):
        written(CategoricalDomainSplit("letter", {"train": ["a"], "eval": ["z"]}))
