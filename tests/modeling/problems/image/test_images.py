"""Decoding, comparing and taking images apart."""

import base64
import io
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image, ImageChops, ImageDraw

from modeling.core.features import FeatureError
from modeling.core.table import Table
from modeling.problems.image import images
from modeling.problems.image.task import MOST_APART

from .tiny_image_classification import frame, picture, png


def table(content: pl.DataFrame) -> Table:
    none = np.empty((content.height, 0))
    return Table(none.astype(np.float32), none.astype(np.int32), np.empty(0), (), (), (), content)


def test_images_of_all_kinds_become_one_square_array() -> None:
    grey = Image.fromarray(np.full((40, 20), 100, dtype=np.uint8))
    deep = Image.fromarray(np.full((20, 40), 100 * 257, dtype=np.uint16))
    palette = Image.new("RGB", (30, 30), (100, 100, 100)).quantize(4)
    array = images.pixels([png(grey), png(deep), png(palette)], 16, colour=True)
    assert array.shape == (3, 3, 16, 16)
    assert array.dtype == np.uint8
    assert (array == 100).all()


def disc() -> Image.Image:
    """A dark disc on white, above the middle."""
    image = Image.new("L", (60, 60), 255)
    ImageDraw.Draw(image).ellipse((15, 5, 45, 35), fill=20)
    return image


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def turned(image: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(image.rotate(90), "JPEG", exif=exif, quality=95)


def deep(bits: int) -> bytes:
    return saved(Image.fromarray((np.asarray(disc(), dtype=np.float64) * ((2**bits - 1) / 255)).astype(np.uint16)))


def in_alpha(mode: str) -> bytes:
    layers = Image.new(mode, (60, 60), 20)
    layers.putalpha(ImageChops.invert(disc()).point([255 if shade > 100 else 0 for shade in range(256)]))
    return saved(layers)


@pytest.mark.parametrize(
    "file",
    [
        saved(disc()),
        saved(disc().convert("RGB")),
        saved(disc().convert("RGB").quantize(4)),
        saved(disc().convert("1", dither=Image.Dither.NONE)),
        saved(disc().convert("CMYK"), "JPEG", quality=95),
        saved(disc(), "JPEG", quality=95),
        saved(disc(), "TIFF"),
        saved(disc().convert("RGB"), "WEBP", lossless=True),
        saved(disc(), "GIF"),
        turned(disc()),
        deep(16),
        deep(12),
        in_alpha("LA"),
        in_alpha("RGBA"),
    ],
    ids=["L", "RGB", "P", "1", "CMYK", "JPEG", "TIFF", "WebP", "GIF", "EXIF", "16-bit", "12-bit", "LA", "RGBA"],
)
def test_every_kind_of_file_gives_the_picture_that_a_person_sees(file: bytes) -> None:
    (shades,) = images.pixels([file], 60, colour=False)
    assert np.abs(shades[0].astype(int) - np.asarray(disc()).astype(int)).mean() < 12


def test_what_is_white_on_nothing_is_seen() -> None:
    layers = Image.new("RGBA", (60, 60), (255, 255, 255, 0))
    layers.paste((255, 255, 255, 255), (20, 20, 40, 40))
    (shades,) = images.pixels([saved(layers)], 60, colour=False)
    assert shades[0][30, 30] > shades[0][5, 5]


def test_a_broken_image_is_refused_by_its_digest() -> None:
    whole = frame(rows=2)["photo"].to_list()
    torn = whole[1][:60]
    said = f"SHA-256 {sha256(torn).hexdigest()} can't be decoded: .*quarantine it"
    with pytest.raises(FeatureError, match=said):
        images.pixels([whole[0], torn], 16, colour=False)


def test_a_file_of_another_kind_is_refused() -> None:
    with pytest.raises(FeatureError, match="can't be decoded: it can't be read as PNG, JPEG, TIFF, WebP or GIF"):
        images.pixels([b"BM nothing"], 16, colour=False)


def test_rows_without_one_column_of_images_are_refused() -> None:
    with pytest.raises(FeatureError, match=r"no column of image bytes; name one as `columns: \{image: …\}`"):
        images.files(table(pl.DataFrame({"text": ["a"]})))
    with pytest.raises(FeatureError, match="'photo': 1 of 2 images are missing"):
        images.files(table(pl.DataFrame({"photo": [b"a", None]})))


def test_grey_is_told_from_colour() -> None:
    grey = png(Image.new("L", (8, 8)))
    assert not images.coloured([grey, grey])
    assert images.coloured([grey, png(Image.new("RGB", (8, 8)))])


def clouds(seed: int, side: int = 64) -> Image.Image:
    """Grey noise of four scales, the coarser the stronger, as in photographs."""
    draw = np.random.default_rng(seed)
    scales = [
        np.asarray(Image.fromarray(draw.normal(0, 160 / cells, (cells, cells))).resize((side, side)))
        for cells in (4, 8, 16, 32)
    ]
    return Image.fromarray((128 + sum(scales)).clip(0, 255).astype(np.uint8))


def jpeg(image: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=75)
    return Image.open(buffer)


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "compressed": jpeg,
    "brighter": lambda image: image.point(lambda grey: min(grey + 25, 255)),
    "less contrast": lambda image: image.point(lambda grey: 128 + (grey - 128) * 0.8),
    "larger": lambda image: image.resize((150, 150)),
    "smaller": lambda image: image.resize((32, 32)),
    "shifted by a pixel": lambda image: ImageChops.offset(image, 1, 1),
    "coloured": lambda image: image.convert("RGB"),
}


def hashes(pictures: list[Image.Image]) -> np.ndarray:
    return images.spectral_hashes(pl.Series("photo", [png(picture) for picture in pictures], dtype=pl.Binary))


def apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Differing bits ``[n, m]`` (Hamming distance)."""
    return (one[:, None] != other[None]).sum(axis=2)


@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_has_nearly_the_hash_of_the_image(copy: str) -> None:
    originals = [clouds(seed) for seed in range(30)]
    distance = apart(hashes([COPIES[copy](image) for image in originals]), hashes(originals))
    assert (np.diag(distance) <= MOST_APART).mean() >= 0.95
    assert (distance.argmin(axis=1) == np.arange(30)).all()


def test_different_images_have_different_hashes() -> None:
    distance = apart(hashes([clouds(seed) for seed in range(150)]), hashes([clouds(seed) for seed in range(150, 300)]))
    assert distance.min() > MOST_APART


def test_a_missing_image_has_no_hash_and_the_others_keep_their_place() -> None:
    column = pl.Series("photo", [None, png(clouds(0)), None], dtype=pl.Binary)
    found = images.spectral_hashes(column)
    assert found.shape == (3, images.HASH_BITS)
    assert np.isnan(found[[0, 2]]).all()
    np.testing.assert_array_equal(found[1], hashes([clouds(0)])[0])


class TestPatchOccluder:
    occluder = images.PatchOccluder("photo")

    def test_names_each_patch(self) -> None:
        parts = self.occluder.parts(b"")
        assert len(parts) == images.GRID**2
        assert parts[0] == "row 1, column 1"
        assert parts[-1] == "row 6, column 6"

    @pytest.mark.parametrize("mode", ["L", "RGB"])
    def test_dropped_patches_take_the_mean_and_the_others_stay(self, mode: str) -> None:
        ramp = np.tile(np.arange(60, dtype=np.uint8), (60, 1))
        file = png(Image.fromarray(ramp).convert(mode))
        before = np.asarray(Image.open(io.BytesIO(file)))
        after = np.asarray(Image.open(io.BytesIO(self.occluder.without(file, {0, 35}))))
        assert after.shape == before.shape
        assert (after[:10, :10] == 29).all()
        assert (after[50:, 50:] == 29).all()
        kept = np.ones((60, 60), dtype=bool)
        kept[:10, :10] = kept[50:, 50:] = False
        assert (after[kept] == before[kept]).all()

    def test_nothing_dropped_changes_nothing(self) -> None:
        file = png(picture(True, np.random.default_rng(0)))
        after = np.asarray(Image.open(io.BytesIO(self.occluder.without(file, set()))))
        assert (after == np.asarray(Image.open(io.BytesIO(file)))).all()


def test_the_strongest_patch_is_drawn_in_red_beside_the_image() -> None:
    effects = np.zeros(images.GRID**2)
    effects[0] = 0.4
    strip = images.beside_saliency(png(Image.new("L", (60, 60), 120)), effects, 60)
    array = np.asarray(Image.open(io.BytesIO(base64.b64decode(strip))).convert("RGB")).astype(int)
    assert array.shape == (60, 120, 3)
    assert (abs(array[:, :60] - 120) < 4).all()
    redness = array[:, 60:, 0] - array[:, 60:, 1]
    assert redness[3, 3] > 60
    assert abs(redness[40:, 40:]).max() < 8
