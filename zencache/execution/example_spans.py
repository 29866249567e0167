"""Asks TFX which files an `ExampleGen` reads, if its patterns name spans or its folder is remote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zencache.errors import DefinitionError
from zencache.planning.example_files import Matched

if TYPE_CHECKING:
    from collections.abc import Mapping


def fingerprint(properties: Mapping[str, Any]) -> str:
    """Give what TFX records of the files that an `ExampleGen` reads: how many, how large, when changed."""
    return _resolved(properties, with_fingerprint=True).fingerprint


def matched(properties: Mapping[str, Any]) -> Matched:
    """Fill in spans and versions as TFX's driver does; raises DefinitionError where no span fits."""
    return _resolved(properties, with_fingerprint="://" in str(properties["input_base"]))


def _resolved(properties: Mapping[str, Any], *, with_fingerprint: bool) -> Matched:
    from tfx.components.example_gen import input_processor  # noqa: PLC0415 - has all of TFX
    from tfx.proto import example_gen_pb2, range_config_pb2  # noqa: PLC0415 - likewise
    from tfx.utils import proto_utils  # noqa: PLC0415 - likewise

    config, limits = example_gen_pb2.Input(), None
    proto_utils.json_to_proto(properties["input_config"], config)
    if properties.get("range_config"):
        limits = range_config_pb2.RangeConfig()
        proto_utils.json_to_proto(properties["range_config"], limits)
    base = str(properties["input_base"])
    try:
        processor = input_processor.FileBasedInputProcessor(base, config.splits, limits)
        span, version = processor.resolve_span_and_version()
        fingerprint = processor.get_input_fingerprint(span, version) if with_fingerprint else ""
    except ValueError as error:
        raise DefinitionError(f"no files to read in {base}: {error}") from error
    fill = processor.get_pattern_for_span_version
    patterns = {split.name: fill(split.pattern, span, version) for split in config.splits}
    return Matched(patterns, span or 0, version, fingerprint or "")
