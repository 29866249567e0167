"""The repository: pipelines, runs and the cache of a project."""

from zencache.repo.repository import Repository

__all__ = ["Repository"]
