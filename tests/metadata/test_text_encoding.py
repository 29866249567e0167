"""Texts as database servers keep them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from ml_metadata.proto import metadata_store_pb2 as pb

from zencache.metadata.text_encoding import decode, decode_texts, encode, encode_texts, truncate_name

KINDS = st.sampled_from(["sqlite", "mysql", "postgresql", "grpc"])
TEXTS = st.text(st.characters() | st.sampled_from("\\\x00\ue00012'"))


@given(TEXTS, KINDS)
def test_every_text_is_read_as_it_was_written(text, kind):
    """Whatever its characters."""
    assert decode(encode(text, kind)) == text if kind != "sqlite" else encode(text, kind) == text


@given(TEXTS)
def test_no_server_is_given_what_it_breaks(text):
    """PostgreSQL no backslash, none a NUL."""
    assert not set("\\\x00") & set(encode(text, "postgresql"))
    assert "\x00" not in encode(text, "mysql")


@given(st.text(max_size=400), st.text(max_size=400))
def test_names_fit_and_stay_apart(one, other):
    """A name of more than 255 characters is shortened, and tells what it was by a digest."""
    assert len(truncate_name(one)) <= 255
    assert (truncate_name(one) == truncate_name(other)) == (one == other)


def test_what_is_written_leaves_the_callers_messages_alone():
    """They are changed in a copy, wherever they are in a call's arguments."""
    context = pb.Context(name="a\\b")
    context.custom_properties["x"].string_value = "c\\d"
    [[copies], kwargs] = encode_texts([[[context]], {"contexts": [context]}], "postgresql")
    for copy in (*copies, *kwargs["contexts"]):
        assert "\\" not in copy.name + copy.custom_properties["x"].string_value
    assert context.name == "a\\b"
    assert decode_texts([copies])[0][0] == context


def test_a_name_that_is_not_set_stays_so():
    """A server takes an empty name for a name, which only one may have."""
    artifact = pb.Artifact()
    artifact.custom_properties["x"].string_value = "a\\b"
    [copy] = encode_texts([artifact], "postgresql")
    assert not copy.HasField("name")


@given(st.text(st.sampled_from("aé\\\ue000𝄞"), min_size=600, max_size=9000), KINDS)
def test_a_long_text_comes_back_whole(text, kind):
    """PostgreSQL stores it in parts, of which its index can hold each."""
    execution = pb.Execution()
    execution.custom_properties["seen"].string_value = text
    [copy] = encode_texts([execution], kind)
    if kind == "postgresql":
        texts = [value.string_value for value in copy.custom_properties.values()]
        assert max(len(each.encode()) for each in texts) <= 2100
    assert kind == "sqlite" or decode_texts([copy])[0] == execution
    assert execution.custom_properties["seen"].string_value == text


def test_a_text_that_becomes_shorter_leaves_nothing_of_the_longer_one():
    """Its parts may still be there, because ML Metadata can update some properties alone."""
    execution = pb.Execution()
    execution.custom_properties["seen"].string_value = "a" * 9000
    [stored] = encode_texts([execution], "postgresql")
    execution.custom_properties["seen"].string_value = "b" * 3000
    [shorter] = encode_texts([execution], "postgresql")
    for name, value in shorter.custom_properties.items():
        stored.custom_properties[name].CopyFrom(value)
    assert decode_texts([stored])[0] == execution
