"""What the image use cases make of the files their sources deliver."""

import io
import math
import sqlite3

import numpy as np
import polars as pl
import pytest
from PIL import Image

from catalogue import feature_code, reader

INDUSTRIES = reader.SHIPPED


def assembled(use_case: str, members: dict[str, pl.DataFrame]) -> pl.DataFrame:
    assemble = feature_code.load(INDUSTRIES / use_case).assemble
    assert assemble is not None
    return assemble({name: member.lazy() for name, member in members.items()}).collect()


def pixels(file: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(file))).astype(float)


def circle(radius: float, x: float = 250, y: float = 250) -> str:
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    return "\n".join(f"{x + radius * math.cos(a):.0f},{y + radius * math.sin(a):.0f}" for a in angles)


@pytest.fixture
def nodules() -> pl.DataFrame:
    """Two readings of a ball of 10 mm at 0.5 mm a pixel and 1 mm a slice, the second with a hole; one undecided."""
    with sqlite3.connect(":memory:") as connection:
        connection.executescript(
            """
            CREATE TABLE scans (id, patient_id, slice_thickness, pixel_spacing);
            CREATE TABLE annotations (id, scan_id, malignancy, subtlety);
            CREATE TABLE contours (id INTEGER PRIMARY KEY, annotation_id, inclusion, image_z_position, coords);
            CREATE TABLE zvals (id INTEGER PRIMARY KEY, scan_id, val);
            INSERT INTO scans VALUES (1, 'patient 7', 1.0, 0.5);
            INSERT INTO annotations VALUES (11, 1, 5, 1), (12, 1, 3, 1), (13, 1, 2, 1);
            """
        )
        connection.executemany("INSERT INTO zvals (scan_id, val) VALUES (1, ?)", [(z,) for z in range(30)])
        for reading in (11, 12, 13):
            for z in range(-4, 5):
                row = (reading, 1, 10 + z, circle(2 * math.sqrt(25 - z * z)))
                connection.execute(
                    "INSERT INTO contours (annotation_id, inclusion, image_z_position, coords) VALUES (?, ?, ?, ?)", row
                )
        hole = (13, 0, 10, circle(4))
        connection.execute(
            "INSERT INTO contours (annotation_id, inclusion, image_z_position, coords) VALUES (?, ?, ?, ?)", hole
        )
        connection.commit()
        return pl.DataFrame({"content": [connection.serialize()]})


class TestNodules:
    use_case = "healthcare/medical_image_diagnosis"

    def test_a_ball_has_the_measures_of_a_ball(self, nodules: pl.DataFrame) -> None:
        (ball, _) = assembled(self.use_case, {"database": nodules}).to_dicts()
        assert ball["patient"] == "patient 7"
        assert ball["malignant"] == 1
        assert ball["sections"] == 9
        assert ball["height"] == pytest.approx(9)
        assert ball["volume"] == pytest.approx(4 / 3 * math.pi * 5**3, rel=0.05)
        assert ball["diameter"] == pytest.approx(10, rel=0.03)
        assert ball["extent"] == pytest.approx(10, rel=0.06)
        assert ball["elongation"] == pytest.approx(1, rel=0.03)
        assert ball["roughness"] < 0.03

    def test_undecided_readings_and_other_opinions_are_left_out(self, nodules: pl.DataFrame) -> None:
        rows = assembled(self.use_case, {"database": nodules})
        assert rows["reading"].to_list() == [11, 13]
        assert rows["malignant"].to_list() == [1, 0]
        assert not {"subtlety", "malignancy"} & set(rows.columns)

    def test_the_picture_shows_depth_at_scale(self, nodules: pl.DataFrame) -> None:
        whole, holed = (pixels(file) for file in assembled(self.use_case, {"database": nodules})["image"])
        assert whole.shape == (64, 64)
        assert whole[31, 31] == pytest.approx(9 * 8, abs=2)
        assert holed[31, 31] == pytest.approx(8 * 8, abs=2)
        across = (whole[32] > 4).sum() * 0.75
        assert across == pytest.approx(10, abs=1.6)
        assert whole[:, :20].max() == 0


def test_chest_images_keep_their_order_and_role() -> None:
    rng = np.random.default_rng(0)
    arrays = {}
    for role, rows in (("train", 3), ("val", 2), ("test", 2)):
        arrays[f"{role}_images"] = rng.integers(0, 255, (rows, 28, 28)).astype(np.uint8)
        arrays[f"{role}_labels"] = np.arange(rows).reshape(-1, 1) % 2
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    rows = assembled("healthcare/chest_xray_diagnosis", {"images": pl.DataFrame({"content": [file.getvalue()]})})
    assert rows["role"].to_list() == ["train"] * 3 + ["valid"] * 2 + ["test"] * 2
    assert rows["pneumonia"].to_list() == [0, 1, 0, 0, 1, 0, 1]
    assert (pixels(rows["image"][3]) == arrays["val_images"][0]).all()


def test_cells_get_their_image_by_name_and_their_block_by_place() -> None:
    names = [f"cell{number:04d}.png" for number in range(1, 122)]
    labels = pl.DataFrame(
        {
            "path": [f"images/{name}" for name in names],
            "probability": [0.0, 1 / 3, 2 / 3, 1.0] * 30 + [0.0],
            "kind": "mono",
        }
    )
    images = pl.DataFrame({"path": [f"data/images/{name}" for name in names], "content": [n.encode() for n in names]})
    rows = assembled("manufacturing/quality_inspection", {"labels": labels, "images": images.reverse()})
    assert rows["cell"].to_list() == names
    assert rows["image"].to_list() == [name.encode() for name in names]
    assert rows["defective"].head(4).to_list() == [0, 0, 1, 1]
    assert rows["block"].to_list() == [0] * 60 + [1] * 60 + [2]
