"""How numbers, dates and missing values are written in a table of text.

Belongs here: what is a number or a date in a notation, reading columns of them, and detecting the notation from
the values themselves. Does not belong here: lines, fields and headers (`dialect`), or the bytes of a file (`reading`).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import polars as pl

from catalogue.definition import Reading

ISO_DATE = r"^\d{4}-\d{2}-\d{2}$"
ISO_MOMENT = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}"
SPACES = "[ \u00a0\u202f]"
"""The kinds of space that stand between groups of digits: plain, no-break, and narrow no-break."""
APOSTROPHES = "['’]"

MISSING = ("N/A", "n/a", "#N/A", "#NA", "<NA>", "NULL", "?", "-", "--", "–", "—", "nan", "-nan", "#NV", "#DIV/0!")
"""What stands for a missing value wherever it stands alone."""
MISSING_AMONG_NUMBERS = (
    "None",
    "none",
    "Unknown",
    "unknown",
    "missing",
    ".",
    "*",
    "x",
    "/",
    "k.A.",
    "无",
    "缺失",
    "未知",
)
"""What stands for a missing value in a column that holds numbers or dates otherwise."""

_DAYS = (
    *("%d.%m.%Y", "%d.%m.%y", "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%d/%m/%Y", "%m/%d/%Y"),
    *("%d/%m/%y", "%m/%d/%y", "%d-%m-%Y", "%m-%d-%Y", "%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d %B %Y"),
    *("%b %d, %Y", "%B %d, %Y", "%Y-%m"),
)
_TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S%.f", " %I:%M %p", " %I:%M:%S %p")
DATE_FORMATS = [day + time for day, time in product(_DAYS, _TIMES)]
"""The formats that are tried, in this order: where two fit all values, the day stands first."""
MOST_FORMATS = 3
FIRST_YEAR = 1000
"""`%Y` also reads two digits, as a year of the first century."""
TRIED = 200
"""A format that fits none of this many values is not tried on all."""
NEARLY = 0.9
"""A column of text with this share of numbers is worth a word."""


@dataclass(frozen=True)
class Notation:
    """How numbers are written."""

    decimal_comma: bool = False
    thousands: str | None = None

    @classmethod
    def of(cls, reading: Reading) -> "Notation":
        """As the use case says files are to be read."""
        return cls(reading.decimal_comma, reading.thousands)

    @property
    def is_plain(self) -> bool:
        """As programs write them."""
        return self == Notation()

    @property
    def pattern(self) -> str:
        """A regular expression that a whole value matches where it is a number."""
        digits = rf"\d{{1,3}}({self._group}\d{{3}})+|\d+" if self.thousands else r"\d+"
        point = "," if self.decimal_comma else r"\."
        return rf"^\s*[+-]?(({digits})({point}\d*)?|{point}\d+)([eE][+-]?\d+)?\s*$"

    @property
    def _group(self) -> str:
        return {" ": SPACES, "'": APOSTROPHES, ".": r"\.", ",": ","}[self.thousands or ","]

    @property
    def options(self) -> dict[str, Any]:
        """As a definition writes it."""
        written = {"decimal_comma": self.decimal_comma, "thousands": self.thousands}
        return {name: value for name, value in written.items() if value}

    def read(self, text: pl.Series) -> pl.Series:
        """Whole numbers where all are, else floats; every value must match `pattern`."""
        plain = text.str.strip_chars()
        if self.thousands:
            plain = plain.str.replace_all(self._group, "")
        if self.decimal_comma:
            plain = plain.str.replace(",", ".", literal=True)
        whole = plain.cast(pl.Int64, strict=False)
        return whole if whole.null_count() == text.null_count() else plain.cast(pl.Float64)


NOTATIONS = [
    *(Notation(), Notation(thousands=","), Notation(True), Notation(True, ".")),
    *(Notation(comma, mark) for mark, comma in product(" '", (False, True))),
]
"""Those that are detected; where several read as many columns, the first."""


def read_date(text: pl.Series, formats: Sequence[str]) -> pl.Series:
    """Dates, or moments where a format has hours; null where no format fits."""
    read = [_dates(text, written) for written in formats]
    moments = any(one.dtype != pl.Date for one in read)
    found = [one.cast(pl.Datetime("us")) if moments and one.dtype == pl.Date else one for one in read]
    return pl.select(pl.coalesce(found)).to_series().alias(text.name)


def _dates(text: pl.Series, written: str) -> pl.Series:
    has_hours = any(part in written for part in ("%H", "%I", "%T", "%R", "%s"))
    read = text.str.to_datetime(written, strict=False) if has_hours else text.str.to_date(written, strict=False)
    return pl.select(pl.when(read.dt.year() >= FIRST_YEAR).then(read)).to_series()


# --- detecting the notation from the values ---------------------------------------------------------------------------


@dataclass(frozen=True)
class DetectedNotation:
    """`options` of a `Reading` that differ from its defaults, and what could be otherwise."""

    options: dict[str, Any] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)


def detect(table: pl.DataFrame) -> DetectedNotation:
    """How the values of a table are written; its columns are text as it stands in the file, null where empty.

    A mark of a missing value counts as one wherever it stands alone; a word such as `unknown` only in a column that
    holds numbers or dates otherwise.
    """
    values = {name: column.drop_nulls().unique(maintain_order=True) for name, column in _texts(table)}
    marks = {mark for column in values.values() for mark in column.filter(column.is_in(MISSING))}
    values = {name: column.filter(~column.is_in(MISSING)) for name, column in values.items()}
    values = {name: column for name, column in values.items() if len(column)}
    notation = max(NOTATIONS, key=lambda one: sum(_are_numbers(column, one) for column in values.values()))
    texts = {name: column for name, column in values.items() if not _are_numbers(column, notation)}
    formats = {name: found for name, column in texts.items() if (found := _formats(column, table[name]))}
    words = {word for name, column in values.items() for word in _words(column, notation, formats.get(name, []))}
    written = {name: found[0] if len(found) == 1 else found for name, found in formats.items()}
    options = notation.options
    if marks or words:
        options["null_values"] = [*Reading.model_fields["null_values"].default, *sorted(marks), *sorted(words)]
    if written:
        options["date_format"] = written
    return DetectedNotation(options, [*_doubts_about_numbers(values, notation), *_doubts(texts, formats, notation)])


def _texts(table: pl.DataFrame) -> Iterator[tuple[str, pl.Series]]:
    return ((column.name, column) for column in table.iter_columns() if column.dtype == pl.String)


def _are_numbers(values: pl.Series, notation: Notation) -> bool:
    rest = values.filter(~values.str.contains(notation.pattern))
    return len(rest) < len(values) and rest.is_in(MISSING_AMONG_NUMBERS).all()


def _words(values: pl.Series, notation: Notation, formats: list[str]) -> list[str]:
    """The words for a missing value among numbers or dates."""
    known = values.is_in(MISSING_AMONG_NUMBERS)
    rest = values.filter(~known)
    read_as_dates = bool(formats) and not read_date(rest, formats).has_nulls()
    return values.filter(known).to_list() if read_as_dates or _all_numbers(rest, notation) else []


def _all_numbers(values: pl.Series, notation: Notation) -> bool:
    return len(values) > 0 and bool(values.str.contains(notation.pattern).all())


def _formats(values: pl.Series, column: pl.Series) -> list[str]:
    """A few formats by one of which every value can be read; none where the values are no dates, or all ISO 8601, which
    needs no format."""
    rest = values.filter(~values.is_in(MISSING_AMONG_NUMBERS))
    if rest.is_empty() or any(rest.str.contains(iso).all() for iso in (ISO_DATE, ISO_MOMENT)):
        return []
    if not rest.head(TRIED).str.contains(r"\d").all():
        return []
    found: list[str] = []
    while len(rest) and len(found) < MOST_FORMATS:
        fits = {one: _dates(rest, one).is_not_null() for one in _likely(rest)}
        if not fits:
            return []
        most = max(int(fit.sum()) for fit in fits.values())
        best = [one for one, fit in fits.items() if int(fit.sum()) == most]
        chosen = best[0] if most < len(rest) or found else _in_order(best, column)
        rest = rest.filter(~fits[chosen])
        found.append(chosen)
    return found if rest.is_empty() and not _contradict(found) else []


def _likely(values: pl.Series) -> list[str]:
    sample = values.head(TRIED)
    return [one for one in DATE_FORMATS if _dates(sample, one).count()]


def _in_order(formats: list[str], column: pl.Series) -> str:
    """Of formats that all fit: the one by which the rows stand in the order of time, else the first."""
    return next((one for one in formats if _dates(column, one).drop_nulls().is_sorted()), formats[0])


def _contradict(formats: list[str]) -> bool:
    return any(_swapped(one) in formats for one in formats)


def _swapped(written: str) -> str:
    """The format with day and month in each other's place."""
    return re.sub("%[dm]", lambda part: "%m" if part[0] == "%d" else "%d", written)


def _doubts_about_numbers(values: dict[str, pl.Series], notation: Notation) -> Iterator[str]:
    if notation not in (Notation(thousands=","), Notation(True)):
        return
    groups = r"^[+-]?\d{1,3}(,\d{3})$"
    commas = {name: column.filter(column.str.contains(",")) for name, column in values.items()}
    found = {name: column for name, column in commas.items() if len(column) and _are_numbers(values[name], notation)}
    if found and all(column.str.contains(groups).all() for column in found.values()):
        name, column = next(iter(found.items()))
        meaning = "a decimal comma" if notation.decimal_comma else "thousands"
        yield f"{column[0]!r} in column {name!r} was read with {meaning}: the file does not tell the two apart"


def _doubts(texts: dict[str, pl.Series], formats: dict[str, list[str]], notation: Notation) -> Iterator[str]:
    for name, column in texts.items():
        found = formats.get(name, [])
        swapped = [_swapped(one) for one in found]
        if len(found) == 1 and swapped != found and not read_date(column, swapped).has_nulls():
            yield f"dates like {column[0]!r} in column {name!r} were read as {found[0]}; {swapped[0]} fits as well"
        if len(found) > 1:
            yield f"column {name!r} mixes ways to write a date: {', '.join(found)}"
        numbers = column.str.contains(notation.pattern)
        misfits = column.filter(~numbers)
        if not found and 0 < len(misfits) <= (1 - NEARLY) * len(column):
            yield (
                f"column {name!r} holds numbers but for {', '.join(map(repr, misfits.head(3)))}"
                f"{', …' if len(misfits) > 3 else ''}: it is text until they are mended or named in `null_values`"
            )
