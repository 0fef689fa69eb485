"""What a radiologist drew around a lung nodule, as a picture and as measures of its shape.

Belongs here: reading the database of outlines, and from outlines to millimetres. Does not belong here: the other
ratings of the same radiologist (subtlety, margin, lobulation, spiculation, texture…), which are opinions formed
together with the one to be predicted and would give it away; they are never read.

The picture is a view through the nodule: a pixel's grey says how many millimetres of it lie behind each other. All
pictures have the same scale.
"""

import io
import math
import sqlite3
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import polars as pl

SIDE = 64
PIXEL_MM = 0.75
"""48 mm a side; what is called a nodule is at most 30 mm wide."""
FINER = 4
"""Outlines are drawn that many times finer and averaged, for soft edges."""
GREY_PER_MM = 8
"""White is 32 mm deep."""
UNDECIDED = 3

READINGS = f"""
SELECT annotations.id AS reading, patient_id AS patient, malignancy > {UNDECIDED} AS malignant,
       slice_thickness, pixel_spacing, (MAX(val) - MIN(val)) / (COUNT(val) - 1) AS slice_distance
FROM annotations JOIN scans ON scans.id = annotations.scan_id JOIN zvals ON zvals.scan_id = scans.id
WHERE malignancy != {UNDECIDED} GROUP BY annotations.id ORDER BY annotations.id
"""
OUTLINES = f"""
SELECT annotation_id AS reading, image_z_position AS z, inclusion, coords
FROM contours JOIN annotations ON annotations.id = annotation_id
WHERE malignancy != {UNDECIDED} ORDER BY annotation_id, z, inclusion DESC
"""


@dataclass(frozen=True)
class Outline:
    """One closed line at height `z`: `points` ``[k, 2]``, in mm; around a hole where `included` is false."""

    z: float
    included: bool
    points: np.ndarray

    @property
    def area(self) -> float:
        """In mm² (shoelace formula)."""
        x, y = self.points.T
        return float(abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2)


def assemble(members: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """A row per reading: a nodule as one radiologist drew it and called it likely benign or likely malignant."""
    (database,) = members["database"].collect()["content"]
    with sqlite3.connect(":memory:") as connection:
        connection.deserialize(database)
        readings = pl.read_database(READINGS, connection)
        outlines = connection.execute(OUTLINES).fetchall()
    drawn = [list(group) for _, group in groupby(outlines, key=lambda row: row[0])]
    pairs = zip(drawn, readings.select("pixel_spacing", "slice_distance").iter_rows(), strict=True)
    described = [_described(rows, pixel, distance) for rows, (pixel, distance) in pairs]
    return readings.drop("pixel_spacing", "slice_distance").hstack(pl.DataFrame(described)).lazy()


def _described(rows: list[tuple], pixel: float, distance: float) -> dict:
    """The picture and the measures of one nodule, of rows (reading, z, inclusion, coords)."""
    outlines = [Outline(z, bool(included), _points(coords) * pixel) for _, z, included, coords in rows]
    return {"image": _picture(outlines, distance)} | _measures(outlines, distance)


def _points(coords: str) -> np.ndarray:
    """``[k, 2]`` of lines of `x,y`."""
    return np.array(coords.replace("\n", ",").split(","), dtype=np.float64).reshape(-1, 2)


def _picture(outlines: list[Outline], distance: float) -> bytes:
    """A PNG of the depth in mm, the nodule in its middle."""
    from PIL import Image

    every = np.concatenate([outline.points for outline in outlines])
    corner = (every.min(axis=0) + every.max(axis=0)) / 2 - SIDE * PIXEL_MM / 2
    sections = groupby(outlines, key=lambda outline: outline.z)
    depth = np.sum([_section(list(section), corner) for _, section in sections], axis=0) * distance
    file = io.BytesIO()
    Image.fromarray((depth * GREY_PER_MM).clip(0, 255).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def _section(outlines: list[Outline], corner: np.ndarray) -> np.ndarray:
    """The share of each pixel that lies inside, float ``[SIDE, SIDE]``; holes come last."""
    from PIL import Image, ImageDraw

    canvas = Image.new("L", (SIDE * FINER, SIDE * FINER))
    draw = ImageDraw.Draw(canvas)
    for outline in outlines:
        points = (outline.points - corner) * FINER / PIXEL_MM
        draw.polygon(points.ravel().tolist(), fill=255 if outline.included else 0)
    return np.asarray(canvas.reduce(FINER)) / 255


def _measures(outlines: list[Outline], distance: float) -> dict[str, float]:
    """Size and form, in mm, mm² and mm³; the form is that of the largest section's outline."""
    largest = max((outline for outline in outlines if outline.included), key=lambda outline: outline.area)
    points, area = largest.points, largest.area
    perimeter = float(np.linalg.norm(points - np.roll(points, 1, axis=0), axis=1).sum())
    extent = float(np.linalg.norm(points[:, None] - points[None], axis=2).max())
    radius = np.linalg.norm(points - points.mean(axis=0), axis=1)
    minor, major = np.sqrt(np.linalg.eigvalsh(np.cov(points.T)).clip(0))
    volume = distance * sum(outline.area * (1 if outline.included else -1) for outline in outlines)
    sections = len({outline.z for outline in outlines})
    return {
        "sections": sections,
        "height": sections * distance,
        "volume": volume,
        "area": area,
        "diameter": 2 * math.sqrt(area / math.pi),
        "extent": extent,
        "perimeter": perimeter,
        "circularity": 4 * math.pi * area / perimeter**2,
        "roughness": float(radius.std() / radius.mean()),
        "elongation": float(minor / major),
        "fullness": volume / (math.pi / 6 * extent**3),
        "holes": sum(not outline.included for outline in outlines),
    }
