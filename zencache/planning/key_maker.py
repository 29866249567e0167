"""Makes a step's cache key: of its code, parameters, inputs, outputs, and what its policy adds."""

from __future__ import annotations

import inspect
import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from zencache.caching.key import KeyParts
from zencache.code.digest import CodeDigest, CodeReader
from zencache.code.module_origin import version_of
from zencache.code.text_memory import remembering
from zencache.errors import CachePolicyError, DefinitionError, MaterializerError
from zencache.model.output_places import argument_name, filled, without_places
from zencache.model.secrets import seal_of_process
from zencache.model.specs import key_and_index
from zencache.model.types import import_object, type_name
from zencache.model.values import canonical_text, from_text, to_text
from zencache.planning.secret_digests import redactor, secret_parameters
from zencache.policy import CachePolicy
from zencache.tracking.audit_events import unwatched

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from zencache.code.redaction import Redactor
    from zencache.code.source import Text
    from zencache.model.records import ArtifactRecord
    from zencache.model.specs import PipelineSpec, StepSpec
    from zencache.planning.bodies import Body
    from zencache.planning.example_files import FindSpans
    from zencache.tracking.file_digests import FileDigests


@dataclass(frozen=True)
class KeyMaker:
    """Makes the keys of one run's steps; code is read once, for the first key."""

    spec: PipelineSpec
    bodies: Mapping[str, Body]
    root: Path
    """The folder that declared files are relative to."""
    digests: FileDigests
    load: Callable[[ArtifactRecord], Any]
    """Loads an input's value, for a user's key function."""
    find_spans: FindSpans
    project: CachePolicy | None = None
    seal: Callable[[Any], str] = seal_of_process
    """Gives the keyed digest that replaces a secret's value."""
    _codes: dict[str, CodeDigest] = field(default_factory=dict)

    @cached_property
    def _reader(self) -> CodeReader:
        return CodeReader(self.seal)

    @cached_property
    def redacted(self) -> Redactor:
        """Removes the values of the steps' secrets from a text that is recorded or shown."""
        return redactor(self.bodies)

    def code(self, step: str) -> CodeDigest:
        """Give the digest of a step's code at the time when the run is planned."""
        if step not in self._codes:
            with self.remembering():
                self._codes[step] = self.bodies[step].code(self._reader)
        return self._codes[step]

    def remembering(self) -> AbstractContextManager[None]:
        """Remember between processes what follows from source texts, in a `with` block."""
        store = self.digests.store
        return remembering(store.with_name("texts.db") if store else None, unwatched)

    def policy(self, step: StepSpec) -> CachePolicy:
        """Give the policy of a step: its own, its pipeline's, the project's, field by field."""
        own = self.bodies[step.name].policy or step.policy
        outer = [policy for policy in (self.spec.policy, self.project) if policy is not None]
        effective = own or CachePolicy()
        for policy in outer:
            effective = effective.under(policy)
        return effective

    def parts(
        self,
        step: StepSpec,
        inputs: Mapping[str, ArtifactRecord],
        computed: Mapping[str, Any] | None = None,
    ) -> KeyParts:
        """Make the parts of a step's key, whose inputs are known.

        `computed` holds the parameters of a native component that were computed from its inputs.
        """
        body, policy, code = self.bodies[step.name], self.policy(step), self.code(step.name)
        added = self._added_by_policy(step, policy)
        parameters = body.parameters(step, self.digests, computed or {})
        added |= body.files(self.digests, self.find_spans, computed or {})
        inputs = body.relevant_inputs(inputs)
        by_content = {n: (artifact.value_type, artifact.content) for n, artifact in sorted(inputs.items())}
        if policy.key is not None:
            arguments, answer = self._ask_key_function(step, policy.key, inputs)
            parameters = {n: text for n, text in parameters.items() if argument_name(n) not in arguments}
            by_content = {n: pair for n, pair in by_content.items() if key_and_index(n)[0] not in arguments}
            added["key function"] = answer
        outputs = body.outputs()
        return KeyParts(
            code={"none": "none", "function": code.own}.get(policy.code or "", code.digest),
            packages=self._packages(step, policy, code),
            parameters=parameters,
            inputs=by_content,
            outputs=outputs,
            classes=self._classes(body, inputs, outputs, code) if policy.code != "none" else {},
            policy=added,
        )

    def explained(self, step: StepSpec, parts: KeyParts) -> KeyParts:
        """Add the pieces of a step's code to the parts of its key: what explanations compare."""
        if self.policy(step).code not in (None, "closure"):
            return parts
        code = self.code(step.name)
        short = {
            n: (unit.digest[:16], self.redacted(unit.text) if unit.is_value else "")
            for n, unit in code.units.items()
        }
        return parts.model_copy(update={"units": short, "libraries": tuple(sorted(code.outside))})

    def doubts(self, step: StepSpec) -> tuple[str, ...]:
        """Say where a step's code digest covers more than the step uses."""
        return self.code(step.name).doubts if self.policy(step).code in (None, "closure") else ()

    def texts(self, step: StepSpec) -> dict[str, str]:
        """Give the source texts of what a step reaches, for explanations."""
        units = self.code(step.name).units.items()
        return {name: self.redacted(unit.text) for name, unit in units if not unit.is_value}

    def modules(self) -> dict[str, Text]:
        """Give the texts of the modules that were read because steps import them when they run."""
        return self._reader.modules()

    # -- parts --------------------------------------------------------------------------------

    def _packages(self, step: StepSpec, policy: CachePolicy, code: CodeDigest) -> dict[str, str]:
        reached = dict(code.packages) if policy.code in (None, "closure") else {}
        asked = policy.packages
        if asked is None:
            return reached
        names = {name.lstrip("+-") for name in asked if not name.startswith("-")}
        base = {} if all(name[:1] not in "+-" for name in asked) else reached
        dropped = {name[1:] for name in asked if name.startswith("-")}
        versions = {name: version_of(name) for name in sorted(names)}
        if missing := [name for name, version in versions.items() if version is None]:
            raise CachePolicyError(
                f"step {step.name}: CachePolicy(packages=…) names {', '.join(missing)}, which is not "
                "installed; give the name that `pip list` shows"
            )
        others = {name: version for name, version in base.items() if name not in dropped}
        return {**others, **{name: str(version) for name, version in versions.items()}}

    def _classes(
        self,
        body: Body,
        inputs: Mapping[str, ArtifactRecord],
        outputs: Mapping[str, tuple[str, str]],
        code: CodeDigest,
    ) -> dict[str, str]:
        """Digest the project's classes of inputs and materializers, and those of parameters."""
        names = {
            name for artifact in inputs.values() for name in (artifact.value_type, artifact.materializer)
        }
        names |= {materializer for _, materializer in outputs.values()}
        by_name = {name: self._reader.of_class(name) for name in sorted(names)}
        digests = {name: digest for name, digest in by_name.items() if digest is not None}
        return {**digests, **self._reader.of_values(map(without_places, body.arguments.values()), code)}

    def _added_by_policy(self, step: StepSpec, policy: CachePolicy) -> dict[str, str]:
        added = {} if policy.version is None else {"version": policy.version}
        for name in policy.env or ():
            value = os.environ.get(name)
            added[f"environment variable {name}"] = "not set" if value is None else _digest_of_variable(value)
        for pattern in policy.files or ():
            added |= self._files(step, pattern)
        return added

    def _files(self, step: StepSpec, pattern: str) -> dict[str, str]:
        try:
            paths = self.digests.matches(pattern, self.root)
        except DefinitionError as error:
            raise CachePolicyError(f"step {step.name}: CachePolicy(files=…): {error}") from error
        digest_by_file = {}
        for path in paths:
            name = path.relative_to(self.root) if path.is_relative_to(self.root) else path
            digest_by_file[f"file {name}"] = self.digests.digest(path) or "gone"
        return digest_by_file

    def _ask_key_function(
        self, step: StepSpec, key: Any, inputs: Mapping[str, ArtifactRecord]
    ) -> tuple[set[str], str]:
        """Call a user's key function; give the arguments that it stands for, and its answer."""
        where = f"step {step.name}: the key function of its CachePolicy"
        function = _live_function(key, where)
        named = self._arguments(function, step, where)
        loaded = {n: self.load(artifact) for n, artifact in inputs.items() if key_and_index(n)[0] in named}
        texts = {argument_name(name): name for name in step.parameters}
        plain = {n: self._parameter(step, texts[n]) for n in named if n in texts}
        values = filled(plain, loaded)
        try:
            returned = function(**values)
        except Exception as error:
            raise CachePolicyError(
                f"{where} raised {type(error).__name__}: {error}; nothing was looked up. "
                "Correct it, or leave `key` out"
            ) from error
        try:
            return set(named), canonical_text(to_text(returned))
        except (MaterializerError, ValueError, RecursionError) as error:
            raise CachePolicyError(
                f"{where} returned {type_name(type(returned))}, which cannot be part of a key: {error}; "
                "return numbers, texts, lists or dicts, a digest for instance"
            ) from error

    def _parameter(self, step: StepSpec, name: str) -> Any:
        secret = secret_parameters(step, self.bodies[step.name])
        return secret[name] if name in secret else from_text(step.parameters[name])

    def _arguments(self, function: Callable[..., Any], step: StepSpec, where: str) -> Sequence[str]:
        recorded = (*(item.name for item in step.inputs), *step.parameters)
        arguments = list(dict.fromkeys(map(argument_name, recorded)))
        wanted = inspect.signature(function).parameters.values()
        if any(argument.kind is argument.VAR_KEYWORD for argument in wanted):
            return arguments
        names = [a.name for a in wanted if a.name in arguments or a.default is a.empty]
        if unknown := [name for name in names if name not in arguments]:
            raise CachePolicyError(
                f"{where} takes {', '.join(unknown)}, which is not an argument of the step; "
                f"it has {', '.join(arguments) or 'none'}"
            )
        return names


def _live_function(key: Any, where: str) -> Callable[..., Any]:
    if not isinstance(key, str):
        return key  # type: ignore[no-any-return]
    try:
        function: Callable[..., Any] = import_object(key)
    except MaterializerError as error:
        raise CachePolicyError(f"{where} cannot be found again: {error}") from error
    return function


def _digest_of_variable(value: str) -> str:
    """Give the digest of a value that may be a secret."""
    return blake3(value.encode("utf-8", "surrogateescape")).hexdigest()
