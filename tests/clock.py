"""A clock that tests move by hand."""

from __future__ import annotations


class FakeClock:
    """Stands still; sleeping moves it, and so does `move`."""

    def __init__(self, now=1_000_000.0):
        self.now = now
        self.sleeps = []

    def time(self):
        return self.now

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.sleeps.append(seconds)
        self.now += seconds

    def move(self, seconds):
        self.now += seconds
