"""The functions, classes and methods of libraries that open files where Python does not see it.

Each is named where all of the library's public names end up, if there is such a place.
"""

from __future__ import annotations

READERS: dict[str, dict[str, str]] = {
    "pandas.io.pytables": {"HDFStore.__init__": "path"},
    "pyarrow": {"memory_map": "path", "input_stream": "source"},
    "pyarrow.lib": {"memory_map": "path", "input_stream": "source"},
    "pyarrow.parquet": {
        "read_table": "source",
        "read_metadata": "where",
        "read_schema": "where",
        "ParquetFile.__init__": "source",
        "ParquetDataset.__init__": "path_or_paths",
    },
    "pyarrow.dataset": {"dataset": "source", "parquet_dataset": "metadata_path"},
    "pyarrow.csv": {"read_csv": "input_file", "open_csv": "input_file"},
    "pyarrow.json": {"read_json": "input_file"},
    "pyarrow.feather": {"read_table": "source", "read_feather": "source"},
    "pyarrow.orc": {"read_table": "source", "ORCFile.__init__": "source"},
    "h5py": {"File.__init__": "name"},
    "lxml.etree": {"parse": "source"},
    "cv2": {"imread": "filename", "imreadmulti": "filename"},
    # Where TensorFlow's public functions end up, whatever name they were called by.
    "tensorflow.python.ops.gen_io_ops": {"read_file": "filename", "matching_files": "pattern"},
    "tensorflow.python.ops.lookup_ops": {"TextFileInitializer.__init__": "filename"},
    "tensorflow.python.lib.io.file_io": {"FileIO.__init__": "name", "get_matching_files_v2": "pattern"},
    "tensorflow.python.data.ops.readers": {
        f"{name}.__init__": "filenames"
        for name in ("TFRecordDatasetV2", "TextLineDatasetV2", "FixedLengthRecordDatasetV2")
    },
    "tensorflow.python.saved_model.load": {"load_partial": "export_dir"},
    "tensorflow.python.training.py_checkpoint_reader": {"NewCheckpointReader": "filepattern"},
    "keras.src.utils.dataset_utils": {"index_directory": "directory"},
    "xgboost.core": {"Booster.load_model": "fname"},
    "lightgbm.basic": {"Booster.__init__": "model_file"},
    "onnxruntime.capi.onnxruntime_inference_collection": {"InferenceSession.__init__": "path_or_bytes"},
    "polars.io.csv.functions": {"read_csv": "source", "scan_csv": "source"},
    "polars.io.parquet.functions": {"read_parquet": "source", "scan_parquet": "source"},
    "rasterio": {"open": "fp"},
    "fiona": {"open": "fp"},
    "soundfile": {"SoundFile.__init__": "file"},
    "faiss": {"read_index": "fname"},
}
"""Module, function or method, and the name of the argument that is a path or several."""

CLASSES: dict[str, dict[str, str]] = {
    "pyarrow": {"OSFile": "path"},
    "pyarrow.lib": {"OSFile": "path"},
    "lxml.etree": dict.fromkeys(("XMLSchema", "RelaxNG", "DTD", "Schematron"), "file")
    | {"iterparse": "source"},
    "cv2": {"VideoCapture": "filename"},
    "netCDF4": {"Dataset": "filename"},
}
"""Module, class that is written in C, and the argument of its constructor that is a path."""

METHODS: dict[str, dict[str, str]] = {
    "pyarrow._fs": {
        **dict.fromkeys(("FileSystem.open_input_file", "FileSystem.open_input_stream"), "path"),
        "FileSystem.open_output_stream": "path",
    },
    "lxml.etree": {"_ElementTree.parse": "source"},
}
"""Module, method of a class that is written in C, and its argument that is a path."""

HOLDERS: dict[str, dict[str, tuple[str, ...]]] = {
    "pyarrow._dataset": {
        **dict.fromkeys(
            ("Dataset", "Fragment"), ("to_table", "to_batches", "scanner", "take", "head", "count_rows")
        ),
        "Scanner": ("from_dataset", "from_fragment"),
    }
}
"""Module, class written in C whose objects stand for files, and the methods that read them.

Such an object may be made long before a step uses it, and be kept anywhere.
"""

LOOKUPS: dict[str, dict[str, str]] = {
    "tensorflow.python.lib.io.file_io": {
        "file_exists_v2": "path",
        "is_directory_v2": "path",
        "stat_v2": "path",
        "list_directory_v2": "path",
    }
}
"""Module, function that asks about a path without reading it, and the argument."""

WITH_MODE = frozenset(
    {"FileIO.__init__", "File.__init__", "HDFStore.__init__", "SoundFile.__init__"}
    | {"memory_map", "OSFile", "Dataset"}
)
"""Readers whose second argument, or `mode`, says whether they write."""

WRITERS: dict[str, dict[str, tuple[str, int]]] = {
    "pyarrow": {"output_stream": ("source", 0)},
    "pyarrow.lib": {"output_stream": ("source", 0)},
    "pyarrow.parquet": {"ParquetWriter.__init__": ("where", 1)},
    "pyarrow.csv": {"write_csv": ("output_file", 1)},
    "pyarrow.feather": {"write_feather": ("dest", 1)},
    "pyarrow.orc": {"write_table": ("where", 1), "ORCWriter.__init__": ("where", 1)},
    "pyarrow.ipc": {"new_file": ("sink", 0), "new_stream": ("sink", 0)},
    "polars.dataframe.frame": {
        f"DataFrame.write_{name}": ("file", 1)
        for name in ("csv", "parquet", "ipc", "ipc_stream", "json", "ndjson", "avro")
    },
    "polars.lazyframe.frame": {
        f"LazyFrame.sink_{name}": ("path", 1) for name in ("csv", "parquet", "ipc", "ndjson")
    },
    "cv2": {"imwrite": ("filename", 0)},
    "torch.serialization": {"_open_zipfile_writer_file.__init__": ("name", 1)},
    "safetensors.numpy": {"save_file": ("filename", 1)},
    "safetensors.torch": {"save_file": ("filename", 1)},
    "xgboost.core": {"Booster.save_model": ("fname", 1)},
    "lightgbm.basic": {"Booster.save_model": ("filename", 1)},
    "catboost.core": {"CatBoost.save_model": ("fname", 1)},
    "faiss": {"write_index": ("fname", 1)},
    "tensorflow.python.ops.gen_io_ops": {"write_file": ("filename", 0)},
}
"""Module, function or method that writes a file whole, and the argument that is a path, with its place."""

KEYWORD_ONLY = frozenset({"XMLSchema", "RelaxNG", "Schematron"})
"""Readers whose first argument is not the path."""


PICKLERS = frozenset(
    {"cloudpickle.cloudpickle", "cloudpickle.cloudpickle_fast", "dill._dill"}
    | {"joblib.externals.cloudpickle.cloudpickle"}
)
"""Modules of picklers that write code."""


def modules() -> frozenset[str]:
    """Name the modules in the tables."""
    return frozenset({*READERS, *WRITERS, *CLASSES, *METHODS, *HOLDERS, *LOOKUPS, *PICKLERS})
