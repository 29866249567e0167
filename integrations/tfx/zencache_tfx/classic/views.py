"""Shows the results of a training run: statistics, schema, metrics, rows and the model."""

from __future__ import annotations

import html
import os
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zencache.errors import AlreadyExistsError, NotFoundError
from zencache_tfx.classic import html_report, node_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from zencache_tfx.classic.results import Results

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")  # before the functions below import TensorFlow

_SPLIT = "Split-"
ALL = "all"
_MODEL = "Format-Serving"


# -- pages ----------------------------------------------------------------------------------------


def view_statistics(results: Results, path: str | Path | None = None, *, open_page: bool = False) -> Path:
    """Write statistics of all splits as an HTML page."""
    import tensorflow_data_validation as tfdv  # noqa: PLC0415 - seconds
    from tensorflow_data_validation.utils.display_util import get_statistics_html  # noqa: PLC0415

    uri = results.artifact(node_names.STATISTICS, "statistics")
    statistics_by_split = {
        name: tfdv.load_stats_binary(f"{folder}/FeatureStats.pb") for name, folder in _splits(uri).items()
    }
    tables = displays = ""
    for name, statistics in statistics_by_split.items():
        tables += f"<h2>{html.escape(name)}</h2>{_table_of(statistics)}"
        displays += get_statistics_html(statistics, lhs_name=name)
    summary = "<summary>TFDV's own display, which is loaded from the network</summary>"
    more = f"<details>{summary}{displays}</details>"
    return _page("statistics", tables + more, path, open_page=open_page)


def _table_of(statistics: Any) -> str:
    """Give the main figures as a table: TFDV's own display needs the network."""
    import pandas as pd  # noqa: PLC0415

    (dataset,) = statistics.datasets
    return html_report.table(pd.DataFrame([_figures(feature) for feature in dataset.features]))


def _figures(feature: Any) -> dict[str, Any]:
    is_text = feature.HasField("string_stats")
    of_kind = feature.string_stats if is_text else feature.num_stats
    figures = {
        "column": ".".join(feature.path.step),
        "values": of_kind.common_stats.num_non_missing,
        "missing": of_kind.common_stats.num_missing,
    }
    if is_text:
        return figures | {"different": of_kind.unique, "top": _top(of_kind)}
    names = {"mean": "mean", "deviation": "std_dev", "min": "min", "median": "median", "max": "max"}
    return figures | {shown: round(getattr(of_kind, name), 6) for shown, name in names.items()}


def _top(of_text: Any) -> str:
    return ", ".join(f"{entry.value} ({entry.frequency:g})" for entry in of_text.top_values[:3])


def view_schema(results: Results, path: str | Path | None = None, *, open_page: bool = False) -> Path:
    """Write the schema as an HTML page: features and their values."""
    import tensorflow_data_validation as tfdv  # noqa: PLC0415 - seconds
    from tensorflow_data_validation.utils.display_util import get_schema_dataframe  # noqa: PLC0415

    schema = tfdv.load_schema_text(f"{results.artifact(node_names.SCHEMA, 'schema')}/schema.pbtxt")
    names = ("features", "values")
    tables = (table.rename(index=lambda name: str(name).strip("'")) for table in get_schema_dataframe(schema))
    shown = [(name, table) for name, table in zip(names, tables, strict=False) if len(table)]
    body = "".join(f"<h2>{name}</h2>{html_report.table(table, index=True)}" for name, table in shown)
    return _page("schema", body, path, open_page=open_page)


def _page(title: str, body: str, path: str | Path | None, *, open_page: bool) -> Path:
    file = Path(path) if path is not None else Path(f"{title}.html")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(html_report.page(title, body), encoding="utf-8")
    if _in_notebook():
        from IPython.display import HTML, display  # noqa: PLC0415 - installed only where notebooks are

        display(HTML(html_report.STYLE + body))
    elif open_page:
        webbrowser.open(file.absolute().as_uri())
    return file


def _in_notebook() -> bool:
    """Say whether this process is a notebook's kernel, which can display; does not import IPython."""
    shell = sys.modules.get("IPython")
    return shell is not None and type(shell.get_ipython()).__name__ == "ZMQInteractiveShell"


# -- metrics --------------------------------------------------------------------------------------


def evaluation(results: Results) -> pd.DataFrame:
    """Give metrics as a table: `slice`, `output` if there are several, and a column for each metric."""
    import pandas as pd  # noqa: PLC0415
    import tensorflow_model_analysis as tfma  # noqa: PLC0415 - seconds

    result = tfma.load_eval_result(results.artifact(node_names.EVALUATOR, "evaluation"))
    rows = [row for key, by_output in result.slicing_metrics for row in _metric_rows(key, by_output)]
    table = pd.DataFrame(sorted(rows, key=lambda row: (row["slice"] != ALL, row["slice"])))
    return table if (table["output"] != "").any() else table.drop(columns="output")


def _metric_rows(key: tuple[Any, ...], by_output: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    where = ", ".join(f"{column}={_text(value)}" for column, value in key) or ALL
    for output, by_class in by_output.items():
        named = {
            name if not sub else f"{name} {sub}": _value(value)
            for sub, metrics in by_class.items()
            for name, value in metrics.items()
        }
        yield {"slice": where, "output": output, **named}


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _value(value: Any) -> Any:
    """Give the number of a metric; a curve or a matrix is returned unchanged."""
    if not isinstance(value, dict):
        return value
    if "doubleValue" in value:
        return float(value["doubleValue"])
    bounded = value.get("boundedValue", {})
    return float(bounded["value"]) if "value" in bounded else value


# -- rows and model -------------------------------------------------------------------------------


def sample_transformed_data(results: Results, split_name: str, sample_size: int) -> pd.DataFrame:
    """Give the first rows of a split after Transform."""
    import pandas as pd  # noqa: PLC0415
    import tensorflow as tf  # noqa: PLC0415 - seconds
    import tensorflow_transform as tft  # noqa: PLC0415 - seconds

    splits = _splits(results.artifact(node_names.TRANSFORM, "transformed_examples"))
    if split_name not in splits:
        raise NotFoundError.named("split", split_name, splits)
    spec = tft.TFTransformOutput(
        results.artifact(node_names.TRANSFORM, "transform_graph")
    ).transformed_feature_spec()
    files = sorted(tf.io.gfile.glob(f"{splits[split_name]}/*"))
    records = tf.data.TFRecordDataset(files, "GZIP").take(sample_size).batch(1024)
    tables = [_table(tf.io.parse_example(batch, spec)) for batch in records]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(spec))


def _table(columns: Mapping[str, Any]) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    return pd.DataFrame({name: _values(column.numpy()) for name, column in columns.items()})


def _values(array: Any) -> list[Any]:
    """Give the values of a column: numbers or texts, or lists if a row has a vector."""
    flat = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array  # noqa: PLR2004 - a matrix
    values: list[Any] = flat.tolist()
    return [value.decode() if isinstance(value, bytes) else value for value in values]


def model_uri(results: Results) -> str:
    """Give the URI of the model's artifact."""
    return results.artifact(node_names.TRAINER, "model")


def download_model(results: Results, out_path: str | Path, *, overwrite: bool) -> Path:
    """Copy the SavedModel to a folder, also from a remote store."""
    import tensorflow as tf  # noqa: PLC0415 - seconds; it reads remote stores too

    target = Path(out_path)
    if target.exists() and any(target.iterdir()):
        if not overwrite:
            raise AlreadyExistsError(f"{target} is not empty; choose another folder, or pass overwrite=True")
        tf.io.gfile.rmtree(str(target))
    source = f"{model_uri(results)}/{_MODEL}"
    for folder, _, files in tf.io.gfile.walk(source):
        place = target / os.path.relpath(folder, source)
        place.mkdir(parents=True, exist_ok=True)
        for file in files:
            tf.io.gfile.copy(f"{folder}/{file}", str(place / file), overwrite=True)
    return target


def _splits(uri: str) -> dict[str, str]:
    """Give the folders of an artifact's splits by name."""
    import tensorflow as tf  # noqa: PLC0415 - seconds; it reads remote stores too

    names = [name.rstrip("/") for name in tf.io.gfile.listdir(uri)]
    return {n.removeprefix(_SPLIT): f"{uri}/{n}" for n in sorted(names) if n.startswith(_SPLIT)}
