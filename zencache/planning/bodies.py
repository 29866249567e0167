"""What a step does in this process: the `Body` protocol, and the body of a step that is a Python function."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from zencache.materializers import find
from zencache.model.types import type_name
from zencache.model.values import canonical_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import Self

    from zencache.code.digest import CodeDigest, CodeReader
    from zencache.model.records import ArtifactRecord
    from zencache.model.specs import StepSpec
    from zencache.planning.example_files import FindSpans
    from zencache.policy import CachePolicy
    from zencache.tracking.file_digests import FileDigests


class Body(Protocol):
    """A step's spec tied to its live code: what its cache key is made of.

    Implemented by `FunctionBody` and, for a native TFX component, by `components.ComponentBody`.
    """

    @property
    def spec(self) -> StepSpec:
        """The step as data, as it was declared."""

    @property
    def policy(self) -> CachePolicy | None:
        """The step's own policy, with live functions."""

    @property
    def arguments(self) -> Mapping[str, Any]:
        """Live values of the parameters that are Python arguments."""

    @property
    def input_types(self) -> Mapping[str, Any]:
        """Input to its declared type."""

    @property
    def output_types(self) -> Mapping[str, Any]:
        """Output to its declared type."""

    @property
    def never_cached(self) -> str | None:
        """Why no earlier result is ever looked up, whatever the user says; or None."""

    def with_spec(self, spec: StepSpec) -> Self:
        """Replace the step as data."""

    def with_arguments(self, arguments: Mapping[str, Any]) -> Self:
        """Replace the live values of the parameters."""

    def code(self, reader: CodeReader) -> CodeDigest:
        """Digest the step's code."""

    def parameters(self, step: StepSpec, digests: FileDigests, computed: Mapping[str, Any]) -> dict[str, str]:
        """Give the parameters of `step`, as recorded, in canonical form; and those that were `computed`."""

    def files(
        self, digests: FileDigests, find_spans: FindSpans, computed: Mapping[str, Any]
    ) -> dict[str, str]:
        """Give the content of files that the step reads by its definition, with no policy that says so."""

    def relevant_inputs(self, inputs: Mapping[str, ArtifactRecord]) -> Mapping[str, ArtifactRecord]:
        """Leave out the inputs that cannot change the result."""

    def outputs(self) -> dict[str, tuple[str, str]]:
        """Give output to the name of its type, and of what stores it."""


@dataclass(frozen=True, eq=False)
class FunctionBody:
    """The body of a step that is a Python function of the user."""

    spec: StepSpec
    function: Callable[..., Any]
    arguments: Mapping[str, Any]
    """Live values of the arguments that are parameters, a parameters model as one."""
    input_types: Mapping[str, Any]
    output_types: Mapping[str, Any]
    injected: Mapping[str, str] = field(default_factory=dict)
    """Argument to what zencache puts there: `"context"` or `"beam"`."""
    policy: CachePolicy | None = None
    """The step's own, with its functions live."""
    snapshot: Any = None
    """Of a step from a snapshot: the digest of its code when that was taken."""

    @property
    def never_cached(self) -> str | None:
        """Nothing but the user turns caching off for a function."""
        return None

    def with_spec(self, spec: StepSpec) -> FunctionBody:
        """Replace the step as data."""
        return dataclasses.replace(self, spec=spec)

    def with_arguments(self, arguments: Mapping[str, Any]) -> FunctionBody:
        """Replace the live values of the parameters."""
        return dataclasses.replace(self, arguments=arguments)

    def code(self, reader: CodeReader) -> CodeDigest:
        """Digest the function and all that it reaches."""
        return reader.of(self.function).or_snapshot(self.snapshot)

    def parameters(
        self,
        step: StepSpec,
        digests: FileDigests,
        computed: Mapping[str, Any],  # noqa: ARG002 - only components have computed parameters
    ) -> dict[str, str]:
        """Give the recorded parameters; a path counts by the content of its file."""
        texts = sorted(step.parameters.items())
        canonical = {name: canonical_text(text, keep_order=True) for name, text in texts}
        return {name: _by_content(text, digests) for name, text in canonical.items()}

    def files(
        self,
        digests: FileDigests,  # noqa: ARG002 - the protocol
        find_spans: FindSpans,  # noqa: ARG002 - the protocol
        computed: Mapping[str, Any],  # noqa: ARG002 - the protocol
    ) -> dict[str, str]:
        """A function declares the files that it reads by its policy."""
        return {}

    def relevant_inputs(self, inputs: Mapping[str, ArtifactRecord]) -> Mapping[str, ArtifactRecord]:
        """Every argument of a function can change its result."""
        return inputs

    def outputs(self) -> dict[str, tuple[str, str]]:
        """Give output to its declared type, and to the materializer that stores it."""
        chosen = {output.name: output.materializer for output in self.spec.outputs}
        return {
            name: (type_name(kind), chosen.get(name) or _materializer_of(kind))
            for name, kind in self.output_types.items()
        }


def _materializer_of(kind: Any) -> str:
    by_type = find(kind) if isinstance(kind, type) else None
    return by_type.path if by_type else "by value"


def _by_content(text: str, digests: FileDigests) -> str:
    """Replace the paths in a parameter by the content of their files."""
    if '"$path"' not in text:
        return text
    return json.dumps(_with_content(json.loads(text), digests), sort_keys=True, separators=(",", ":"))


def _with_content(data: Any, digests: FileDigests) -> Any:
    if isinstance(data, list):
        return [_with_content(item, digests) for item in data]
    if not isinstance(data, dict):
        return data
    if data.keys() == {"$path"}:
        path = Path(data["$path"])
        digest = digests.digest(path)
        return data if digest is None else {"$file": [path.name, digest]}
    return {key: _with_content(item, digests) for key, item in data.items()}
