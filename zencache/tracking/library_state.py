"""Reads the state of libraries that changes results without being passed: options, modes, contexts.

Each function gives what differs from the library's defaults: a name for users to the value and the default.
It is asked only where its module is loaded, and imports nothing.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from blake3 import blake3

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Differences: TypeAlias = "dict[str, tuple[str, str]]"

ANY_LIBRARY = "*"
"""As a name: that of any installed library."""
_LONGEST = 60  # characters of a value that is shown
_PRINT_OPTIONS = {
    "edgeitems": 3,
    "threshold": 1000,
    "floatmode": "maxprec",
    "precision": 8,
    "suppress": False,
    "linewidth": 75,
    "nanstr": "nan",
    "infstr": "inf",
    "sign": "-",
    "formatter": None,
    "legacy": False,
    "override_repr": None,
}
_ERROR_STATE = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}
_DECIMAL = {"prec": 28, "rounding": "ROUND_HALF_EVEN", "Emin": -999999, "Emax": 999999, "capitals": 1} | {
    "clamp": 0,
    "traps": ["InvalidOperation", "DivisionByZero", "Overflow"],
}
_FIRST_SEED = 67280421310721  # of torch's generators until somebody seeds them


def text(value: Any) -> str:
    """Write a value as short text that is the same in every process.

    >>> text(3), text("{:.2f}".format)
    ('3', "'{:.2f}'.format")
    """
    if callable(value) and not isinstance(value, type):
        return _short(_function(value))
    if isinstance(value, dict):
        return _short("{" + ", ".join(f"{key}: {text(value[key])}" for key in sorted(value, key=str)) + "}")
    if isinstance(value, list | tuple):
        return _short(f"[{', '.join(map(text, value))}]")
    return _short(value if isinstance(value, str) else repr(value))


def _function(value: Any) -> str:
    code = getattr(value, "__code__", None)
    if code is not None:
        shape = blake3(
            repr((code.co_code, [c for c in code.co_consts if not hasattr(c, "co_code")])).encode()
        )
        return f"{value.__module__}.{value.__qualname__} ({shape.hexdigest()[:8]})"
    owner = getattr(value, "__self__", None)
    if isinstance(owner, str | bytes | int | float):
        return f"{owner!r}.{value.__name__}"
    return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', type(value).__qualname__)}"


def _short(value: str) -> str:
    if len(value) <= _LONGEST:
        return value
    return f"{value[:_LONGEST]}… ({blake3(value.encode('utf-8', 'replace')).hexdigest()[:8]})"


def differing(label: str, values: Mapping[str, Any], defaults: Mapping[str, Any]) -> Differences:
    """Give what differs from the defaults; a name without a default differs if it is set.

    >>> differing("option", {"a": 1, "b": 2, "c": None}, {"a": 1, "b": 3})
    {'option b': ('2', '3')}
    """
    return {
        f"{label} {name}": (text(value), text(defaults.get(name)))
        for name, value in values.items()
        if text(value) != text(defaults.get(name, value if value in (None, False) else None))
    }


def _loaded(module: str) -> Any:
    return sys.modules.get(module)


def _numpy() -> Differences:
    numpy = _loaded("numpy")
    return {
        **differing("numpy print option", numpy.get_printoptions(), _PRINT_OPTIONS),
        **differing("numpy error state", numpy.geterr(), _ERROR_STATE),
        **differing("numpy error state", {"call": numpy.geterrcall()}, {}),
        **differing("numpy's", {"buffer size": numpy.getbufsize()}, {"buffer size": 8192}),
    }


def _pandas() -> Differences:
    config = _loaded("pandas._config.config")
    options = config._registered_options  # noqa: SLF001 - `get_option` warns of deprecated ones
    defaults = {name: option.defval for name, option in options.items()}
    values = {name: _by_path(config._global_config, name) for name in options}  # noqa: SLF001 - likewise
    return differing("pandas option", values, defaults)


def _by_path(tree: Any, path: str) -> Any:
    for name in path.split("."):
        tree = tree[name]
    return tree


def _sklearn() -> Differences:
    library = _loaded("sklearn")
    defaults = _loaded("sklearn._config")._global_config  # noqa: SLF001 - the only place that has them
    return differing("scikit-learn option", library.get_config(), defaults)


def _decimal() -> Differences:
    context = _loaded("decimal").getcontext()
    traps = [signal.__name__ for signal, is_set in context.traps.items() if is_set]
    values = {name: getattr(context, name) for name in _DECIMAL if name != "traps"}
    defaults = {**_DECIMAL, "traps": sorted(_DECIMAL["traps"])}  # type: ignore[call-overload]
    return differing("decimal context", {**values, "traps": sorted(traps)}, defaults)


def _locale() -> Differences:
    library = _loaded("_locale")
    names = ("LC_COLLATE", "LC_MONETARY", "LC_NUMERIC", "LC_TIME")
    values = {name: library.setlocale(getattr(library, name)) for name in names}
    return differing("locale", values, dict.fromkeys(names, "C"))


def _time_zone() -> Differences:
    """Read the time zone by its names and its offsets over the years, which one name does not determine."""
    time = _loaded("time")
    offsets = [time.localtime(3_000_000 * n).tm_gmtoff for n in range(0, 700, 28)]
    if not any(offsets):
        return {}
    digest = blake3(repr(offsets).encode()).hexdigest()[:8]
    return {"time zone": (f"{'/'.join(dict.fromkeys(time.tzname))} ({digest})", "UTC")}


def _csv() -> Differences:
    csv = _loaded("_csv")
    dialects = {
        name: {
            key: getattr(csv.get_dialect(name), key, None) for key in ("delimiter", "quotechar", "quoting")
        }
        for name in csv.list_dialects()
        if name not in ("excel", "excel-tab", "unix")
    }
    limit = differing("csv field size", {"limit": csv.field_size_limit()}, {"limit": 131072})
    return {**differing("csv dialect", dialects, {}), **limit}


def _keras() -> Differences:
    config = getattr(_loaded("keras"), "config", None) or _loaded("keras.backend")
    names = {
        "floatx": "float32",
        "epsilon": 1e-07,
        "image_data_format": "channels_last",
        "backend": "tensorflow",
    }
    values = {name: getattr(config, name)() for name in names if hasattr(config, name)}
    policy = getattr(config, "dtype_policy", None)
    kind = policy().name if policy is not None else values.get("floatx")
    is_own = kind != values.get("floatx")
    return {
        **differing("Keras's", values, names),
        **({"Keras's dtype policy": (text(kind), text(values.get("floatx")))} if is_own else {}),
    }


def _tensorflow() -> Differences:
    context = getattr(_loaded("tensorflow.python.eager.context"), "_context", None)
    if context is None:
        return {}
    values = {"seed": context._seed, "tf32": None}  # noqa: SLF001 - the public way initializes the devices
    determinism = _loaded("tensorflow.python.framework.config")
    with_ops = getattr(_loaded("tensorflow.python.util._pywrap_determinism"), "is_enabled", None)
    if determinism is not None and with_ops is not None:
        values["determinism"] = with_ops()
    return differing("TensorFlow's", values, {"determinism": False})


def _torch() -> Differences:
    torch = _loaded("torch")
    values = {
        "default type": str(torch.get_default_dtype()),
        "determinism": torch.are_deterministic_algorithms_enabled(),
        "gradients": torch.is_grad_enabled(),
        "matmul precision": torch.get_float32_matmul_precision(),
        "seed": torch.initial_seed(),
    }
    defaults = {
        "default type": "torch.float32",
        "determinism": False,
        "gradients": True,
        "matmul precision": "highest",
        "seed": _FIRST_SEED,
    }
    return differing("torch's", values, defaults)


def _matplotlib() -> Differences:
    library = _loaded("matplotlib")
    skipped = {"backend", "backend_fallback", "interactive"}
    values = {name: value for name, value in dict.items(library.rcParams) if name not in skipped}
    return differing("matplotlib's", values, library.rcParamsDefault)


# -- Python's own ---------------------------------------------------------------------------------


def _assertions() -> Differences:
    level = sys.flags.optimize
    return {"Python's -O": ("on" if level == 1 else "on, twice", "off")} if level else {}


def _flags() -> Differences:
    return {"Python's options": (text(str(sys.flags)), "")}


def _hash_seed() -> Differences:
    if sys.flags.hash_randomization and _loaded("os").environ.get("PYTHONHASHSEED", "random") == "random":
        return {}
    return {"Python's hash seed": (text(hash("zencache")), "random")}


def _recursion() -> Differences:
    return differing("Python's", {"recursion limit": sys.getrecursionlimit()}, {"recursion limit": 1000})


def _answer(name: str, default: Any) -> Differences:
    """Read a setting of the process by the function that tells it."""
    module, _, function = name.partition(".")
    return differing("the answer of", {name: getattr(_loaded(module), function)()}, {name: default})


def _joblib() -> Differences:
    """Read what limits joblib's workers; the processors of the machine do not count."""
    limit = _loaded("os").environ.get("LOKY_MAX_CPU_COUNT")
    config = getattr(_loaded("joblib.parallel"), "_backend", None)
    workers = dict(getattr(config, "config", None) or {}).get("n_jobs")
    workers = workers if isinstance(workers, int) else None
    return differing("joblib's", {"limit of workers": limit, "number of workers": workers}, {})


def _pyarrow() -> Differences:
    """Read the sizes of pyarrow's pools where they were set."""
    pyarrow, os = _loaded("pyarrow.lib"), _loaded("os")
    sizes = {"threads": pyarrow.cpu_count(), "threads for files": pyarrow.io_thread_count()}
    defaults = {"threads": {os.cpu_count(), len(os.sched_getaffinity(0))}, "threads for files": {8}}
    set_ones = {name: size for name, size in sizes.items() if size not in defaults[name]}
    return differing("pyarrow's", set_ones, {})


def _umask() -> Differences:
    """Read the mask of modes from the process's status: the function that tells it sets it, too."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:  # noqa: PTH123 - early
        mask = next((line.split()[1] for line in status if line.startswith("Umask:")), "0022")
    return differing("the process's", {"umask": mask}, {"umask": "0022"})


def _digits() -> Differences:
    limit = getattr(sys, "get_int_max_str_digits", lambda: 4300)()
    return differing("Python's", {"limit of digits": limit}, {"limit of digits": 4300})


def _encoding() -> Differences:
    encoding = "UTF-8" if sys.flags.utf8_mode else _loaded("_locale").nl_langinfo(_loaded("_locale").CODESET)
    name = encoding.upper().replace("UTF8", "UTF-8")
    return differing("the encoding", {"of text files": name}, {"of text files": "UTF-8"})


def _warnings() -> Differences:
    """Read the filters that turn warnings into errors, and those for all modules and messages.

    Libraries add filters for their own modules and messages when they are imported; those do not count.
    """
    counted = [filter_text(*item) for item in _loaded("warnings").filters if _counts(*item[:4])]
    return {"filters of warnings": (text("; ".join(counted)), "")} if counted else {}


def _errors() -> Differences:
    """Read the filters that turn warnings into errors, but those of shells for their own warnings."""
    filters = (filter_text(*item) for item in _loaded("warnings").filters if _is_error(*item[:3]))
    errors = sorted(dict.fromkeys(filters))
    return {"warnings that are errors": (text("; ".join(errors)), "none")} if errors else {}


def _is_error(action: str, _message: Any, category: type) -> bool:
    return action == "error" and category.__module__.partition(".")[0] not in _SHELLS


_SHELLS = ("IPython", "jedi")
"""Libraries of interactive shells: no step's code raises a warning of theirs."""


def _counts(action: str, message: Any, category: type, module: Any) -> bool:
    if action == "error":
        return _is_error(action, message, category)
    file = getattr(sys.modules.get(category.__module__), "__file__", None) or ""
    if message is not None or module is not None or "-packages/" in file:
        return False
    quiet = ("DeprecationWarning", "PendingDeprecationWarning", "ImportWarning", "ResourceWarning")
    return not (action == "ignore" and category.__name__ in quiet)


def filter_text(action: str, message: Any, category: type, module: Any, line: int) -> str:
    """Write a filter of warnings as the option `-W` does, with patterns as their texts."""
    parts = [action, getattr(message, "pattern", message) or "", category.__name__]
    parts += [getattr(module, "pattern", module) or "", str(line or "")]
    return ":".join(parts).rstrip(":")


class Library:
    """A library's state: the function that reads it, where it is asked, and by what names code reaches it."""

    def __init__(self, read: Callable[[], Differences], module: str, names: Iterable[str]) -> None:
        """Take the function, the module that must be loaded, and the names: modules or functions."""
        self.module = module
        self.names = tuple(names)
        self._read = read

    def is_reached(self, name: str) -> bool:
        """Say whether a dotted name is one of the library's."""
        return any(name == own or name.startswith(f"{own}.") for own in self.names)

    def differences(self) -> Differences:
        """Give what differs from the defaults; nothing where the library is not loaded, or cannot say."""
        if self.module not in sys.modules:
            return {}
        try:
            return self._read()
        except Exception:  # noqa: BLE001 - a library that is half imported, or of another release
            return {}


_ANSWERS: dict[str, tuple[str, Any]] = {
    "calendar.firstweekday": ("calendar", 0),
    "gc.isenabled": ("gc.isenabled", True),
    "socket.getdefaulttimeout": ("socket.getdefaulttimeout", None),
    "sys.getswitchinterval": ("sys.getswitchinterval", 0.005),
    "threading.stack_size": ("threading.stack_size", 0),
}
"""Functions that tell a setting of the process, with the names by which code reaches it, and the default."""
_DATES = ("datetime", "calendar", "time.strftime", "time.ctime", "time.asctime", "email.utils", "pandas")
TABLE: dict[str, Library] = {
    "numpy": Library(_numpy, "numpy", ["numpy"]),
    "pandas": Library(_pandas, "pandas._config.config", ["pandas"]),
    "sklearn": Library(_sklearn, "sklearn._config", ["sklearn"]),
    "keras": Library(_keras, "keras", ["keras", "tensorflow.keras"]),
    "tensorflow": Library(_tensorflow, "tensorflow", ["tensorflow"]),
    "torch": Library(_torch, "torch", ["torch"]),
    "matplotlib": Library(_matplotlib, "matplotlib", ["matplotlib"]),
    "decimal": Library(_decimal, "decimal", ["decimal", "_decimal"]),
    "locale": Library(_locale, "_locale", ["locale", "_locale", "builtins.format", *_DATES]),
    "time zone": Library(
        _time_zone, "time", ["time.localtime", "time.mktime", "time.tzname", "time.timezone", *_DATES]
    ),
    "csv": Library(_csv, "_csv", ["csv", "_csv"]),
    "assertions": Library(_assertions, "sys", ["builtins.__debug__", "builtins.AssertionError"]),
    "flags": Library(_flags, "sys", ["sys.flags"]),
    "hash seed": Library(_hash_seed, "sys", ["builtins.hash", "builtins.set", "builtins.frozenset"]),
    "recursion": Library(_recursion, "sys", ["sys.getrecursionlimit", "builtins.RecursionError"]),
    "digits": Library(_digits, "sys", ["sys.get_int_max_str_digits"]),
    "encoding": Library(
        _encoding,
        "_locale",
        ["builtins.open", "io", "pathlib", "codecs", "locale", "sys.getfilesystemencoding", "pandas"],
    ),
    "warnings": Library(_warnings, "warnings", ["warnings"]),
    "joblib's workers": Library(
        _joblib, "joblib.parallel", [f"joblib.parallel.{name}" for name in ("cpu_count", "effective_n_jobs")]
    ),
    "pyarrow's threads": Library(
        _pyarrow, "pyarrow.lib", ["pyarrow.lib.cpu_count", "pyarrow.lib.io_thread_count"]
    ),
    "umask": Library(_umask, "sys", ["os.umask"]),
    **{
        name: Library(partial(_answer, name, default), name.partition(".")[0], [reached])
        for name, (reached, default) in _ANSWERS.items()
    },
    "errors": Library(_errors, "warnings", ["warnings", ANY_LIBRARY]),
}
"""By the names under which records keep them."""
