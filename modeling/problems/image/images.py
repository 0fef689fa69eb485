"""Images as learners and readers need them: decoded, resized, compared, taken apart.

Belongs here: the steps between pictures and arrays. Does not belong here: reading a file (`decoding`), what may be
delivered (the contract's probes), networks (`modeling.problems.image.backbone`), or what is reported
(`modeling.problems.image.task`). Pillow belongs to the extra `vision` and is imported inside functions.
"""

import base64
import io
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from modeling.core import memoisation
from modeling.core.features import FeatureError
from modeling.core.table import Table
from modeling.problems.image.decoding import UnreadableImage, decoded, is_grey, opened

if TYPE_CHECKING:
    from PIL.Image import Image

HASH_SIDE, LOWEST = 64, 12
"""Rows and columns an image is resized to before it is hashed; frequencies that are compared, in each direction."""
HASH_BITS = (2 * LOWEST - 2) * LOWEST + (2 * LOWEST - 1) * (LOWEST - 1)
GRID = 6
"""Rows and columns of the patches an image is taken apart into."""


def files(table: Table) -> list[bytes]:
    """The bytes of every row's image.

    Raises
    ------
    FeatureError: the rows hold no column of images, or more than one; or an image is missing.
    """
    names = [name for name, dtype in table.content.schema.items() if dtype == pl.Binary]
    if len(names) != 1:
        raise FeatureError(f"the rows have {names or 'no column'} of image bytes; name one as `columns: {{image: …}}`")
    column = table.content[names[0]]
    if column.has_nulls():
        raise FeatureError(f"{column.name!r}: {column.null_count():,} of {len(column):,} images are missing")
    return column.to_list()


def pixels(files: Sequence[bytes], side: int, *, colour: bool) -> np.ndarray:
    """uint8 ``[n, 3 or 1, side, side]``: every image squeezed into a square; memoised.

    Raises
    ------
    FeatureError: a file is no image, or broken; with its digest.
    """
    mode, channels = ("RGB", 3) if colour else ("L", 1)

    def squeezed(new: Sequence[bytes]) -> list[np.ndarray]:
        return [np.asarray(image.convert(mode).resize((side, side))) for image in _each(decoded, new)]

    arrays = memoisation.each(f"{side} pixels {mode}", files, squeezed)
    stacked = np.array(arrays, dtype=np.uint8).reshape(len(arrays), side, side, channels)
    return np.ascontiguousarray(stacked.transpose(0, 3, 1, 2))


def coloured(files: Iterable[bytes]) -> bool:
    """Whether any image has more than shades of grey to offer, by its kind of pixels."""
    return not all(is_grey(image) for image in _each(opened, files))


def usual_side(files: Iterable[bytes]) -> int:
    """The median of the images' longer sides, in pixels."""
    return int(np.median([max(image.size) for image in _each(opened, files)]))


def spectral_hashes(column: pl.Series) -> np.ndarray:
    """Zeros and ones, float32 ``[n, HASH_BITS]``, of which images that look alike share most; NaN where there is none.

    A bit is set where an amplitude of the image's spectrum is larger than that of the next lower frequency: the
    difference hash (Krawetz 2013), made of low frequencies instead of grey values. Amplitudes do not say where things
    lie (Fourier's shift theorem), so a copy may be shifted, too, and resized, compressed, brighter or darker. Another
    window than the whole image would cut a shifted copy elsewhere: the border fades out (Hann 1903).
    """
    hashes = np.full((len(column), HASH_BITS), np.nan, dtype=np.float32)
    shades = pixels(column.drop_nulls().to_list(), HASH_SIDE, colour=False)[:, 0]
    hashes[column.is_not_null().to_numpy()] = [_spectral_hash(shade) for shade in shades]
    return hashes


def _spectral_hash(shade: np.ndarray) -> np.ndarray:
    """bool ``[HASH_BITS]`` of grey values ``[HASH_SIDE, HASH_SIDE]``."""
    fading = np.hanning(HASH_SIDE + 2)[1:-1]
    amplitudes = np.abs(np.fft.rfft2((shade - shade.mean()) * fading[:, None] * fading))
    lowest = np.log1p(np.roll(amplitudes, LOWEST - 1, axis=0)[: 2 * LOWEST - 1, :LOWEST])
    return np.concatenate([np.diff(lowest, axis=0).ravel() > 0, np.diff(lowest, axis=1).ravel() > 0])


def png(image: "Image") -> bytes:
    """The file, written fast rather than small."""
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()


@dataclass(frozen=True)
class PatchOccluder:
    """Patches of a grid, each replaced by the image's mean colour (Zeiler & Fergus 2014)."""

    column: str

    def parts(self, value: bytes) -> list[str]:
        """The cells of the grid, row by row, from the upper left."""
        return [f"row {row}, column {column}" for row in range(1, GRID + 1) for column in range(1, GRID + 1)]

    def without(self, value: bytes, dropped: Collection[int]) -> bytes:
        """The image as PNG, with the dropped cells in the image's mean colour."""
        from PIL import Image

        (image,) = _each(decoded, [value])
        array = np.array(image)
        rows, columns = (np.linspace(0, size, GRID + 1).astype(int) for size in array.shape[:2])
        mean = array.mean(axis=(0, 1))
        for part in dropped:
            row, column = divmod(part, GRID)
            array[rows[row] : rows[row + 1], columns[column] : columns[column + 1]] = mean
        return png(Image.fromarray(array))


def beside_saliency(file: bytes, effects: np.ndarray, side: int) -> str:
    """PNG in base64: the image, and again in grey with the patches the answer hangs on in red, `side` pixels each.

    `effects` ``[GRID²]``: how much the answer loses without a patch; the strongest is drawn in full.
    """
    from PIL import Image

    (image,) = _each(decoded, [file])
    image = image.convert("RGB").resize((side, side))
    strength = effects.clip(0).reshape(GRID, GRID) / max(effects.max(), np.finfo(float).tiny)
    mask = Image.fromarray((strength * 160).astype(np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
    over = Image.composite(Image.new("RGB", image.size, (220, 30, 30)), image.convert("L").convert("RGB"), mask)
    strip = Image.new("RGB", (2 * side, side))
    strip.paste(image, (0, 0))
    strip.paste(over, (side, 0))
    buffer = io.BytesIO()
    strip.quantize(48).save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()


def _each(read: Callable[[bytes], "Image"], files: Iterable[bytes]) -> Iterator["Image"]:
    """Every image, one after the other."""
    for file in files:
        try:
            yield read(file)
        except UnreadableImage as error:
            what = f"the image with SHA-256 {sha256(file).hexdigest()} can't be decoded: {error}"
            raise FeatureError(f"{what}; quarantine it in the contract") from error
