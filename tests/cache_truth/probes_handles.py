"""Objects of libraries that stand for files and read them later: data sets in globals, defaults, containers."""

from __future__ import annotations

from functools import partial

from tests.cache_truth.harness import ran

DATA = {"t.parquet": '{"a": [1, 2]}', "u.parquet": '{"a": [5, 6]}'}
OTHER = {"t.parquet": '{"a": [3, 4]}'}
BESIDE = {"u.parquet": '{"a": [3, 4]}'}
DS = "import pyarrow.dataset as ds\n"
SET = "ds.dataset('t.parquet')"
ASK = "return float(sum(DATA.to_table()['a'].to_pylist()))"

held = partial(ran, category="files", kind="objects that stand for files")

PROBES = [
    held("a data set in a global", "rerun", ASK, f"{DS}DATA = {SET}\n", DATA, OTHER),
    held("a file that no data set holds", "hit", ASK, f"{DS}DATA = {SET}\n", DATA, BESIDE),
    held(
        "a data set in a default",
        "rerun",
        "return total()",
        f"{DS}def total(data={SET}):\n    return float(sum(data.to_table()['a'].to_pylist()))\n",
        DATA,
        OTHER,
    ),
    held(
        "a data set in a table, by batches",
        "rerun",
        "return float(sum(sum(b['a'].to_pylist()) for b in TABLE['t'].to_batches()))",
        f"{DS}TABLE = {{'t': {SET}}}\n",
        DATA,
        OTHER,
    ),
    held(
        "a data set in an object of the project",
        "rerun",
        "return LOADER.first()",
        f"{DS}class Loader:\n    def __init__(self):\n        self.data = {SET}\n\n    def first(self):\n"
        "        return float(self.data.head(1)['a'][0].as_py())\nLOADER = Loader()\n",
        DATA,
        OTHER,
    ),
    held(
        "a data set of a function that keeps it",
        "rerun",
        "return float(data().take([1])['a'][0].as_py())",
        f"import functools\n{DS}@functools.lru_cache\ndef data():\n    return {SET}\ndata()\n",
        DATA,
        OTHER,
    ),
    held(
        "a scanner of a data set",
        "rerun",
        "return float(sum(DATA.scanner(columns=['a']).to_table()['a'].to_pylist()))",
        f"{DS}DATA = {SET}\n",
        DATA,
        OTHER,
    ),
    held(
        "a scanner from a data set",
        "rerun",
        "return float(sum(ds.Scanner.from_dataset(DATA).to_table()['a'].to_pylist()))",
        f"{DS}DATA = {SET}\n",
        DATA,
        OTHER,
    ),
    held(
        "the rows of a data set",
        "rerun",
        "return float(DATA.count_rows())",
        f"{DS}DATA = {SET}\n",
        DATA,
        {"t.parquet": '{"a": [1, 2, 3]}'},
    ),
    held(
        "a fragment of a data set",
        "rerun",
        "return float(sum(PART.to_table()['a'].to_pylist()))",
        f"{DS}PART = next({SET}.get_fragments())\n",
        DATA,
        OTHER,
    ),
    held(
        "data sets in a union",
        "rerun",
        ASK,
        f"{DS}DATA = ds.dataset([{SET}, ds.dataset('u.parquet')])\n",
        DATA,
        BESIDE,
    ),
    held(
        "a data set of a folder, with a file that was not there",
        "hit",
        ASK,
        f"{DS}DATA = ds.dataset('d')\n",
        {"d/t.parquet": '{"a": [1, 2]}'},
        {"e/t.parquet": '{"a": [1, 2]}'},
    ),
    held(
        "a data set of a folder with one more file",
        "rerun",
        ASK,
        f"{DS}DATA = ds.dataset('d')\n",
        {"d/t.parquet": '{"a": [1, 2]}'},
        {"d/u.parquet": '{"a": [1, 2]}'},
    ),
    held(
        "a data set of Parquet in a global",
        "rerun",
        "return float(sum(DATA.read()['a'].to_pylist()))",
        "import pyarrow.parquet as pq\nDATA = pq.ParquetDataset('t.parquet', use_legacy_dataset=False)\n",
        DATA,
        OTHER,
    ),
    held(
        "an array that is mapped from a file",
        "rerun",
        "return float(A[0])",
        "import numpy as np\nA = np.memmap('t.bin', dtype='uint8', mode='r')\n",
        {"t.bin": "abc"},
        {"t.bin": "bbc"},
    ),
]
