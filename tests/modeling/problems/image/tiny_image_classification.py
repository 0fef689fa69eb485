"""Grey pictures of discs and crosses: what the tests of tasks and of learners that see start from.

Belongs here: rows and a definition under which every learner is quick. Does not belong here: what tests expect.
"""

import io
from typing import Any

import numpy as np
import polars as pl
from PIL import Image, ImageDraw

SIDE = 32
CONTENT: dict[str, Any] = {
    "title": "Is it a cross?",
    "task": "image_classification",
    "source": {"files": {"path": "*.parquet"}, "licence": "CC0", "citation": "made by the test"},
    "target": "cross",
    "columns": {"identifier": ["number"], "image": "photo"},
    "split": {"by": "random", "stratify": "target", "valid": 0.2, "test": 0.2},
    "learners": ["pixels", "image_lightgbm", "cnn", "image_encoder"],
    "parameters": {
        "pixels": {"side": 16, "C": 0.01},
        "image_lightgbm": {"init": "random", "side": 32, "components": 8, "trials": 1, "rounds": 40},
        "cnn": {"widths": [4, 8, 16], "side": 32, "epochs": 10, "batch": 16, "learning_rate": 0.01},
        "image_encoder": {
            "init": "random",
            "side": 32,
            "epochs": 6,
            "batch": 16,
            "learning_rate": 0.01,
            "body_rate": 1.0,
            "flips": "none",
            "shift": 0.0,
        },
    },
}


def frame(seed: int = 0, rows: int = 160) -> pl.DataFrame:
    """`rows` noisy pictures, half of them crosses; brightness as a number beside them tells a little."""
    draw = np.random.default_rng(seed)
    cross = np.arange(rows) % 2
    return pl.DataFrame(
        {
            "number": np.arange(rows),
            "photo": [png(picture(bool(is_cross), draw)) for is_cross in cross],
            "brightness": cross + draw.normal(0, 2, rows),
            "cross": cross,
        }
    )


def picture(cross: bool, draw: np.random.Generator) -> Image.Image:
    """One shape somewhere near the middle, on noise."""
    ground = Image.fromarray(draw.integers(0, 60, (SIDE, SIDE)).astype(np.uint8))
    x, y = draw.integers(13, 19, 2).tolist()
    pen = ImageDraw.Draw(ground)
    if cross:
        pen.line([(x - 8, y), (x + 8, y)], fill=200, width=3)
        pen.line([(x, y - 8), (x, y + 8)], fill=200, width=3)
    else:
        pen.ellipse([x - 6, y - 6, x + 6, y + 6], fill=200)
    return ground


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
