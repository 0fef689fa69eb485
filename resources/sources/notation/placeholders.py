"""Marks that usually stand for a missing value, and are a value where they are a large part of a column.

Belongs here: telling the two apart, and saying how it was told. Does not belong here: the marks themselves (`missing`),
or how a file's options are put together (`detection`).
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import polars as pl
from polars import selectors as cs

from resources.sources.notation.missing import MISSING

LARGE = 0.2
"""Share of the values of a column of text from which on a mark is one of its levels: a result that was fine, a row
without an event."""
AMBIGUOUS = ("-", "--", "–", "—", "?")
"""Marks that people also write for a level of its own; what spells that there is nothing is none."""


@dataclass(frozen=True)
class Placeholders:
    """`levels`: the marks that are values in columns of text; `doubts` about each that could be either."""

    levels: set[str]
    doubts: list[str]

    @classmethod
    def of(cls, table: pl.DataFrame, numbers: Collection[str], dates: Collection[str]) -> "Placeholders":
        """The marks in columns of text, of which some are read as `numbers` or `dates`. What is a gap among dates is
        one in all columns of text, for these have no gaps of their own."""
        found = [*_shares(table)]
        gaps = {mark for name, mark, _ in found if name in dates}
        texts = [one for one in found if one[0] not in dates and one[0] not in numbers]
        levels = {mark for _, mark, share in texts if LARGE <= share < 1 and mark in AMBIGUOUS} - gaps
        told = [_told(*one, levels) for one in texts if one[1] in AMBIGUOUS or one[2] >= LARGE]
        return cls(levels, [*told, *(_among_numbers(*one) for one in found if one[0] in numbers and one[2] >= LARGE)])


def _told(name: str, mark: str, share: float, levels: set[str]) -> str:
    if mark in levels:
        return f"{_seen(name, mark, share)} a value: if it is a gap, add {mark!r} to `null_values`"
    return f"{_seen(name, mark, share)} a gap: if it is a value, take it out of `null_values`"


def _among_numbers(name: str, mark: str, share: float) -> str:
    return f"{_seen(name, mark, share)} a gap: if it means a number, such as 0, write that in the file"


def _seen(name: str, mark: str, share: float) -> str:
    return f"{mark!r} in column {name!r} ({share:.1%} of its values) is read as"


def _shares(table: pl.DataFrame) -> Iterator[tuple[str, str, float]]:
    """Column, mark, and its share of the values there."""
    marked = table.select(cs.string().is_in(MISSING).any())
    for name in [column.name for column in marked.iter_columns() if column.item()]:
        known = table[name].alias("mark").drop_nulls()
        for mark, rows in known.filter(known.is_in(MISSING)).value_counts(sort=True).iter_rows():
            yield name, mark, rows / len(known)
