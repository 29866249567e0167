"""The repository, where releases up to 0.5 had it: here, and in `zencache.core.repo.repo`."""

from zencache.repo import Repository

__all__ = ["Repository"]
