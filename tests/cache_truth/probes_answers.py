"""What objects and libraries answer: levels of loggers, counts of workers."""

from __future__ import annotations

from functools import partial

from tests.cache_truth.harness import ran

LOG = "import logging\nimport levels\nLOG = logging.getLogger('app.prep')\n"
LEVELS = {"levels.py": "import logging\nlogging.getLogger('app').setLevel(logging.INFO)\n"}
TO_DEBUG = {"levels.py": ("INFO", "DEBUG")}
ASKS = "return 1.0 if LOG.isEnabledFor(logging.DEBUG) else 0.0"

level = partial(ran, category="library state", kind="levels of loggers")
count = partial(ran, category="library state", kind="counts of workers")


def set_before(name, verdict, before, after, body="return float(LOG.getEffectiveLevel())", above=LOG, **more):
    """A module sets levels when it is imported, and the edit sets others."""
    return level(name, verdict, body, above, {"levels.py": before}, {"levels.py": after}, **more)


def workers(name, verdict, library, before, after, body):
    """A module sets a count when it is imported, and the edit sets another."""
    files = {"threads.py": f"import {library}\n{before}\n"}
    edit = {"threads.py": f"import {library}\n{after}\n"}
    return count(name, verdict, f"return float({body})", f"import {library}\nimport threads\n", files, edit)


PROBES = [
    level("whether a logger above is enabled", "rerun", ASKS, LOG, LEVELS, TO_DEBUG),
    set_before(
        "the effective level of a logger",
        "rerun",
        "import logging\nlogging.getLogger('app.prep').setLevel(10)\n",
        "import logging\nlogging.getLogger('app.prep').setLevel(20)\n",
    ),
    set_before(
        "the level of the root logger by basicConfig",
        "rerun",
        "import logging\nlogging.basicConfig(level='INFO', force=True)\n",
        "import logging\nlogging.basicConfig(level='ERROR', force=True)\n",
    ),
    set_before(
        "the attribute level of a logger",
        "rerun",
        "import logging\nlogging.getLogger('app.prep').setLevel(10)\n",
        "import logging\nlogging.getLogger('app.prep').setLevel(20)\n",
        body="return float(LOG.level)",
    ),
    set_before(
        "logging is disabled",
        "rerun",
        "import logging\n",
        "import logging\nlogging.disable(logging.CRITICAL)\n",
        body="return float(LOG.isEnabledFor(logging.ERROR))",
    ),
    set_before(
        "the level of a logger that the step looks up",
        "rerun",
        "import logging\nlogging.getLogger('app.prep').setLevel(10)\n",
        "import logging\nlogging.getLogger('app.prep').setLevel(20)\n",
        body="return float(logging.getLogger('app.prep').getEffectiveLevel())",
        above="import logging\nimport levels\n",
    ),
    level(
        "the level of a logger from a file",
        "rerun",
        ASKS,
        LOG,
        {
            "levels.py": "import logging\nfrom pathlib import Path\n\nlogging.getLogger('app').setLevel(Path('level.txt').read_text())\n",
            "level.txt": "INFO",
        },
        {"level.txt": "DEBUG"},
    ),
    level("a level where the step only logs", "hit", "LOG.info('x')\nreturn 1.0", LOG, LEVELS, TO_DEBUG),
    set_before(
        "the level of another logger",
        "hit",
        "import logging\nlogging.getLogger('other').setLevel(10)\n",
        "import logging\nlogging.getLogger('other').setLevel(20)\n",
    ),
    set_before(
        "a level that the step sets itself",
        "hit",
        "import logging\nlogging.getLogger('app.prep').setLevel(10)\n",
        "import logging\nlogging.getLogger('app.prep').setLevel(20)\n",
        body="LOG.setLevel(30)\nreturn float(LOG.getEffectiveLevel())",
    ),
    workers(
        "pyarrow's threads",
        "rerun",
        "pyarrow",
        "pyarrow.set_cpu_count(3)",
        "pyarrow.set_cpu_count(5)",
        "pyarrow.cpu_count()",
    ),
    workers(
        "pyarrow's threads for files",
        "rerun",
        "pyarrow",
        "pyarrow.set_io_thread_count(3)",
        "pyarrow.set_io_thread_count(5)",
        "pyarrow.io_thread_count()",
    ),
    workers(
        "joblib's workers are not asked",
        "hit",
        "joblib",
        "joblib.parallel_config(n_jobs=2)",
        "joblib.parallel_config(n_jobs=3)",
        "sum(joblib.Parallel(n_jobs=1)(joblib.delayed(abs)(n) for n in (1, 2)))",
    ),
    count(
        "joblib's count by a variable",
        "rerun",
        "return float(joblib.cpu_count())",
        "import joblib\nimport threads\n",
        {"threads.py": "import os\nos.environ['LOKY_MAX_CPU_COUNT'] = '1'\n"},
        {"threads.py": "import os\nos.environ['LOKY_MAX_CPU_COUNT'] = '2'\n"},
    ),
    count(
        "joblib's count by a variable from outside",
        "rerun",
        "return float(joblib.cpu_count())",
        "import joblib\n",
        environ_before={"LOKY_MAX_CPU_COUNT": "1"},
        environ={"LOKY_MAX_CPU_COUNT": "2"},
    ),
    workers(
        "joblib's workers in a configuration",
        "rerun",
        "joblib",
        "joblib.parallel_config(n_jobs=2)",
        "joblib.parallel_config(n_jobs=3)",
        "joblib.effective_n_jobs(None)",
    ),
    count(
        "a count of processors that is replaced",
        "rerun",
        "return float(os.cpu_count())",
        "import os\nimport threads\n",
        {"threads.py": "import os\nos.cpu_count = lambda: 3\n"},
        {"threads.py": "import os\nos.cpu_count = lambda: 4\n"},
    ),
]
