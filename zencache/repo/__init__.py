"""The repository: what a project holds."""

from zencache.repo.repository import Repository

__all__ = ["Repository"]
