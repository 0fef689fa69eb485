"""Finding the formats in which the dates of a column are written.

Belongs here: which formats are tried, in which order, and what else would fit. Does not belong here: reading by a
format (`dates`), or the other options of a file (`detection`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product

import polars as pl

from catalogue.definition import Reading
from catalogue.definition.date_format import EXCEL_DAYS, check_formats
from resources.sources.notation.dates import read_by_each, read_date, read_iso
from resources.sources.notation.missing import MISSING_AMONG_NUMBERS
from resources.sources.notation.months import NAMES, in_english

_FIGURES = (
    *("%d.%m.%Y", "%d.%m.%y", "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%d/%m/%Y", "%m/%d/%Y"),
    *("%d/%m/%y", "%m/%d/%y", "%d-%m-%Y", "%m-%d-%Y", "%d-%m-%y", "%m-%d-%y"),
)
_NAMES = (
    *("%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d. %B %Y", "%B %d, %Y", "%d de %B de %Y", "%d.%b.%Y", "%d/%b/%Y"),
    *("%d %b %y", "%d.%b.%y", "%d/%b/%y", "%d%b%Y", "%Y-%b-%d", "%B %d %Y"),
)
_TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S%.f", " %I:%M %p", " %I:%M:%S %p")
_PARTS = (
    *("%Y-Q%q", "%YQ%q", "%Y Q%q", "%Y/Q%q", "Q%q %Y", "Q%q/%Y", "Q%q-%Y", "%q-%Y", "%q/%Y", "%Y-%q", "%Y/%q"),
    *("%Y-%m", "%Y/%m", "%Y.%m", "%m/%Y", "%m.%Y", "%m-%Y", "%G-W%V", "%GW%V", "%G W%V", "%G-W%V-%u", "W%V %G"),
    *("KW %V/%G", "KW%V/%G"),
)
_NAMED_MONTHS = ("%b-%y", "%b %y", "%b/%y", "%b-%Y", "%B %Y", "%b/%Y", "%b.%Y", "%Y-%b", "%B de %Y")
_SHORT = {*_PARTS, *_NAMED_MONTHS}
"""Parts of a year."""
_WITH_ZONE = ("%Y-%m-%d %H:%M:%S %z", "%d.%m.%Y %H:%M %z", "%d.%m.%Y %H:%M:%S %z", "%d/%b/%Y:%H:%M:%S %z")
_ISO_TIMES = ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y%m%dT%H%M%S", "%Y%m%d %H:%M", "%Y%m%d %H:%M:%S")
_FULL = [day + time for day, time in product(_FIGURES, _TIMES)]
_TIMES_OF_DAY = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p")
WITH_FIGURES = [*_FULL, *_ISO_TIMES, *_WITH_ZONE, *_PARTS, *_TIMES_OF_DAY]
WITH_NAMES = [*(day + time for day, time in product(_NAMES, _TIMES)), *_NAMED_MONTHS, _WITH_ZONE[-1]]
"""The formats that are tried, in this order: where two fit all values, the day stands first."""
FIGURES = r"^[\d ./:,+年月日AKMPQTWamp-]+$"
COMPACT = {
    "%Y%m%d": r"^(19|20)\d{6}$",
    "%Y%m%d%H%M": r"^(19|20)\d{10}$",
    "%Y%m%d%H%M%S": r"^(19|20)\d{12}$",
    "%m.%Y": r"^(0[1-9]|1[0-2])\.(19|20)\d\d$",
}
"""Format -> what a number looks like that is a date."""
COUNTED = {"%s": r"^1\d{9}$", "%Q": r"^1\d{12}$", EXCEL_DAYS: r"^[2-5]\d{4}(\.\d+)?$"}
"""The same, of numbers that are dates where their name says so: 2001 to 2033, and 1954 to 2064."""
MEANINGS = {
    "%Y%m%d": "year, month and day",
    "%Y%m%d%H%M": "year, month, day, hour and minute",
    "%Y%m%d%H%M%S": "year, month, day, hour, minute and second",
    "%m.%Y": "month and year",
    "%s": "seconds since 1970, in UTC",
    "%Q": "milliseconds since 1970, in UTC",
    EXCEL_DAYS: "Excel's number of a day",
    **dict.fromkeys(_TIMES_OF_DAY, "a time of day, as hours since midnight"),
}
"""Of formats that a person might not see in the values."""
MODERN = (1900, 2100)
"""The years in which a number, or a part of a year, is taken for a date."""
FEWEST = 10
"""Different numbers from which on they are taken for dates."""
MOST_FORMATS = 3
TRIED = 200
"""A format that fits none of this many values is not tried on all."""
NEARLY = 0.8
"""The share of values that a format fits from which on a column was meant to hold dates."""
NO_DATE = r"^0{2,4}([./-]?)0{2}([./-]?)0{2,4}([T ]00:00(:00)?)?$"
"""00.00.0000, 0000-00-00: none, as some databases write it."""
ALWAYS_MISSING = Reading.model_fields["null_values"].default
"""In CSV they are gone before; in JSON they are text."""
FOR_EVER = (2999, 9999)
"""Years that stand for no end: still valid."""
_FOR_EVER_ISO, _FOR_EVER_NUMBER = r"^(2999|9999)-12-31([T ]|$)", r"^(2999|9999)1231"


@dataclass(frozen=True)
class DatesFound:
    """The `formats` of a column; `others` fit all values too, and read other days, or, where there are no `formats`,
    contradict each other; none fits `misfits`. `none` are values that stand for none, `endless` for no end."""

    formats: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    misfits: list[str] = field(default_factory=list)
    none: list[str] = field(default_factory=list)
    endless: list[str] = field(default_factory=list)
    are_iso: bool = False

    @property
    def are_dates(self) -> bool:
        """Whether the column holds dates, be it with `misfits`."""
        return self.are_iso or bool(self.formats)

    @property
    def options(self) -> str | list[str] | None:
        """As `date_format` holds them; None where the column can't be read, or needs no format."""
        if self.misfits or not self.formats:
            return None
        return self.formats[0] if len(self.formats) == 1 else self.formats

    @property
    def words(self) -> list[str]:
        """For `null_values`."""
        return [] if self.misfits else [*self.none, *self.endless]


def dates_of(values: pl.Series, column: pl.Series) -> DatesFound:
    """A few formats by which the values of a column of text can be read; none where they are no dates, or all ISO 8601,
    which needs no format. `column`: the same with its repetitions, in the order of the rows."""
    is_none, is_endless = _stand_for_none(values), values.str.contains(_FOR_EVER_ISO)
    none, endless, rest = (values.filter(one) for one in (is_none, is_endless, ~(is_none | is_endless)))
    if rest.is_empty() or not rest.head(TRIED).str.contains(r"\d").all():
        return DatesFound()
    if read_iso(rest) is not None:
        return DatesFound(none=none.to_list(), endless=endless.to_list(), are_iso=True)
    found = _found(rest, column)
    return replace(found, none=none.to_list(), endless=[*endless, *found.endless]) if found.formats else found


def numbers_as_dates(values: pl.Series, *, named: bool) -> DatesFound:
    """The format of a column of numbers that are dates, as 20210104; `named`: by its name it holds dates."""
    is_none, is_endless = values.str.contains(NO_DATE), values.str.contains(_FOR_EVER_NUMBER)
    none, endless, rest = (values.filter(one) for one in (is_none, is_endless, ~(is_none | is_endless)))
    for written, shape in (COMPACT | (COUNTED if named else {})).items():
        if len(rest) >= FEWEST and rest.str.contains(shape).all() and _all_modern(read_date(rest, [written])):
            return DatesFound([written], none=none.to_list(), endless=endless.to_list())
    return DatesFound()


def doubts_about_dates(table: pl.DataFrame, dates: dict[str, DatesFound]) -> Iterator[str]:
    """What could be otherwise, of the columns of `table`."""
    for name, found in dates.items():
        formats, text = found.formats, table[name].cast(pl.String)
        known = text.filter(~text.is_in([*found.words, *found.misfits])).drop_nulls()
        if found.others and formats:
            yield (
                f"dates like {known[0]!r} in column {name!r} were read as {formats[0]}; {found.others[0]} fits as well"
            )
        elif found.others:
            yield (
                f"column {name!r} holds dates written {' and '.join(found.others)}, which one column can't mean side "
                "by side: it stays text; have it delivered in one of them"
            )
        if found.misfits:
            yield _of_misfits(name, found)
        elif len(formats) > 1:
            yield f"column {name!r} mixes ways to write a date: {', '.join(formats)}"
        elif formats and (meaning := MEANINGS.get(formats[0])):
            yield f"{known[0]!r} in column {name!r} was read as {meaning}; take it out of `date_format` if it is not"
        if found.endless:
            rows = int(text.is_in(found.endless).sum())
            yield f"{found.endless[0]!r} in column {name!r} ({rows:,} rows) is read as none: no end is known"


def _of_misfits(name: str, found: DatesFound) -> str:
    listed = f"{', '.join(map(repr, found.misfits[:3]))}{', …' if len(found.misfits) > 3 else ''}"
    return (
        f"column {name!r} holds dates written {' or '.join(found.formats)} but for {listed}: it is text until they are "
        "mended or named in `null_values`, and `date_format` says how the others are written"
    )


def _stand_for_none(values: pl.Series) -> pl.Series:
    return values.is_in([*MISSING_AMONG_NUMBERS, *ALWAYS_MISSING]) | values.str.contains(NO_DATE)


def _found(values: pl.Series, column: pl.Series) -> DatesFound:
    rest, formats, others = values, list[str](), list[str]()
    while len(rest) and len(formats) < MOST_FORMATS:
        fits = _fits(rest, _likely(rest))
        if fits.is_empty():
            break
        most = max(fits.sum().row(0))
        best = [fit.name for fit in fits.iter_columns() if fit.sum() == most]
        if most == len(values):
            best, others = _by_order(best, column)
        rest = rest.filter(~fits[best[0]])
        formats.append(best[0])
    if not formats or len(rest) > (1 - NEARLY) * len(values):
        return DatesFound()
    if not _can_stand_together(formats):
        return DatesFound(others=formats)
    read = read_date(values, formats)
    endless = values.filter(_years(read).is_in(FOR_EVER)).to_list()
    return DatesFound(formats, others, rest.to_list(), endless=endless)


def formats_of_all(values: pl.Series) -> list[str]:
    """Every format by which all of the values can be read; the day stands first."""
    return [fit.name for fit in _fits(values, _likely(values)).iter_columns() if fit.all()]


def _likely(values: pl.Series) -> list[str]:
    """The formats that fit some of the first values."""
    sample = values.head(TRIED)
    fits = _fits(sample, _tried(sample))
    return [fit.name for fit in fits.iter_columns() if fit.any()]


def _tried(sample: pl.Series) -> list[str]:
    if in_english(sample).str.contains("|".join(NAMES)).any():
        return WITH_NAMES
    return WITH_FIGURES if sample.str.contains(FIGURES).any() else []


def _fits(values: pl.Series, formats: list[str]) -> pl.DataFrame:
    """Of each format, which values it reads; as a part of a year only one of our time, as a time only with minutes."""

    def fits(written: str) -> pl.Expr:
        read = pl.col(written)
        if written in _TIMES_OF_DAY:
            return read.is_not_null() & values.str.contains(r"^\d{1,2}:\d{2}")
        return read.dt.year().is_between(*MODERN).fill_null(False) if written in _SHORT else read.is_not_null()

    return read_by_each(values, formats).select(fits(written).alias(written) for written in formats)


def _by_order(formats: list[str], column: pl.Series) -> tuple[list[str], list[str]]:
    """Of formats that all fit: first the one by which the rows stand in the order of time; and those that read other
    days than it."""
    if len(formats) == 1:
        return formats, []
    read = read_by_each(column, formats).select(pl.col(pl.Date, pl.Datetime).cast(pl.Date))
    first = next((day for day in read.iter_columns() if day.drop_nulls().is_sorted()), read.to_series())
    return [first.name], [day.name for day in read.iter_columns() if not day.equals(first)]


def _can_stand_together(formats: list[str]) -> bool:
    try:
        check_formats("", formats)
    except ValueError:
        return False
    return True


def _years(dates: pl.Series) -> pl.Series:
    return dates.dt.year() if dates.dtype.is_temporal() else pl.Series([None] * len(dates), dtype=pl.Int32)


def _all_modern(dates: pl.Series) -> bool:
    return not dates.has_nulls() and bool(_years(dates).is_between(*MODERN).all())
