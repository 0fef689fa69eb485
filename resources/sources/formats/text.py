"""Text as files hold it.

Belongs here: decoding it, and ISO 8601 dates in it. Does not belong here: guessing an encoding (`sources.dialect`), or
dates written otherwise (`sources.notation`).
"""

import codecs

import polars as pl
from polars import selectors as cs

from resources.sources import dialect
from resources.sources.errors import SourceError
from resources.sources.notation import ISO_DATE, ISO_MOMENT

_ENCODINGS = {"utf8": "UTF-8", "utf16": "UTF-16"}


def utf8(content: bytes, encoding: str, where: str) -> bytes:
    """`content` in UTF-8, without a byte order mark."""
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        fitting = dialect.encoding_of(content)
        remedy = f"set `encoding: {fitting}`" if fitting != encoding else "deliver it again"
        raise SourceError(
            f"{where}: line {line}: byte 0x{content[error.start]:02x} at offset {error.start} is not "
            f"{_ENCODINGS.get(encoding, encoding)}; save it as UTF-8, or {remedy}"
        ) from error
    return content.removeprefix(codecs.BOM_UTF8) if encoding == "utf8" else text.encode()


def with_iso_dates(table: pl.DataFrame) -> pl.DataFrame:
    """ISO 8601 text as dates or moments (UTC where an offset is given).

    `try_parse_dates` of polars also reads 01/02/2013, one way of two, and takes ten times as long.
    """
    return table.with_columns([_as_date(column) for column in table.select(cs.string()).iter_columns()])


def _as_date(text: pl.Series) -> pl.Series:
    if text.null_count() == len(text):
        return text
    try:
        if text.str.contains(ISO_DATE).all():
            return text.str.to_date("%Y-%m-%d")
        if text.str.contains(ISO_MOMENT).all():
            return text.str.to_datetime()
    except pl.exceptions.PolarsError:  # the shape of a date, but no day of the calendar
        return text
    return text
