"""Descriptors."""


class Bounded:
    """A number between two bounds."""

    def __init__(self, low=float("-inf"), high=float("inf"), default=None):
        self.low, self.high, self.default = low, high, default

    def __set_name__(self, owner, name):
        self.name = f"_{name}"

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return getattr(instance, self.name, self.default)

    def __set__(self, instance, value):
        if not self.low <= value <= self.high:
            raise ValueError(f"{self.name[1:]} is {value}, not from {self.low} to {self.high}")
        setattr(instance, self.name, value)


class Odd(Bounded):
    """An odd number: an even one is raised."""

    def __set__(self, instance, value):
        super().__set__(instance, value + 1 - value % 2)


class computed:  # noqa: N801 - as `property`
    """A property that is computed once, and kept."""

    def __init__(self, function):
        self.function = function

    def __set_name__(self, owner, name):
        self.key = name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        value = instance.__dict__[self.key] = self.function(instance)
        return value
