"""A column as a few cells whose shares can be compared.

Belongs here: how the values of a column are sorted into cells that the reference rows define, and how far two
distributions over them lie apart. Does not belong here: which columns are compared (`reference`), or what an effect
means (`comparison`).

Cell 0 holds what is missing. So that nothing but shares needs to be kept, a value is never stored: quantiles of numbers
are, and the names of levels that many rows share; rare levels are known by their hash only.
"""

from statistics import NormalDist
from typing import Annotated, Literal

import numpy as np
import polars as pl
from pydantic import Field

from modeling.core.digits import number
from modeling.core.features import as_text
from modeling.core.hashing import hashed
from modeling.core.record import Record

MISSING = 0
QUANTILES = 50
GRAIN = 1e-9
"""Share of a number's range below which a difference is none: a running sum that returns to zero misses it by less."""
NAMED, NAMED_ROWS = 30, 10
"""So many levels at most, of so many rows at least, keep their name and a cell of their own."""
SEEN = 50_000
"""Of a column with more levels than this it is not kept which there were."""
SHOWN = 10
"""Cells of a picture, beside those for what was never seen."""


class _Cells(Record):
    @property
    def unseen(self) -> list[int]:
        """The cells of values that the reference never held."""
        return [1]

    def distance(self, before: np.ndarray, now: np.ndarray) -> np.ndarray:
        """Between shares ``[…, cells]`` that leave out what is missing: total variation, the share that moved."""
        return np.abs(before - now).sum(axis=-1) / 2


class Number(_Cells):
    """Cells between quantiles, one below and one above all of them.

    The distance is Wasserstein's first, on normal scores: a value stands for the normal quantile of its rank among the
    reference rows (van der Waerden 1952). A normal column that moves by one standard deviation moves by 1; the unit and
    the tails of the column don't matter, and no outlier can make or hide a change. Source for the distance as a measure
    of difference between samples: Ramdas, García Trillos & Cuturi 2017.
    """

    kind: Literal["number"] = "number"
    grain: float
    """Values are rounded to it, so that what differs by an error of arithmetic is equal; 0: not rounded."""
    edges: list[float]
    """Quantiles, ascending. The first cell is the minimum itself; the others end with their edge."""
    scores: list[float]
    """Normal score of each cell but the missing one."""

    @classmethod
    def fit(cls, values: pl.Series) -> "Number":
        """Cells between quantiles of the known ones among reference `values` ``[n]``."""
        known = _numbers(values)
        known = known[np.isfinite(known)]
        grain = float(np.ptp(known)) * GRAIN
        known = _rounded(known, grain)
        edges = np.unique(np.quantile(known, np.linspace(0, 1, QUANTILES + 1), method="inverted_cdf"))
        share = np.bincount(np.searchsorted(edges, known), minlength=len(edges)) / len(known)
        middle = np.cumsum(share) - share / 2
        least = 0.5 / len(known)
        ranks = np.clip([0, *middle, 1], least, 1 - least)
        normal = NormalDist()
        return cls(grain=grain, edges=edges.tolist(), scores=[normal.inv_cdf(float(rank)) for rank in ranks])

    @property
    def unseen(self) -> list[int]:
        """Below and above all quantiles."""
        return [1, self.size - 1]

    @property
    def size(self) -> int:
        """How many cells there are."""
        return 1 + len(self.scores)

    def code(self, values: pl.Series) -> np.ndarray:
        """int64 ``[n]``: the cell of each value. What is no number is missing."""
        numbers = _rounded(_numbers(values), self.grain)
        inside = 2 + np.searchsorted(self.edges, numbers)
        below_or_inside = np.where(numbers < self.edges[0], 1, inside)
        return np.where(np.isnan(numbers), MISSING, below_or_inside)

    def distance(self, before: np.ndarray, now: np.ndarray) -> np.ndarray:
        """Between shares ``[…, cells]``: Wasserstein's first, on normal scores."""
        return np.abs(np.cumsum(before - now, axis=-1)[..., :-1]) @ np.diff(self.scores)

    def groups(self) -> tuple[list[str], np.ndarray]:
        """Names of some tenths of the reference rows, and which of them each cell but the missing one belongs to."""
        ranks = np.array([NormalDist().cdf(score) for score in self.scores[1:-1]])
        tenth = np.unique(np.minimum((ranks * SHOWN).astype(int), SHOWN - 1), return_inverse=True)[1]
        last = [self.edges[np.flatnonzero(tenth == one)[-1]] for one in range(tenth.max() + 1)]
        names = [
            f"below {number(self.edges[0])}",
            *(f"to {number(edge)}" for edge in last),
            f"above {number(self.edges[-1])}",
        ]
        return names, np.array([0, *(tenth + 1), len(names) - 1])


class Category(_Cells):
    """A cell for each frequent level, one for all others, one for levels never seen."""

    kind: Literal["category"] = "category"
    levels: list[str]
    """The named levels, the most frequent first."""
    seen: list[int] | None
    """Hashes of all levels; None where there are too many to keep."""

    @classmethod
    def fit(cls, values: pl.Series) -> "Category":
        """Cells of the frequent levels among reference `values` ``[n]``."""
        counts = _text(values).drop_nulls().alias("level").value_counts(name="rows")
        named = counts.filter(pl.col("rows") >= NAMED_ROWS).sort(["rows", "level"], descending=[True, False])
        hashes = None if counts.height > SEEN else sorted(hashed(counts["level"]).tolist())
        return cls(levels=named["level"].head(NAMED).to_list(), seen=hashes)

    @property
    def size(self) -> int:
        """How many cells there are."""
        return 3 + len(self.levels)

    def code(self, values: pl.Series) -> np.ndarray:
        """int64 ``[n]``: the cell of each value."""
        text = _text(values)
        levels = text.drop_nulls().unique()
        cell = {name: place for place, name in enumerate(self.levels, start=3)}
        strange = np.zeros(len(levels), bool) if self.seen is None else ~np.isin(hashed(levels), self.seen)
        codes = [1 if new else cell.get(level, 2) for level, new in zip(levels, strange, strict=True)]
        return text.replace_strict(levels, codes, default=MISSING, return_dtype=pl.Int64).to_numpy()

    def code_reference(self, values: pl.Series) -> np.ndarray:
        """As `code`, of all reference rows. A level of a single row counts as never seen.

        Their share is the share of new levels to expect in a delivery where nothing changes (Good 1953).
        """
        single = _text(values).is_unique() & values.is_not_null()
        return np.where(single & (self.seen is not None), 1, self.code(values))

    def groups(self) -> tuple[list[str], np.ndarray]:
        """Names of the most frequent levels, and which of them each cell but the missing one belongs to."""
        shown = self.levels[:SHOWN]
        rest = len(self.levels) - len(shown)
        return ["never seen", "others", *shown], np.array([0, 1, *range(2, len(shown) + 2), *[1] * rest])


class Moment(_Cells):
    """Dates and times by their range: a delivery goes on where the reference ends, so its moments always differ.

    Out of range is what lies further from the reference's own range than that is long, or than a year.
    """

    kind: Literal["moment"] = "moment"
    first: float
    last: float
    size: Literal[3] = 3

    @classmethod
    def fit(cls, values: pl.Series) -> "Moment":
        """The range of reference `values` ``[n]``, and as much again on both sides."""
        year = 366 * 86_400e6 if values.dtype.is_temporal() else 0.0
        known = _moments(values).drop_nulls()
        first, last = float(known.min()), float(known.max())  # type: ignore[arg-type]
        reach = max(last - first, year)
        return cls(first=first - reach, last=last + reach)

    def code(self, values: pl.Series) -> np.ndarray:
        """int64 ``[n]``: the cell of each value. What is no moment is missing."""
        moments = _moments(values).to_numpy()
        inside = (moments >= self.first) & (moments <= self.last)
        return np.where(np.isnan(moments), MISSING, np.where(inside, 2, 1))

    def groups(self) -> tuple[list[str], np.ndarray]:
        """Names of the cells but the missing one, and their order."""
        return ["out of range", "in range"], np.arange(2)


class Presence(_Cells):
    """Of anything else only whether it is there."""

    kind: Literal["presence"] = "presence"
    size: Literal[2] = 2

    @property
    def unseen(self) -> list[int]:
        """None: it is not known what was there."""
        return []

    def code(self, values: pl.Series) -> np.ndarray:
        """int64 ``[n]``: 0 where the value is missing, else 1."""
        return values.is_not_null().cast(pl.Int64).to_numpy()

    def groups(self) -> tuple[list[str], np.ndarray]:
        """The one cell but the missing one."""
        return ["present"], np.zeros(1, dtype=int)


Cells = Annotated[Number | Category | Moment | Presence, Field(discriminator="kind")]


def cells(values: pl.Series, *, moment: bool = False, category: bool = False) -> Cells:
    """The cells that reference `values` ``[n]`` define: by their type, unless it is said what they are."""
    dtype = values.dtype
    known = values.fill_nan(None).drop_nulls() if dtype.is_float() else values.drop_nulls()
    if known.is_empty():
        return Presence()
    if dtype in (pl.Date, pl.Datetime) or (moment and dtype.is_numeric()):
        return Moment.fit(values)
    text = dtype in (pl.String, pl.Categorical, pl.Enum, pl.Boolean)
    if not moment and (text or (category and dtype.is_numeric())):
        return Category.fit(values)
    return Number.fit(values) if dtype.is_numeric() else Presence()


def effect(of: Cells, before: np.ndarray, now: np.ndarray) -> np.ndarray:
    """How far counts ``[…, cells]`` lie apart: the distance of what is there, or the difference in the share of what
    is missing if that is larger."""
    gap = of.distance(present(before), present(now))
    both = before[..., 1:].any(axis=-1) & now[..., 1:].any(axis=-1)
    return np.maximum(np.where(both, gap, 0.0), np.abs(missing(before) - missing(now)))


def present(counts: np.ndarray) -> np.ndarray:
    """The shares ``[…, cells - 1]`` among what is there of counts ``[…, cells]``; 0 where nothing is."""
    there = counts[..., 1:]
    return there / np.maximum(there.sum(axis=-1, keepdims=True), 1)


def missing(counts: np.ndarray) -> np.ndarray:
    """The share ``[…]`` of what is missing."""
    return counts[..., MISSING] / np.maximum(counts.sum(axis=-1), 1)


def _numbers(values: pl.Series) -> np.ndarray:
    """float64 ``[n]``; NaN where there is none."""
    return values.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()


def _rounded(numbers: np.ndarray, grain: float) -> np.ndarray:
    return np.round(numbers / grain) * grain if grain else numbers


def _moments(values: pl.Series) -> pl.Series:
    """Microseconds, or the numbers that stand for moments; null where there is neither."""
    if values.dtype in (pl.Date, pl.Datetime):
        return values.cast(pl.Datetime("us")).to_physical().cast(pl.Float64)
    return values.cast(pl.Float64, strict=False).fill_nan(None)


def _text(values: pl.Series) -> pl.Series:
    """The levels by name, as a recipe names them."""
    return values.to_frame("level").select(as_text("level", values.dtype))["level"]
