"""The key: equal parts, equal keys; any difference, another key; and a pinned one."""

from __future__ import annotations

import string

from hypothesis import assume, given
from hypothesis import strategies as st

from zencache.caching.key import KeyParts
from zencache.caching.key_diff import differences

texts = st.text(string.ascii_letters + string.digits + '.:"[]', max_size=4)
pairs = st.tuples(texts, texts)
parts = st.builds(
    KeyParts,
    code=texts,
    packages=st.dictionaries(texts, texts, max_size=2),
    classes=st.dictionaries(texts, texts, max_size=1),
    parameters=st.dictionaries(texts, texts, max_size=3),
    inputs=st.dictionaries(texts, pairs, max_size=2),
    outputs=st.dictionaries(texts, pairs, max_size=2),
    policy=st.dictionaries(texts, texts, max_size=1),
)


@given(parts)
def test_equal_parts_have_equal_keys(made):
    """Order of mappings and a way through JSON change nothing."""
    turned = KeyParts(**{**dict(made), "parameters": dict(reversed(made.parameters.items()))})
    assert turned.key == made.key == KeyParts.model_validate_json(made.model_dump_json()).key


@given(parts, parts)
def test_unequal_parts_have_unequal_keys_and_say_why(one, other):
    """A key differs exactly where there is something to say about it."""
    assume(one != other)
    assert one.key != other.key
    assert differences(one, other, {})


def test_a_known_key_stays():
    """The grammar is a format: who changes it changes step-key/N too."""
    made = KeyParts(
        code="c0de",
        packages={"numpy": "1.26.4"},
        classes={"prep.Model": "bb"},
        parameters={"lr": "0.001"},
        inputs={"x": ("numpy.ndarray", "aa")},
        outputs={"output": ("float", "m:M")},
        policy={"version": "1"},
    )
    assert made.key == PINNED


PINNED = "f95816a7d802b55c90256e3632f15ea2938f15688b73b8e4fdaec8b9d7cc3b38"
