"""Reading dates in a table of text, in given formats.

Belongs here: what each part of a format means. Does not belong here: which formats fit (`date_detection`), which can
stand beside each other (`catalogue.definition.date_format`), or numbers (`numbers`).
"""

import re
from collections.abc import Sequence

import polars as pl

from catalogue.definition.date_format import EXCEL_DAYS, is_time_of_day
from resources.sources.notation.months import in_english, without_points

ISO_DATE = r"^\d{4}-\d{2}-\d{2}$"
ISO_MOMENT = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}"
FIRST_YEAR = 1000
"""`%Y` also reads two digits, as a year of the first century."""
MIDNIGHT = r"(^|[ T])24((?::00){0,2})$"
"""The end of a day: 0:00 of the next one."""
NAME = re.compile("%[bBh]")
HOURS = re.compile("%[-_0]?[HITRs]")
MOMENT = pl.Datetime("us")
DAY = re.compile(r"%[-_0]?[dejDFuscx+]")
"""A format without one means the first of the month."""
EXCEL_ZERO = pl.lit("1899-12-30").str.to_datetime("%Y-%m-%d")
LAST_EXCEL_DAY = 2_958_465
"""31 December 9999."""


def read_date(text: pl.Series, formats: Sequence[str]) -> pl.Series:
    """Dates, moments where a format has hours (UTC where it has an offset), or hours since midnight where it has no
    day; null where no format fits."""
    read = read_by_each(text, formats)
    moment = next((dtype for dtype in read.dtypes if dtype != pl.Date), pl.Date())
    return read.select(pl.coalesce(pl.all().cast(moment))).to_series().alias(text.name)


def read_by_each(text: pl.Series, formats: Sequence[str]) -> pl.DataFrame:
    """A column for each format, named as it is; null where it does not fit."""
    english = in_english(text) if any(NAME.search(written) for written in formats) else text
    return pl.DataFrame({"text": text, "english": english}).select(
        _expression(written).alias(written) for written in dict.fromkeys(formats)
    )


def read_iso(text: pl.Series) -> pl.Series | None:
    """ISO 8601 text as dates or moments (UTC where an offset is given); None where it is something else.

    `try_parse_dates` of polars also reads 01/02/2013, one way of two, and takes ten times as long.
    """
    try:
        if text.count() and text.str.contains(ISO_DATE).all():
            return text.str.to_date("%Y-%m-%d")
        if text.count() and text.str.contains(ISO_MOMENT).all():
            return text.str.to_datetime()
    except pl.exceptions.PolarsError:  # the shape of a date, but no day of the calendar
        return None
    return None


def _expression(written: str) -> pl.Expr:
    text = pl.col("english" if NAME.search(written) else "text")
    if is_time_of_day(written):
        return _hours(text, written)
    if written == EXCEL_DAYS:
        return _excel_days(text)
    if written == "%Q":
        return pl.from_epoch(text.cast(pl.Float64, strict=False).cast(pl.Int64, strict=False), "ms").cast(MOMENT)
    if "%q" in written:
        return _quarters(text, written)
    return _dates(*_prepared(text, written))


def _hours(text: pl.Expr, written: str) -> pl.Expr:
    """Hours since midnight, float64."""
    ends = text.str.contains(MIDNIGHT)
    time = text.str.replace(MIDNIGHT, "${1}00${2}").str.to_time(written, strict=False).cast(pl.Int64) / 3.6e12
    return pl.when(ends & (time == 0)).then(24.0).otherwise(time)


def _excel_days(text: pl.Expr) -> pl.Expr:
    days = text.cast(pl.Float64, strict=False)
    seconds = pl.when(days.is_between(1, LAST_EXCEL_DAY)).then((days * 86_400).round())
    return (EXCEL_ZERO + pl.duration(seconds=seconds)).cast(MOMENT)


def _quarters(text: pl.Expr, written: str) -> pl.Expr:
    """The first day of a quarter."""
    months = {quarter: 3 * quarter - 2 for quarter in (1, 2, 3, 4)}
    return pl.coalesce(
        _dates(pl.format("1/{}/{}", pl.lit(month), text), f"%d/%m/{written}".replace("%q", str(quarter)))
        for quarter, month in months.items()
    )


def _prepared(text: pl.Expr, written: str) -> tuple[pl.Expr, str]:
    """What polars reads by a format of its own: English months, AM and PM without points, a day for a week or month."""
    written = without_points(written)
    if "%p" in written:
        text = text.str.replace(r"([AaPp])\. ?([Mm])\.?", "$1$2")
    if DAY.search(written):
        return text, written
    return pl.format("1 {}", text), f"{'%u' if '%V' in written else '%d'} {written}"


def _dates(text: pl.Expr, written: str) -> pl.Expr:
    if not HOURS.search(written):
        read = text.str.to_date(written, strict=False)
    else:
        ends, text = text.str.contains(MIDNIGHT), text.str.replace(MIDNIGHT, "${1}00${2}")
        read = text.str.to_datetime(written, strict=False, time_unit="us")
        read = pl.when(ends).then(read.dt.offset_by("1d")).otherwise(read)
    return pl.when(read.dt.year() >= FIRST_YEAR).then(read)
