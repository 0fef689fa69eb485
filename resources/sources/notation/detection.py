"""Detecting how the values of a table are written, from the values themselves.

Belongs here: the options that a table of text needs, and what could be otherwise. Does not belong here: what a number
or a date is (`numbers`, `dates`).
"""

from dataclasses import dataclass, field
from typing import Any

import polars as pl
from polars import selectors as cs

from catalogue.definition import Reading
from resources.sources.notation.date_detection import DatesFound, dates_of, doubts_about_dates, numbers_as_dates
from resources.sources.notation.missing import MISSING, MISSING_AMONG_NUMBERS
from resources.sources.notation.number_detection import DetectedNumbers, detect_numbers
from resources.sources.notation.placeholders import Placeholders


@dataclass(frozen=True)
class DetectedNotation:
    """`options` of a `Reading` that differ from its defaults, and what could be otherwise."""

    options: dict[str, Any] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)


def detect(table: pl.DataFrame, *, separator: str = ",", is_csv: bool = True) -> DetectedNotation:
    """How the values of a table are written; its columns are text as it stands in the file, null where empty.

    A mark of a missing value counts as one wherever it stands alone; a word such as `unknown` only in a column that
    holds numbers or dates otherwise.

    separator, is_csv: as `number_detection.detect_numbers`.
    """
    texts = table.select(cs.string())
    values = _different(texts, pl.all().filter(~pl.all().is_in(MISSING)))
    marks = _different(texts, pl.all().filter(pl.all().is_in(MISSING)))
    numbers = detect_numbers(values if is_csv else _different(texts, pl.all()), separator=separator, is_csv=is_csv)
    dates = _dates(table, {name: column for name, column in values.items() if name not in numbers.names})
    are_dates = {name for name, found in dates.items() if found.are_dates}
    held = Placeholders.of(table if is_csv else table.clear(), numbers.names - are_dates, are_dates)
    known = _different(texts, pl.all().filter(pl.all().is_in([*MISSING_AMONG_NUMBERS, *held.levels])))
    of_dates = {word for found in dates.values() for word in found.words}
    levels = {word for name in known.keys() - are_dates - numbers.names for word in known[name]}
    words = {name: {*known[name]} for name in known.keys() & numbers.unasked}
    columns = numbers.columns | _with_own_gaps(numbers, known, levels)
    of_dates |= {mark for name in marks.keys() & are_dates for mark in marks[name]}
    everywhere = {mark for found in marks.values() for mark in found if is_csv} - held.levels
    among_numbers = {word for name in words.keys() - columns.keys() for word in words[name]}
    options = numbers.notation.options
    known_words = Reading.model_fields["null_values"].default
    if missing := [*sorted(everywhere), *sorted((of_dates | among_numbers).difference(everywhere, known_words))]:
        options["null_values"] = [*known_words, *missing]
    if numeric := [name for name in table.columns if name in columns and name not in are_dates]:
        options["numbers"] = {name: columns[name] for name in numeric}
    if written := {name: found.options for name, found in dates.items() if found.options}:
        options["date_format"] = written
    return DetectedNotation(options, [*numbers.doubts, *doubts_about_dates(table, dates), *held.doubts])


def _with_own_gaps(
    numbers: DetectedNumbers, known: dict[str, pl.Series], levels: set[str]
) -> dict[str, dict[str, Any]]:
    """What is said of the columns of numbers in which a word is a gap that is a level elsewhere."""
    columns = {}
    for name in known.keys() & numbers.names:
        keys, words = numbers.columns.get(name, {}), {*known[name]}
        named = keys.get("null_values", [])
        if words & levels:
            columns[name] = keys | {"null_values": [*named, *sorted(words.difference(named))]}
    return columns


def _dates(table: pl.DataFrame, texts: dict[str, pl.Series]) -> dict[str, DatesFound]:
    """What is found in columns of text, and in those of numbers that are dates."""
    found = {name: dates_of(column, table[name]) for name, column in texts.items()}
    for column in table.iter_columns():
        if column.name not in texts and (column.dtype == pl.String or column.dtype.is_numeric()):
            text = column.drop_nulls().unique(maintain_order=True).cast(pl.String)
            numbers = numbers_as_dates(text.filter(~text.is_in(MISSING)), named=_named(column.name))
            if numbers.formats:
                found[column.name] = numbers
    return found


def _named(name: str) -> bool:
    """Whether a column holds dates by its name; the words come with all that proposes a definition."""
    from modeling.proposal import names

    return names.says(name, (*names.TIME, *names.CLOCK, "at"))


def _different(texts: pl.DataFrame, kept: pl.Expr) -> dict[str, pl.Series]:
    """The different values of each column that are kept; only columns that have any."""
    lists = texts.select(kept.drop_nulls().unique(maintain_order=True).implode())
    return {column.name: column[0].alias(column.name) for column in lists.iter_columns() if len(column[0])}
