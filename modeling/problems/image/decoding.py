"""The picture that a person sees in a file of an image.

Belongs here: reading a file, turning, scaling and flattening it into shades of grey or colours of 8 bits. Does not
belong here: sizes and arrays that learners want (`modeling.problems.image.images`), or which pictures may be delivered
(`resources.contracts.probes`). Pillow belongs to the extra `vision` and is imported inside functions.
"""

import io
import warnings
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "GIF")
BRIGHTEST = (1.0, 4095.0, 65535.0)
"""What white is in a picture of more than 8 bits: fractions, 12 bits as cameras and scanners measure, 16 bits."""
GREY = ("1", "L", "LA", "F")
"""Kinds of pixels without colours, beside those of whole numbers, whose names begin with I."""


class UnreadableImage(ValueError):
    """A file holds no picture that can be read; the message says why."""


def opened(file: bytes) -> "Image":
    """The image without its pixels.

    Raises
    ------
    UnreadableImage: the file is empty, or of none of `FORMATS`.
    """
    from PIL import Image, UnidentifiedImageError

    if not file:
        raise UnreadableImage("the file is empty: 0 bytes")
    try:
        return Image.open(io.BytesIO(file), formats=FORMATS)
    except UnidentifiedImageError as error:
        raise UnreadableImage("it can't be read as PNG, JPEG, TIFF, WebP or GIF") from error
    except Exception as error:
        raise UnreadableImage(str(error)) from error


def decoded(file: bytes) -> "Image":
    """The picture, in shades of grey (`L`) or colours (`RGB`): the first one of several, turned as the camera was held,
    deep pixels scaled to 8 bits, on white where it is transparent.

    Pillow compares a PNG's checksums only in `verify`, reads its pixels only in `load`, and raises all kinds of errors.

    Raises
    ------
    UnreadableImage: as `opened`, or the file is damaged.
    """
    from PIL import ImageOps

    with warnings.catch_warnings(action="ignore"):
        image = opened(file)
        try:
            image.verify()
            image = opened(file)
            image.load()
            return _flat(_shallow(ImageOps.exif_transpose(image)))
        except UnreadableImage:
            raise
        except Exception as error:
            raise UnreadableImage(str(error)) from error


def is_grey(image: "Image") -> bool:
    """By its kind of pixels."""
    return image.mode in GREY or image.mode.startswith("I")


def _shallow(image: "Image") -> "Image":
    """With 8 bits for each shade."""
    from PIL import Image

    if image.mode != "F" and not image.mode.startswith("I"):
        return image
    values = np.nan_to_num(np.asarray(image, dtype=np.float64)).clip(0)
    white = next((bright for bright in BRIGHTEST if values.max() <= bright), values.max())
    return Image.fromarray(np.rint(values * (255 / white)).astype(np.uint8))


def _flat(image: "Image") -> "Image":
    """On white; on black where nothing would be seen on white."""
    from PIL import Image

    mode = "L" if is_grey(image) else "RGB"
    if not image.has_transparency_data:
        return image.convert(mode)
    layers = image.convert("RGBA")
    for ground in ("white", "black"):
        flat = Image.alpha_composite(Image.new("RGBA", image.size, ground), layers).convert(mode)
        if not is_blank(flat):
            break
    return flat


def is_blank(image: "Image") -> bool:
    """Whether all pixels are the same."""
    pixels = np.asarray(image)
    return bool((pixels == pixels[0, 0]).all())
