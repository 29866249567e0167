"""The repository, where the oldest API had it."""

from zencache.repo import Repository

__all__ = ["Repository"]
