"""A TCP proxy to a database server that closes connections whose answer takes too long.

ML Metadata holds the interpreter's lock while it waits for an answer, without a time limit: no other thread
can run meanwhile, not even to handle Ctrl-C. So a small process stands in between. It listens on a loopback
port and forwards all bytes unchanged (also encrypted). It closes a connection if the server does not answer
a request in time; ML Metadata reports that like any lost connection.

That process runs this file, so it imports nothing of zencache.
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
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

_CHECK_INTERVAL = 0.2  # seconds between two checks of how long an answer takes


class TcpProxy:
    """A proxy in a process of its own, which ends with this one."""

    def __init__(self, host: str, port: int, limit: float) -> None:
        """Start a proxy to a server that has `limit` seconds for an answer."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.port = int(listening.getsockname()[1])
            arguments = [str(listening.fileno()), host, str(port), str(limit)]
            self._process = subprocess.Popen(  # noqa: S603 - our own file
                [sys.executable, "-I", "-S", __file__, *arguments],
                pass_fds=[listening.fileno()],
                stdin=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C ends the run, which still has to record that
            )

    @property
    def is_running(self) -> bool:
        """Whether its process runs."""
        return self._process.poll() is None


class _Connection:
    """One connection, forwarded by two threads."""

    def __init__(self, client: socket.socket, server: socket.socket, limit: float) -> None:
        self.client, self.server, self.limit = client, server, limit
        self.asked_at: float | None = time.monotonic()  # a server speaks first, or is asked at once

    def start(self) -> None:
        threading.Thread(target=self._forward, args=(self._copy_requests,), daemon=True).start()
        threading.Thread(target=self._forward, args=(self._copy_answers,), daemon=True).start()

    def _forward(self, copy: Callable[[], None]) -> None:
        with contextlib.suppress(OSError):
            copy()
        for each in (self.client, self.server):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()  # else a client that is still sending waits forever

    def _copy_requests(self) -> None:
        while data := self.client.recv(65536):
            self.asked_at = time.monotonic()
            self.server.sendall(data)

    def _copy_answers(self) -> None:
        poll = select.poll()
        poll.register(self.server, select.POLLIN)
        while True:
            if not poll.poll(_CHECK_INTERVAL * 1000):
                if self.asked_at and time.monotonic() - self.asked_at > self.limit:
                    return
                continue
            data = self.server.recv(65536)
            if not data:
                return
            self.asked_at = None
            self.client.sendall(data)


def serve(listening: socket.socket, host: str, port: int, limit: float) -> NoReturn:
    """Accept and forward connections until this process ends."""
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
