"""CSV.

Belongs here: the table, its header, and saying which line is ragged. Does not belong here: what the options of a file
should be (`sources.dialect`), or numbers in other notations (`csv_numbers`).
"""

import re
from collections.abc import Sequence
from itertools import islice

import polars as pl

from catalogue.definition import Reading
from resources.sources import dialect
from resources.sources.errors import SourceError
from resources.sources.formats.csv_numbers import with_numbers
from resources.sources.formats.csv_place import Place, rows_of, table_text
from resources.sources.formats.header import check_names, repaired
from resources.sources.formats.text import utf8, with_iso_dates
from resources.sources.notation import Notation


def read(content: bytes, reading: Reading, where: str) -> pl.DataFrame:
    """The table of a CSV file, with types. Raises SourceError: as `sources.reading.read_table`."""
    notation = Notation.of(reading)
    table = fields(content, reading, where, typed=notation.is_plain)
    if not notation.is_plain:
        table = with_numbers(table, notation, Place(content, reading, where))
    return with_iso_dates(table)


def fields(content: bytes, reading: Reading, where: str, *, typed: bool) -> pl.DataFrame:
    """The table with the types polars infers from every row or, where not `typed`, all of it text."""
    text = table_text(utf8(content, reading.encoding, where), reading)
    if reading.separator == " ":
        text = _single_spaces(text, reading.quote)
    if not text:
        raise SourceError(f"{where}: empty, nothing but line ends; deliver it again")
    place = Place(content, reading, where)
    names = _header(text, reading, place) if reading.header else ()
    try:
        table = pl.read_csv(
            text,
            has_header=reading.header,
            separator=reading.separator,
            quote_char=reading.quote,
            skip_rows_after_header=reading.skip_after_header,
            null_values=reading.null_values,
            infer_schema=typed,
            infer_schema_length=None,
        )
    except pl.exceptions.PolarsError:
        _check_widths(text, place)
        raise
    if table.width > 1 and table.to_series(-1).null_count():  # where polars leaves what a short row lacks
        _check_last_field(text, place)
    if reading.header and reading.repair_header:
        table.columns = repaired(names)
    return table[:, 1:] if reading.index else table


def _header(text: bytes, reading: Reading, place: Place) -> tuple[str | None, ...]:
    """The names as they stand in the file."""
    names = _first_line(text, reading)
    if reading.columns is None:
        _check_header(names, reading, place)
    return names


def _check_header(names: Sequence[str | None], reading: Reading, place: Place) -> None:
    first, *others = names
    if reading.index and first:
        raise SourceError(f"{place.where}: the header calls column 1 {first!r}, so it is data: take `index` out")
    if len(names) == 1 and any(separator in (first or "") for separator in dialect.SEPARATORS):
        raise SourceError(f"{place.line(1)}: the header is one field, {first!r}{place.advice}")
    if reading.repair_header:
        return
    if not (reading.index or first):
        raise SourceError(
            f"{place.where}: the header has no name for column 1; write `index: true` if it numbers the rows, else "
            f"`repair_header: true` to name it `column_1`"
        )
    if reading.index:
        check_names(others, place.where, start=2)
    else:
        check_names(names, place.where)


def _first_line(text: bytes, reading: Reading) -> tuple[str | None, ...]:
    return pl.read_csv(
        text,
        has_header=False,
        n_rows=1,
        separator=reading.separator,
        quote_char=reading.quote,
        infer_schema=False,
        truncate_ragged_lines=True,
    ).row(0)


def _single_spaces(text: bytes, quote: str | None) -> bytes:
    """One space for every run of them outside quotes, none at either end of a line."""
    trimmed = re.sub(rb"^ +| +(?=\r?$)", b"", text, flags=re.MULTILINE)
    if quote is None:
        return re.sub(rb" +", b" ", trimmed)
    mark = re.escape(quote.encode())
    return re.sub(rb"(%b[^%b]*%b)| +" % (mark, mark, mark), lambda found: found[1] or b" ", trimmed)


def _check_last_field(text: bytes, place: Place) -> None:
    """Raise SourceError for the first row that lacks fields: the last one is empty there, as it may be elsewhere.

    Only where lines differ in their number of separators is the file gone through row by row.
    """
    reading = place.reading
    whole = pl.Series([text]).cast(pl.String)
    if reading.quote:
        mark = re.escape(reading.quote)
        whole = whole.str.replace_all(f"{mark}[^{mark}]*{mark}", "")
    lines = whole.str.split("\n").explode().str.count_matches(reading.separator, literal=True)
    if pl.concat([lines[:1], lines[1 + reading.skip_after_header :]]).n_unique() > 1:
        _check_widths(text, place)


def _check_widths(text: bytes, place: Place) -> None:
    """Raise SourceError for the first row that has more or fewer fields than the first one."""
    rows = iter(rows_of(text, place.reading))
    width = len(next(rows).fields)
    for row in islice(rows, place.reading.skip_after_header, None):
        if len(row.fields) != width:
            raise SourceError(
                f"{place.line(row.end)} has {len(row.fields)} fields, the first line has {width}{place.advice}"
            )
