"""Code and values of unusual size: they have a digest."""

from __future__ import annotations

import importlib
import sys

import pytest

from zencache.code.digest import CodeReader
from zencache.code.recursion import deeper_recursion


@pytest.fixture
def digest(tmp_path, monkeypatch):
    """Digest `work` of a module with a text."""
    monkeypatch.syspath_prepend(str(tmp_path))
    names = []

    def of(text):
        name = f"large{len(names)}"
        names.append(name)
        (tmp_path / f"{name}.py").write_text(text)
        importlib.invalidate_caches()
        code = CodeReader().of(importlib.import_module(name).work)
        assert code.is_known
        assert not code.doubts
        return code.digest

    yield of
    for name in names:
        sys.modules.pop(name, None)


def chain(length: int, last: int) -> str:
    tests = "".join(f"    elif x == {number}:\n        return {number}\n" for number in range(1, length))
    return f"def work(x):\n    if x == 0:\n        return 0\n{tests}    return {last}\n"


@pytest.mark.parametrize("length", [250, 900])
def test_a_long_chain_of_elif_has_a_digest(digest, length):
    """Python parses each `elif` as one more level."""
    limit = sys.getrecursionlimit()
    assert digest(chain(length, 1)) != digest(chain(length, 2))
    assert sys.getrecursionlimit() == limit


@pytest.mark.parametrize(
    "text",
    [
        "N = 10**5000 + {}\ndef work():\n    return N\n",
        "N = [10**5000 + {}]\ndef work():\n    return N\n",
        "def work(x=0x1" + "0" * 5000 + "{}):\n    return x\n",
        "def work():\n    return 0x1" + "0" * 5000 + "{}\n",
        "class A:\n    n: int = 0x1" + "0" * 5000 + "{}\ndef work():\n    return A().n\n",
        "exec('def work():\\n    return (1, 0x1" + "0" * 5000 + "{})')\n",
        "exec('def work():\\n    return 0x1" + "0" * 5000 + "{}')\n",
    ],
    ids=["global", "list", "default", "literal", "class", "bytecode tuple", "bytecode"],
)
def test_an_integer_of_any_length_has_a_digest(digest, text, request):
    """Python refuses to write one of more than 4,300 decimal digits."""
    if "bytecode" in request.node.name:
        names: dict = {"__name__": __name__}
        digests = []
        for last in (1, 2):
            exec(text.format(last), names)
            digests.append(CodeReader().of(names["work"]).digest)
        assert digests[0] != digests[1]
    elif "default" not in request.node.name:
        assert digest(text.format(1)) != digest(text.format(2))
    else:
        assert digest(text.format(1)) == digest(text.format(2))


def test_the_limit_is_raised_for_a_while_and_set_back():
    """A function that does not end still raises; of two contexts, the last one sets the limit back."""

    def depth(rest):
        return 0 if rest == 0 else 1 + depth(rest - 1)

    limit = sys.getrecursionlimit()
    with deeper_recursion():
        with deeper_recursion():
            assert depth(limit + 1000) == limit + 1000
        assert depth(limit + 1000) == limit + 1000
        with pytest.raises(RecursionError):
            depth(10**6)
    assert sys.getrecursionlimit() == limit
