"""The proxy to a database server: it ends what gets no answer, and nothing else."""

from __future__ import annotations

import socket
import threading
import time

from zencache.metadata.tcp_proxy import TcpProxy

MUCH = 8_000_000  # bytes, more than all buffers on the way


def connected(limit):
    server = socket.create_server(("127.0.0.1", 0))
    proxy = TcpProxy("127.0.0.1", server.getsockname()[1], limit)
    client = socket.create_connection(("127.0.0.1", proxy.port))
    client.settimeout(20)
    there, _ = server.accept()
    return proxy, client, there


def test_a_server_that_reads_slowly_gets_all():
    """A pause is no silence."""
    proxy, client, there = connected(60)
    threading.Thread(target=client.sendall, args=(b"x" * MUCH,), daemon=True).start()
    time.sleep(1)
    left = MUCH
    while left:
        data = there.recv(1 << 20)
        assert data
        left -= len(data)
    assert proxy.is_running


def test_a_server_that_reads_nothing_any_more_is_given_up():
    """Also a client that is still sending does not wait for ever."""
    _relay, client, _there = connected(1)
    ended = []
    try:
        client.sendall(b"x" * 5 * MUCH)
    except OSError as error:
        ended.append(error)
    assert isinstance(ended[0], ConnectionError)
