"""Defines the base class of materializers, with two methods to implement."""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping


class Materializer(ABC):
    """Stores values of some types as files in a folder, and loads them again.

    Equal values should give equal bytes, so that a step that reran for nothing does not make those
    after it rerun; where a format cannot (it writes the time, say), `digest` names the value instead.

    >>> from pathlib import Path
    >>> import tempfile
    >>> class Celsius(float):
    ...     pass
    >>> class CelsiusMaterializer(Materializer):
    ...     def save(self, value, folder):
    ...         (folder / "degrees.txt").write_text(repr(float(value)))
    ...     def load(self, folder):
    ...         return Celsius((folder / "degrees.txt").read_text())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     CelsiusMaterializer().save(Celsius(21.5), Path(folder))
    ...     CelsiusMaterializer().load(Path(folder))
    21.5
    """

    artifact_type: ClassVar[str] = "Data"
    """The MLMD artifact type: one of TFX's standard artifacts by name (`"Model"`, …), or `"Data"`."""

    runs_code: ClassVar[bool] = False
    """Whether loading runs code that the files hold, as a pickle does.

    What is loaded then is just the bytes that were checked, and a project can demand that they are signed.
    """

    @abstractmethod
    def save(self, value: Any, folder: Path) -> None:
        """Write `value` as one or more files into the existing, empty `folder`."""

    @abstractmethod
    def load(self, folder: Path) -> Any:
        """Read the value back from the files that `save` wrote; they are read-only."""

    def check(self, value: Any, folder: Path) -> None:  # noqa: B027 - an override reads it
        """Raise MaterializerError if what `save` wrote would be loaded as another value than `value`.

        It is called once after `save`, while the step still runs; it should not read large data again.
        """

    def properties(self, folder: Path) -> Mapping[str, str | int]:  # noqa: ARG002 - an override reads it
        """Give the artifact's properties in TFX's schema, for TFX components that are fed with it."""
        return {}

    def digest(self, folder: Path) -> str | None:  # noqa: ARG002 - an override reads it
        """Name the value stored in `folder` by its content, or return None to have the bytes digested."""
        return None

    def load_checked(self, files: Mapping[str, bytes]) -> Any:
        """Read the value from files that were read and checked: from copies that nobody else can write to."""
        with tempfile.TemporaryDirectory(prefix="zencache-checked-") as folder:
            for name, data in files.items():
                copy = Path(folder, name)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(data)
            return self.load(Path(folder))
