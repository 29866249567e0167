"""Texts without secrets."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zencache.code.redaction import Redactor, redacted


@pytest.mark.parametrize(
    "text",
    [
        'TOKEN = SecretStr("hunter2")',
        '\nTOKEN = pydantic.SecretStr(secret_value="hunter2")',
        '    def method(self):\n        return SecretStr("hunter2")',
        'TOKEN = SecretStr("""hunter2\nhunter2""")',
        'KEY = SecretBytes(b"hunter2")',
        'é = 1; KEY = SecretStr("hunter2"); f("kept")',
        'def broken(:\n    SecretStr("hunter2")',
    ],
)
def test_what_code_makes_a_secret_of_is_taken_out(text):
    """However it is written, and also where the text is no code any more; lines stay as many."""
    made = redacted(text)
    assert "hunter2" not in made
    assert made.count("\n") == text.count("\n")
    assert ("kept" in made) == ("kept" in text)


def test_code_without_secrets_stays_as_it_is():
    """The name of a variable that holds a secret is none, and other texts are not touched."""
    text = 'TOKEN = SecretStr(os.environ["TOKEN"])\nNAME = "hunter2"\n'
    assert redacted(text) == text


def test_code_that_is_redacted_is_code():
    """What compiles compiles still."""
    text = 'a = SecretStr("""x\ny"""); b = SecretBytes(rb"z"); c = SecretStr(r"w")\n'
    assert len(ast.parse(redacted(text)).body) == 3


@given(st.text(min_size=4).filter(lambda value: not set(value) & set("*<\n")))
def test_a_known_value_is_taken_out_wherever_it_stands(value):
    """As itself, in a comment or a message, and as Python writes it."""
    for spelled in (value, repr(value)[1:-1]):
        assert spelled not in redacted(f"# <{spelled}", [value])


def test_a_value_in_bytes_is_found():
    """Bytes that would be written are searched for known secrets, and for those that source texts write
    out."""
    assert Redactor(["hunter2"]).finds(b"..hunter2..")
    assert Redactor([b"hunter2"]).finds(b"..hunter2..")
    assert Redactor().finds(b"..hunter2..", ['SecretStr("hunter2")'])
    assert not Redactor(["hunter2"]).finds(b"..hunter..", ["SecretStr(a)"])
    assert not Redactor(["abc"]).finds(b"abc")
