from functools import singledispatch

from words.index import Index


@singledispatch
def show(value):
    return repr(value)


@show.register
def _(value: int):
    return f"{value:>6}"


@show.register(list)
@show.register(tuple)
def _(value):
    return ", ".join(map(show, value))


@show.register
def _(value: str):
    return value.title()


@show.register
def _(value: dict):
    inner = "; ".join(f"{show(key)} = {show(each)}" for key, each in value.items())
    first = getattr(value, "first", None)
    return f"{inner} (best: {first})" if first else inner


@show.register
def _(value: Index):
    return "\n".join(f"{name}: {show(value.best(name))}" for name in value.counts)


@show.register
def _(value: float):
    return f"{value:.2f}"
