"""Stores scikit-learn estimators as artifacts of zencache, by skops and without pickle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from zencache.errors import MaterializerError
from zencache.materializers import Materializer
from zencache.model.types import module_name
from zencache_sklearn._stable import stable, with_modules

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["EstimatorMaterializer"]

_MODEL = "model.skops"
_TRUSTED = "trusted.json"


class EstimatorMaterializer(Materializer):
    """Stores estimators as `model.skops`, and the types that skops does not trust in `trusted.json`.

    Trust: loading creates objects of the types that a file names. Of scikit-learn, numpy and scipy, skops
    loads only types that it knows to be harmless. All other types of a model, such as your own estimators and
    functions, are listed by the process that stores it. They are stored by name, and loading imports their
    modules.

    So a model loads with its own types and no others. The list is part of the artifact, whose content digest
    is compared with the record before loading: it is as trustworthy as the store. A user who can write both
    the store's files and its records can run code here, unless the project requires signatures.

    An estimator that skops would load with a difference is refused when it is stored.
    """

    artifact_type = "Model"
    runs_code = True

    def save(self, value: Any, folder: Path) -> None:
        """Write `model.skops` and `trusted.json`, after a check that the estimator loads unchanged."""
        try:
            data, trusted = _dump(value)
            again, _ = _dump(_load(data, trusted))
        except Exception as error:
            raise MaterializerError(
                f"skops cannot store this {type(value).__name__}: {error}. {_ADVICE}"
            ) from error
        if again != data:
            raise MaterializerError(
                f"skops would not give this {type(value).__name__} back as it is: an attribute holds what "
                f"it cannot store, such as a dict whose keys are booleans. {_ADVICE}"
            )
        (folder / _MODEL).write_bytes(data)
        (folder / _TRUSTED).write_text(json.dumps(trusted), encoding="utf-8")

    def load(self, folder: Path) -> Any:
        """Read the estimator; the types that were listed when it was stored are trusted."""
        return self.load_checked({name: (folder / name).read_bytes() for name in (_MODEL, _TRUSTED)})

    def load_checked(self, files: Mapping[str, bytes]) -> Any:
        """Read the estimator from files in memory, with the same trust."""
        from skops.io.exceptions import UntrustedTypesFoundException  # noqa: PLC0415 - brings sklearn

        trusted = json.loads(files[_TRUSTED])
        try:
            return _load(files[_MODEL], trusted)
        except (ImportError, AttributeError) as error:
            raise MaterializerError(
                f"this model needs a type that cannot be imported here: {error}; it was stored with "
                f"{', '.join(trusted) or 'types of scikit-learn only'}"
            ) from error
        except UntrustedTypesFoundException as error:
            raise MaterializerError(
                f"this model is not loaded: it names types that were not listed when it was stored: {error}"
            ) from error


_ADVICE = (
    "Classes and functions are stored by name: define them at the top level of a module. "
    "For another kind of estimator, write a Materializer and @register it"
)


def _dump(value: Any) -> tuple[bytes, list[str]]:
    """Give a reproducible skops file, and the types in it that skops does not trust."""
    import skops.io as sio  # noqa: PLC0415 - imported when there is an estimator

    data = stable(sio.dumps(value), {"__main__": module_name("__main__")})
    return data, sorted(sio.get_untrusted_types(data=data))


def _load(data: bytes, trusted: list[str]) -> Any:
    """Load a skops file; classes of the running script come from `__main__`, not from a second import."""
    import skops.io as sio  # noqa: PLC0415 - imported when there is an estimator

    main = module_name("__main__")
    if any(name.startswith(f"{main}.") for name in trusted):
        data = with_modules(data, {main: "__main__"})
        trusted = [*trusted, *(f"__main__{name.removeprefix(main)}" for name in trusted)]
    return sio.loads(data, trusted=trusted)
