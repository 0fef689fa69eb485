"""Decoding, comparing and taking images apart."""

import base64
import io
from hashlib import sha256

import numpy as np
import polars as pl
import pytest
from PIL import Image

from modeling.core.features import FeatureError
from modeling.core.table import Table
from modeling.problems.image import images

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


def test_a_broken_image_is_refused_by_its_digest() -> None:
    whole = frame(rows=2)["photo"].to_list()
    torn = whole[1][:60]
    said = f"SHA-256 {sha256(torn).hexdigest()} can't be decoded as PNG or JPEG.*quarantine it"
    with pytest.raises(FeatureError, match=said):
        images.pixels([whole[0], torn], 16, colour=False)


def test_a_file_of_another_kind_is_refused() -> None:
    with pytest.raises(FeatureError, match="can't be decoded as PNG or JPEG"):
        images.pixels([b"GIF89a nothing"], 16, colour=False)


def test_rows_without_one_column_of_images_are_refused() -> None:
    with pytest.raises(FeatureError, match=r"no column of image bytes; name one as `columns: \{image: …\}`"):
        images.files(table(pl.DataFrame({"text": ["a"]})))
    with pytest.raises(FeatureError, match="'photo': 1 of 2 images are missing"):
        images.files(table(pl.DataFrame({"photo": [b"a", None]})))


def test_grey_is_told_from_colour() -> None:
    grey = png(Image.new("L", (8, 8)))
    assert not images.coloured([grey, grey])
    assert images.coloured([grey, png(Image.new("RGB", (8, 8)))])


def test_the_hash_survives_another_size_and_format_and_tells_images_apart() -> None:
    rng = np.random.default_rng(0)
    smooth = Image.fromarray(rng.integers(0, 255, (8, 8)).astype(np.uint8)).resize((128, 128), Image.Resampling.BICUBIC)
    jpeg = io.BytesIO()
    smooth.save(jpeg, "JPEG", quality=95)
    other = Image.fromarray(rng.integers(0, 255, (8, 8)).astype(np.uint8)).resize((128, 128), Image.Resampling.BICUBIC)
    files = pl.Series("photo", [png(smooth), jpeg.getvalue(), png(other), None])
    hashes = images.perceptual_hash(files)
    bits = [np.unpackbits(np.frombuffer(bytes.fromhex(code), np.uint8)) for code in hashes.drop_nulls()]
    assert (bits[0] != bits[1]).mean() < 0.02
    assert (bits[0] != bits[2]).mean() > 0.2
    assert hashes[3] is None
    assert len(hashes) == 4


def test_a_small_thing_on_a_plain_ground_has_a_hash_of_its_own() -> None:
    def spot(shape: np.ndarray) -> bytes:
        ground = np.zeros((64, 64), dtype=np.uint8)
        ground[30:34, 30:34] = shape
        return png(Image.fromarray(ground))

    falling, rising = np.arange(16).reshape(4, 4) * 10 + 20, np.arange(16)[::-1].reshape(4, 4) * 10 + 20
    one, same, other = images.perceptual_hash(pl.Series([spot(falling), spot(falling), spot(rising)]))
    assert one == same != other


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
