"""A TCP proxy that is told on standard input what to do; see `servers.Proxy`. ML Metadata holds the
interpreter's lock while it waits: the proxy is another process."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading


class Proxy:
    def __init__(self, port: int) -> None:
        self.target = port
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.connections: list[socket.socket] = []
        self.is_down = False
        self.speaking = threading.Event()
        self.speaking.set()

    def serve(self) -> None:
        while True:
            client, _ = self.listening.accept()
            if self.is_down:
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self.target))
            self.connections += [client, server]
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self.pump, args=(one, other), daemon=True).start()

    def pump(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                self.speaking.wait()
                other.sendall(data)
        for each in (one, other):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def do(self, command: str) -> None:
        if command == "silent":
            self.speaking.clear()
        if command == "speak":
            self.speaking.set()
        if command in ("down", "up"):
            self.is_down = command == "down"
        if command in ("down", "drop"):
            for each in self.connections:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
            self.connections.clear()


def main(port: str) -> None:
    proxy = Proxy(int(port))
    print(proxy.listening.getsockname()[1], flush=True)
    threading.Thread(target=proxy.serve, daemon=True).start()
    for line in sys.stdin:
        what, _, seconds = line.strip().partition(" ")
        if seconds:
            threading.Timer(float(seconds), proxy.do, (what,)).start()
        else:
            proxy.do(what)
        print("done", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
