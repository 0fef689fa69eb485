"""Readers of three genres: who has read some of one reads more of it."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

READERS, BOOKS, GENRES = 90, 60, ("crime", "poetry", "travel")

CONTENT: dict[str, Any] = {
    "title": "What will they read next?",
    "task": "recommendation",
    "source": {"files": {"path": "*.parquet"}, "licence": "CC0", "citation": "made by the test"},
    "target": "book",
    "columns": {"group": "reader", "time": "day", "slices": ["club"]},
    "settings": {"title": "name", "tags": "genre", "numbers": ["pages"]},
    "split": {"by": "time", "valid": 0.2, "test": 0.25},
    "parameters": {
        "lightgbm_ranker": {"moments": 3, "days": 20.0, "rounds": 20, "min_data_in_leaf": 20, "num_leaves": 4},
        "sasrec": {"width": 16, "heads": 1, "blocks": 1, "length": 8, "epochs": 6},
    },
}


def frame(seed: int = 0) -> pl.DataFrame:
    """Some 1,400 loans within 200 days; a reader keeps to one genre, nine times in ten."""
    draw = np.random.default_rng(seed)
    taste = draw.integers(3, size=READERS)
    loans = [
        (reader, int(book) if draw.random() < 0.9 else int(draw.integers(BOOKS)), float(draw.uniform(0, 200)))
        for reader in range(READERS)
        for book in draw.permutation(np.arange(BOOKS)[np.arange(BOOKS) % 3 == taste[reader]])[:16]
    ]
    start = datetime(2024, 1, 1)
    return pl.DataFrame(
        {
            "reader": [f"reader {reader:02d}" for reader, _, _ in loans],
            "book": [f"b{book:02d}" for _, book, _ in loans],
            "day": [start + timedelta(days=day) for _, _, day in loans],
            "name": [f"Volume {book}" for _, book, _ in loans],
            "genre": [GENRES[book % 3] for _, book, _ in loans],
            "pages": [100 + 10 * (book % 7) for _, book, _ in loans],
            "club": ["north" if reader % 2 else "south" for reader, _, _ in loans],
        }
    ).unique(["reader", "book"], keep="first", maintain_order=True)
