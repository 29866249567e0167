"""Images come back whole, or are refused."""

from __future__ import annotations

import pytest

Image = pytest.importorskip("PIL.Image")
pytest.importorskip("zencache_pillow")

from hypothesis import given, settings
from hypothesis import strategies as st
from zencache_pillow import ImageMaterializer, _parts

from zencache.errors import MaterializerError
from zencache.testing import MaterializerContract


def with_info(image, **info):
    image.info = info
    return image


class TestImages(MaterializerContract):
    materializer = ImageMaterializer()
    types = [Image.Image]
    values = [
        *(Image.new(mode, (3, 2), 1) for mode in ("1", "L", "I;16")),
        Image.new("LA", (3, 2), (1, 2)),
        Image.new("RGB", (3, 2), (1, 2, 3)),
        Image.new("RGB", (2, 3), (1, 2, 3)),
        Image.new("RGBA", (3, 2), (1, 2, 3, 0)),
        with_info(Image.new("L", (3, 2), 1), dpi=(72, 72), transparency=3),
    ]

    def equal(self, left, right):
        return _parts(left) == _parts(right)


@pytest.mark.parametrize("mode", ["F", "I", "CMYK", "YCbCr", "HSV", "LAB"])
def test_modes_that_png_has_not_are_refused(tmp_path, mode):
    """What PNG would round or convert is refused, with what to return."""
    image = Image.new(mode, (2, 2))
    image.putpixel((0, 0), 70_000 if mode in "FI" else (1, 2, 3, 4)[: len(mode.replace("YCbCr", "YCC"))])
    with pytest.raises(MaterializerError, match="asarray"):
        ImageMaterializer().save(image, tmp_path)


def test_an_image_of_a_file_is_refused(tmp_path):
    """It is tied to its file, so it would come back as another type."""
    Image.new("L", (2, 2)).save(tmp_path / "x.png")
    with Image.open(tmp_path / "x.png") as image, pytest.raises(MaterializerError, match="copy"):
        ImageMaterializer().save(image, tmp_path)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(["1", "L", "LA", "RGB", "RGBA", "I;16", "P"]), st.data())
def test_any_pixels_come_back(tmp_path_factory, mode, data):
    """Whatever the pixels are, the loaded image has the same, or saving it was refused."""
    size = len(Image.new(mode, (3, 2)).tobytes())
    image = Image.frombytes(mode, (3, 2), data.draw(st.binary(min_size=size, max_size=size)))
    folder = tmp_path_factory.mktemp("image")
    try:
        ImageMaterializer().save(image, folder)
    except MaterializerError:
        return
    assert _parts(ImageMaterializer().load(folder)) == _parts(image)
