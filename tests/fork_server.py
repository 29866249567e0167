"""Runs scripts in processes that have imported the engine already: a server imports it once, and forks for each.

Only for tests that say nothing about what a process imports or how it starts: those start a process of their own. The
server imports modules and does nothing else: it opens no store, starts no thread and runs no pipeline. A child has the
arguments, the environment, the folder and the streams that it is given. Python runs its script as `__main__` and ends it
as it ends any script, with its traceback, its `atexit` functions and its exit code.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import SourceFileLoader
from pathlib import Path
from tempfile import TemporaryFile
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TextIO

_READ_AT_START = ("PYTHON", "LD_", "ZENCACHE_LOG", "OMP_", "OPENBLAS_")
"""What variables begin with that are read once, when a process starts or imports: a child would not heed them."""
_ENVIRONMENT = dict(os.environ)


class ForkServer:
    """A server, which starts when a test first asks for a process."""

    def __init__(self) -> None:
        self._connection: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(
        self,
        arguments: Sequence[object],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdout: int | None = None,
        stderr: int | None = None,
    ) -> ForkedProcess:
        """Start a script with its arguments; a stream is a file's number, or as `subprocess` has them."""
        environment = dict(os.environ if env is None else env)
        assert _read_at_start(environment) == _read_at_start(_ENVIRONMENT), "start a process of its own"
        job = {
            "arguments": [str(each) for each in arguments],
            "cwd": str(cwd or Path.cwd()),
            "env": environment,
        }
        return ForkedProcess(self._open(), job, stdout, stderr)

    def run(self, arguments: Sequence[object], **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a script to its end, and give what it printed, as `subprocess.run` does."""
        process = self.start(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        out, err = process.communicate()
        return subprocess.CompletedProcess([str(each) for each in arguments], process.returncode, out, err)

    def close(self) -> None:
        """End the server, once its children have ended."""
        if self._connection is not None and self._process is not None:
            self._connection.close()
            self._process.wait()

    def _open(self) -> socket.socket:
        if self._connection is None:
            self._connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            command = [sys.executable, __file__, str(theirs.fileno())]
            nothing = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
            self._process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                cwd="/",
                env=_ENVIRONMENT,
                start_new_session=True,
                **nothing,
            )
            theirs.close()
        return self._connection


class ForkedProcess:
    """A process that the server has forked, with the methods of `subprocess.Popen` that tests use."""

    def __init__(
        self, server: socket.socket, job: dict[str, Any], stdout: int | None, stderr: int | None
    ) -> None:
        self.returncode: int | None = None
        self.stdout, out = _stream(stdout, 1)
        self.stderr, err = _stream(stderr, 2)
        self._connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with TemporaryFile("w") as file:  # an environment may be larger than a message
            json.dump(job, file)
            file.flush()
            socket.send_fds(server, [b"fork"], [file.fileno(), out, err, theirs.fileno()])
        for number in (out, err):
            os.close(number)
        theirs.close()
        self._answers = self._connection.makefile("r")
        self.pid = int(self._answers.readline())

    def wait(self) -> int:
        """Wait until it has ended, and give its exit code: negative for a signal."""
        if self.returncode is None:
            self.returncode = os.waitstatus_to_exitcode(int(self._answers.readline()))
            self._answers.close()
            self._connection.close()
        return self.returncode

    def poll(self) -> int | None:
        """Give its exit code if it has ended."""
        if self.returncode is None and select.select([self._connection], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def communicate(self) -> tuple[str, str]:
        """Read what it still prints, until it has ended."""
        streams = [stream for stream in (self.stdout, self.stderr) if stream is not None]
        with ThreadPoolExecutor(2) as pool:
            texts = dict(zip(streams, pool.map(lambda stream: stream.read(), streams), strict=True))
        self.wait()
        for stream in streams:
            stream.close()
        return texts.get(self.stdout, ""), texts.get(self.stderr, "")

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it has not ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)


def _stream(asked: int | None, ours: int) -> tuple[TextIO | None, int]:
    """Give this process's end of a stream, if it has one, and the number of the child's end."""
    if asked == subprocess.PIPE:
        reading, writing = os.pipe()
        return os.fdopen(reading), writing
    return None, os.open(os.devnull, os.O_WRONLY) if asked == subprocess.DEVNULL else os.dup(
        ours if asked is None else asked
    )


def _read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_READ_AT_START)}


# -- the server ----------------------------------------------------------------------------------


def _import_engine() -> None:
    sys.path.pop(0)  # the folder of this file: scripts have theirs there

    import zencache.metadata.session
    import zencache.pipelines.runner  # noqa: F401
    from zencache.execution.engine import load_engine

    load_engine()
    assert threading.active_count() == 1, "a fork would lose a thread"
    gc.collect()
    gc.freeze()  # else each child's collections would look at, and copy, all that is imported


def _serve(connection: socket.socket) -> dict[str, Any]:
    """Fork for each request, and tell its sender when the child ends; returns in a child alone, with its job."""
    ends: dict[
        int, tuple[int, socket.socket]
    ] = {}  # the number of a process's file to its id, and whom to tell
    while True:
        ready, _, _ = select.select([connection, *ends], [], [])
        for each in ready:
            if isinstance(each, int):
                child, sender = ends.pop(each)
                _tell(sender, os.waitpid(child, 0)[1])
                os.close(each)
                sender.close()
                continue
            message, numbers, _, _ = socket.recv_fds(connection, 16, 4)
            if not message:
                os._exit(0)
            request, out, err, answers = numbers
            if (child := os.fork()) == 0:
                os.dup2(out, 1)
                os.dup2(err, 2)
                with os.fdopen(request) as file:
                    file.seek(0)
                    job = json.load(file)
                for number in (connection.fileno(), out, err, answers, *ends):
                    os.close(number)
                for _, sender in ends.values():
                    sender.close()
                return job
            sender = socket.socket(fileno=answers)
            _tell(sender, child)
            ends[os.pidfd_open(child)] = (child, sender)
            for number in (request, out, err):
                os.close(number)


def _tell(sender: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):  # a test that has ended does not listen
        sender.sendall(f"{number}\n".encode())


def _begin(job: dict[str, Any]) -> tuple[CodeType, dict[str, Any]]:
    """Make this process one that Python has just started for a script; give its code and the names of `__main__`."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(job["cwd"])
    os.environ.clear()
    os.environ.update(job["env"])
    sys.argv = job["arguments"]
    path = Path(sys.argv[0])
    sys.path.insert(0, str(path.resolve().parent))
    if "numpy" in sys.modules:
        random = sys.modules["numpy"].random
        random.set_bit_generator(random.MT19937())  # not seeded, as at its import; `random` does this itself
    main = sys.modules["__main__"] = ModuleType("__main__")
    main.__file__ = sys.argv[0]
    main.__loader__ = SourceFileLoader("__main__", sys.argv[0])
    return compile(path.read_bytes(), sys.argv[0], "exec", dont_inherit=True), vars(main)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _import_engine()
    _code, _names = _begin(_serve(socket.socket(fileno=int(sys.argv[1]))))
    exec(_code, _names)
