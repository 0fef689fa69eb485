"""Text, images and molecules by what is simple to measure of them.

Belongs here: the numbers that stand for a column of content in a comparison. Does not belong here: what a contract may
measure in content (`resources.contracts.probes`), or what a model reads in it.
"""

import numpy as np
import polars as pl
import polars.selectors as cs

from catalogue.definition import UseCase
from modeling.problems.image.images import pixels

_SIDE = 16
"""Pixels of an image's side when its brightness is taken."""


def measured(frame: pl.DataFrame, use_case: UseCase) -> pl.DataFrame:
    """`frame` with numbers in the place of its content: `note.characters`, `photo.bytes`, `photo.brightness`,
    `photo.contrast` (mean and standard deviation of the grey values, 0–255). Null where the content is."""
    for name in use_case.columns.content:
        if name in frame.columns:
            frame = frame.drop(cs.by_name(name)).with_columns(_properties(frame[name]))
    return frame


def _properties(content: pl.Series) -> list[pl.Series]:
    name = content.name
    if content.dtype == pl.Binary:
        return [content.bin.size().alias(f"{name}.bytes"), *_light(content)]
    return [content.cast(pl.String).str.len_chars().alias(f"{name}.characters")]


def _light(images: pl.Series) -> list[pl.Series]:
    there = images.is_not_null()
    grey = pixels(images.filter(there).to_list(), _SIDE, colour=False)
    found = {"brightness": grey.mean(axis=(1, 2, 3)), "contrast": grey.std(axis=(1, 2, 3))}
    empty = pl.Series([None] * len(images), dtype=pl.Float64)
    return [
        empty.scatter(there.arg_true(), values.astype(np.float64)).alias(f"{images.name}.{measure}")
        for measure, values in found.items()
    ]
