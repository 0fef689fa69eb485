"""How the numbers of one column are written, from its values.

Belongs here: unit, marks, limits and misfits of a column of text that nearly holds numbers. Does not belong here: which
columns do, or the notation of a file (`number_detection`), or reading them (`numbers`).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from catalogue.definition import Numbers
from resources.sources.notation.missing import MISSING, MISSING_AMONG_NUMBERS
from resources.sources.notation.numbers import INFINITE, NOTATIONS, PERCENT, Notation, ascii_of, read_numbers

NEARLY = 0.9
"""A column of text with this share of numbers is one of numbers."""
MOST_MISFITS = 20
"""A column with more different texts among its numbers is left to people."""
FEWEST_NUMBERS = 5
"""With fewer different ones, what stands beside all of them may as well be part of a name: `2D`, `3D`."""
MOST_UNITS = 5
"""Of one column: with more, what follows its numbers are words."""
SHOWN = 3
KNOWN = (*MISSING, *MISSING_AMONG_NUMBERS)

_DIGITS = "[0-9](?:[0-9.,'’ \u00a0\u202f\u2009]*[0-9])?[.,]?(?:[eE][+-]?[0-9]+)?|[.,][0-9]+"
_CODES = "EUR|USD|GBP|CHF|JPY|CNY|RMB|INR|BRL|RUB|PLN|CZK|HUF|SEK|NOK|DKK|TRY|ZAR|AUD|CAD|NZD|MXN|SGD|HKD|KRW|THB"
CURRENCY = rf"(?:[A-Z]{{1,2}})?\p{{Sc}}|{_CODES}|Rs\.?|kr\.?"
_WORD = r"[\p{L}\p{Sc}%‰°][\p{L}\p{Sc}\p{No}0-9%‰°/·^.]{0,11}"
NUMBER = (
    rf"^(?P<limit>[<>≤≥]=?)?\s*[-+(]?\s*(?P<before>{CURRENCY})?\s*[-+(]?\s*(?P<digits>{_DIGITS})(?:[.,]?-+)?"
    rf"\s*\)?\s*(?P<after>{_WORD}(?: {_WORD})?)?\s*[-)]?\s*(?P<mark>[*†‡§#¹²³]+)?$"
)
"""A number with all that people write around one."""
NAME = r"^[+-]?(?:0[0-9]|[0-9]{16,}$|[0-9]+[eE][0-9]+$)"
"""Digits that are no quantity: as a number they would lose zeros, or be another."""


@dataclass(frozen=True)
class Candidate:
    """A column that looks like numbers: its different texts but for words for a missing value, and the `parts` of each,
    the groups of `NUMBER`, null where that does not match."""

    texts: pl.Series
    parts: pl.DataFrame

    @classmethod
    def of(cls, values: pl.Series) -> "Candidate":
        """Take the different texts of a column apart."""
        texts = values.filter(~(values.is_in(KNOWN) | values.str.contains(INFINITE)))
        return cls(texts, ascii_of(texts).str.extract_groups(NUMBER).struct.unnest())

    def numbers(self, notation: Notation) -> pl.Series:
        """Which texts are numbers in a notation, whatever stands about them."""
        return self.parts["digits"].str.contains(notation.pattern).fill_null(value=False)

    def share(self, notation: Notation) -> float:
        """Of the texts, that are."""
        return int(self.numbers(notation).sum()) / max(1, len(self.texts))


@dataclass(frozen=True)
class NumberColumn:
    """How the numbers of a column are written: its notation, the other `keys` of `Numbers`, and doubts. `keys` is None
    where it is no column of numbers."""

    notation: Notation
    keys: dict[str, Any] | None = None
    doubts: tuple[str, ...] = ()


def number_column(column: Candidate, notations: Sequence[Notation]) -> NumberColumn:
    """How a column is written: in the notation, of several the first, by which most of it are numbers."""
    notation = max(notations, key=column.share)
    numbers = column.numbers(notation)
    texts, parts = column.texts.filter(numbers), column.parts.filter(numbers)
    if parts["digits"].str.contains(NAME).any():
        return NumberColumn(notation)
    if parts.height < NEARLY * len(column.texts):
        return NumberColumn(notation, None, tuple(_mixture(column, numbers)))
    units, doubts = _units(texts, parts)
    limits = parts["limit"].count()
    if units is None or 2 * limits > parts.height:
        return NumberColumn(notation, None, tuple(doubts))
    marks = sorted(set("".join(parts["mark"].drop_nulls())))
    written = {"unit": units, "marks": marks, "censored": limits and "limit"}
    keys = {key: value for key, value in written.items() if value}
    if limits:
        shown = _shown(texts.filter(parts["limit"].is_not_null()))
        doubts.append(f"{shown} in column {texts.name!r} were read as the limit; `censored: missing` makes them gaps")
    return _without_misfits(column.texts, notation, keys, doubts)


def _without_misfits(texts: pl.Series, notation: Notation, keys: dict[str, Any], doubts: list[str]) -> NumberColumn:
    """With what is no number among the missing values, unless that would make gaps of names."""
    read = read_numbers(texts, Numbers(**keys), notation)
    misfits = texts.filter(read.misfits)
    if misfits.is_empty():
        return NumberColumn(notation, keys, tuple(doubts))
    but_for = f"column {texts.name!r} holds numbers but for {_shown(misfits)}"
    are_codes = read.values.dtype.is_integer() and misfits.str.contains(r"^\S*[0-9]\S*$").any()
    if are_codes or len(misfits) > min(MOST_MISFITS, (1 - NEARLY) * len(texts)):
        remedy = f"mend them, or name them in `numbers: {{{texts.name}: {{null_values: […]}}}}`"
        return NumberColumn(notation, None, (*doubts, f"{but_for}: it is read as text; {remedy}"))
    told = f"{but_for}: these are read as missing; mend them if they are numbers"
    return NumberColumn(notation, keys | {"null_values": misfits.to_list()}, (*doubts, told))


def _mixture(column: Candidate, numbers: pl.Series) -> Iterator[str]:
    """A doubt where a column is all numbers, but not in one notation: those that are `numbers` in the best are few."""
    others = column.parts["digits"].filter(~numbers)
    if numbers.any() and any(others.str.contains(one.pattern).fill_null(value=False).all() for one in NOTATIONS):
        one, other = column.texts.filter(numbers)[0], column.texts.filter(~numbers)[0]
        yield (
            f"column {column.texts.name!r} mixes ways to write a number, like {one!r} and {other!r}: it is read as "
            "text; deliver it in one notation"
        )


def _units(texts: pl.Series, parts: pl.DataFrame) -> tuple[str | list[str] | None, list[str]]:
    """The unit of numbers; empty where they have none, None where what stands beside them makes them text; and doubts.

    A few numbers with a unit among many without are left to be misfits, unless it is money.
    """
    units = pl.select(pl.coalesce(parts["before"], parts["after"])).to_series()
    counts = Counter(units.drop_nulls())
    if not counts:
        return "", []
    names = _same(counts)
    if not names or (len(texts) < FEWEST_NUMBERS and not _is_currency(names[0]) and names[0] != PERCENT):
        listed = ", ".join(f"{unit!r} ({count:,})" for unit, count in counts.most_common())
        mixed = f"column {texts.name!r} holds numbers in different units, {listed}: it is read as text; convert them"
        return None, [mixed] if not names and len(counts) <= MOST_UNITS else []
    unit = names[0] if len(names) == 1 else names
    without = texts.filter(~units.is_in(names).fill_null(value=False))
    bearing = 1 - len(without) / len(texts)
    if without.is_empty():
        return unit, []
    if names[0] != PERCENT and (bearing >= NEARLY or _is_currency(names[0])):
        return unit, [f"{_shown(without)} in column {texts.name!r} were read as if {names[0]!r} stood beside them"]
    if bearing <= 1 - NEARLY:
        return "", []
    return None, [
        f"column {texts.name!r} holds numbers with and without {names[0]!r}, like {_shown(without)}: it is read as "
        "text; deliver them alike"
    ]


def _same(counts: Counter[str]) -> list[str]:
    """The names of what is one unit: that of nearly all numbers that have one, and its plural; none where there are
    several units."""
    (first, _), *_ = counts.most_common(1)
    names = [name for name in counts if name in (first, f"{first}s", first.removesuffix("s"))]
    return sorted(names) if sum(map(counts.__getitem__, names)) >= NEARLY * counts.total() else []


def _is_currency(unit: str) -> bool:
    return bool(pl.Series([unit]).str.contains(rf"^(?:{CURRENCY})$").item())


def _shown(values: pl.Series) -> str:
    more = ", …" if len(values) > SHOWN else ""
    return ", ".join(map(repr, values.head(SHOWN))) + more
