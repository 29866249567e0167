"""What a run shows of files: absence, questions, listings, links, and readers that raise no event."""

from __future__ import annotations

from functools import partial

from tests.cache_truth.harness import ran

N = {"n.json": "1"}
LINKED = {"one/n.txt": "1", "two/n.txt": "2", "link": "-> one"}
LEADS = {"link": "-> two"}
TABLE = '{"n": [1, 2]}'
OTHER = '{"n": [1, 5]}'
SQL = "create table t (n); insert into t values (1);"
SQL_OTHER = SQL.replace("(1)", "(5)")
CONNECT = "db = sqlite3.connect(':memory:')\n"
ATTACHED = "db.execute(\"attach 'a.db' as other\")\n"
FETCH = "return float(db.execute('select max(n) from other.t').fetchone()[0])"

of = partial(partial, ran, category="files")
absent, asked, listed = of(kind="absence"), of(kind="questions"), of(kind="listings")
linked, native = of(kind="links"), of(kind="readers in C++")
attached, hdf5, opened = of(kind="attached databases"), of(kind="links in HDF5"), of(kind="ways to open")

ABSENT = [
    absent(
        "a path that exists now",
        "rerun",
        "return float(Path('k').exists())",
        "from pathlib import Path",
        edit={"k": ""},
    ),
    absent(
        "a file that is gone",
        "rerun",
        "return float(os.path.isfile('k'))",
        "import os",
        {"k": "1"},
        {"k": None},
    ),
    absent(
        "a folder that is there now",
        "rerun",
        "return float(os.path.isdir('d'))",
        "import os",
        edit={"d/k": ""},
    ),
    absent(
        "a file that could not be opened",
        "rerun",
        "try:\n    return float(open('k').read())\nexcept FileNotFoundError:\n    return 0.0",
        edit={"k": "3"},
    ),
    absent(
        "a settings file that overrides",
        "rerun",
        "names = [name for name in ('local.json', 'n.json') if os.path.exists(name)]\nreturn float(open(names[0]).read())",
        "import os",
        N,
        {"local.json": "4"},
    ),
    absent(
        "a folder that could not be listed",
        "rerun",
        "try:\n    return float(len(os.listdir('d')))\nexcept OSError:\n    return -1.0",
        "import os",
        edit={"d/k": ""},
    ),
    absent(
        "a file that another is looked for beside",
        "hit",
        "return float(Path('k').exists())",
        "from pathlib import Path",
        N,
        {"n.json": "2"},
    ),
    absent(
        "a path that a helper in a class looks for",
        "rerun",
        "return clean(x)",
        "import os\n\nclass Store:\n    root = 'd'\n    def has(self, name):\n        return os.access(os.path.join(self.root, name), os.F_OK)\n\ndef clean(x):\n    return float(Store().has('k'))",
        {"d/other": ""},
        {"d/k": ""},
    ),
]

ASKED = [
    asked(
        "the size of a file",
        "rerun",
        "return float(os.path.getsize('n.json'))",
        "import os",
        N,
        {"n.json": "10"},
    ),
    asked(
        "the size of a file by stat",
        "rerun",
        "return float(Path('n.json').stat().st_size)",
        "from pathlib import Path",
        N,
        {"n.json": "10"},
    ),
    asked(
        "the size of an entry",
        "rerun",
        "return float(sum(e.stat().st_size for e in os.scandir('d')))",
        "import os",
        {"d/n": "1"},
        {"d/n": "100"},
    ),
    asked(
        "a file that becomes a folder",
        "rerun",
        "return float(os.path.isdir('k'))",
        "import os",
        {"k": ""},
        {"k": None, "k/n": ""},
    ),
    asked(
        "the size by os.stat, of the same size",
        "hit",
        "return float(os.stat('n.json').st_size)",
        "import os",
        N,
        {"n.json": "2"},
    ),
    asked(
        "whether a file is there, of another content",
        "hit",
        "return float(os.path.exists('n.json'))",
        "import os",
        N,
        {"n.json": "2"},
    ),
    asked(
        "the size in a comprehension of a helper",
        "rerun",
        "return clean(['n.json'])",
        "import os\n\ndef clean(names):\n    return float(max(os.stat(n).st_size for n in names))",
        N,
        {"n.json": "10"},
    ),
]

LISTED = [
    listed(
        "a folder that is scanned",
        "rerun",
        "return float(len(list(os.scandir('d'))))",
        "import os",
        {"d/a": ""},
        {"d/b": ""},
    ),
    listed(
        "a folder that is walked",
        "rerun",
        "return float(sum(len(f) for _, _, f in os.walk('d')))",
        "import os",
        {"d/e/a": ""},
        {"d/e/b": ""},
    ),
    listed(
        "a pattern",
        "rerun",
        "return float(len(glob.glob('d/*.csv')))",
        "import glob",
        {"d/a.csv": ""},
        {"d/b.csv": ""},
    ),
    listed(
        "a name that a pattern does not match",
        "hit",
        "return float(len(glob.glob('d/*.csv')))",
        "import glob",
        {"d/a.csv": ""},
        {"d/b.txt": ""},
    ),
    listed(
        "a pattern of a path",
        "rerun",
        "return float(len(list(Path('d').glob('*.csv'))))",
        "from pathlib import Path",
        {"d/a.csv": ""},
        {"d/b.csv": ""},
    ),
    listed(
        "a pattern through all folders",
        "rerun",
        "return float(len(list(Path('d').rglob('*.csv'))))",
        "from pathlib import Path",
        {"d/a.csv": ""},
        {"d/e/b.csv": ""},
    ),
    listed(
        "a name that a pattern through all folders does not match",
        "hit",
        "return float(len(list(Path('d').rglob('*.csv'))))",
        "from pathlib import Path",
        {"d/a.csv": ""},
        {"d/e/b.txt": ""},
    ),
    listed(
        "the paths in a folder",
        "rerun",
        "return float(sum(p.is_dir() for p in Path('d').iterdir()))",
        "from pathlib import Path",
        {"d/a": ""},
        {"d/e/b": ""},
    ),
    listed(
        "a file whose name goes",
        "rerun",
        "return float(len(os.listdir('d')))",
        "import os",
        {"d/a": "", "d/b": ""},
        {"d/b": None},
    ),
]

LINKS = [
    linked(
        "a link that is resolved",
        "rerun",
        "return float((Path('link').resolve() / 'n.txt').read_text())",
        "from pathlib import Path",
        LINKED,
        LEADS,
    ),
    linked(
        "a real path",
        "rerun",
        "return float(open(os.path.join(os.path.realpath('link'), 'n.txt')).read())",
        "import os",
        LINKED,
        LEADS,
    ),
    linked(
        "a link that is read",
        "rerun",
        "return float(len(os.readlink('link')))",
        "import os",
        {**LINKED, "three/n.txt": "3"},
        {"link": "-> three"},
    ),
    linked(
        "a file through a linked folder",
        "rerun",
        "return float(open('link/n.txt').read())",
        "",
        LINKED,
        LEADS,
    ),
    linked(
        "a linked file",
        "rerun",
        "return float(open('n').read())",
        "",
        {"a": "1", "b": "2", "n": "-> a"},
        {"n": "-> b"},
    ),
    linked(
        "a link that leads nowhere",
        "rerun",
        "return float(os.path.exists('n'))",
        "import os",
        {"n": "-> a"},
        {"a": "1"},
    ),
    linked(
        "whether a file is a link",
        "rerun",
        "return float(os.path.islink('n'))",
        "import os",
        {"a": "1", "n": "-> a"},
        {"n": "1"},
    ),
    linked(
        "a link to a link",
        "rerun",
        "return float(Path('last').resolve().joinpath('n.txt').read_text())",
        "from pathlib import Path",
        {**LINKED, "last": "-> link"},
        LEADS,
    ),
    linked(
        "a link that is not looked at", "hit", "return float(open('one/n.txt').read())", "", LINKED, LEADS
    ),
]

NATIVE = [
    native(
        "a table of Parquet",
        "rerun",
        "return float(pq.read_table('a.parquet')['n'][1].as_py())",
        "import pyarrow.parquet as pq",
        {"a.parquet": TABLE},
        {"a.parquet": OTHER},
    ),
    native(
        "a reader in a dict",
        "rerun",
        "return float(READERS['parquet']('a.parquet')['n'][1].as_py())",
        "import pyarrow.parquet as pq\nREADERS = {'parquet': pq.read_table}",
        {"a.parquet": TABLE},
        {"a.parquet": OTHER},
    ),
    native(
        "a reader in a partial",
        "rerun",
        "return float(read()['n'][1].as_py())",
        "from functools import partial\nimport pyarrow.parquet as pq\nread = partial(pq.read_table, 'a.parquet')",
        {"a.parquet": TABLE},
        {"a.parquet": OTHER},
    ),
    native(
        "a reader as a default",
        "rerun",
        "return clean(x)",
        "from pyarrow.parquet import read_table\ndef clean(x, read=read_table):\n    return float(read('a.parquet')['n'][1].as_py())",
        {"a.parquet": TABLE},
        {"a.parquet": OTHER},
    ),
    native(
        "a reader in a class",
        "rerun",
        "return Loader().load()",
        "import pyarrow.feather\nclass Loader:\n    read = staticmethod(pyarrow.feather.read_table)\n    def load(self):\n        return float(self.read('a.feather')['n'][1].as_py())",
        {"a.feather": TABLE},
        {"a.feather": OTHER},
    ),
    native(
        "a file of Parquet",
        "rerun",
        "return float(ParquetFile('a.parquet').read()['n'][1].as_py())",
        "from pyarrow.parquet import ParquetFile",
        {"a.parquet": TABLE},
        {"a.parquet": OTHER},
    ),
    native(
        "a table that pandas reads",
        "rerun",
        "return float(pd.read_parquet('a.parquet')['n'].iloc[1])",
        "import pandas as pd",
        {"a.parquet": TABLE},
        {"a.parquet": OTHER},
    ),
    native(
        "a mapped file",
        "rerun",
        "return float(len(pa.memory_map('n.json').read()))",
        "import pyarrow as pa",
        N,
        {"n.json": "10"},
    ),
    native(
        "a file of a file system",
        "rerun",
        "return float(LocalFileSystem().open_input_file('n.json').read())",
        "from pyarrow.fs import LocalFileSystem",
        N,
        {"n.json": "2"},
    ),
    native(
        "a folder of tables",
        "rerun",
        "return float(ds.dataset('d').to_table()['n'][1].as_py())",
        "import pyarrow.dataset as ds",
        {"d/a.parquet": TABLE},
        {"d/a.parquet": OTHER},
    ),
    native(
        "a table of another name",
        "hit",
        "return float(pq.read_table('a.parquet')['n'][1].as_py())",
        "import pyarrow.parquet as pq",
        {"a.parquet": TABLE, "b.parquet": TABLE},
        {"b.parquet": OTHER},
    ),
    native(
        "a document of lxml",
        "rerun",
        "return float(etree.parse('a.xml').getroot().text)",
        "from lxml import etree",
        {"a.xml": "<a>1</a>"},
        {"a.xml": "<a>2</a>"},
    ),
    native(
        "an array that is mapped",
        "rerun",
        "return float(np.memmap('n.json', dtype='u1', mode='r')[0])",
        "import numpy as np",
        N,
        {"n.json": "2"},
    ),
]

ATTACH = [
    attached(
        "a database that is attached",
        "rerun",
        CONNECT + ATTACHED + FETCH,
        "import sqlite3",
        {"a.db": SQL},
        {"a.db": SQL_OTHER},
    ),
    attached(
        "a database that is attached by a value",
        "rerun",
        CONNECT + "db.execute('attach ? as other', ('a.db',))\n" + FETCH,
        "import sqlite3",
        {"a.db": SQL},
        {"a.db": SQL_OTHER},
    ),
    attached(
        "a database that a cursor attaches",
        "rerun",
        CONNECT + "db.cursor().execute(\"ATTACH DATABASE 'a.db' AS other\")\n" + FETCH,
        "import sqlite3",
        {"a.db": SQL},
        {"a.db": SQL_OTHER},
    ),
    attached(
        "a database that a script attaches",
        "rerun",
        CONNECT + "db.executescript(\"attach 'a.db' as other;\")\n" + FETCH,
        "import sqlite3",
        {"a.db": SQL},
        {"a.db": SQL_OTHER},
    ),
    attached(
        "a database beside the one that is opened",
        "rerun",
        "db = sqlite3.connect('b.db')\n" + ATTACHED + FETCH,
        "import sqlite3",
        {"a.db": SQL, "b.db": SQL},
        {"a.db": SQL_OTHER},
    ),
    attached(
        "a database by its address",
        "rerun",
        "db = sqlite3.connect('file:a.db?mode=ro', uri=True)\nreturn float(db.execute('select max(n) from t').fetchone()[0])",
        "import sqlite3",
        {"a.db": SQL},
        {"a.db": SQL_OTHER},
    ),
    attached(
        "a database that is not attached",
        "hit",
        CONNECT + ATTACHED + FETCH,
        "import sqlite3",
        {"a.db": SQL, "b.db": SQL},
        {"b.db": SQL_OTHER},
    ),
    attached(
        "a connection of the user's class",
        "rerun",
        "db = sqlite3.connect(':memory:', factory=Mine)\n" + ATTACHED + FETCH,
        "import sqlite3\nclass Mine(sqlite3.Connection):\n    pass",
        {"a.db": SQL},
        {"a.db": SQL_OTHER},
    ),
]

READ = "import h5py\n\ndef read(name, path='a.h5'):\n    with h5py.File(path) as file:\n        return float(file[name][()])"
WHOLE = {"a.h5": '{"n": 1}'}
OUTER = {"a.h5": '{"link": "-> b.h5:n"}', "b.h5": '{"n": 1}'}
HDF5 = [
    hdf5("a data set", "rerun", "return read('n')", READ, WHOLE, {"a.h5": '{"n": 5}'}),
    hdf5(
        "a data set behind an external link",
        "rerun",
        "return read('link')",
        READ,
        OUTER,
        {"b.h5": '{"n": 5}'},
    ),
    hdf5(
        "a data set behind two external links",
        "rerun",
        "return read('link')",
        READ,
        {"a.h5": '{"link": "-> c.h5:n"}', "c.h5": '{"n": "-> b.h5:n"}', "b.h5": '{"n": 1}'},
        {"b.h5": '{"n": 5}'},
    ),
    hdf5(
        "a data set behind a soft link",
        "rerun",
        "return read('link')",
        READ,
        {"a.h5": '{"n": 1, "link": "-> n"}'},
        {"a.h5": '{"n": 5, "link": "-> n"}'},
    ),
    hdf5(
        "a data set in a group behind an external link",
        "rerun",
        "return read('g/link')",
        READ,
        {"a.h5": '{"g/link": "-> b.h5:h/n"}', "b.h5": '{"h/n": 1}'},
        {"b.h5": '{"h/n": 5}'},
    ),
    hdf5(
        "an external link that leads to another file",
        "rerun",
        "return read('link')",
        READ,
        {**OUTER, "c.h5": '{"n": 7}'},
        {"a.h5": '{"link": "-> c.h5:n"}'},
    ),
    hdf5(
        "a file that no link leads to",
        "hit",
        "return read('link')",
        READ,
        {**OUTER, "c.h5": '{"n": 7}'},
        {"c.h5": '{"n": 8}'},
    ),
]

OPENED = [
    opened(
        "a file by io", "rerun", "return float(io.open('n.json').read())", "import io", N, {"n.json": "2"}
    ),
    opened(
        "a file by its descriptor",
        "rerun",
        "return float(os.read(os.open('n.json', os.O_RDONLY), 9))",
        "import os",
        N,
        {"n.json": "2"},
    ),
    opened(
        "a file in a folder's descriptor",
        "rerun",
        "at = os.open('d', os.O_RDONLY)\nreturn float(os.read(os.open('n', os.O_RDONLY, dir_fd=at), 9))",
        "import os",
        {"d/n": "1"},
        {"d/n": "2"},
    ),
    opened(
        "lines of a file",
        "rerun",
        "return float(linecache.getline('n.json', 1))",
        "import linecache",
        N,
        {"n.json": "2"},
    ),
    opened(
        "a resource of a package",
        "rerun",
        "return float(resources.files('pkg').joinpath('n.txt').read_text())",
        "from importlib import resources",
        {"pkg/__init__.py": "", "pkg/n.txt": "1"},
        {"pkg/n.txt": "2"},
    ),
    opened(
        "data of a package",
        "rerun",
        "return float(pkgutil.get_data('pkg', 'n.txt'))",
        "import pkgutil",
        {"pkg/__init__.py": "", "pkg/n.txt": "1"},
        {"pkg/n.txt": "2"},
    ),
    opened(
        "the text of a helper's file",
        "rerun",
        "import helpers\nfrom pathlib import Path\nreturn float(len(Path(helpers.__file__).read_text())) + helpers.f()",
        "",
        {"helpers.py": "def f():\n    return 2\n"},
        {"helpers.py": "def f():\n    return 2\n# more\n"},
    ),
    opened(
        "the text of the step's own file",
        "rerun",
        "return float(len(open(__file__).read()))",
        "",
        {},
        {"steps.py": ("float:\n", "float:  # more\n")},
    ),
    opened(
        "a file in a thread",
        "rerun",
        "with ThreadPoolExecutor(1) as pool:\n    return float(pool.submit(Path('n.json').read_text).result())",
        "from concurrent.futures import ThreadPoolExecutor\nfrom pathlib import Path",
        N,
        {"n.json": "2"},
    ),
    opened(
        "numbers that numpy reads",
        "rerun",
        "return float(np.loadtxt('n.json'))",
        "import numpy as np",
        N,
        {"n.json": "2"},
    ),
    opened(
        "a table that pandas reads from text",
        "rerun",
        "return float(pd.read_csv('n.csv')['n'][0])",
        "import pandas as pd",
        {"n.csv": "n\n1\n"},
        {"n.csv": "n\n2\n"},
    ),
]

PROBES = [*ABSENT, *ASKED, *LISTED, *LINKS, *NATIVE, *ATTACH, *HDF5, *OPENED]
