"""The key: equal parts, equal keys; any difference, another key; and a pinned one."""

from __future__ import annotations

import string

from hypothesis import assume, given
from hypothesis import strategies as st

from zencache.caching.explain import differences
from zencache.caching.key import KeyParts

texts = st.text(string.ascii_letters + string.digits + '.:"[]', max_size=4)
pairs = st.tuples(texts, texts)
parts = st.builds(
    KeyParts,
    code=texts,
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
    """The grammar is a format: who changes it changes step-key/1 too."""
    made = KeyParts(
        code="c0de",
        parameters={"lr": "0.001"},
        inputs={"x": ("numpy.ndarray", "aa")},
        outputs={"output": ("float", "m:M")},
        policy={"version": "1"},
    )
    assert made.key == PINNED


PINNED = "56d305b74c2ec394c432909d5bb4d634a542b9c87de113c2382b7fdb33d1c25c"
