"""`@step`: a function becomes a step of pipelines."""

from __future__ import annotations

import functools
import inspect
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, cast, overload

from typing_extensions import ParamSpec, TypeVar

from zencache.code import source
from zencache.code.closure import mark_step
from zencache.code.digest import CodeReader, importable_names
from zencache.errors import ParameterError, StepDefinitionError
from zencache.model.legacy_api import LegacyAttributes, check_options
from zencache.model.names import check_name
from zencache.model.step_context import is_running
from zencache.model.types import module_name
from zencache.steps.active_trace import active_trace
from zencache.steps.binding import bind_parameters
from zencache.steps.options import StepOptions
from zencache.steps.parameters import BaseParameters
from zencache.steps.signature import Signature, names_in_annotations, read_signature
from zencache.tracking import note_random_state

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zencache.code.digest import CodeDigest
    from zencache.model.specs import Attempts
    from zencache.policy import CachePolicy
    from zencache.steps.options import Span

P = ParamSpec("P", default=...)
R = TypeVar("R", default=Any)

note_random_state()  # the imports above have loaded it, and the user's module goes on after this one


class Step(LegacyAttributes, Generic[P, R]):
    """A function as a step. Calling it outside a pipeline's body binds parameters; inside, it adds a step.

    Type checkers see a call of the function: its parameters, and what it returns.

    >>> @step
    ... def double(x: int) -> int:
    ...     return 2 * x
    >>> double
    <step double>
    >>> double.entrypoint(3)
    6
    """

    def __init__(
        self,
        function: Callable[P, R],
        *,
        name: str | None = None,
        enable_cache: bool | None = None,
        cache: CachePolicy | None = None,
        output_materializers: Any = None,
        retries: int | None = None,
        retry_delay: Span | None = None,
        timeout: Span | None = None,
        snapshot: CodeDigest | None = None,
        redact: Callable[[str], str] | None = None,
    ) -> None:
        self.entrypoint = function
        """The function itself, unchanged."""
        self.options = StepOptions.checked(
            name or function.__name__,
            enable_cache=enable_cache,
            cache=cache,
            output_materializers=output_materializers,
            retries=retries,
            retry_delay=retry_delay,
            timeout=timeout,
        )
        """Name, caching, retries and the like; `configure` of older releases replaces the value."""
        self._redact = redact
        self.snapshot = snapshot
        """Of a step from a snapshot: the digest of its code when that was taken."""
        mark_step(function)
        for file in self._files:  # read now: a file may be edited before the step runs
            source.remember(file)
        functools.update_wrapper(self, function, updated=())
        self.owner = getattr(function, "__self__", None)
        """Of a class-based step: the instance whose method the function is."""

    # Assigning one of these replaces the options: scripts may say `step.enable_cache = False`.

    @property
    def name(self) -> str:
        """The step's name."""
        return self.options.name

    @name.setter
    def name(self, name: str) -> None:
        self.options = replace(self.options, name=check_name("step", name))

    @property
    def enable_cache(self) -> bool | None:
        """Whether an earlier result is reused; None leaves it to the pipeline."""
        return self.options.enable_cache

    @enable_cache.setter
    def enable_cache(self, enable_cache: bool | None) -> None:
        self.options = replace(self.options, enable_cache=enable_cache)

    @property
    def policy(self) -> CachePolicy | None:
        """Its own cache policy."""
        return self.options.policy

    @policy.setter
    def policy(self, policy: CachePolicy | None) -> None:
        self.options = replace(self.options, policy=policy)

    @property
    def materializers(self) -> Mapping[str, str]:
        """Output to the path of the materializer that the step chose; under `""` that of all others."""
        return self.options.materializers

    @materializers.setter
    def materializers(self, materializers: Mapping[str, str]) -> None:
        self.options = replace(self.options, materializers=materializers)

    @property
    def attempts(self) -> Attempts | None:
        """Retries and timeout; None leaves them to the defaults."""
        return self.options.attempts

    @attempts.setter
    def attempts(self, attempts: Attempts | None) -> None:
        self.options = replace(self.options, attempts=attempts)

    @functools.cached_property
    def signature(self) -> Signature:
        """What the step takes and gives; raises StepDefinitionError if its function does not say so."""
        return read_signature(self.entrypoint, self.name)

    @property
    def _files(self) -> set[str]:
        """The source files of the function, and of the functions that decorators put around it."""
        own = getattr(self.entrypoint, "__func__", self.entrypoint)
        functions = (own, inspect.unwrap(own))
        return {f.__code__.co_filename for f in functions if inspect.isfunction(f)}

    @property
    def texts(self) -> list[str]:
        """The texts of the source files, when the step was made and at each later reading."""
        return [text.text for file in self._files for text in source.texts_of(file)]

    def with_snapshot(self, code: CodeDigest, redacted: Callable[[str], str]) -> Step[P, R]:
        """Give the step with the digest of its code, to be pickled; `redacted` takes secrets out of texts."""
        return Step(self.entrypoint, **self.options.keywords, snapshot=code, redact=redacted)

    def with_options(
        self,
        *,
        name: str | None = None,
        enable_cache: bool | None = None,
        cache: CachePolicy | None = None,
        output_materializers: Any = None,
        retries: int | None = None,
        retry_delay: Span | None = None,
        timeout: Span | None = None,
        **older: Any,
    ) -> Step[P, R]:
        """Give a step with some options replaced; this one stays as it is.

        >>> @step
        ... def load() -> int:
        ...     return 1
        >>> load.with_options(name="other", enable_cache=False)
        <step other>
        """
        check_options(f"step {self.name}", older)
        options = self.options.refined(
            name=name,
            enable_cache=enable_cache,
            cache=cache,
            output_materializers=output_materializers,
            retries=retries,
            retry_delay=retry_delay,
            timeout=timeout,
        )
        return Step(self.entrypoint, **options.keywords, snapshot=self.snapshot)

    @property
    def _defined_by(self) -> Any:
        return inspect.unwrap(self.entrypoint) if self.owner is None else type(self.owner)

    @property
    def module(self) -> str:
        """The module of the function, or of a class-based step's class; of a script, its file's name."""
        return module_name(str(self._defined_by.__module__))

    @property
    def qualname(self) -> str:
        """The qualified name of the function, or of the class of a class-based step, in its module."""
        return str(self._defined_by.__qualname__)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Add the step to the pipeline whose body is read; elsewhere bind parameters, or call the function.

        Outside a body, a parameters model and keywords are bound, for a slot of a pipeline. With values by
        position, or with results of other steps, the function is called; so it is inside of a running step.
        """
        trace = active_trace()
        if trace is not None:
            return cast("R", trace.add(self, {}, args, kwargs))
        if is_running():
            return self.entrypoint(*args, **kwargs)
        if _holds_values(args, kwargs):
            named = {name: _plain(value) for name, value in kwargs.items()}
            return self.entrypoint(*map(_plain, args), **named)
        return cast("R", BoundStep(self, bind_parameters(self.name, self.signature, args, kwargs)))

    def map(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Call the step once for each item of the lists that it is given; all other values go to each call.

        Lists, tuples and ranges are taken item by item, together if there are several; they have one length.
        In a pipeline's body this gives the outputs of the calls, in order, which another step can take as a
        list. A list that each call takes whole is written as a loop: `[train(r, xs) for r in rates]`.
        Raises ParameterError without a list, and for lists of different lengths.

        >>> @step
        ... def power(base: int, exponent: int) -> int:
        ...     return base**exponent
        >>> power.map([2, 3], 2)
        [4, 9]
        """
        named: dict[Any, Any] = {**dict(enumerate(args)), **kwargs}
        items = {name: value for name, value in named.items() if isinstance(value, list | tuple | range)}
        lengths = {name: len(value) for name, value in items.items()}
        if len(set(lengths.values())) != 1:
            got = ", ".join(f"{name}: {length}" for name, length in lengths.items()) or "none"
            raise ParameterError(
                f"step {self.name}: map takes lists of one length, an item for each call; got {got}"
            )
        [count] = set(lengths.values())
        function: Any = self.entrypoint if active_trace() is None else self
        calls = []
        for number in range(count):
            values = {name: value[number] if name in items else value for name, value in named.items()}
            positional = [values.pop(index) for index in range(len(args))]
            calls.append(function(*positional, **values))
        return calls

    def __repr__(self) -> str:
        return f"<step {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        from zencache.code.redaction import redacted  # noqa: PLC0415 - few declared steps are pickled

        redact = self._redact or redacted
        texts = {text.file: redact(text.text) for file in self._files for text in source.texts_of(file)}
        inner = inspect.unwrap(self.entrypoint)
        names = names_in_annotations(getattr(inner, "__func__", inner)) | importable_names(inner)
        options = self.options
        first = (options.name, options.enable_cache, options.policy)
        code = self._code_that_travels()
        return _rebuild, (
            self.entrypoint,
            *first,
            texts,
            names,
            code,
            options.materializers,
            options.attempts,
        )

    def _code_that_travels(self) -> CodeDigest | None:
        """Digest the code that is pickled with the step; None for a class that is imported again."""
        if self.owner is not None and type(self.owner).__module__ != "__main__":
            return None
        return self.snapshot or CodeReader().of(self.entrypoint)


def _rebuild(
    function: Callable[..., Any],
    name: str,
    enable_cache: bool | None,
    cache: CachePolicy | None,
    texts: Mapping[str, str],
    names: Mapping[str, Any],
    code: CodeDigest | None,
    stored: Mapping[str, str] | None = None,
    attempts: Attempts | None = None,
) -> Step:
    """Make a pickled step again.

    Its source travels with it, because its file may have changed, and so do the names that only its
    annotations and decorators use, which pickling a function leaves out.
    """
    for file, text in texts.items():
        source.remember(file, text)
    for name_in_module, value in names.items():
        inspect.unwrap(function).__globals__.setdefault(name_in_module, value)
    return Step(
        function,
        name=name,
        enable_cache=enable_cache,
        cache=cache,
        output_materializers=stored,
        **dict(attempts or ()),
        snapshot=code,
    )


@dataclass
class BoundStep(LegacyAttributes):
    """A step with parameters, for a slot of a pipeline. Only `configure` of older releases changes one."""

    step: Step
    values: Mapping[str, Any] = field(default_factory=dict)
    slot: str | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in type(self).__dataclass_fields__:  # it would have no effect
            raise AttributeError(
                f"step {self.step.name} has its parameters already, and {name} of it cannot be set; "
                f"write {self.step.name}.with_options({name}=…)(…)"
            )
        super().__setattr__(name, value)

    def plain(self) -> Any:
        """Call the function with the parameters that it has."""
        return self.step.entrypoint(**self.values)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add the step to the pipeline whose body is being read."""
        trace = active_trace()
        if trace is None:
            raise ParameterError(
                f"step {self.step.name} has its parameters already; its inputs are given in a pipeline's "
                f"body. "
                f"To call the function itself: {self.step.name}.entrypoint(...)"
            )
        return trace.add(self.step, self.values, args, kwargs, slot=self.slot)


def _holds_values(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Say whether a call outside of a body gives more than parameters to bind."""
    positional = any(not isinstance(value, BaseParameters) for value in args)
    return positional or any(isinstance(value, BoundStep) for value in kwargs.values())


def _plain(value: Any) -> Any:
    return value.plain() if isinstance(value, BoundStep) else value


@overload
def step(function: Callable[P, R], /) -> Step[P, R]: ...
@overload
def step(
    *,
    name: str | None = None,
    enable_cache: bool | None = None,
    cache: CachePolicy | None = None,
    output_materializers: Any = None,
    retries: int | None = None,
    retry_delay: Span | None = None,
    timeout: Span | None = None,
    **older: Any,
) -> Callable[[Callable[P, R]], Step[P, R]]: ...
def step(
    function: Callable[..., Any] | Step | None = None,
    /,
    *,
    name: str | None = None,
    enable_cache: bool | None = None,
    cache: CachePolicy | None = None,
    output_materializers: Any = None,
    retries: int | None = None,
    retry_delay: Span | None = None,
    timeout: Span | None = None,
    **older: Any,
) -> Any:
    """Make a step of a function: `@step`, or `@step(name=…, enable_cache=…, cache=…)`.

    Typed arguments are fed by other steps' outputs or given as parameters; the return annotation
    names the outputs. Decorating a step again refines its options.

    `enable_cache`: whether an earlier result is reused; None leaves it to the pipeline.
    `cache`: a `CachePolicy`.
    `output_materializers`: the class that stores all outputs, or a mapping of outputs to classes; else
    each value's type decides.
    `retries`: how many more times a step that raises is computed, in the same run; `retry_delay`: how long it
    waits before the first of them (1 s), twice as long before each further one; `timeout`: how long one
    attempt may take. Times are seconds, a `timedelta` or a text such as `"30min"`. None of the three is part
    of the key.
    Options of older releases (`settings`, …) are ignored with a note.

    >>> @step(enable_cache=False)
    ... @step(name="loader")
    ... def load(rows: int = 10) -> list:
    ...     return list(range(rows))
    >>> load.name, load.enable_cache
    ('loader', False)
    """

    def decorate(target: Callable[..., Any] | Step) -> Step:
        if isinstance(target, Step):
            return target.with_options(**options)
        if not inspect.isfunction(inspect.unwrap(target)) or isinstance(target, LegacyAttributes):
            raise StepDefinitionError(f"@step goes on a function, not on {target!r}")
        return Step(target, **options)

    check_options("@step", older)
    options: dict[str, Any] = {
        "name": name,
        "enable_cache": enable_cache,
        "cache": cache,
        "output_materializers": output_materializers,
        "retries": retries,
        "retry_delay": retry_delay,
        "timeout": timeout,
    }

    return decorate if function is None else decorate(function)
