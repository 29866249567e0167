"""Defines every error that zencache raises on purpose, as one tree.

::

    ZencacheError
    ├── DefinitionError            a step or a pipeline is declared wrongly
    │   ├── StepDefinitionError    … a step's signature or options
    │   ├── ParameterError         … a parameter: missing, unknown, of the wrong type
    │   ├── ConnectionTypeError    … an output feeds an input of another type
    │   ├── CachePolicyError       … a cache policy: a file that is missing, a key function that fails
    │   └── CycleError             … the steps wait for one another
    ├── ImmutablePipelineError     a pipeline that has run is changed
    ├── NotFoundError              no pipeline, run, step or output of that name
    ├── AlreadyExistsError         a name that is taken
    ├── InUseError                 what is to be deleted is needed: a run that goes on, or is pinned
    ├── SettingsError              the project's settings cannot be read
    ├── StoreError                 the project's store
    │   ├── StoreFormatError       … is not ours, or of a newer format
    │   ├── StoreUnavailableError  … cannot be read or written (disk full, read-only)
    │   └── ArtifactError          … holds an artifact that is missing or was changed
    │       └── UnloadableError    … or that cannot be loaded here; also a MaterializerError
    ├── MaterializerError          a value cannot be stored or loaded
    │   └── MaterializerUnavailableError  … what stored it is not installed, or not allowed
    ├── OutputTypeError            a step returned something else than it declares
    ├── CodeUnavailableError       a step's code cannot be found again
    ├── StepFailedError            a step raised; also an instance of what it raised
    ├── StepProcessError           the process that computed a step ended without a result
    ├── StepTimeoutError           a step took longer than its timeout; also a TimeoutError
    ├── RunInterruptedError        Ctrl-C; also a KeyboardInterrupt
    └── NoSuchNameError            old code asks for a name that is not here
        ├── NoSuchImportError      … in an import; also a ModuleNotFoundError
        └── NoSuchAttributeError   … of an object; also an AttributeError
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class ZencacheError(Exception):
    """Base of all errors that zencache raises on purpose."""


class DefinitionError(ZencacheError):
    """A step or a pipeline is declared wrongly."""


class StepDefinitionError(DefinitionError, TypeError):
    """A step's signature or options are not usable."""


class ParameterError(DefinitionError, TypeError):
    """A parameter is missing, unknown or of the wrong type."""


class ConnectionTypeError(DefinitionError, TypeError):
    """An output feeds an input of another type."""


class CachePolicyError(DefinitionError):
    """A cache policy cannot be followed: a declared file is missing, a key function fails."""


class CycleError(DefinitionError):
    """The steps of a pipeline wait for one another."""


class ImmutablePipelineError(ZencacheError):
    """A pipeline that has run, or comes from the repository, is changed."""


class NotFoundError(ZencacheError, LookupError):
    """There is no pipeline, run, step or output of that name."""

    @classmethod
    def named(cls, kind: str, name: str, choices: Iterable[str], *, hint: str = "") -> NotFoundError:
        """Say what was looked for and which known names are near.

        >>> print(NotFoundError.named("pipeline", "trian", ["train", "score"]))
        no pipeline named 'trian'; did you mean 'train'?
        >>> print(NotFoundError.named("run", "x", [], hint="`zencache run list` shows all"))
        no run named 'x'; there is none yet; `zencache run list` shows all
        """
        names = list(choices)
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        if near:
            advice = "did you mean " + " or ".join(repr(n) for n in near) + "?"
        elif names:
            advice = f"known: {', '.join(names[:10])}{', …' if len(names) > 10 else ''}"  # noqa: PLR2004
        else:
            advice = "there is none yet"
        return cls("; ".join(filter(None, [f"no {kind} named {name!r}", advice, hint])))


class AlreadyExistsError(ZencacheError):
    """A name is taken."""


class InUseError(ZencacheError):
    """What is to be deleted is needed: a run that is going on, or is pinned."""


class SettingsError(ZencacheError, ValueError):
    """The project's settings cannot be read."""


class StoreError(ZencacheError):
    """Base of what can be wrong with a project's store."""


class StoreFormatError(StoreError):
    """The store is not a zencache store, or is of a newer format."""


class StoreUnavailableError(StoreError, OSError):
    """The store cannot be read or written."""


class ArtifactError(StoreError):
    """An artifact is missing, or is not what was recorded."""


class MaterializerError(ZencacheError, TypeError):
    """A value cannot be stored or loaded."""


class MaterializerUnavailableError(MaterializerError):
    """What stored a value cannot be used here: it is not installed, or it is pickle, which is not allowed."""


class UnloadableError(ArtifactError, MaterializerError):
    """An artifact is what was recorded, but its value cannot be made of it here."""


class OutputTypeError(ZencacheError, TypeError):
    """A step returned something else than it declares."""


class CodeUnavailableError(ZencacheError):
    """A step's code cannot be found again."""


class StepFailedError(ZencacheError):
    """A step raised. Its own exception is the `__cause__`; `step` and `run` say where.

    The error that `Pipeline.run` raises is also an instance of the step's own exception class. So
    `except ValueError` still works when a function becomes a step.

    >>> error = StepFailedError.of("train", "p-1", ValueError("no rows"))
    >>> isinstance(error, ValueError), error.step, str(error)
    (True, 'train', 'step train failed: ValueError: no rows (recorded as run p-1: `zencache run show p-1`)')
    """

    step: str
    run: str

    @classmethod
    def of(cls, step: str, run: str, cause: BaseException, text: str | None = None) -> StepFailedError:
        """Make the error for `cause`, raised by `step` in `run`; `text` replaces the cause's text."""
        kind = type(cause)
        words = text_of(cause) if text is None else text
        message = (
            f"step {step} failed: {kind.__name__}: {words} (recorded as run {run}: `zencache run show {run}`)"
        )
        error = _as_instance_of(kind, message)
        try:
            error.step, error.run = step, run
        except Exception:  # noqa: BLE001 - the user's class may refuse attributes
            error = StepFailedError(message)
            error.step, error.run = step, run
        error.__cause__ = cause
        return error


def _as_instance_of(kind: type[BaseException], message: str) -> StepFailedError:
    """Make a StepFailedError that is a `kind` as well, or a plain one where the two cannot be one class."""
    if not issubclass(kind, Exception):  # a SystemExit would end the process as if nothing had failed
        return StepFailedError(message)
    try:
        both = type(
            "StepFailedError",
            (StepFailedError, kind),
            {
                "__init__": Exception.__init__,
                "__str__": lambda self: str(self.args[0]),
                "__module__": __name__,
            },
        )
        error = both(message)
    except Exception:  # noqa: BLE001 - the user's class may raise anything where it is derived or made
        return StepFailedError(message)
    return error if isinstance(error, StepFailedError) else StepFailedError(message)


def text_of(error: BaseException) -> str:
    """Give an exception's text; of one whose text cannot be made, what happened instead.

    >>> class Silent(Exception):
    ...     def __str__(self):
    ...         raise RuntimeError
    >>> text_of(ValueError("no rows")), text_of(Silent())
    ('no rows', 'its text cannot be made: __str__ raised RuntimeError')
    """
    try:
        return str(error)
    except Exception as other:  # noqa: BLE001 - `__str__` is the user's
        return f"its text cannot be made: __str__ raised {type(other).__name__}"


def traceback_text(error: BaseException) -> str:
    """Give an exception's traceback; without its causes and attributes where those cannot be shown."""
    import traceback  # noqa: PLC0415 - only what failed needs it

    try:
        return "".join(traceback.format_exception(error))
    except Exception:  # noqa: BLE001 - an exception may have any `__str__`, `__cause__` and `__notes__`
        frames = "".join(traceback.format_tb(error.__traceback__))
        return f"Traceback (most recent call last):\n{frames}{type(error).__name__}: {text_of(error)}\n"


class StepProcessError(ZencacheError, RuntimeError):
    """The process that computed a step ended without a result, or with an error that cannot be sent."""


class StepTimeoutError(ZencacheError, TimeoutError):
    """One attempt of a step took longer than its timeout."""


class RunInterruptedError(ZencacheError, KeyboardInterrupt):
    """The run was interrupted (Ctrl-C); what had finished is kept and will be reused."""


class NoSuchNameError(ZencacheError):
    """Code of an older release asks for a name that is not here."""


class NoSuchImportError(NoSuchNameError, ModuleNotFoundError):
    """A module, or a name in one, that is imported is not here."""


class NoSuchAttributeError(NoSuchNameError, AttributeError):
    """An object has no attribute of that name."""
