"""The key of a step: the digest of its format's name and of what it is made of.

The grammar is in `docs/cache-key.md`. A change of it changes `KEY_FORMAT`, so that keys of two
formats never meet.
"""

from __future__ import annotations

from functools import cached_property

from pydantic import BaseModel, ConfigDict

from zencache.model.values import digest_of

KEY_FORMAT = "step-key/2"


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
    """Digest of the step's code and all of the user's own code that it reaches."""
    packages: dict[str, str] = {}
    """Installed distribution to its version."""
    parameters: dict[str, str] = {}
    """Parameter to canonical JSON text."""
    inputs: dict[str, tuple[str, str]] = {}
    """Input to the type of its value and the content digest of its artifact."""
    outputs: dict[str, tuple[str, str]] = {}
    """Output to its declared type and its materializer."""
    classes: dict[str, str] = {}
    """Class of the project that an input's value or a materializer is of, to the digest of its code."""
    policy: dict[str, str] = {}
    """What the cache policy adds: a salt, content of files, environment variables, a function's answer."""

    units: dict[str, tuple[str, str]] = {}
    """For explanations, not in the key: a helper, class or global to its digest, and a value in short."""
    sources: str = ""
    """For explanations: where the texts of the units are."""
    libraries: tuple[str, ...] = ()
    """For explanations: the dotted names of libraries that the code reaches; none in older records."""

    @cached_property
    def key(self) -> str:
        """The key, 64 hexadecimal digits."""
        code = [self.code, self.packages, self.classes]
        return digest_of([KEY_FORMAT, *code, self.parameters, self.inputs, self.outputs, self.policy])
