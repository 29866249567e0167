"""Checks names that become parts of paths and records, both from users and from records."""

from __future__ import annotations

import re
import unicodedata

from zencache.errors import ParameterError, StepDefinitionError

_NAME = re.compile(r"[\w][\w .-]*")
_RUN = re.compile(r"[\w][\w .:+@=-]*")  # TFX names runs by the time, with colons
_LONGEST = {"run": 150}  # characters; with a step's name beside it a record has room for 255
_LONGEST_OTHER = 100
_BYTES = 200  # of a file's name a file system takes 255
_DIGEST = re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}")
_WORD = re.compile(r"[^\W\d_]+")
_FORMS = ("<wide>", "<narrow>", "<font>", "<compat>")
_GREEK_AS_LATIN = frozenset("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧνορυικ")


def check_name(what: str, name: str) -> str:
    """Give a name in Unicode's form NFC if it can serve in records and as a folder.

    Raises StepDefinitionError if it cannot, ParameterError for the name of a run.

    >>> check_name("step", "train-2")
    'train-2'
    """
    error = ParameterError if what == "run" else StepDefinitionError
    longest, form = _LONGEST.get(what, _LONGEST_OTHER), _RUN if what == "run" else _NAME
    normalized = normal(name) if isinstance(name, str) and len(name) <= 4 * longest else ""
    if not form.fullmatch(normalized) or len(normalized) > longest or normalized[-1] in " .":
        raise error(
            f"{_shown(name)} cannot be the name of a {what}: letters, digits, `_`, `-`, `.` and spaces, "
            f"at most {longest}, a letter or digit first, and neither a space nor a dot last"
        )
    if len(normalized.encode()) > _BYTES:
        raise error(
            f"{_shown(name)} is too long for a file system as the name of a {what}: at most {_BYTES} bytes"
        )
    if (word := _looking_like_another(normalized)) is not None:
        raise error(
            f"{_shown(name)} cannot be the name of a {what}: {word!a} looks like other letters than it has; "
            "write each word in one script, in its usual letters"
        )
    return normalized


def normal(name: str) -> str:
    """Give a name in Unicode's form NFC: what looks the same and is typed another way is one name."""
    return unicodedata.normalize("NFC", name).replace("\N{MICRO SIGN}", "\N{GREEK SMALL LETTER MU}")


def _looking_like_another(name: str) -> str | None:
    """Give a letter in a special form (full-width, a ligature), or a word that mixes similar scripts."""
    for letter in name:
        if unicodedata.decomposition(letter).startswith(_FORMS):
            return letter
    for word in _WORD.findall(name):
        scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in word}
        if "LATIN" in scripts and ("CYRILLIC" in scripts or _GREEK_AS_LATIN & set(word)):
            return str(word)
    return None


def _shown(name: object) -> str:
    """Show a name that may hold anything: in ASCII, so that it moves no cursor and turns no text around."""
    text = ascii(name)
    return text if len(text) <= 80 else f"{text[:80]}…"  # noqa: PLR2004 - a line


def is_one_folder(name: str) -> bool:
    """Say whether a name from a record or from TFX is a single part of a path.

    >>> [is_one_folder(name) for name in ("Trainer.x", "../x", "a/b", "..")]
    [True, False, False, False]
    """
    return (
        name not in ("", ".", "..")
        and not any(letter in name for letter in ("/", "\\", "\0"))
        and name.isprintable()
    )


def is_digest(name: str) -> bool:
    """Say whether a file's name from a record is a digest, as all such files are named.

    >>> is_digest("0" * 64), is_digest("../x")
    (True, False)
    """
    return _DIGEST.fullmatch(name) is not None
