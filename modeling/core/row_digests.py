"""Which rows a model has learned from, known without keeping them.

Belongs here: what makes a row the same row in another delivery. Does not belong here: the hash of a row (`hashing`), or
what follows from having seen one (`modeling.evaluation.challenge`, `modeling.drift.performance`).
"""

from collections.abc import Collection

import numpy as np
import polars as pl
import polars.selectors as cs

from catalogue.definition import UseCase
from modeling.core.features import Derive, FeatureError, derived
from modeling.core.hashing import row_hashes

REPEATED = 0.05
"""Where the next row would hold the values of a former one with a greater chance than this, equal values do not make
two rows the same."""


def digests(frame: pl.DataFrame, columns: Collection[str]) -> np.ndarray:
    """uint64 ``[n]``: alike where rows hold the same values in `columns`, in whatever order and delivery they come."""
    return row_hashes(frame.select(cs.by_name(*sorted(columns))))


def columns_read(frame: pl.DataFrame, inputs: Collection[str], use_case: UseCase, derive: Derive | None) -> list[str]:
    """The columns of raw rows by which a model knows a row again, sorted: the target, and those that its `inputs` are
    or are derived from, identifiers aside. A column that it does not read may change, and the row is still the same.

    Without rows, `derive` shows which columns it needs: it fails where one is missing. All count where it needs rows.
    """
    roles = use_case.columns
    raw = set(frame.columns) - {use_case.target, *roles.identifier}
    empty = frame.clear().drop(cs.by_name(use_case.target, require_all=False))
    read = raw & set(inputs)
    if derive is not None:
        read |= {name for name in raw - read if not _gives(empty.drop(cs.by_name(name)), inputs, derive)}
    return sorted(read | {use_case.target})


def _gives(rows: pl.DataFrame, inputs: Collection[str], derive: Derive) -> bool:
    """Whether `derive` makes all `inputs` of such rows."""
    try:
        return set(inputs) <= set(derived(rows, derive).columns)
    except (FeatureError, ValueError, TypeError, KeyError, AttributeError, IndexError, ZeroDivisionError):
        return False


def repeat(rows: np.ndarray) -> bool:
    """Whether rows with these digests ``[n]`` hold equal values by chance, so that values do not tell one from another.

    The chance that the next row is like a former one is the share of rows that are not unique (Good 1953, who
    attributes it to Turing).
    """
    count = np.unique(rows, return_counts=True)[1]
    return len(rows) > 0 and 1 - (count == 1).sum() / len(rows) > REPEATED
