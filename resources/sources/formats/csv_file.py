"""CSV.

Belongs here: the table, its header, and saying which line is ragged. Does not belong here: what the options of a file
should be (`sources.dialect`), or numbers in other notations (`csv_numbers`). What other formats turn into lines of text
is read here too.
"""

import re
from collections.abc import Sequence
from itertools import islice
from typing import Any

import polars as pl

from catalogue.definition import Reading
from catalogue.visible import MOST_NAMES
from resources.sources import dialect
from resources.sources.encoding import readings_of
from resources.sources.errors import SourceError
from resources.sources.formats.csv_numbers import with_numbers
from resources.sources.formats.csv_place import AnyPlace, Place, count_of, not_read, rows_of, table_text
from resources.sources.formats.text import utf8, with_iso_dates
from resources.sources.header import check_names, joined, repaired
from resources.sources.notation import Notation, codes
from resources.sources.remarks import ReadTable

NUL = b"\0"
"""Never a letter: what programs leave of fields of fixed width."""


def read(content: bytes, reading: Reading, where: str) -> ReadTable:
    """The table of a CSV file, with types. Raises SourceError: as `sources.reading.read_table`."""
    text = utf8(content, reading.encoding, where)
    table, changed = typed(_table_lines(text, reading), reading, Place(content, reading, where))
    nothing = text.count(NUL)
    said = (f"{count_of(nothing, 'NUL byte')} left out",) if nothing else ()
    return ReadTable(table, (*not_read(text, reading), *said, *changed))


def layout(content: bytes, where: str, given: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The options of a `Reading` that say how lines and fields are found, and what could be otherwise; those that a
    person has `given` are taken as they are.

    Raises SourceError: the text is not in the encoding that was given.
    """
    (encoding, word), *others = [(given["encoding"], "")] if "encoding" in given else readings_of(content)
    found = dialect.detect(utf8(content, encoding, where).decode())
    doubts = [
        f"text was read as {encoding}, {word!r}; as {other} it is {alike!r}: write `encoding: {other}` if that is right"
        for other, alike in others
    ]
    return ({} if encoding == "utf8" else {"encoding": encoding}) | found | given, doubts


def text_fields(content: bytes, reading: Reading, where: str) -> pl.DataFrame:
    """The table, all of it text."""
    text = _table_lines(utf8(content, reading.encoding, where), reading)
    return fields(text, reading, Place(content, reading, where), infer=False).table


def _table_lines(text: bytes, reading: Reading) -> bytes:
    """The header and the rows."""
    table = table_text(text, reading).replace(NUL, b"")
    return _single_spaces(table, reading.quote) if reading.separator == " " else table


def typed(text: bytes, reading: Reading, place: AnyPlace) -> ReadTable:
    """The table in lines of text, with types; `place` opens messages about them."""
    notation = Notation.of(reading)
    inferred = _inferred(text, reading, place) if notation.is_plain and not reading.numbers else None
    table, left_out = inferred or fields(text, reading, place, infer=False)
    table, padded = with_numbers(table, notation, place)
    as_written, changed = _codes(table, text, reading, place)
    return ReadTable(with_iso_dates(table.with_columns(as_written)), (*left_out, *padded, *changed))


def _inferred(text: bytes, reading: Reading, place: AnyPlace) -> ReadTable | None:
    """As polars infers it; None where it infers a type that its own parser can't read."""
    try:
        return fields(text, reading, place, infer=True)
    except pl.exceptions.ComputeError:
        return None


def _codes(table: pl.DataFrame, text: bytes, reading: Reading, place: AnyPlace) -> tuple[list[pl.Series], list[str]]:
    """The columns of `table` that hold no numbers but codes, as they are written, and remarks on what is so read."""
    numeric = [number for number, dtype in enumerate(table.dtypes) if dtype.is_numeric()]
    if not (numeric and codes.ANYWHERE.search(text)):
        return [], []
    written = fields(text, reading, place, infer=False).table
    whys = {number: why for number in numeric if (why := codes.why_text(written[:, number], table.dtypes[number]))}
    lost = [said for number in numeric if number not in whys for said in codes.lost_digits(written[:, number])]
    return [written[:, number] for number in whys], [*whys.values(), *lost]


def fields(text: bytes, reading: Reading, place: AnyPlace, *, infer: bool) -> ReadTable:
    """The table with the types polars infers from every row or, where they are not to be inferred, all of it text; and
    what of it was left out."""
    if not text:
        raise SourceError(f"{place.where}: empty, nothing but line ends; deliver it again")
    names = _header(text, reading, place) if reading.header else []
    table = _parsed(text, names, reading, place, infer=infer)
    left_out: tuple[str, ...] = ()
    if reading.header and reading.columns is None:
        table, left_out = _without_empty_columns(table, names)
        names = names[: table.width]
        _check_header(names, reading, place)
        table.columns = repaired(names) if reading.repair_header else names
        left_out = (*left_out, *_renamings(names, table.columns))
    table, blank = _without_blank_rows(table)
    return ReadTable(table[:, 1:] if reading.index else table, (*left_out, *blank))


def _parsed(text: bytes, names: Sequence[str], reading: Reading, place: AnyPlace, *, infer: bool) -> pl.DataFrame:
    """The table as polars parses it, every row as wide as the header, whose `names` are repaired."""
    if reading.quote and reading.quote.encode() in text:
        _check_quotes(text.decode(), reading.quote, place)
    try:
        table = pl.read_csv(
            text,
            has_header=reading.header,
            new_columns=repaired(names) or None,
            separator=reading.separator,
            quote_char=reading.quote,
            skip_rows_after_header=reading.header_lines - 1 + reading.skip_after_header,
            null_values=reading.null_values,
            infer_schema=infer,
            infer_schema_length=None,
            schema_overrides=_as_written(names, reading),
        )
    except pl.exceptions.PolarsError:
        _check_widths(text, place)
        raise
    if table.width > 1 and table.to_series(-1).null_count():  # where polars leaves what a short row lacks
        _check_last_field(text, place)
    return table


def _check_quotes(text: str, quote: str, place: AnyPlace) -> None:
    """Raise SourceError for the first quotation mark by which rows could run into each other."""
    at = dialect.stray_quote(text, place.reading.separator, quote)
    if at is None:
        return
    begins = text.rfind("\n", 0, at) + 1
    line = place.line(text.count("\n", 0, at) + 1)
    if text[begins:at].rstrip(" ")[-1:] in ("", place.reading.separator):
        raise SourceError(f"{line}: no quotation mark ends the field that one begins; deliver the file again, whole")
    near = text[max(begins, at - 20) : at + 10].splitlines()[0]
    raise SourceError(
        f"{line}: a quotation mark stands inside the field {near!r}; write it twice, and the field in quotation marks, "
        f"or `quote: null` where they are text like any other"
    )


def _without_empty_columns(table: pl.DataFrame, names: Sequence[str]) -> ReadTable:
    """The table without columns at its right that have neither name nor value, as where every line ends in a
    separator."""
    width = table.width
    while width > 1 and not names[width - 1].strip() and table.to_series(width - 1).null_count() == table.height:
        width -= 1
    empty = table.width - width
    said = (f"{count_of(empty, 'column')} at the right without name and value not read",) if empty else ()
    return ReadTable(table[:, :width], said)


def _renamings(names: Sequence[str], repaired: Sequence[str]) -> tuple[str, ...]:
    changed = [f"{old!r} is {new!r}" for old, new in zip(names, repaired, strict=True) if old and old != new]
    more = ", …" if len(changed) > MOST_NAMES else ""
    return (f"{count_of(len(changed), 'column')} renamed: {', '.join(changed[:MOST_NAMES])}{more}",) if changed else ()


def _as_written(names: Sequence[str], reading: Reading) -> dict[str, type[pl.String]]:
    """The columns of `date_format`, by the names that they are parsed under, are text: 010421 is no number."""
    parsed = repaired(names) or [f"column_{number}" for number in range(1, len(reading.columns or ()) + 1)]
    named = reading.columns or (parsed if reading.repair_header else names)
    return {old: pl.String for old, name in zip(parsed, named, strict=False) if name in reading.date_format}


def _without_blank_rows(table: pl.DataFrame) -> ReadTable:
    """The rows that hold anything. Of a single column a blank line is a missing value."""
    if table.width < 2 or not table.select(pl.all_horizontal(pl.all().is_null()).any()).item():
        return ReadTable(table)
    filled = table.filter(pl.any_horizontal(pl.all().is_not_null()))
    return ReadTable(filled, (f"{count_of(table.height - filled.height, 'blank row')} not read",))


def _header(text: bytes, reading: Reading, place: AnyPlace) -> list[str]:
    """The names as they stand in the file."""
    if reading.header_lines > 1:
        names = joined([row.fields for row in islice(rows_of(text, reading), reading.header_lines)])
    else:
        names = joined([_first_line(text, reading)])
    if reading.columns is None and len(names) == 1 and any(mark in names[0] for mark in dialect.SEPARATORS):
        raise SourceError(f"{place.line(1)}: the header is one field, {names[0]!r}{place.advice}")
    return names


def _check_header(names: Sequence[str], reading: Reading, place: AnyPlace) -> None:
    first, *others = names
    if reading.index and first:
        raise SourceError(f"{place.where}: the header calls column 1 {first!r}, so it is data: take `index` out")
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


def _check_last_field(text: bytes, place: AnyPlace) -> None:
    """Raise SourceError for the first row that lacks fields: the last one is empty there, as it may be elsewhere.

    Only where lines differ in their number of separators is the file gone through row by row.
    """
    reading = place.reading
    whole = pl.Series([text]).cast(pl.String)
    if reading.quote:
        mark = re.escape(reading.quote)
        whole = whole.str.replace_all(f"{mark}[^{mark}]*{mark}", "")
    widths = whole.str.split("\n").explode().str.count_matches(reading.separator, literal=True)
    if pl.concat([widths[:1], widths[reading.header_lines + reading.skip_after_header :]]).n_unique() > 1:
        _check_widths(text, place)


def _check_widths(text: bytes, place: AnyPlace) -> None:
    """Raise SourceError for the first row that has more or fewer fields than the first one."""
    reading = place.reading
    rows = iter(rows_of(text, reading))
    width = len(next(rows).fields)
    for row in islice(rows, reading.header_lines - 1 + reading.skip_after_header, None):
        if row.fields and len(row.fields) != width:
            more = f"; put the field that holds a {reading.separator!r} into quotation marks"
            remedy = place.advice or (more if len(row.fields) > width else "; complete it, or deliver the file again")
            raise SourceError(f"{place.line(row.end)} has {len(row.fields)} fields, the first line has {width}{remedy}")
