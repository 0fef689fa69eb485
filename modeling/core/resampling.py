"""The unsealed rows, divided anew.

Belongs here: repeated splits and folds of the rows that are not the sealed test, dealt as the use case's split deals.
Does not belong here: the roles themselves (`splits`), or training on any division (`modeling.evaluation`).

Source: Varma & Simon 2006 (nested cross-validation); Tashman 2000 (rolling origins).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from catalogue.definition import TimeSplit, UseCase
from modeling.core.feature_set import FeatureSet
from modeling.core.splits import TUNING, held_out, strata
from modeling.core.table import Rows

FOLDS = 5
LEAST_TRAINING = 0.5
"""A rolling origin leaves at least this share of the unsealed rows to learn from."""


@dataclass(frozen=True)
class Division:
    """The unsealed rows in two or three parts: `train` learns, `tune` (part of a nested fold only) tunes and stops, and
    `held_out` scores."""

    train: Rows
    tune: Rows
    held_out: Rows


def unsealed(features: FeatureSet) -> Rows:
    """Training, tuning and validation rows, in this order."""
    return Rows.stacked([features.train, features.tune, features.valid])


def can_be_dealt(features: FeatureSet) -> bool:
    """Whether the unsealed rows may be divided anew: not where the split is official, or rows are windows."""
    return features.train.block is not None


def repeats(features: FeatureSet, use_case: UseCase, count: int) -> list[Division]:
    """The unsealed rows divided `count` times as they were into training and validation.

    Dealt anew, or, where the split is by time, at earlier and earlier origins (fewer where too little is left to learn
    from). Of the rest, `TUNING` tunes.
    """
    rows = unsealed(features)
    share = len(features.valid) / len(rows)
    if isinstance(use_case.split, TimeSplit):
        held = _rolling(_blocks(rows), share, count)
    else:
        stratum = _strata(rows, use_case)
        deals = (held_out(_blocks(rows), share, use_case.split, stratum, repeat) for repeat in range(1, count + 1))
        held = [(~out, out) for out in deals]
    return [_division(rows, rest, out, use_case) for rest, out in held]


def nested_folds(features: FeatureSet, use_case: UseCase, count: int = FOLDS) -> list[Division]:
    """The unsealed rows in `count` folds of whole blocks, each held out once; of the rest, `TUNING` tunes.

    Where the split is by time each fold but the first is held out, and only what lies before it is learned from. Fewer
    folds where there are fewer blocks, or one holds the rows of several folds.
    """
    rows = unsealed(features)
    fold = _folds(_blocks(rows), count, use_case)
    by_time = isinstance(use_case.split, TimeSplit)
    parts = range(1 if by_time else 0, int(fold.max()) + 1)
    return [_division(rows, fold < part if by_time else fold != part, fold == part, use_case) for part in parts]


def _blocks(rows: Rows) -> np.ndarray:
    assert rows.block is not None, "rows can't be dealt anew: ask `can_be_dealt`"
    return rows.block


def _strata(rows: Rows, use_case: UseCase) -> np.ndarray:
    return strata(pl.Series(rows.table.target.reshape(len(rows), -1)[:, 0]), use_case.split)


def _division(rows: Rows, rest: np.ndarray, out: np.ndarray, use_case: UseCase) -> Division:
    """Of the rows in the masks `rest` and `out` ``[n]``."""
    learned = np.flatnonzero(rest)
    tune = held_out(_blocks(rows)[learned], TUNING, use_case.split, _strata(rows, use_case)[learned])
    return Division(rows.rows(learned[~tune]), rows.rows(learned[tune]), rows.rows(np.flatnonzero(out)))


def _rolling(block: np.ndarray, share: float, count: int) -> Sequence[tuple[np.ndarray, np.ndarray]]:
    """Masks of what is learned from and held out: windows that hold `share` of the rows each, one before the other,
    the last of them where validation lies."""
    last = np.sort(block)
    starts = [last[int(len(last) * max(0.0, 1 - share * (number + 1)))] for number in range(count)]
    ends = [np.inf, *starts[:-1]]
    windows = [(block < start, (block >= start) & (block < end)) for start, end in zip(starts, ends, strict=True)]
    return [(rest, out) for rest, out in windows if out.any() and rest.mean() >= LEAST_TRAINING]


def _folds(block: np.ndarray, count: int, use_case: UseCase) -> np.ndarray:
    """int64 ``[n]``: the fold of every row, sizes as even as whole blocks allow."""
    _, code, size = np.unique(block, return_inverse=True, return_counts=True)
    order = np.arange(len(size))
    if not isinstance(use_case.split, TimeSplit):
        order = np.random.default_rng([1, getattr(use_case.split, "seed", 0)]).permutation(len(size))
        return _evenly(size, order, min(count, len(size)))[code]
    middle = np.cumsum(size) - size / 2
    fold = np.minimum((middle / size.sum() * count).astype(np.int64), count - 1)
    return np.unique(fold, return_inverse=True)[1][code]


def _evenly(size: np.ndarray, order: np.ndarray, count: int) -> np.ndarray:
    """The fold of every block: the larger go first, each to the fold that holds the fewest rows."""
    fold, held = np.empty(len(size), dtype=np.int64), np.zeros(count)
    for one in order[np.argsort(-size[order], kind="stable")]:
        fold[one] = held.argmin()
        held[fold[one]] += size[one]
    return fold
