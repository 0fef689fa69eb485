"""Rows made by the check, of realistic shape: numbers and codes, texts, pictures, histories, molecules.

Belongs here: tables that can be learned from, the same for the same seed. Does not belong here: how many rows are used
(`cases`).
"""

import io

import numpy as np
import polars as pl

from modeling.core.table import Table
from modeling.problems.recommendation.ranking import AGE, EXCLUDED, HISTORY, ITEM, ITEMS

NUMBERS, CODES, LEVELS = 40, 8, 20
VOCABULARY = 4000
ITEMS_SOLD, TAKEN = 2000, 60


def tabular(rows: int, seed: int) -> Table:
    """40 numbers, five of them with gaps, and 8 columns of codes; a binary target that depends on both."""
    rng = np.random.default_rng(seed)
    numeric = rng.normal(size=(rows, NUMBERS)).astype(np.float32)
    codes = rng.integers(0, LEVELS, (rows, CODES), dtype=np.int32)
    score = numeric[:, 0] * numeric[:, 1] + np.sin(2 * numeric[:, 2]) + (codes[:, 0] > LEVELS // 2)
    target = score + rng.normal(size=rows) > np.median(score)
    numeric[:, -5:][rng.random((rows, 5)) < 0.05] = np.nan
    names = tuple(f"number {index}" for index in range(NUMBERS))
    coded = tuple(f"code {index}" for index in range(CODES))
    return Table(numeric, codes, target.astype(np.float64), names, coded, (LEVELS,) * CODES)


def texts(rows: int, seed: int, words: int) -> Table:
    """`words` words a text; those of a class are drawn from its own half of the vocabulary somewhat more often."""
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 2, rows)
    drawn = rng.integers(0, VOCABULARY // 2, (rows, words)) * 2
    drawn += np.where(rng.random((rows, words)) < 0.2, target[:, None], rng.integers(0, 2, (rows, words)))
    return _content(target, pl.DataFrame({"text": [" ".join(f"w{word}" for word in line) for line in drawn]}))


def images(rows: int, seed: int, side: int) -> Table:
    """Grey noise as PNG, `side` pixels a side, with a bright bar: upright or lying."""
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 2, rows)
    return _content(target, pl.DataFrame({"image": [_bar(rng, side, upright) for upright in target]}))


def molecules(rows: int, seed: int) -> Table:
    """Chains and rings of carbon, some with a nitrogen, which is what the target depends on."""
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 2, rows)
    lengths = rng.integers(4, 24, rows)
    texts = [f"{'C' * length}{'N' if event else 'C'}Cc1ccccc1" for length, event in zip(lengths, target, strict=True)]
    return _content(target, pl.DataFrame({"molecule": texts}))


def histories(rows: int, seed: int) -> Table:
    """60 items a user, each mostly decided by the one before it, and the one that came next."""
    rng = np.random.default_rng(seed)
    taken = np.empty((rows, TAKEN + 1), dtype=np.int32)
    taken[:, 0] = rng.integers(0, ITEMS_SOLD, rows)
    for place in range(TAKEN):
        following = (taken[:, place] * 7 + 3) % ITEMS_SOLD
        taken[:, place + 1] = np.where(rng.random(rows) < 0.8, following, rng.integers(0, ITEMS_SOLD, rows))
    lists = pl.Series(HISTORY, taken[:, :-1].tolist(), dtype=pl.List(pl.Int32))
    ages = pl.Series(AGE, [list(range(TAKEN, 0, -1))] * rows, dtype=pl.List(pl.Float32))
    nothing = pl.Series(EXCLUDED, [[]] * rows, dtype=pl.List(pl.Int32))
    items = pl.DataFrame({ITEM: [str(code) for code in range(ITEMS_SOLD)]})
    return _content(taken[:, -1:], pl.DataFrame([lists, ages, nothing]), np.int64, {ITEMS: items})


def _content(
    target: np.ndarray, content: pl.DataFrame, dtype: type = np.float64, shared: dict[str, pl.DataFrame] | None = None
) -> Table:
    """Rows that are nothing but `content`."""
    none = np.empty((len(target), 0))
    return Table(
        none.astype(np.float32), none.astype(np.int32), target.astype(dtype), (), (), (), content, shared or {}
    )


def _bar(rng: np.random.Generator, side: int, upright: int) -> bytes:
    from PIL import Image

    array = rng.integers(0, 120, (side, side), dtype=np.uint8)
    start, width = rng.integers(side // 8, side // 2), side // 8
    array[(slice(None), slice(start, start + width)) if upright else slice(start, start + width)] += 120
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG", compress_level=1)
    return file.getvalue()
