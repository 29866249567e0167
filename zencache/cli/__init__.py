"""The command line: `zencache`, and `python -m zencache`."""

from zencache.cli.app import main

__all__ = ["main"]
