"""Materializers as older releases had them."""

from __future__ import annotations

from pathlib import Path

import pytest

from zencache.compat.artifacts import DataArtifact, ModelArtifact
from zencache.compat.enums import ArtifactType
from zencache.compat.materializers import Place
from zencache.errors import MaterializerError
from zencache.materializers import BaseMaterializer, Materializer, find, load_materializer


class Celsius:
    def __init__(self, degrees):
        self.degrees = degrees


class Kelvin(Celsius):
    pass


class Letter:
    def __init__(self, text):
        self.text = text


class CelsiusMaterializer(BaseMaterializer):
    """In the style of 0.5 to 0.30."""

    ASSOCIATED_TYPES = (Celsius,)
    ASSOCIATED_ARTIFACT_TYPES = (ModelArtifact,)

    def __init__(self, artifact):
        super().__init__(artifact)
        self.file = f"{artifact.uri}/degrees.txt"

    def handle_return(self, data):
        super().handle_return(data)
        Path(self.file).write_text(str(data.degrees))

    def handle_input(self, data_type):
        super().handle_input(data_type)
        return data_type(float(Path(self.file).read_text()))


class LetterMaterializer(BaseMaterializer):
    """In the style of 0.31 to 0.39."""

    ASSOCIATED_TYPES = (Letter, bytearray)
    ASSOCIATED_ARTIFACT_TYPE = ArtifactType.DATA

    def __init__(self, uri):
        super().__init__(uri)
        self.file = f"{uri}/letter.txt"

    def save(self, data):
        super().save(data)
        Path(self.file).write_text(data.text if isinstance(data, Letter) else data.decode())

    def load(self, data_type):
        super().load(data_type)
        text = Path(self.uri, "letter.txt").read_text()
        return Letter(text) if data_type is Letter else data_type(text.encode())


def stored(value, folder):
    made = load_materializer(find(type(value)).path)
    assert isinstance(made, Materializer)
    made.save(value, folder)
    return made.load(folder)


def test_subclassing_registers(folder):
    """The type is stored from then on, in both styles; the class is told the folder in both."""
    made = stored(Celsius(21.5), folder)
    assert (type(made), made.degrees) == (Celsius, 21.5)
    (folder / "letter").mkdir()
    made = stored(Letter("hello"), folder / "letter")
    assert (type(made), made.text) == (Letter, "hello")


def test_a_value_is_loaded_as_what_it_was(folder):
    """A subclass, or another of several types, is handed to the class that loads it."""
    assert type(stored(Kelvin(3.0), folder)) is Kelvin
    (folder / "letter").mkdir()
    assert stored(bytearray(b"abc"), folder / "letter") == bytearray(b"abc")


def test_a_value_of_the_first_type_leaves_no_other_file(folder):
    """So equal values have equal bytes, whichever release wrote them."""
    stored(Celsius(1.0), folder)
    assert [file.name for file in folder.iterdir()] == ["degrees.txt"]


def test_the_type_of_artifact_is_tfx_s_where_it_fits():
    """By class, and by the enumeration that came after."""
    assert load_materializer(find(Celsius).path).artifact_type == "Model"
    assert load_materializer(find(Letter).path).artifact_type == "Data"


def test_a_place_is_a_path_with_a_uri(folder):
    """Both spellings of a constructor find what they look for."""
    made = CelsiusMaterializer(Place(folder))
    assert made.uri == made.artifact.uri == str(folder)


def test_a_class_without_types_says_what_to_write():
    """Unless others are to inherit from it."""
    with pytest.raises(
        MaterializerError, match=r"class Empty does not say what it stores; write ASSOCIATED_TYPES"
    ):

        class Empty(BaseMaterializer):
            pass

    class Shared(BaseMaterializer):
        SKIP_REGISTRATION = True

    class Mine(Shared):
        ASSOCIATED_TYPES = (memoryview,)
        ASSOCIATED_ARTIFACT_TYPES = (DataArtifact,)

    assert find(memoryview).path.endswith("Mine")
