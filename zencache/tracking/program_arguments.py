"""Finds the files that a program is given: what a program reads is not seen, but its arguments are."""

from __future__ import annotations

import glob
import os
import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import takewhile
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from zencache.tracking.listings import matched
from zencache.tracking.shell_commands import ALL, SHELLS, Command, with_scripts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Stamp = tuple[int, int, int]
_MOST = 2000  # files of a folder that are looked at
_READ = os.O_RDONLY
_WRITE = os.O_WRONLY | os.O_TRUNC
_APPEND = os.O_WRONLY | os.O_APPEND


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
    patterns: tuple[str, ...] = field(default=(), repr=False)
    """Words with wildcards, which a shell expands."""
    variables: tuple[str, ...] = field(default=(), repr=False)
    """Environment variables that a shell's command or script names."""
    asks_folder: bool = field(default=False, repr=False)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    appended: tuple[str, ...] = field(default=(), repr=False)
    """Of the files that it writes to, the ones that it adds to, once each time."""
    is_script: bool = field(default=False, repr=False)
    """Whether the first word may be a script, whatever it is called."""

    @classmethod
    def of(cls, args: Sequence[Any], environment: Mapping[str, str] = MappingProxyType({})) -> Program:
        """Read the event `subprocess.Popen`, `os.system`, `os.exec` or `os.posix_spawn`."""
        if len(args) == 1:
            return cls._of_command(os.fsdecode(args[0]), "", environment)
        executable, arguments = args[0], args[1]
        folder, given = "", None
        if len(args) == 4:  # noqa: PLR2004 - of `Popen`
            folder, given = os.fsdecode(args[2] or ""), args[3]
        elif hasattr(args[-1], "items"):  # of the others, their variables
            given = args[-1]
        if given is not None:
            environment = {os.fsdecode(key): os.fsdecode(value) for key, value in given.items()}
        if isinstance(arguments, str | bytes | os.PathLike):
            arguments = [arguments]
        words = [os.fsdecode(word) for word in arguments]
        first = os.fsdecode(executable) if executable else words[0]
        name = os.path.basename(first)  # noqa: PTH119 - text
        if name in SHELLS:
            options = list(takewhile(lambda word: re.fullmatch(r"[-+].+", word), words[1:]))
            rest = words[1 + len(options) :]
            if rest and any(re.fullmatch(r"-[a-z]*c", option) for option in options):
                return cls._of_command(rest[0], folder, environment, rest[1:])
            return cls(name, tuple(rest), (), folder, environment=environment, is_script=True)
        values = [word.partition("=")[2] for word in words if word.startswith("-") and "=" in word]
        shown = {"printenv": tuple(words[1:]) or (ALL,), "env": () if words[1:] else (ALL,)}
        program = cls(name, (first, *words[1:], *values), (), folder, variables=shown.get(name, ()))
        return replace(program, environment=environment, asks_folder=name == "pwd")

    @classmethod
    def _of_command(
        cls, command: str, folder: str, environment: Mapping[str, str], more: Sequence[str] = ()
    ) -> Program:
        read = Command.of(command, environment, tuple(more))
        name = os.path.basename(read.words[0]) if read.words else "sh"  # noqa: PTH119 - text
        return _with(cls(name, (), (), folder, environment=environment), read, more)

    def with_scripts(self, folder: str) -> Program:
        """Add what the shell's scripts among the words name; paths in there are relative to the folder."""
        read = Command(list(self.words), list(self.written), list(self.appended), list(self.patterns))
        read.variables, read.asks_folder = dict.fromkeys(self.variables), self.asks_folder
        place = os.path.join(folder, self.folder)  # noqa: PTH118 - text
        return _with(self, with_scripts(read, place, self.environment, first=self.is_script))

    def note_on(self, recorder: Any, environment: Mapping[str, str]) -> None:
        """Record what a shell takes from the process, and the patterns that it expands."""
        for name in self.variables:
            if name == ALL:
                recorder.whole_environment = True
            elif name not in recorder.assigned and self.environment.get(name) == environment.get(name):
                recorder.environment.setdefault(name, environment.get(name))
        for pattern in self.patterns:
            matched(recorder, os.path.join(self.folder, pattern))  # noqa: PTH118 - a pattern
        if self.asks_folder and not self.folder:
            recorder.asked_folder = True


def _with(program: Program, read: Command, more: Sequence[str] = ()) -> Program:
    return replace(
        program,
        words=(*read.words, *more),
        written=tuple(read.written),
        appended=tuple(read.appended),
        patterns=tuple(read.patterns),
        variables=tuple(read.variables),
        asks_folder=read.asks_folder,
    )


@dataclass(frozen=True)
class Arguments:
    """The files among a program's arguments, as they were when it was started.

    A file that is the same at the end was at most read. One that is new or changed was written.
    """

    folder: str
    stamps: dict[str, Stamp | None] = field(default_factory=dict)
    listed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Folders among the arguments, to the paths of the files below."""
    appended: set[str] = field(default_factory=set)
    """Files that are only added to."""

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
            if program.written.count(word) == program.appended.count(word):
                arguments.appended.add(path)
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
                written = _APPEND if path in self.appended else _WRITE
                yield (path, "library", _READ if now == before else written)

    def absent(self) -> Iterator[str]:
        """Give what looks like a path and was not there, neither before nor at the end."""
        for path, before in self.stamps.items():
            if before is None and re.fullmatch(r"\w[\w./-]*(/[\w.-]+|\.[A-Za-z]\w*)", path):
                place = os.path.join(self.folder, path)  # noqa: PTH118 - text
                if not os.path.lexists(place):
                    yield path

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
