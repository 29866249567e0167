"""Texts without secrets."""

from __future__ import annotations

import ast
import base64
import html
import json
import re
import sys
from types import ModuleType
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from zencache.code.redaction import STARS, Redactor, redacted


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


@pytest.mark.parametrize(
    "text",
    [
        'from pydantic import SecretStr as S\nTOKEN = S("hunter2")',
        'TOKEN = SecretStr("hun" "hunter2")',
        'TOKEN = SecretStr("a" + "hunter2" + name)',
        'TOKEN = SecretStr(f"{name}hunter2")',
        'TOKEN = SecretStr("".join(["hunter2", "b"]))',
        'TOKEN = SecretStr("{}hunter2".format(name))',
        'TOKEN = SecretBytes("hunter2".encode())',
    ],
)
def test_a_secret_that_is_put_together_or_named_otherwise_is_taken_out(text):
    """The class counts by what it is, and each part of the text counts."""
    assert "hunter2" not in redacted(text)


def test_a_class_that_another_module_renamed_is_known(monkeypatch):
    """A function's text does not show what its module imported."""
    module = ModuleType("renames_a_secret")
    module.Hidden = SecretStr
    monkeypatch.setitem(sys.modules, module.__name__, module)
    assert "hunter2" not in redacted('def f():\n    return Hidden("hunter2")\n')


def test_a_class_that_a_notebook_renames_later_is_known(monkeypatch):
    """A cell adds a name to its module; no module is imported for it."""
    text = 'def f():\n    return LaterHidden("hunter2")\n'
    assert redacted(text) == text
    monkeypatch.setattr(sys.modules["__main__"], "LaterHidden", SecretStr, raising=False)
    assert "hunter2" not in redacted(text)


@pytest.mark.parametrize("value", ['p@ss/w0rd"é&x', "a'b\\c+d e", "hunter2=="])
def test_a_value_is_taken_out_however_a_message_spells_it(value):
    """As URLs, JSON, bytes, HTML and headers have it."""
    data = value.encode()
    spelled = [
        quote(value, safe=""),
        quote(value),
        quote_plus(value),
        re.sub("%..", lambda code: code[0].lower(), quote(value, safe="")),
        json.dumps({"key": value}),
        json.dumps(json.dumps(value)),
        repr(data),
        html.escape(value),
        data.hex(),
        *(base64.b64encode(before + data + b"more").decode() for before in (b"", b"a", b"ab", b"app:")),
        base64.urlsafe_b64encode(b"user:" + data).decode(),
    ]
    for text in spelled:
        left = redacted(f"failed at {text} there", [value])
        assert left.startswith("failed at ")
        assert text not in left
        assert STARS in left
