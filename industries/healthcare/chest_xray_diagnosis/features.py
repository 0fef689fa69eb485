"""Chest X-rays of children, as MedMNIST packs them: one compressed file of arrays.

Belongs here: from arrays to a row an image, with the role its publishers gave it. Does not belong here: the meaning of
the columns (`use_case.yaml`).
"""

import io

import numpy as np
import polars as pl

ROLES = {"train": "train", "val": "valid", "test": "test"}


def assemble(members: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """The images as PNG files, numbered in their order, with `pneumonia` 0 or 1 and the publishers' `role`."""
    (packed,) = members["images"].collect()["content"]
    with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
        parts = [_part(arrays[f"{name}_images"], arrays[f"{name}_labels"], role) for name, role in ROLES.items()]
    return pl.concat(parts).with_row_index("number").lazy()


def _part(images: np.ndarray, labels: np.ndarray, role: str) -> pl.DataFrame:
    """uint8 ``[n, 28, 28]`` and labels ``[n, 1]``."""
    columns = {"image": [_png(image) for image in images], "pneumonia": labels[:, 0].astype(np.int64)}
    return pl.DataFrame(columns).with_columns(role=pl.lit(role))


def _png(image: np.ndarray) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()
