"""Registries: names to classes or functions, filled by decorators or by the making of a class."""

from functools import wraps


class Registry(dict):
    """A registry with a default entry, and with hooks that are called for what is added."""

    def __init__(self, kind, default=None):
        super().__init__()
        self.kind = kind
        self.default = default
        self.hooks = []

    def add(self, name=None, **options):
        def register(entry):
            key = name or entry.__name__.lower()
            if key in self and not options.get("replace"):
                raise KeyError(f"two entries of {self.kind} are named {key}")
            for option, value in options.items():
                setattr(entry, option, value)
            self[key] = entry
            for hook in self.hooks:
                hook(key, entry)
            return entry

        return register

    def __missing__(self, name):
        if self.default is None:
            raise KeyError(f"no {self.kind} is named {name!r}; there are {', '.join(sorted(self))}")
        return self[self.default]

    def ordered(self):
        return sorted(self.items(), key=lambda item: (getattr(item[1], "priority", 50), item[0]))


def guarded(default=None, errors=(KeyError, ValueError)):
    """Give a default where a function raises."""

    def decorate(function):
        @wraps(function)
        def inner(*args, **kwargs):
            try:
                return function(*args, **kwargs)
            except errors:
                return default

        return inner

    return decorate


RULES = Registry("rule")
SOURCES = Registry("source", default="csv")
