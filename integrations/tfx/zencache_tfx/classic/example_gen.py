"""Converts CSV files to splits of `tf.train.Example`s, a chunk of rows at a time.

On Beam's DirectRunner, TFX's CsvExampleGen holds all data in memory: 0.8 kB and 0.17 ms were measured for a
row of five columns. It also supports splits by a hash only. This component has TFX's own driver for files and
an executor that streams, so memory does not grow with the rows.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect
from contextlib import ExitStack
from itertools import accumulate
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import tensorflow as tf
from google.protobuf import any_pb2, wrappers_pb2
from tfx.components.example_gen.component import FileBasedExampleGen
from tfx.components.util import examples_utils
from tfx.dsl.components.base import base_beam_executor, executor_spec
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import proto_utils
from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder

from zencache.errors import DefinitionError
from zencache_tfx.classic.csv_schema import CsvFacts, read_facts, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tfx import types

_SHARD = 64 * 2**20  # bytes of CSV for each file of a split
_MOST_SHARDS = 32
_FILE_FORMAT = "tfrecords_gzip"
_COMPRESSION = 1  # zlib's fastest: the files are read more often than the disk is short

_ARROW = {"int": pa.int64(), "float": pa.float32(), "text": pa.binary()}


class Executor(base_beam_executor.BaseBeamExecutor):  # type: ignore[misc] # TFX has no types
    """Writes the splits. TFX requires a Beam executor here; this one creates no Beam pipeline."""

    def Do(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[types.Artifact]],  # noqa: ARG002 - TFX's signature
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Read the CSV files that match, and write each row to its split."""
        told = _unpacked(exec_properties[standard_component_specs.CUSTOM_CONFIG_KEY])
        files = _files(exec_properties)
        names = told["rule"]["names"]
        examples = artifact_utils.get_single_instance(output_dict[standard_component_specs.EXAMPLES_KEY])
        examples.split_names = artifact_utils.encode_split_names(names)
        examples_utils.set_payload_format(examples, example_gen_pb2.FORMAT_TF_EXAMPLE)
        examples_utils.set_file_format(examples, _FILE_FORMAT)
        folders = [artifact_utils.get_split_uri([examples], name) for name in names]
        write_splits(files, folders, told["rule"], told["schema"])


class SplitCsvExampleGen(FileBasedExampleGen):  # type: ignore[misc]
    """Example generator of the classic API: `rule` assigns rows to splits (see `splits.Split.rule`)."""

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)

    def __init__(
        self, input_base: str, pattern: str, rule: Mapping[str, Any], schema: Mapping[str, str] | None
    ) -> None:
        splits = [example_gen_pb2.SplitConfig.Split(name=name, hash_buckets=1) for name in rule["names"]]
        super().__init__(
            input_base=input_base,
            input_config=example_gen_pb2.Input(
                splits=[example_gen_pb2.Input.Split(name="single_split", pattern=pattern)]
            ),
            output_config=example_gen_pb2.Output(split_config=example_gen_pb2.SplitConfig(splits=splits)),
            custom_config=_packed({"rule": rule, "schema": schema}),
        )


def write_splits(
    files: Sequence[Path], folders: Sequence[str], rule: Mapping[str, Any], schema: Mapping[str, Any] | None
) -> None:
    """Write the rows of CSV files as gzipped TFRecords, each row in the folder of its split."""
    facts = read_facts(files).with_schema(schema)
    shards = min(_MOST_SHARDS, 1 + sum(file.stat().st_size for file in files) // _SHARD)
    chosen = _chooser(rule, facts.columns)
    encode = _encoder(facts)
    written = [0] * len(folders)
    with ExitStack() as stack:
        writers = [[stack.enter_context(_writer(f, i, shards)) for i in range(shards)] for f in folders]
        for file in files:
            for rows in rows_of(file):
                for row, record in zip(rows, encode(rows), strict=True):
                    digest = _digest("\x1f".join(row))
                    split = chosen(row, digest)
                    if split is not None:
                        writers[split][digest % shards].write(record)
                        written[split] += 1
    _check_rows(rule["names"], written)


def _check_rows(names: Sequence[str], written: Sequence[int]) -> None:
    empty = [name for name, rows in zip(names, written, strict=True) if not rows]
    if empty:
        raise DefinitionError(
            f"no row is in split {empty[0]!r}: the splits have "
            f"{', '.join(f'{rows} ({name})' for name, rows in zip(names, written, strict=True))} rows; "
            "give the split more categories or a larger weight, or the datasource more rows"
        )


def _writer(folder: str, shard: int, shards: int) -> tf.io.TFRecordWriter:
    tf.io.gfile.makedirs(folder)
    options = tf.io.TFRecordOptions(compression_type="GZIP", compression_level=_COMPRESSION)
    return tf.io.TFRecordWriter(f"{folder}/data_tfrecord-{shard:05d}-of-{shards:05d}.gz", options)


def _chooser(rule: Mapping[str, Any], columns: Sequence[str]) -> Callable[[Sequence[str], int], int | None]:
    """Make the function that maps a row and its digest to the number of its split."""
    if "categories" in rule:
        return _by_category(rule, columns)
    ends = list(accumulate(rule["buckets"]))
    if rule["column"] is None:
        return lambda _, digest: bisect(ends, (digest >> 64) % ends[-1])
    place = columns.index(rule["column"])
    return lambda row, _: bisect(ends, (_digest(row[place]) >> 64) % ends[-1])


def _by_category(
    rule: Mapping[str, Any], columns: Sequence[str]
) -> Callable[[Sequence[str], int], int | None]:
    numbers = {name: number for number, name in enumerate(rule["names"])}
    known = {category: numbers[name] for category, name in rule["categories"].items()}
    unknown = numbers.get(rule["unknown"])
    place = columns.index(rule["column"])
    return lambda row, _: known.get(row[place], unknown)


def _digest(text: str) -> int:
    """Give 128 bits: the lower half chooses a shard, the upper half a split."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "big")


def _encoder(facts: CsvFacts) -> Callable[[Sequence[Sequence[str]]], list[bytes]]:
    """Make the function that serializes rows as examples; an empty value is a missing feature."""
    names = [name for name, kind in facts.types.items() if kind != "empty"]
    kinds = [facts.types[name] for name in names]
    places = [facts.columns.index(name) for name in names]
    coder = RecordBatchToExamplesEncoder()

    def encode(rows: Sequence[Sequence[str]]) -> list[bytes]:
        columns = list(zip(*rows, strict=True))
        arrays = [_lists(columns[place], kind) for place, kind in zip(places, kinds, strict=True)]
        made: list[bytes] = coder.encode(pa.RecordBatch.from_arrays(arrays, names))
        return made

    return encode


def _lists(values: Sequence[str], kind: str) -> pa.Array:
    """Give a column as lists of one value or none: the Arrow form of features."""
    parse = _PARSE[kind]
    parsed = [parse(value) if value else None for value in values]
    ends = accumulate((value is not None for value in parsed), initial=0)
    present = pa.array([value for value in parsed if value is not None], _ARROW[kind])
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), present)


def _number(text: str) -> float | None:
    """Read a number; "nan" stands for a missing value, which is filled like others."""
    number = float(text)
    return None if isnan(number) else number


_PARSE: dict[str, Callable[[str], Any]] = {"int": int, "float": _number, "text": str.encode}


def _files(exec_properties: Mapping[str, Any]) -> list[Path]:
    config = example_gen_pb2.Input()
    proto_utils.json_to_proto(exec_properties[standard_component_specs.INPUT_CONFIG_KEY], config)
    base = Path(exec_properties[standard_component_specs.INPUT_BASE_KEY])
    return sorted(base.glob(config.splits[0].pattern))


def _packed(config: Mapping[str, Any]) -> example_gen_pb2.CustomConfig:
    packed = any_pb2.Any()
    packed.Pack(wrappers_pb2.StringValue(value=json.dumps(config)))
    return example_gen_pb2.CustomConfig(custom_config=packed)


def _unpacked(text: str) -> dict[str, Any]:
    config = example_gen_pb2.CustomConfig()
    proto_utils.json_to_proto(text, config)
    value = wrappers_pb2.StringValue()
    config.custom_config.Unpack(value)
    made: dict[str, Any] = json.loads(value.value)
    return made
