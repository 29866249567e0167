"""Stores images of Pillow as PNG artifacts of zencache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zencache.errors import MaterializerError
from zencache.materializers import Materializer
from zencache.materializers.exact import require_exact
from zencache.model.values import from_text, to_text

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ImageMaterializer"]

_FILE, _INFO = "image.png", "info.json"


class ImageMaterializer(Materializer):
    """Stores `image.png`, and what `image.info` has in `info.json`."""

    def save(self, value: Any, folder: Path) -> None:
        """Write the image; raises MaterializerError if it would be loaded with a difference."""
        from PIL import Image, PngImagePlugin  # noqa: PLC0415 - imported when there is an image

        require_exact(value, Image.Image, advice="Return image.copy()")
        plain = value.copy()
        info, plain.info = value.info, {}
        try:
            text = to_text(dict(info))
            plain.save(folder / _FILE, format="PNG", pnginfo=PngImagePlugin.PngInfo(), compress_level=1)
        except OSError as error:
            if error.errno is not None:  # the disk's, not Pillow's
                raise
            raise MaterializerError(f"PNG has no mode {value.mode}. {_ADVICE}") from error
        except (ValueError, TypeError, MaterializerError) as error:
            raise MaterializerError(f"this image cannot be stored as PNG: {error}. {_ADVICE}") from error
        (folder / _INFO).write_text(text, encoding="ascii")
        if _parts(self.load(folder)) != _parts(value):
            raise MaterializerError(f"PNG would not keep this image of mode {value.mode}. {_ADVICE}")

    def load(self, folder: Path) -> Any:
        """Read the image as it was made, not tied to the file."""
        from PIL import Image  # noqa: PLC0415 - imported when there is an image

        with Image.open(folder / _FILE) as file:
            image = file.copy()
        image.info = from_text((folder / _INFO).read_text(encoding="ascii"))
        return image


_ADVICE = "Convert it (`image.convert('RGB')`), or return np.asarray(image)"


def _parts(image: Any) -> list[Any]:
    """Give what a step can see of an image."""
    palette = image.palette
    colours = [palette.mode, bytes(image.palette.palette)] if palette else None
    return [type(image), image.mode, image.size, image.tobytes(), colours, to_text(dict(image.info))]
