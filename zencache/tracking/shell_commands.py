"""Reads a shell's command or script: what it names, writes, matches, and takes from the environment."""

from __future__ import annotations

import copy
import os
import re
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh"})
ALL = "*"
"""In place of a variable: all of them."""
_LARGEST = 200_000  # bytes of a script that is read
_MOST = 20  # scripts that call each other
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)[^}]*\})")
_OWN_FOLDER = re.compile(r"""\$\(\s*dirname\s+(?:--\s+)?["']?\$\{?(?:0|BASH_SOURCE(?:\[0\])?)\}?["']?\s*\)""")
_SET_BY_SHELLS = frozenset(
    {"PWD", "OLDPWD", "SHLVL", "RANDOM", "SECONDS", "PPID", "UID", "EUID", "BASH", "IFS", "OPTARG", "OPTIND"}
)
_KEYWORDS = frozenset({"if", "then", "else", "elif", "do", "while", "until", "time", "exec", "!", "{"})


@dataclass
class Command:
    """What a command is made of.

    >>> Command.of("cd data && sort < a.txt > b.txt; echo", {})
    Command(words=['cd', 'data', 'sort', 'data/a.txt', 'a.txt', 'echo'], written=['data/b.txt', 'b.txt'])
    """

    words: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    appended: list[str] = field(default_factory=list, repr=False)
    """Of what is written, each time that something is added to it by `>>`."""
    patterns: list[str] = field(default_factory=list, repr=False)
    """Words with wildcards, which the shell expands."""
    variables: dict[str, None] = field(default_factory=dict, repr=False)
    asks_folder: bool = field(default=False, repr=False)
    """Whether it asks for the working folder."""

    @classmethod
    def of(cls, text: str, environment: Mapping[str, str], arguments: tuple[str, ...] = ()) -> Command:
        """Read a command; `arguments` are the script's name and what the script is given."""
        command = cls()
        command._read(text, environment, arguments)
        return command

    def _read(self, text: str, environment: Mapping[str, str], arguments: tuple[str, ...]) -> None:
        values = {str(number): word for number, word in enumerate(arguments)}
        text = _OWN_FOLDER.sub(os.path.dirname(values.get("0", "")) or ".", text)  # noqa: PTH120 - text
        folder, is_output, is_added, is_first, before = "", False, False, True, ""
        for token in _tokens(text):
            if re.fullmatch(r"[<>&|;()\n]+", token):
                if before in {"env", "printenv"} and not is_output:
                    self.variables[ALL] = None
                is_output, is_first, before = ">" in token, "<" not in token and ">" not in token, ""
                is_added = ">>" in token
                continue
            self._take_variables(token, values)
            name, equals, value = token.partition("=")
            if is_first and equals and name.isidentifier():
                values[name] = _expanded(value, values, environment)
                continue
            word = _expanded(token, values, environment)
            is_quoted = f"'{token}'" in text or f'"{token}"' in text
            is_below = folder and not word.startswith(("/", "-")) and ("/" in word or not is_first)
            places = [f"{folder}/{word}", word] if is_below else [word]
            (self.written if is_output else self.words).extend(places)
            self.appended += places * (is_output and is_added)
            if not is_output and not is_quoted and re.search(r"[*?]|\[.", word):
                self.patterns.append(places[0])
            if equals and value and not is_output:
                self.words.append(_expanded(value, values, environment))
            if before == "cd":
                folder = os.path.normpath(places[0])
            elif before == "printenv" and word.isidentifier():
                self.variables[word] = None
            self.asks_folder |= is_first and word == "pwd"
            is_output, before = False, word if is_first else ""
            is_first = is_first and word in _KEYWORDS
        if before in {"env", "printenv"}:
            self.variables[ALL] = None

    def _take_variables(self, text: str, values: Mapping[str, str]) -> None:
        for match in _VARIABLE.finditer(text):
            name = match[1] or match[2]
            self.asks_folder |= name == "PWD"
            if not name.isdecimal() and name not in values and name not in _SET_BY_SHELLS:
                self.variables[name] = None


def _tokens(text: str) -> list[str]:
    import shlex  # noqa: PLC0415 - only a step that starts a shell needs it

    text = re.sub(r"(?m)^\s*#.*$", "", text.replace("\\\n", " "))
    try:
        lexer = shlex.shlex(text, posix=True, punctuation_chars="();<>|&\n")
        lexer.whitespace, lexer.commenters, lexer.whitespace_split = " \t\r", "", True
        return list(lexer)
    except ValueError:  # a quotation without an end
        return text.split()


def _expanded(word: str, values: Mapping[str, str], environment: Mapping[str, str]) -> str:
    """Put the values of variables into a word; what has none stays.

    >>> _expanded("${D}/$F.txt", {"D": "data"}, {"F": "a"}), _expanded("$X", {}, {})
    ('data/a.txt', '$X')
    """
    if "$" not in word:
        return word
    return _VARIABLE.sub(lambda match: _value(match, values, environment), word)


def _value(match: re.Match[str], values: Mapping[str, str], environment: Mapping[str, str]) -> str:
    name = match[1] or match[2]
    return values.get(name) or environment.get(name) or match[0]


def with_scripts(
    command: Command, place: str, environment: Mapping[str, str], *, first: bool = True
) -> Command:
    """Add what the scripts among a command's words are made of; `place` is the folder it is started in.

    Where `first`, the first word is a script, whatever it is called.
    """
    merged = copy.deepcopy(command)
    waiting = [(word, tuple(command.words[at:])) for at, word in enumerate(command.words)]
    scripts: set[str] = set()
    while waiting and len(scripts) < _MOST:
        word, arguments = waiting.pop(0)
        is_named = first and arguments == tuple(command.words)
        text = "" if word in scripts else _script(os.path.join(place, word), is_named=is_named)  # noqa: PTH118
        if text:
            scripts.add(word)
            inner = Command.of(text, environment, arguments)
            merged.words += inner.words
            merged.written += inner.written
            merged.appended += inner.appended
            merged.patterns += inner.patterns
            merged.variables.update(inner.variables)
            merged.asks_folder |= inner.asks_folder
            waiting += [(each, tuple(inner.words[at:])) for at, each in enumerate(inner.words)]
    return merged


def _script(path: str, *, is_named: bool) -> str:
    """Give the text of a shell's script; "" for any other file."""
    with suppress(OSError, ValueError):
        if os.path.isfile(path) and os.path.getsize(path) <= _LARGEST:  # noqa: PTH113, PTH202 - text
            with Path(path).open("rb") as file:
                start = file.read(200)
                line = start.partition(b"\n")[0].decode("utf-8", "replace")
                program = line[2:].split()[-1:] if line.startswith("#!") else []
                is_shell = bool(program) and os.path.basename(program[0]) in SHELLS  # noqa: PTH119 - text
                if is_shell or ((is_named or path.endswith((".sh", ".bash"))) and b"\0" not in start):
                    return (start + file.read()).decode("utf-8", "replace")
    return ""
