"""A relay to a database server, which ends connections that get no answer.

ML Metadata keeps the interpreter's lock while it waits for an answer, and knows no limit: no thread of its process
can run meanwhile, not even to handle Ctrl-C. So a small process of its own stands in between: it listens on a
loopback port, passes all bytes on as they are (encrypted ones too), and closes a connection whose
server has been asked something and says nothing. ML Metadata raises that like any lost connection.

This file is also what that process runs, so it imports nothing of zencache.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import sys
import threading
import time
from typing import NoReturn

_LOOK = 0.2  # seconds between two looks at how long an answer takes


class Relay:
    """A relay in a process of its own, which ends with this one."""

    def __init__(self, host: str, port: int, limit: float) -> None:
        """Relay to a server that has `limit` seconds for an answer."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.port = int(listening.getsockname()[1])
            told = [str(listening.fileno()), host, str(port), str(limit)]
            self._process = subprocess.Popen(  # noqa: S603 - our own file
                [sys.executable, "-I", "-S", __file__, *told],
                pass_fds=[listening.fileno()],
                stdin=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for the run, which still has to record how it ends
            )

    @property
    def is_there(self) -> bool:
        """Whether its process lives."""
        return self._process.poll() is None


class _Connection:
    """One connection, passed on by two threads."""

    def __init__(self, client: socket.socket, server: socket.socket, limit: float) -> None:
        self.client, self.server, self.limit = client, server, limit
        self.asked: float | None = time.monotonic()  # a server speaks first, or is asked at once

    def start(self) -> None:
        threading.Thread(target=self._pass, args=(self._ask,), daemon=True).start()
        threading.Thread(target=self._pass, args=(self._answer,), daemon=True).start()

    def _pass(self, one_way: object) -> None:
        assert callable(one_way)
        with contextlib.suppress(OSError):
            one_way()
        for each in (self.client, self.server):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()  # else a client that is still sending would wait for ever

    def _ask(self) -> None:
        while data := self.client.recv(65536):
            self.asked = time.monotonic()
            self.server.sendall(data)

    def _answer(self) -> None:
        arriving = select.poll()
        arriving.register(self.server, select.POLLIN)
        while True:
            if not arriving.poll(_LOOK * 1000):
                if self.asked and time.monotonic() - self.asked > self.limit:
                    return
                continue
            data = self.server.recv(65536)
            if not data:
                return
            self.asked = None
            self.client.sendall(data)


def serve(listening: socket.socket, host: str, port: int, limit: float) -> NoReturn:
    """Relay until this process ends."""
    while True:
        client, _ = listening.accept()
        try:
            server = socket.create_connection((host, port), timeout=limit)
        except OSError:
            client.close()
            continue
        for each in (client, server):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _Connection(client, server, limit).start()


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
