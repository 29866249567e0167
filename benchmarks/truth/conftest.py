"""Adapters to other libraries import them, which only their own environments can."""

collect_ignore_glob = ["peers/*", "stub/*"]
