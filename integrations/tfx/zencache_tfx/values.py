"""Artifacts of TFX components as values of steps: handles of files that are read on first use."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from zencache.errors import MaterializerError, NotFoundError
from zencache.materializers import Materializer
from zencache.model.names import is_one_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import apache_beam as beam
    import tensorflow as tf
    from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

_PREFIX = "Split-"


class Artifact:
    """An artifact of any TFX type: a folder of files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        """Where its files are; they are not to be changed."""

    @property
    def uri(self) -> str:
        """The path as TFX's own functions take it."""
        return str(self.path)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path}>"


class Examples(Artifact):
    """Examples in splits, as TFRecord files of `tf.train.Example`s; never whole in memory.

    A step that makes some returns `Examples.of({"train": rows, "eval": rows})`, each row a mapping of
    feature to a number, a text, bytes, or a list of these.
    """

    def __init__(self, path: Path, rows: Mapping[str, Iterable[Mapping[str, Any]]] | None = None) -> None:
        super().__init__(path)
        self._rows = rows

    @classmethod
    def of(cls, rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> Examples:
        """Make examples of rows by split; they are written when the step has returned them."""
        return cls(Path(), rows)

    @property
    def splits(self) -> list[str]:
        """The names of the splits."""
        if self._rows is not None:
            return list(self._rows)
        return sorted(each.name.removeprefix(_PREFIX) for each in self.path.glob(f"{_PREFIX}*"))

    def files(self, split: str) -> list[Path]:
        """List the files of a split; raises NotFoundError for a split that is none."""
        if split not in self.splits:
            raise NotFoundError.named("split", split, self.splits)
        return sorted(each for each in (self.path / f"{_PREFIX}{split}").iterdir() if each.is_file())

    def records(self, split: str) -> Iterator[tf.train.Example]:
        """Read a split, one `tf.train.Example` after the other."""
        import tensorflow as tf  # noqa: PLC0415 - only who reads pays for it

        names = [str(file) for file in self.files(split)]
        packed = "GZIP" if any(name.endswith(".gz") for name in names) else ""
        for record in tf.data.TFRecordDataset(names, compression_type=packed).as_numpy_iterator():
            yield tf.train.Example.FromString(record)

    def rows(self, split: str) -> Iterator[dict[str, list[Any]]]:
        """Read a split, each row as a mapping of feature to its values."""
        for example in self.records(split):
            features = example.features.feature
            yield {
                name: list(getattr(features[name], kind).value)
                if (kind := features[name].WhichOneof("kind"))
                else []
                for name in sorted(features)
            }

    def read(self, pipeline: beam.Pipeline, split: str) -> beam.PCollection[bytes]:
        """Read a split in a Beam pipeline, as serialised `tf.train.Example`s."""
        import apache_beam as beam  # noqa: PLC0415 - likewise

        pattern = str(self.path / f"{_PREFIX}{split}" / "*")
        self.files(split)
        return pipeline | f"read {split}" >> beam.io.ReadFromTFRecord(pattern)


class Model(Artifact):
    """A trained model, as a Trainer writes it."""

    @property
    def serving(self) -> Path:
        """The SavedModel that is served."""
        return self.path / "Format-Serving"

    def load(self) -> Any:
        """Load the SavedModel with TensorFlow."""
        import tensorflow as tf  # noqa: PLC0415 - likewise

        return tf.saved_model.load(str(self.serving if self.serving.is_dir() else self.path))


class ArtifactMaterializer(Materializer):
    """Artifacts of any type, by their folders."""

    handle: ClassVar[type[Artifact]] = Artifact

    def save(self, value: Artifact, folder: Path) -> None:
        """Copy the artifact's files."""
        shutil.copytree(value.path, folder, dirs_exist_ok=True)

    def load(self, folder: Path) -> Artifact:
        """Give a handle of the files."""
        return self.handle(folder)


class ExamplesMaterializer(ArtifactMaterializer):
    """Examples, in TFX's own layout."""

    artifact_type = "Examples"
    handle = Examples

    def save(self, value: Examples, folder: Path) -> None:
        """Write the rows as TFRecord files, or copy the files of what was read."""
        if value._rows is None:  # noqa: SLF001 - the two are one
            super().save(value, folder)
            return
        import tensorflow as tf  # noqa: PLC0415 - likewise

        for split, rows in value._rows.items():  # noqa: SLF001 - likewise
            place = _folder_of(split, folder)
            place.mkdir()
            target = str(place / "data_tfrecord-00000-of-00001.gz")
            with tf.io.TFRecordWriter(target, options="GZIP") as writer:
                for row in rows:
                    writer.write(_example(row).SerializeToString(deterministic=True))

    def properties(self, folder: Path) -> Mapping[str, str | int]:
        """Name the splits as TFX does."""
        names = ",".join(f'"{name}"' for name in Examples(folder).splits)
        return {"split_names": f"[{names}]"}


def _folder_of(split: str, folder: Path) -> Path:
    """Give the folder of a split; raises MaterializerError for a name that leads elsewhere."""
    if not is_one_folder(split):
        raise MaterializerError(f"{split[:80]!a} cannot be the name of a split: it would not be one folder")
    return folder / f"{_PREFIX}{split}"


def _example(row: Mapping[str, Any]) -> tf.train.Example:
    import tensorflow as tf  # noqa: PLC0415 - likewise

    return tf.train.Example(features=tf.train.Features(feature={n: _feature(n, v) for n, v in row.items()}))


def _feature(name: str, value: Any) -> tf.train.Feature:
    """Give a feature of its values: TFX's own function for it takes zero for a missing value."""
    import tensorflow as tf  # noqa: PLC0415 - likewise

    plain = value.tolist() if hasattr(value, "tolist") else value
    values = plain if isinstance(plain, list | tuple) else [] if plain is None else [plain]
    if all(isinstance(each, int) for each in values):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values)) if values else tf.train.Feature()
    if all(isinstance(each, int | float) for each in values):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    if all(isinstance(each, str | bytes) for each in values):
        texts = [each.encode() if isinstance(each, str) else each for each in values]
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=texts))
    raise MaterializerError(
        f"feature {name} is {value!r}; a feature is a number, a text, bytes, or a list of one of these"
    )


class ModelMaterializer(ArtifactMaterializer):
    """Models, by their folders."""

    artifact_type = "Model"
    handle = Model


class SchemaMaterializer(Materializer):
    """A `schema_pb2.Schema`, as SchemaGen writes it."""

    artifact_type = "Schema"

    def save(self, value: schema_pb2.Schema, folder: Path) -> None:
        """Write `schema.pbtxt`."""
        from google.protobuf import text_format  # noqa: PLC0415 - likewise

        (folder / "schema.pbtxt").write_text(text_format.MessageToString(value), encoding="utf-8")

    def load(self, folder: Path) -> schema_pb2.Schema:
        """Read `schema.pbtxt`."""
        from google.protobuf import text_format  # noqa: PLC0415 - likewise
        from tensorflow_metadata.proto.v0 import schema_pb2  # noqa: PLC0415 - likewise

        return text_format.Parse((folder / "schema.pbtxt").read_text(encoding="utf-8"), schema_pb2.Schema())


class StatisticsMaterializer(Materializer):
    """Statistics of all splits, as one `DatasetFeatureStatisticsList` whose datasets are named by split."""

    artifact_type = "ExampleStatistics"

    def save(self, value: statistics_pb2.DatasetFeatureStatisticsList, folder: Path) -> None:
        """Write one file a split, as StatisticsGen does."""
        for dataset in value.datasets:
            single = type(value)(datasets=[dataset])
            place = _folder_of(dataset.name or "all", folder)
            place.mkdir()
            file = place / "FeatureStats.pb"
            file.write_bytes(single.SerializeToString(deterministic=True))

    def load(self, folder: Path) -> statistics_pb2.DatasetFeatureStatisticsList:
        """Read the files of all splits."""
        from tensorflow_metadata.proto.v0 import statistics_pb2  # noqa: PLC0415 - likewise

        made = statistics_pb2.DatasetFeatureStatisticsList()
        for file in sorted(folder.glob(f"{_PREFIX}*/FeatureStats.pb")):
            found = statistics_pb2.DatasetFeatureStatisticsList.FromString(file.read_bytes())
            for dataset in found.datasets:
                dataset.name = file.parent.name.removeprefix(_PREFIX)
                made.datasets.add().CopyFrom(dataset)
        return made

    def properties(self, folder: Path) -> Mapping[str, str | int]:
        """Name the splits as TFX does."""
        return ExamplesMaterializer().properties(folder)
