"""Finds the files that a program is given: what a program reads is not seen, but its arguments are."""

from __future__ import annotations

import glob
import os
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Stamp = tuple[int, int, int]
_SHELLS = {"sh", "bash", "dash", "zsh", "ksh"}
_MOST = 2000  # files of a folder that are looked at
_READ = os.O_RDONLY
_WRITE = os.O_WRONLY | os.O_TRUNC


@dataclass(frozen=True)
class Program:
    """A program that was started: its name, and the words that it was given.

    >>> Program.of(("grep", ["grep", "-c", "a", "--file=b.txt"], None, None))
    Program(name='grep', words=('grep', '-c', 'a', '--file=b.txt', 'b.txt'), written=(), folder='')
    >>> Program.of((b"sort < a.txt > b.txt",))
    Program(name='sort', words=('sort', 'a.txt'), written=('b.txt',), folder='')
    """

    name: str
    words: tuple[str, ...]
    written: tuple[str, ...] = ()
    """Files that a shell writes to."""
    folder: str = ""
    """The working folder that it was started in; empty for that of this process."""

    @classmethod
    def of(cls, args: Sequence[Any]) -> Program:
        """Read the event `subprocess.Popen`, `os.system`, `os.exec` or `os.posix_spawn`."""
        if len(args) == 1:
            return cls._of_command(os.fsdecode(args[0]), "")
        executable, arguments = args[0], args[1]
        folder = os.fsdecode(args[2]) if len(args) == 4 and args[2] else ""  # noqa: PLR2004 - of `Popen`
        if isinstance(arguments, str | bytes | os.PathLike):
            arguments = [arguments]
        words = [os.fsdecode(word) for word in arguments]
        first = os.fsdecode(executable) if executable else words[0]
        if os.path.basename(first) in _SHELLS and len(words) > 2 and words[1] == "-c":  # noqa: PLR2004, PTH119
            return cls._of_command(words[2], folder, words[3:])
        values = [word.partition("=")[2] for word in words if word.startswith("-") and "=" in word]
        return cls(os.path.basename(first), (first, *words[1:], *values), (), folder)  # noqa: PTH119 - text

    @classmethod
    def _of_command(cls, command: str, folder: str, more: Sequence[str] = ()) -> Program:
        import shlex  # noqa: PLC0415 - only a step that starts a shell needs it

        try:
            lexer = shlex.shlex(command, posix=True, punctuation_chars="();<>|&")
            lexer.whitespace_split = True
            tokens = list(lexer)
        except ValueError:  # a quotation without an end
            tokens = command.split()
        words: list[str] = []
        written: list[str] = []
        is_output = False
        for token in tokens:
            if re.fullmatch(r"[<>&|;()]+", token):
                is_output = ">" in token
                continue
            (written if is_output else words).append(token)
            is_output = False
        words += [word.partition("=")[2] for word in words if "=" in word]
        name = os.path.basename(words[0]) if words else "sh"  # noqa: PTH119 - text
        return cls(name, (*words, *more), tuple(written), folder)


@dataclass(frozen=True)
class Arguments:
    """The files among a program's arguments, as they were when it was started.

    A file that is the same at the end was at most read. One that is new or changed was written.
    """

    folder: str
    stamps: dict[str, Stamp | None] = field(default_factory=dict)
    listed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Folders among the arguments, to the paths of the files below."""

    @classmethod
    def of(cls, program: Program, folder: str) -> Arguments:
        """Look at the arguments of a program that is about to start; relative paths stay relative."""
        arguments = cls(folder)
        for word in program.words:
            path = os.path.join(program.folder, word) if program.folder else word  # noqa: PTH118 - text
            for each in _expanded(path, folder):
                arguments._add(each)
        for word in program.written:
            path = os.path.join(program.folder, word) if program.folder else word  # noqa: PTH118 - text
            arguments.stamps[path] = None
        return arguments

    def _add(self, path: str) -> None:
        place = os.path.join(self.folder, path)  # noqa: PTH118 - text
        if os.path.isdir(place):  # noqa: PTH112 - text
            if not f"{self.folder}/".startswith(f"{os.path.realpath(place)}/"):  # the working folder or above
                below = tuple(_below(path, self.folder))
                self.listed[path] = below
                self.stamps.update({file: _stamp(self.folder, file) for file in below})
        else:
            self.stamps[path] = _stamp(self.folder, path)

    def uses(self) -> Iterator[tuple[str, str, int]]:
        """Give what was opened, as an audit event has it; ask after the step has ended."""
        for path, before in self.stamps.items():
            now = _stamp(self.folder, path)
            if now is not None:
                yield (path, "library", _READ if now == before else _WRITE)

    def folders(self) -> Iterator[str]:
        """Give the folders whose files are the same at the end."""
        return (path for path, below in self.listed.items() if tuple(_below(path, self.folder)) == below)


def _expanded(path: str, folder: str) -> list[str]:
    """Give the files that a word with wildcards stands for, or the word itself."""
    if glob.has_magic(path):
        with suppress(OSError, ValueError):
            return glob.glob(path, root_dir=folder)  # noqa: PTH207 - text, as it was given
    return [path]


def _below(path: str, folder: str) -> list[str]:
    files: list[str] = []
    for inner, folders, names in os.walk(os.path.join(folder, path)):  # noqa: PTH118 - text
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        above = os.path.join(path, os.path.relpath(inner, os.path.join(folder, path)))  # noqa: PTH118 - text
        files += [os.path.normpath(os.path.join(above, name)) for name in sorted(names)]  # noqa: PTH118 - text
        if len(files) > _MOST:
            return []
    return files


def _stamp(folder: str, path: str) -> Stamp | None:
    """Give what tells a file from its later content; None for what is no file."""
    try:
        status = os.stat(os.path.join(folder, path))  # noqa: PTH116, PTH118 - text
    except (OSError, ValueError):
        return None
    return (status.st_mtime_ns, status.st_size, status.st_ino) if status.st_mode & 0o100000 else None
