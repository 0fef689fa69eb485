"""Detecting how the numbers of a table of text are written, from the values themselves.

Belongs here: the notation of a file, the columns that need one of their own or more than that, and where two fit. Does
not belong here: what stands beside the numbers of a column (`number_columns`), or dates and missing values
(`detection`).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from resources.sources.notation.missing import MISSING_AMONG_NUMBERS
from resources.sources.notation.number_columns import (
    KNOWN,
    NAME,
    NEARLY,
    NUMBER,
    Candidate,
    NumberColumn,
    number_column,
)
from resources.sources.notation.numbers import INFINITE, NOTATIONS, Notation, ascii_of

TRIED = 200
"""Where hardly any of this many values looks like a number, the rest are not looked at."""
MOST_DOUBTS = 5
"""Columns of which it is said one by one that two notations fit."""
PROBABLE = 0.5
PLAIN = {"decimal_comma": False}
"""What a column says that is written as programs do, in a file that is not."""
Marks = tuple[list[tuple[str, str]], list[tuple[str, str, bool]]]
GROUPED = r"^[0-9]{1,3}[.,][0-9]{3}$"
"""One mark before three digits: it may stand before decimals or, but after a zero, between thousands."""


@dataclass(frozen=True)
class DetectedNumbers:
    """The notation of most columns; `numbers` for those that need it; the columns that are read as numbers unasked; and
    what could be otherwise."""

    notation: Notation
    columns: dict[str, dict[str, Any]] = field(default_factory=dict)
    unasked: set[str] = field(default_factory=set)
    doubts: list[str] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        """Those of all columns of numbers."""
        return self.unasked | self.columns.keys()


def detect_numbers(values: dict[str, pl.Series], *, separator: str, is_csv: bool) -> DetectedNumbers:
    """How numbers are written in columns of different texts.

    separator: what parts the columns of a CSV file; empty in other formats.
    is_csv: whether a column that holds nothing but numbers is read as such unasked, and what stands for a missing value
    anywhere is known; in other formats text is text unless `numbers` names its column.
    """
    order = sorted(NOTATIONS, key=lambda one: one.thousands == ",") if separator == ";" else NOTATIONS
    plain = _fitting(values, Notation().pattern)
    heads = {name: column.head(TRIED) for name, column in values.items() if name not in plain}
    likely = _fitting(heads, NUMBER, PROBABLE, as_ascii=True)
    digits = {name: column for name, column in values.items() if name in plain | likely}
    fits = {one: _fitting(digits, one.pattern) if likely else plain for one in order}
    others = {name: Candidate.of(values[name]) for name in digits.keys() - set().union(*fits.values())}
    shares = {one: sum(column.share(one) >= NEARLY for column in others.values()) for one in order}
    notation = max(order, key=lambda one: len(fits[one]) + shares[one])
    found = DetectedNumbers(notation, unasked=fits[notation] if is_csv else set())
    written = dict.fromkeys(found.unasked, notation)
    missing = MISSING_AMONG_NUMBERS if is_csv else KNOWN
    names = _holding(digits, NAME)
    for name in [name for name in digits if name not in found.unasked | names]:
        column = _column(name, fits, others, [notation, *order])
        found.doubts.extend(column.doubts)
        if column.keys is not None:
            written[name] = column.notation
            found.columns[name] = _options(column.keys, column.notation, notation, values[name], missing)
    numbers = {name: values[name] for name in values if name in written}
    found.doubts.extend(_ambiguous(numbers, written, separator))
    return found


def _column(
    name: str, fits: dict[Notation, set[str]], others: dict[str, Candidate], notations: Sequence[Notation]
) -> NumberColumn:
    """How a column is written: in one of the notations, or with something about its numbers."""
    if name in others:
        return number_column(others[name], notations)
    return NumberColumn(next(one for one in notations if name in fits[one]), {})


def _fitting(values: dict[str, pl.Series], pattern: str, least: float = 1, *, as_ascii: bool = False) -> set[str]:
    """The columns of whose texts at least this share match; what is missing or infinite is not counted."""
    long = _long(values, as_ascii=as_ascii)
    is_number = pl.col("text").str.contains(pattern)
    is_missing = pl.col("text").is_in(KNOWN) | pl.col("text").str.contains(INFINITE)
    counted = long.select("column", number=is_number, counted=is_number | ~is_missing)
    sums = counted.group_by("column").agg(pl.all().sum())
    enough = (pl.col("number") > 0) & (pl.col("number") >= least * pl.col("counted"))
    return _named(values, sums.filter(enough))


def _holding(values: dict[str, pl.Series], pattern: str) -> set[str]:
    """The columns of which some text matches."""
    return _named(values, _long(values, as_ascii=True).filter(pl.col("text").str.contains(pattern)).unique("column"))


def _named(values: dict[str, pl.Series], found: pl.DataFrame) -> set[str]:
    names = list(values)
    return {names[position] for position in found["column"]}


def _long(values: dict[str, pl.Series], *, as_ascii: bool = False) -> pl.DataFrame:
    """All columns one below the other: `column`, by its number, and `text`. Thousands of them take as long as one."""
    columns = np.repeat(np.arange(len(values)), [len(column) for column in values.values()])
    texts = [pl.Series("text", [], pl.String), *(column.alias("text") for column in values.values())]
    text = pl.concat(texts, rechunk=False)
    return pl.DataFrame({"column": columns, "text": ascii_of(text) if as_ascii else text})


def _options(
    keys: dict[str, Any], notation: Notation, of_file: Notation, values: pl.Series, missing: Sequence[str]
) -> dict[str, Any]:
    """`Numbers` of a column as a definition writes it."""
    own = (notation.options or PLAIN) if notation != of_file else {}
    words = [*keys.get("null_values", []), *values.filter(values.is_in(missing)).sort()]
    return own | keys | ({"null_values": words} if words else {})


# --- where two notations fit ------------------------------------------------------------------------------------------


def _ambiguous(values: dict[str, pl.Series], written: dict[str, Notation], separator: str) -> Iterator[str]:
    """Columns whose mark stands before three digits in every number, where no other column tells what it means, or
    several tell different things. Between commas a point stands before decimals, unless what has none is below a
    thousand: `5`, `16`, `1.999` may count."""
    clear, unclear = _marks(values)
    told = {_meaning(mark, written[name]) for name, mark in clear}
    doubtful = []
    for name, mark, may_count in unclear:
        read = _meaning(mark, written[name])
        usual = mark == "." and separator == "," and not may_count
        if (mark, not read[1]) in told or not (read in told or usual):
            doubtful.append((name, mark))
    for name, mark in doubtful[:MOST_DOUBTS]:
        yield _doubt(values[name], mark, written[name])
    if len(doubtful) > MOST_DOUBTS:
        yield f"so it is in {len(doubtful) - MOST_DOUBTS:,} more columns"


def _meaning(mark: str, notation: Notation) -> tuple[str, bool]:
    """A mark, and whether it stands between thousands."""
    return mark, notation.thousands == mark


def _marks(values: dict[str, pl.Series]) -> Marks:
    """The columns and marks whose meaning their values tell, mostly the first ones; and those that may have either
    meaning, with whether whole numbers without a mark stand there too, all of three digits at most."""
    clear, unclear = _marks_in({name: column.head(TRIED) for name, column in values.items()})
    told = {name for name, _ in clear}
    longer = {name: column for name, column in values.items() if len(column) > TRIED and name not in told}
    more_clear, more_unclear = _marks_in(longer)
    return clear + more_clear, [one for one in unclear if one[0] not in longer] + more_unclear


def _marks_in(values: dict[str, pl.Series]) -> Marks:
    names, clear, unclear = list(values), [], []
    text = pl.col("text")
    digits = _long(values, as_ascii=True).with_columns(text.str.extract(r"([0-9](?:[0-9.,]*[0-9])?)")).drop_nulls()
    small = digits.group_by("column").agg(small=text.filter(~text.str.contains("[.,]")).str.len_chars().max() <= 3)
    for mark in ",.":
        marked = digits.filter(text.str.contains(mark, literal=True))
        told = [text.str.contains(GROUPED).all().alias("grouped"), text.str.starts_with("0").any().alias("zero")]
        found = marked.group_by("column", maintain_order=True).agg(told).join(small, "column", maintain_order="left")
        for column, grouped, zero, may_count in found.iter_rows():
            if not grouped:
                clear.append((names[column], mark))
            elif not zero:
                unclear.append((names[column], mark, bool(may_count)))
    return clear, unclear


def _doubt(values: pl.Series, mark: str, notation: Notation) -> str:
    shown = values.filter(ascii_of(values).str.contains(mark, literal=True))[0]
    is_grouped = notation.thousands == mark
    decimals, grouped = ("with decimals", Notation(mark == ",")), ("with thousands", Notation(mark == ".", mark))
    (read, _), (other, remedy) = (grouped, decimals) if is_grouped else (decimals, grouped)
    options = ", ".join(f"{key}: {json.dumps(value)}" for key, value in (remedy.options or PLAIN).items())
    return (
        f"{shown!r} in column {values.name!r} was read {read}, and may as well be {other}; then write "
        f"`numbers: {{{values.name}: {{{options}}}}}`"
    )
