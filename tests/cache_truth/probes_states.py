"""What changes results without being passed: options of libraries, generators, the process, variables."""

from __future__ import annotations

from functools import partial

from tests.cache_truth.harness import ran

NP = "import numpy as np\nimport options"
PD = "import pandas as pd\nimport options"

of = partial(partial, ran, category="library state")
state, drawn = of(kind="options of libraries"), of(kind="global generators")
process = partial(ran, category="process", kind="flags and folders of the process")
variable = partial(ran, category="process", kind="variables")
elsewhere = partial(process, cwd_before="one", cwd="two")


def option(name, body, above, before, after, verdict="rerun", **more):
    """A module sets something, and the edit sets it to something else."""
    return state(
        name, verdict, body, above, {"options.py": before + "\n"}, {"options.py": after + "\n"}, **more
    )


def seed(name, body, above, *edit, verdict="rerun", **more):
    return drawn(name, verdict, body, above, edit={"steps.py": edit}, **more)


OPTIONS = [
    option(
        "the error state of numpy",
        "try:\n    return float(np.float64(1) / np.float64(0))\nexcept FloatingPointError:\n    return -1.0",
        NP,
        "import numpy as np\nnp.seterr(divide='ignore')",
        "import numpy as np\nnp.seterr(divide='raise')",
    ),
    option(
        "a print option of pandas",
        "return float(len(str(pd.Series([1 / 3]))))",
        PD,
        "import pandas as pd\npd.set_option('display.precision', 3)",
        "import pandas as pd\npd.set_option('display.precision', 5)",
    ),
    option(
        "a print option of pandas as an attribute",
        "return float(len(str(pd.Series([1 / 3]))))",
        PD,
        "import pandas as pd\npd.options.display.precision = 3",
        "import pandas as pd\npd.options.display.precision = 5",
    ),
    option(
        "the precision of decimals",
        "return float(len(str(Decimal(1) / 3)))",
        "from decimal import Decimal\nimport options",
        "import decimal\ndecimal.getcontext().prec = 5",
        "import decimal\ndecimal.getcontext().prec = 7",
    ),
    option(
        "the rounding of decimals",
        "return float(round(Decimal('2.5') + 0))",
        "from decimal import Decimal\nimport decimal, options\ndef round(n):\n    return n.to_integral_value()",
        "import decimal\ndecimal.getcontext().rounding = 'ROUND_UP'",
        "import decimal\ndecimal.getcontext().rounding = 'ROUND_DOWN'",
    ),
    option(
        "a warning that is an error",
        "try:\n    warnings.warn('x')\n    return 1.0\nexcept UserWarning:\n    return 2.0",
        "import warnings, options",
        "import warnings\nwarnings.simplefilter('ignore')",
        "import warnings\nwarnings.simplefilter('error')",
    ),
    option(
        "the limit of a field of CSV",
        "try:\n    return float(len(list(csv.reader(['abcdefgh']))))\nexcept csv.Error:\n    return -1.0",
        "import csv, options",
        "import csv\ncsv.field_size_limit(100)",
        "import csv\ncsv.field_size_limit(3)",
    ),
    option(
        "the limit of recursion",
        "return clean(40)",
        "import sys, options\ndef clean(n):\n    return float(sys.getrecursionlimit())",
        "import sys\nsys.setrecursionlimit(900)",
        "import sys\nsys.setrecursionlimit(950)",
    ),
    option(
        "the configuration of scikit-learn",
        "import sklearn\nreturn float(sklearn.get_config()['working_memory'])",
        "import options",
        "import sklearn\nsklearn.set_config(working_memory=100)",
        "import sklearn\nsklearn.set_config(working_memory=200)",
    ),
    option(
        "an option that is set to what it was",
        "return float(str(np.array([1 / 3]))[1:-1])",
        NP,
        "import numpy as np\nnp.set_printoptions(precision=3)",
        "import numpy as np\nnp.set_printoptions(precision=3, suppress=False)",
        "hit",
    ),
    option(
        "an option of a library that the step does not use",
        "return x * 2",
        PD,
        "import decimal\ndecimal.getcontext().prec = 5",
        "import decimal\ndecimal.getcontext().prec = 7",
        "hit",
    ),
    option(
        "the locale",
        "return float(len(time.strftime('%x', (2026, 1, 1, 0, 0, 0, 0, 1, 0)))) + len(locale.setlocale(locale.LC_ALL))",
        "import locale, time, options",
        "import locale\nlocale.setlocale(locale.LC_ALL, 'C')",
        "import locale\nlocale.setlocale(locale.LC_ALL, 'C.UTF-8')",
    ),
    state(
        "the time zone",
        "rerun",
        "return float(time.localtime(0).tm_hour)",
        "import time\ntime.tzset()",
        environ={"TZ": "UTC-5"},
        environ_before={"TZ": "UTC-3"},
    ),
    state(
        "the time zone of a date",
        "rerun",
        "return float(datetime.fromtimestamp(0).hour)",
        "import time\nfrom datetime import datetime\ntime.tzset()",
        environ={"TZ": "UTC-5"},
        environ_before={"TZ": "UTC-3"},
    ),
]

DRAWS = [
    seed(
        "the seed of numpy at import",
        "return float(np.random.rand())",
        "import numpy as np\nnp.random.seed(1)",
        "seed(1)",
        "seed(2)",
    ),
    seed(
        "the seed of random at import",
        "return random.random()",
        "import random\nrandom.seed(1)",
        "seed(1)",
        "seed(2)",
    ),
    seed(
        "the seed of random behind a helper",
        "return clean(x)",
        "import random\nrandom.seed(1)\ndef clean(x):\n    return random.choice(range(1000)) * 1.0",
        "seed(1)",
        "seed(2)",
    ),
    seed(
        "a seed that a function sets at import",
        "return float(np.random.normal())",
        "import numpy as np\ndef begin(n):\n    np.random.seed(n)\nbegin(1)",
        "begin(1)",
        "begin(2)",
    ),
    seed(
        "a seed that pandas draws with",
        "return float(pd.Series(range(1000)).sample(1).iloc[0])",
        "import numpy as np\nimport pandas as pd\nnp.random.seed(1)",
        "seed(1)",
        "seed(2)",
    ),
    seed(
        "a seed of a generator that is not drawn from",
        "return random.random()",
        "import random\nimport numpy as np\nrandom.seed(1)\nnp.random.seed(1)",
        "np.random.seed(1)",
        "np.random.seed(2)",
        verdict="hit",
    ),
    seed(
        "a seed that the step sets again",
        "random.seed(5)\nreturn random.random()",
        "import random\nrandom.seed(1)",
        "seed(1)",
        "seed(2)",
        verdict="hit",
    ),
]

PROCESS = [
    elsewhere(
        "a file in another working folder",
        "rerun",
        "return float(open('n.txt').read())",
        "",
        {"one/n.txt": "1", "two/n.txt": "2"},
    ),
    elsewhere(
        "a file of a path in another working folder",
        "rerun",
        "return float(Path('n.txt').read_text())",
        "from pathlib import Path",
        {"one/n.txt": "1", "two/n.txt": "2"},
    ),
    process(
        "the name of the working folder",
        "rerun",
        "return float(len(os.path.basename(os.getcwd())))",
        "import os",
        {"one/n": "", "three/n": ""},
        cwd_before="one",
        cwd="three",
    ),
    elsewhere(
        "an absolute path of a relative one",
        "rerun",
        "return float(open(os.path.abspath('n.txt')).read())",
        "import os",
        {"one/n.txt": "1", "two/n.txt": "2"},
    ),
    elsewhere(
        "a pattern in another working folder",
        "rerun",
        "return float(len(glob.glob('*.txt')))",
        "import glob",
        {"one/n.txt": "1", "two/n.txt": "2", "two/m.txt": ""},
    ),
    elsewhere(
        "a file that is asked for in another working folder",
        "rerun",
        "return float(os.path.exists('n.txt'))",
        "import os",
        {"one/n.txt": "1", "two/m": ""},
    ),
    elsewhere(
        "another working folder with the same file",
        "hit",
        "return float(open('n.txt').read())",
        "",
        {"one/n.txt": "1", "two/n.txt": "1"},
    ),
    elsewhere(
        "another working folder that nothing looks at",
        "hit",
        "return x * 2",
        "",
        {"one/n": "", "two/n": ""},
    ),
]

CLICK = "import click\nfrom click.testing import CliRunner\n\n@click.command()\n@click.option('--rate', envvar='RATE', default=1.0)\ndef main(rate):\n    print(rate)\n"
MODEL = "from pydantic_settings import BaseSettings\n\nclass Settings(BaseSettings):\n    rate: float = 1.0\n"
RATE = {"environ_before": {"RATE": "1"}, "environ": {"RATE": "2"}}
VARIABLES = [
    variable("a variable in bytes", "rerun", "return float(os.environb[b'RATE'])", "import os", **RATE),
    variable(
        "a variable in bytes by its function",
        "rerun",
        "return float(os.getenvb(b'RATE'))",
        "import os",
        **RATE,
    ),
    variable("a variable by its function", "rerun", "return float(os.getenv('RATE'))", "import os", **RATE),
    variable(
        "a variable in a copy of all", "rerun", "return float(dict(os.environ)['RATE'])", "import os", **RATE
    ),
    variable(
        "a variable by a default of a helper",
        "rerun",
        "return clean(x)",
        "import os\ndef clean(x, env=os.environ):\n    return float(env['RATE'])",
        **RATE,
    ),
    variable(
        "a variable in a text", "rerun", "return float(os.path.expandvars('$RATE'))", "import os", **RATE
    ),
    variable(
        "a variable of a command's option",
        "rerun",
        "return float(CliRunner().invoke(main).output)",
        CLICK,
        **RATE,
    ),
    variable(
        "a variable that is looked for",
        "rerun",
        "return float('RATE' in os.environ)",
        "import os",
        environ={"RATE": "2"},
    ),
    variable(
        "a variable that a module reads",
        "rerun",
        "return settings.RATE",
        "import settings",
        {"settings.py": "import os\nRATE = float(os.environ['RATE'])\n"},
        **RATE,
    ),
    variable(
        "another variable, in bytes",
        "hit",
        "return float(os.environb.get(b'PACE', b'1'))",
        "import os",
        **RATE,
    ),
]

PROBES = [*OPTIONS, *DRAWS, *PROCESS, *VARIABLES]
