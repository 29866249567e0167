"""Settings: defaults, then files, then the environment; read once, when this module is imported."""

import json
import os
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import tomli
import yaml

PREFIX = "SHOP_"
ROOT = Path(__file__).resolve().parent.parent
FILES = ("config/base.toml", "config/model.yaml", "config/local.json")
READERS = {
    ".toml": tomli.loads,
    ".yaml": yaml.safe_load,
    ".json": json.loads,
}


@dataclass(frozen=True)
class Paths:
    sales: str = "data/sales.csv"
    holidays: str = "data/holidays.txt"


@dataclass(frozen=True)
class Cleaning:
    limit: float = 3.0
    fill_gaps: bool = True
    drop_returns: bool = False


@dataclass(frozen=True)
class Model:
    method: str = "smooth"
    alpha: float = 0.5
    season: int = 4
    damping: float = 0.9
    floor: float = 0.0
    by_product: dict = field(default_factory=dict)

    def of(self, product):
        """The model of one product: its own entries beat those of all."""
        return replace(self, **self.by_product.get(product, {}))


@dataclass(frozen=True)
class Settings:
    paths: Paths = Paths()
    cleaning: Cleaning = Cleaning()
    model: Model = Model()
    calendar: dict = field(default_factory=lambda: {"first_week": 1, "weeks": 52})
    report: dict = field(default_factory=dict)

    def get(self, dotted, default=None):
        value = self
        for part in dotted.split("."):
            value = value.get(part, None) if isinstance(value, dict) else getattr(value, part, None)
            if value is None:
                return default
        return value


def merged(old, new):
    """Merge nested tables; the second wins."""
    result = dict(old)
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result


def from_files(root=ROOT, names=FILES):
    table = {}
    for name in names:
        path = root / name
        if path.exists():
            table = merged(table, READERS[path.suffix](path.read_text()) or {})
    return table


def from_environment(prefix=PREFIX, environ=os.environ):
    """`SHOP_MODEL__ALPHA=0.3` sets `model.alpha`."""
    table = {}
    for name in sorted(environ):
        if not name.startswith(prefix):
            continue
        *sections, last = name[len(prefix) :].lower().split("__")
        place = table
        for section in sections:
            place = place.setdefault(section, {})
        place[last] = yaml.safe_load(environ[name])
    return table


def section(cls, values):
    known = {each.name for each in fields(cls)}
    unknown = values.keys() - known
    if unknown:
        raise KeyError(f"{cls.__name__} has no {sorted(unknown)}")
    return cls(**values)


def load():
    table = merged(from_files(), from_environment())
    return Settings(
        paths=section(Paths, table.get("paths", {})),
        cleaning=section(Cleaning, table.get("cleaning", {})),
        model=section(Model, table.get("model", {})),
        calendar=merged(Settings().calendar, table.get("calendar", {})),
        report=table.get("report", {}),
    )


settings = load()
