"""The body of a native TFX component: what its cache key is made of. Nothing here imports TFX.

Its code: the executor's class (of a library by version, of the user's own with all that it reaches), and
the functions of a module file. Its parameters: the execution properties. What it reads from outside: the
files that an `ExampleGen` matches, and what an importer points to, by content.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import json
import re
import tempfile
import zipfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zencache.code.module_origin import distributions, file_of_module, origin_of_module, version_of
from zencache.errors import CodeUnavailableError
from zencache.model.specs import key_and_index
from zencache.model.values import from_text, to_text
from zencache.planning.example_files import matched_files
from zencache.util.atomic_write import private_folder
from zencache.util.hashing import file_digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zencache.code.digest import CodeDigest, CodeReader
    from zencache.model.records import ArtifactRecord
    from zencache.model.specs import NodeRef, PipelineSpec, StepSpec
    from zencache.planning.example_files import FindSpans
    from zencache.policy import CachePolicy
    from zencache.tracking.file_digests import FileDigests

IMPORTER = "tfx.dsl.components.common.importer.Importer"
RESOLVER = "tfx.dsl.components.common.resolver.Resolver"
_CODE = ("module_file", "module_path")
_ENTRIES = {
    "tfx.components.transform.": ("preprocessing_fn", "stats_options_updater_fn"),
    "tfx.components.trainer.": ("run_fn",),
    "tfx.components.tuner.": ("tuner_fn",),
    "tfx.components.evaluator.": ("custom_eval_shared_model", "custom_extractors"),
}
"""The functions that TFX's own executors look for in a module file."""
_SAVES_WORK = {("tfx.components.transform.", "analyzer_cache")}
"""Inputs of TFX's own components that make them faster and change nothing else."""
_FILE_DRIVER = "tfx.components.example_gen.driver.FileBasedDriver"
_QUERY_DRIVER = "tfx.components.example_gen.driver.QueryBasedDriver"
_ENGINES = (
    "tensorflow",
    "tensorflow-data-validation",
    "tensorflow-model-analysis",
    "tensorflow-transform",
    "tfx-bsl",
)
"""What TFX's own components compute with, beside TFX."""
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")


@dataclass(frozen=True, eq=False)
class ComponentBody:
    """A native component of a pipeline: its spec, and what its key is made of."""

    spec: StepSpec
    policy: CachePolicy | None = None
    output_types: Mapping[str, Any] = field(default_factory=dict)
    """Output to its TFX artifact type, by name."""
    input_types: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, spec: StepSpec) -> ComponentBody:
        """Give the component of a recorded spec."""
        return cls(
            spec,
            spec.policy,
            {output.name: output.type for output in spec.outputs},
            {item.name: item.type for item in spec.inputs},
        )

    @property
    def node(self) -> NodeRef:
        """The component in TFX's intermediate representation."""
        assert self.spec.node is not None
        return self.spec.node

    @property
    def arguments(self) -> Mapping[str, Any]:
        """A component has execution properties in its spec, and no Python arguments."""
        return {}

    def with_spec(self, spec: StepSpec) -> ComponentBody:
        """Replace the step as data."""
        return dataclasses.replace(self, spec=spec)

    def with_arguments(self, arguments: Mapping[str, Any]) -> ComponentBody:  # noqa: ARG002 - the protocol
        """A component has no arguments that could be replaced."""
        return self

    @property
    def never_cached(self) -> str | None:
        """Say why no earlier result is ever looked up, or None."""
        if self.spec.identity == RESOLVER:
            return "a resolver looks at the records each time"
        if self._properties.get("reimport"):
            return "reimport=True makes a new artifact each time"
        if self.node.driver == _QUERY_DRIVER and self.policy is None:
            return (
                "it reads a database, which zencache cannot follow; "
                "reuse its result for a time by adopt(…, policies={name: CachePolicy(expires_after=…)})"
            )
        return None

    @cached_property
    def _properties(self) -> dict[str, Any]:
        return {name: from_text(text) for name, text in self.spec.parameters.items()}

    # -- parameters ---------------------------------------------------------------------------

    def parameters(
        self,
        step: StepSpec,  # noqa: ARG002 - the protocol; no property of a component is a secret
        digests: FileDigests,  # noqa: ARG002 - the protocol
        computed: Mapping[str, Any],
    ) -> dict[str, str]:
        """Give the execution properties in canonical form, with those that were computed from inputs."""
        left_out = {*_CODE, *(("input_base",) if self.node.driver == _FILE_DRIVER else ())}
        left_out |= {"artifact_uri"} if self.spec.identity == IMPORTER else set()
        values = {**self._properties, **computed}
        # A user's component may depend on the order in a text; TFX's own read protos.
        write = to_text if _is_own(self.node.executor) else _canonical
        texts = {name: write(value) for name, value in sorted(values.items()) if name not in left_out}
        return {**texts, **self.node.told}

    # -- files ----------------------------------------------------------------------------------

    def files(
        self, digests: FileDigests, find_spans: FindSpans, computed: Mapping[str, Any]
    ) -> dict[str, str]:
        """Give the content of the files that an `ExampleGen` or an importer reads."""
        properties = {**self._properties, **computed}
        if self.spec.identity == IMPORTER:
            uri = str(properties["artifact_uri"])
            return {"uri": uri, f"file {uri}": digests.digest(Path(uri)) or "not there"}
        if self.node.driver == _FILE_DRIVER:
            return matched_files(self.spec.name, properties, digests, find_spans)
        return {}

    def relevant_inputs(self, inputs: Mapping[str, ArtifactRecord]) -> Mapping[str, ArtifactRecord]:
        """Leave out inputs that only save work."""
        left_out = {key for prefix, key in _SAVES_WORK if self.node.executor.startswith(prefix)}
        return {name: artifact for name, artifact in inputs.items() if key_and_index(name)[0] not in left_out}

    def outputs(self) -> dict[str, tuple[str, str]]:
        """Give output to its TFX type; TFX stores it."""
        return {name: (kind, "TFX") for name, kind in self.output_types.items()}

    @property
    def declared(self) -> tuple[Path, ...]:
        """The folder whose files are in its key already."""
        is_files = self.node.driver == _FILE_DRIVER and "://" not in str(self._properties["input_base"])
        return (Path(self._properties["input_base"]).absolute(),) if is_files else ()

    @property
    def _pushes(self) -> bool:
        """Whether it is a Pusher: it copies its result to a destination, and records it."""
        return self.node.executor.startswith("tfx.components.pusher.")

    @property
    def mentioned(self) -> tuple[Path, ...]:
        """The files and folders that its execution properties name: it may read or write them."""
        if self.declared or self.spec.identity in (IMPORTER, RESOLVER) or self._pushes:
            return ()
        texts = {
            text for name, value in self._properties.items() if name not in _CODE for text in _texts(value)
        }
        return tuple(Path(text) for text in sorted(texts) if "/" in text and _exists(text))

    # -- code -----------------------------------------------------------------------------------

    def code(self, reader: CodeReader) -> CodeDigest:
        """Digest the executor, the driver, and the user's functions that they call.

        Raises CodeUnavailableError for a component of which only TFX's own records are known.
        """
        if not (self.node.ir or self.node.executor):
            raise CodeUnavailableError(
                f"pipeline {self.node.pipeline} was run by TFX itself, whose records do not tell how to run "
                "it again; adopt the pipeline object: zencache_tfx.adopt(pipeline).run()"
            )
        own = [path for path in (self.node.executor, self.node.driver) if _is_own(path)]
        packages = dict(self._packages())
        objects = [_executor(path, self.spec.name) for path in own]
        identity = [self.spec.identity, self.node.executor, self.node.driver]
        return reader.of_component(identity, objects, *self._entries(), packages=packages)

    def _packages(self) -> dict[str, str]:
        packages: dict[str, str] = {}
        for path in filter(None, (self.node.executor, self.node.driver, self.spec.identity)):
            if not _is_own(path):
                packages |= dict(distributions(path))
        if any(name in ("tfx", "ml-pipelines-sdk") for name in packages):
            packages |= {name: version for name in _ENGINES if (version := version_of(name))}
        return packages

    def _entries(self) -> tuple[list[tuple[str, str]], Path | None]:
        """Give the user's functions as module and name, and the folder of the module file."""
        module, folder = self.module
        entries: list[tuple[str, str]] = []
        if module:
            prefixes = [prefix for prefix in _ENTRIES if self.node.executor.startswith(prefix)]
            names = [name for prefix in prefixes[:1] for name in _ENTRIES[prefix]]
            entries = [(module, str(self._properties.get(name) or name)) for name in names] or [(module, "")]
        for name, value in self._properties.items():
            if name not in _CODE and isinstance(value, str) and _DOTTED.fullmatch(value):
                home, _, attribute = value.rpartition(".")
                if origin_of_module(home) == "project" and file_of_module(home) is not None:
                    entries.append((home, attribute))
        return entries, folder

    @cached_property
    def module(self) -> tuple[str, Path | None]:
        """The module of the user's functions, and its folder if that is not on the import path."""
        path, file = self._properties.get("module_path"), self._properties.get("module_file")
        if path and "@" in path:
            name, _, wheel = path.partition("@")
            return name, _unpacked(Path(wheel), self.spec.name)
        if path:
            return str(path), None
        if not file:
            return "", None
        path_of_file = Path(file).absolute()
        if not path_of_file.is_file():
            raise CodeUnavailableError(f"step {self.spec.name}: its module file {file} is not there")
        return path_of_file.stem, path_of_file.parent


def resolvers_before(spec: PipelineSpec) -> dict[str, frozenset[str]]:
    """Give for each step the steps that it must follow because of resolvers, which read the records.

    A resolver finds what TFX's runners record before it, one node after the other in the pipeline's order.
    """
    waits: dict[str, frozenset[str]] = {}
    before, resolvers = frozenset[str](), frozenset[str]()
    for step in spec.steps:
        is_resolver = step.identity == RESOLVER
        waits[step.name] = before if is_resolver else resolvers
        before |= {step.name}
        resolvers |= {step.name} if is_resolver else set()
    return waits


def feeding_components(spec: PipelineSpec) -> frozenset[str]:
    """Name the steps whose artifacts TFX components read, by TFX's own file systems."""
    return frozenset().union(*(step.upstream for step in spec.steps if step.node is not None))


def _is_own(path: str) -> bool:
    return bool(path) and origin_of_module(path.rpartition(".")[0]) == "project"


def _executor(path: str, step: str) -> Any:
    """Import an executor of the user's own; of a Python function component, the function."""
    module, _, name = path.rpartition(".")
    try:
        executor = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        where = (
            "run the script that defines it" if module == "__main__" else "run from where its module is found"
        )
        raise CodeUnavailableError(f"step {step}: {path} cannot be imported ({error}); {where}") from error
    return getattr(executor, "_FUNCTION", executor)


def _canonical(value: Any) -> str:
    """Write a property so that two texts of one JSON object, as TFX writes protos, are one."""
    data = _parsed_json(value)
    return to_text(value) if data is value else json.dumps(data, sort_keys=True, separators=(",", ":"))


def _parsed_json(value: Any) -> Any:
    """Parse a text that is a JSON object or list; give any other value as it is."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        with contextlib.suppress(ValueError):
            return json.loads(value)
    return value


def _texts(value: Any) -> set[str]:
    """List the texts in a property, also inside JSON."""
    data = _parsed_json(value)
    if isinstance(data, dict):
        return set().union(*map(_texts, data.values()), *map(_texts, data))
    if isinstance(data, list | tuple):
        return set().union(*map(_texts, data))
    return {data} if isinstance(data, str) else set()


def _exists(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):
        return False


def _unpacked(wheel: Path, step: str) -> Path:
    """Unpack the wheel that TFX made of a module file's folder, once, and give the folder."""
    try:
        folder = private_folder() / f"wheel-{file_digest(wheel)}"
    except OSError as error:
        raise CodeUnavailableError(f"step {step}: the wheel with its module file is gone: {error}") from error
    if not folder.is_dir():
        aside = Path(tempfile.mkdtemp(dir=folder.parent))
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(aside)
        with contextlib.suppress(OSError):  # another process was faster
            aside.rename(folder)
    return folder
