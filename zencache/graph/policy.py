"""What a user says about caching a step or a pipeline."""

from __future__ import annotations

from datetime import timedelta  # noqa: TC003 - pydantic reads annotations

from pydantic import BaseModel, ConfigDict


class CachePolicy(BaseModel):
    """How results are reused; a step's own goes before its pipeline's, field by field.

    >>> from datetime import timedelta
    >>> CachePolicy(version="2", expires_after=timedelta(days=1)).under(CachePolicy(enabled=False))
    CachePolicy(enabled=False, version='2', expires_after=datetime.timedelta(days=1))
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool | None = None
    """Whether results are looked up; `enable_cache=` of the same step or pipeline goes before it."""
    version: str | None = None
    """A salt in the key: another value, and nothing stored earlier is reused."""
    expires_after: timedelta | None = None
    """How old a result may be to be reused, counted from when it was computed."""

    def under(self, outer: CachePolicy | None) -> CachePolicy:
        """Fill what is left unset here from an outer policy."""
        if outer is None:
            return self
        own = {name: value for name, value in self if value is not None}
        return outer.model_copy(update=own)
