"""The key of a step: the digest of `["step-key/1", code, parameters, inputs, outputs, policy]`.

The grammar is in `docs/cache-key.md`. A change of it changes `KEY_FORMAT`, so that keys of two
formats never meet.
"""

from __future__ import annotations

from functools import cached_property

from pydantic import BaseModel, ConfigDict

from zencache.graph.values import digest_of

KEY_FORMAT = "step-key/1"


class KeyParts(BaseModel):
    """What goes into a key, kept with each execution so that a miss can be explained.

    >>> parts = KeyParts(code="c0de", parameters={"lr": "0.001"})
    >>> parts.key == KeyParts(code="c0de", parameters={"lr": "0.001"}).key
    True
    >>> parts.key == KeyParts(code="c0de", parameters={"lr": "0.01"}).key
    False
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: str
    """Digest of the step's code."""
    parameters: dict[str, str] = {}
    """Parameter to canonical JSON text."""
    inputs: dict[str, tuple[str, str]] = {}
    """Input to the type of its value and the content digest of its artifact."""
    outputs: dict[str, tuple[str, str]] = {}
    """Output to its declared type and its materializer."""
    policy: dict[str, str] = {}
    """What the cache policy adds, a salt for instance."""

    @cached_property
    def key(self) -> str:
        """The key, 64 hexadecimal digits."""
        return digest_of([KEY_FORMAT, self.code, self.parameters, self.inputs, self.outputs, self.policy])
