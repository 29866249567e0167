"""Calls a step's function: with `*args` and `**kwargs`, awaited if it is async, collected if it yields."""

from __future__ import annotations

import contextvars
import inspect
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from zencache.model.step_context import running

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping


_SPREAD = {
    inspect.Parameter.VAR_POSITIONAL,
    inspect.Parameter.VAR_KEYWORD,
    inspect.Parameter.POSITIONAL_ONLY,
}


def call(function: Callable[..., Any], arguments: Mapping[str, Any], loop: Any = None) -> Any:
    """Call a function with arguments by name, and give what it returns; items that it yields, as a list.

    `loop` is the event loop for a function that needs one.

    >>> def rows(first, *others, **named):
    ...     yield from (first, others, named)
    >>> call(rows, {"first": 1, "others": (2, 3), "named": {"a": 4}})
    [1, (2, 3), {'a': 4}]
    """
    positional, named = _spread(function, arguments)
    with running():
        returned = function(*positional, **named)
        kind = inspect.unwrap(function)
        if inspect.isgeneratorfunction(kind) and inspect.isgenerator(returned):
            return list(returned)
        if inspect.isasyncgen(returned):
            returned = _collected(returned)
        return _awaited(returned, loop) if inspect.isawaitable(returned) and is_async(kind) else returned


def is_async(function: Callable[..., Any]) -> bool:
    """Say whether a function needs an event loop."""
    kind = inspect.unwrap(function)
    return inspect.iscoroutinefunction(kind) or inspect.isasyncgenfunction(kind)


@contextmanager
def event_loop(function: Callable[..., Any]) -> Iterator[Any]:
    """Make an event loop for a function that needs one; making it opens sockets that are not the step's."""
    if not is_async(function):
        yield None
        return
    import asyncio  # noqa: PLC0415 - few functions need it

    loop = asyncio.new_event_loop()
    try:
        yield loop
    finally:
        loop.close()


def _spread(function: Callable[..., Any], arguments: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Part arguments into those that go by position, and those that go by name."""
    parameters = inspect.signature(function).parameters.values()
    kinds = {parameter.kind for parameter in parameters}
    if not kinds & _SPREAD:
        return [], dict(arguments)
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for parameter in parameters:
        if parameter.name not in arguments:
            continue
        value = arguments[parameter.name]
        if parameter.kind is parameter.VAR_POSITIONAL:
            positional += value
        elif parameter.kind is parameter.VAR_KEYWORD:
            named |= value
        elif parameter.kind is parameter.KEYWORD_ONLY:
            named[parameter.name] = value
        else:
            positional.append(value)
    return positional, named


async def _collected(items: AsyncIterator[Any]) -> list[Any]:
    return [item async for item in items]


def _awaited(awaitable: Awaitable[Any], loop: asyncio.AbstractEventLoop) -> Any:
    """Run to the end; in a thread of its own where this one runs an event loop, as a notebook's does."""
    import asyncio  # noqa: PLC0415 - as above

    async def run() -> Any:
        return await awaitable

    def finished() -> Any:
        value = loop.run_until_complete(run())
        loop.run_until_complete(loop.shutdown_asyncgens())
        return value

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return finished()
    outcome: list[Any] = []
    context = contextvars.copy_context()

    def work() -> None:
        try:
            outcome.extend((finished(), None))
        except BaseException as error:  # noqa: BLE001 - raised again below
            outcome.extend((None, error))

    thread = threading.Thread(target=context.run, args=(work,))
    thread.start()
    thread.join()
    value, error = outcome
    if error is not None:
        raise error
    return value
