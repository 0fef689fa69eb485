"""From the bytes of one file to a table.

Belongs here: the formats a definition may name, and saying exactly where a file is wrong. Does not belong here: which
files there are (`source`), or what the columns mean (`resources.contracts`).
"""

import codecs
import difflib
import functools
import io
import json
import pickle
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count, islice
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import polars as pl
from polars import selectors as cs

from catalogue.definition import Reading
from resources.sources import dialect
from resources.sources.archives import ZIP_START, parts, unpacked
from resources.sources.errors import SourceError
from resources.sources.notation import ISO_DATE, ISO_MOMENT, NOTATIONS, DetectedNotation, Notation, read_date, tell

FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".xlsx": "excel",
    ".xls": "excel",
    ".pickle": "pickle",
    ".pkl": "pickle",
}

MOST_CELLS = 2**31
"""In a Parquet file: a few bytes of it can stand for any number of equal rows."""
MOST_WORKBOOK_CELLS = 2**27
FAR_RIGHT = re.compile(rb"""\br=["']([E-Z][A-Z]|[A-Z]{3})\d+["']""")
"""The column of a cell from the 131st on: with fewer columns, no number of rows is too large."""
ROW = re.compile(rb"""\brow\b[^>]*?\br=["'](\d{1,7})["']""")


def read_table(content: bytes, name: str, reading: Reading, where: str, *, pinned: bool) -> pl.DataFrame:
    """The table in `content`, a file called `name`; `where` opens every message.

    CSV types are inferred from every row; text that is an ISO 8601 date throughout becomes a date. A pickle can run
    code: it is read only if its digest was `pinned`, and then only as a pandas DataFrame. `bytes` is no format of a
    table: see `stacking`.

    Raises SourceError: empty, damaged, not in the format or the encoding it claims, ragged, or with column names that
    are missing or not unique.
    """
    if not content:
        raise SourceError(f"{where}: empty (0 bytes); deliver it again")
    content, name = unpacked(content, name, where)
    file_format = _format(name, reading, where)
    if file_format == "pickle" and not pinned:
        raise SourceError(f"{where}: a pickle can run code, so only one with a pinned sha256 is read; deliver Parquet")
    with _polars_named(where):
        table = _renamed(_READERS[file_format](content, reading, where), reading, where)
        table = table.with_columns([*_declared_dates(table, file_format, _Place(content, reading, where))])
    if table.is_empty():
        raise SourceError(f"{where}: empty, no row below the header; deliver it again")
    return table


def told_reading(content: bytes, name: str, where: str) -> DetectedNotation:
    """How a file wants to be read, told from the file itself: the options a definition should name, and what could be
    otherwise. All of it is looked at.

    Raises SourceError: as `read_table`.
    """
    if not content:
        raise SourceError(f"{where}: empty (0 bytes); deliver it again")
    content, name = unpacked(content, name, where)
    file_format = _format(name, Reading(), where)
    if file_format == "pickle":
        raise SourceError(f"{where}: a pickle can run code, so it is not read; write it as Parquet")
    layout = dialect.tell(content) if file_format == "csv" else {}
    if file_format == "excel":
        layout["repair_header"] = True
    reading = Reading.model_validate(layout)
    with _polars_named(where):
        if file_format == "csv":
            told = tell(_renamed(_fields(content, reading, where, typed=False), reading, where))
            return DetectedNotation(layout | told.options, told.doubts)
        told = tell(_READERS[file_format](content, reading, where))
    dates = {name: value for name, value in told.options.items() if name == "date_format"}
    return DetectedNotation(layout | dates, told.doubts)


@contextmanager
def _polars_named(where: str) -> Iterator[None]:
    """Says at which file polars failed."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        raise SourceError(f"{where}: {str(error).splitlines()[0]}") from error


def _format(name: str, reading: Reading, where: str) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    if not reading.format and suffix not in FORMATS:
        raise SourceError(f"{where}: no format goes with {suffix or 'no suffix'!r}; name one in `format`")
    return reading.format or FORMATS[suffix]


def _renamed(table: pl.DataFrame, reading: Reading, where: str) -> pl.DataFrame:
    if reading.columns is None:
        return table
    if len(reading.columns) != table.width:
        raise SourceError(f"{where}: has {table.width} columns, `columns` names {len(reading.columns)}")
    return table.rename(dict(zip(table.columns, reading.columns, strict=True)))


def _declared_dates(table: pl.DataFrame, file_format: str, place: "_Place") -> Iterator[pl.Series]:
    """The columns of `date_format` as dates or moments."""
    for name, written in place.reading.date_format.items():
        if name not in table.columns:
            near = difflib.get_close_matches(name, table.columns, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; it has {table.columns}"
            raise SourceError(f"{place.where}: has no column {name!r}, which `date_format` names{hint}")
        if table.schema[name].is_temporal():
            continue
        text = table[name].cast(pl.String)
        formats = [written] if isinstance(written, str) else written
        read = read_date(text, formats)
        misfits = (read.is_null() & text.is_not_null()).arg_true()
        if len(misfits):
            row = int(misfits[0])
            at = _at(row, place) if file_format == "csv" else f"{place.where}: row {row + 1}"
            raise SourceError(
                f"{at}, column {name!r}: {text[row]!r} is no date written {' or '.join(formats)} ({len(misfits):,} "
                f"such values); add its format to `date_format`, or the value to `null_values`"
            )
        yield read


def _check_names(names: Sequence[str | None], where: str, start: int = 1) -> None:
    nameless = [position for position, name in enumerate(names, start) if not (name and name.strip())]
    if nameless:
        listed = ", ".join(map(str, nameless))
        raise SourceError(f"{where}: the header has no name for column {listed}; {_REPAIR}")
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        listed = ", ".join(map(repr, repeated))
        raise SourceError(f"{where}: the header repeats {listed}; names must be unique: {_REPAIR}")


_REPAIR = "mend it, or write `repair_header: true`"


# --- CSV --------------------------------------------------------------------------------------------------------------


def _csv(content: bytes, reading: Reading, where: str) -> pl.DataFrame:
    notation = Notation.of(reading)
    table = _fields(content, reading, where, typed=notation.is_plain)
    if not notation.is_plain:
        table = _with_numbers(table, notation, _Place(content, reading, where))
    return _with_iso_dates(table)


def _fields(content: bytes, reading: Reading, where: str, *, typed: bool) -> pl.DataFrame:
    """The table with the types polars infers from every row or, where not `typed`, all of it text."""
    text = _table(_utf8(content, reading.encoding, where), reading)
    if reading.separator == " ":
        text = _single_spaces(text, reading.quote)
    if not text:
        raise SourceError(f"{where}: empty, nothing but line ends; deliver it again")
    place = _Place(content, reading, where)
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
        table.columns = _repaired(names)
    return table[:, 1:] if reading.index else table


class _Place(NamedTuple):
    """What a message about a CSV file is made of."""

    content: bytes
    reading: Reading
    where: str

    def line(self, number: int) -> str:
        """Opens a message about a line, numbered from 1 in what was read."""
        return f"{self.where}: line {number + self.reading.skip_before_header}"

    @property
    def advice(self) -> str:
        """The options that the file seems to need, to end a message with; empty where it shows none."""
        layout = ("separator", "skip_before_header", "footer")
        told = {name: value for name, value in dialect.tell(self.content).items() if name in layout}
        options = {name: value for name, value in told.items() if value != getattr(self.reading, name)}
        written = [f"`{name}: {json.dumps(value, ensure_ascii=False)}`" for name, value in options.items()]
        return f"; the file looks as if it needs {', '.join(written)}" if written else ""


def _table(text: bytes, reading: Reading) -> bytes:
    """`text` without the lines above the header, the footer, and line ends at the end."""
    if reading.skip_before_header:
        text = b"".join(text.split(b"\n", reading.skip_before_header)[reading.skip_before_header :])
    text = text.rstrip(b"\r\n")
    if reading.footer:
        last = text.rsplit(b"\n", dialect.FOOTER_LINES)[1:]
        begins = (line.lstrip(b' "').startswith(reading.footer.encode()) for line in last)
        footer = next((place for place, begun in enumerate(begins) if begun), len(last))
        text = text[: len(text) - sum(len(line) + 1 for line in last[footer:])].rstrip(b"\r\n")
    return text


def _header(text: bytes, reading: Reading, place: _Place) -> tuple[str | None, ...]:
    """The names as they stand in the file."""
    names = _first_line(text, reading)
    if reading.columns is None:
        _check_header(names, reading, place)
    return names


def _check_header(names: Sequence[str | None], reading: Reading, place: _Place) -> None:
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
        _check_names(others, place.where, start=2)
    else:
        _check_names(names, place.where)


def _repaired(names: Sequence[str | None]) -> list[str]:
    """Every column named, and named once: by its number where it has no name, with a number where others have it."""
    repaired: list[str] = []
    for position, name in enumerate(names, start=1):
        name = " ".join((name or "").split()) or f"column_{position}"
        numbered = (f"{name}_{number}" for number in count(2))
        repaired.append(name if name not in repaired else next(one for one in numbered if one not in repaired))
    return repaired


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


def _utf8(content: bytes, encoding: str, where: str) -> bytes:
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


_ENCODINGS = {"utf8": "UTF-8", "utf16": "UTF-16"}


def _single_spaces(text: bytes, quote: str | None) -> bytes:
    """One space for every run of them outside quotes, none at either end of a line."""
    trimmed = re.sub(rb"^ +| +(?=\r?$)", b"", text, flags=re.MULTILINE)
    if quote is None:
        return re.sub(rb" +", b" ", trimmed)
    mark = re.escape(quote.encode())
    return re.sub(rb"(%b[^%b]*%b)| +" % (mark, mark, mark), lambda found: found[1] or b" ", trimmed)


def _check_last_field(text: bytes, place: _Place) -> None:
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


def _check_widths(text: bytes, place: _Place) -> None:
    """Raise SourceError for the first row that has more or fewer fields than the first one."""
    rows = iter(_rows(text, place.reading))
    width = len(next(rows).fields)
    for row in islice(rows, place.reading.skip_after_header, None):
        if len(row.fields) != width:
            raise SourceError(
                f"{place.line(row.end)} has {len(row.fields)} fields, the first line has {width}{place.advice}"
            )


def _rows(text: bytes, reading: Reading) -> Iterable[dialect.Row]:
    return dialect.parsed(io.StringIO(text.decode(), newline=""), reading.separator, reading.quote)


def _with_numbers(table: pl.DataFrame, notation: Notation, place: _Place) -> pl.DataFrame:
    """The columns whose every value is a number in the notation as numbers, those of true and false as such."""
    typed = table.with_columns([_typed(column, notation, place) for column in table.iter_columns()])
    if notation.decimal_comma and typed.select(cs.float()).is_empty():
        _check_decimal_comma(typed.select(cs.string()), place)
    return typed


def _typed(text: pl.Series, notation: Notation, place: _Place) -> pl.Series:
    known = text.drop_nulls()
    if known.is_empty():
        return text
    if known.is_in(["true", "false"]).all():
        return text == "true"
    numbers = text.str.contains(notation.pattern)
    if numbers.all():
        return notation.read(text)
    if 2 * (numbers.sum() or 0) > len(known):
        _check_misfits(text, numbers, place)
    return text


def _check_misfits(text: pl.Series, numbers: pl.Series, place: _Place) -> None:
    """Raise SourceError where all values of a column but some are numbers, and those are in another notation."""
    misfits = text.filter(~numbers)
    other = next((one for one in NOTATIONS if misfits.drop_nulls().str.contains(one.pattern).all()), None)
    if other is not None:
        row = int((~numbers).arg_true()[0])
        options = ", ".join(f"{name}: {value!r}" for name, value in other.options.items()) or "neither"
        raise SourceError(
            f"{_at(row, place)}, column {text.name!r}: {text[row]!r} is no number as `decimal_comma` and `thousands` "
            f"say; it is one with {options}"
        )


def _check_decimal_comma(table: pl.DataFrame, place: _Place) -> None:
    """Raise SourceError where no column has a decimal comma and one has decimal points."""
    for column in table.iter_columns():
        if column.count() and column.str.contains(r"^\s*[+-]?\d*\.\d+\s*$").all():
            row = int(column.is_not_null().arg_true()[0])
            raise SourceError(
                f"{_at(row, place)}, column {column.name!r}: {column[row]!r} is written with a decimal point, and no "
                f"column has a decimal comma; take `decimal_comma` out"
            )


def _at(row: int, place: _Place) -> str:
    """Opens a message about a row of the table, numbered from 0."""
    reading = place.reading
    text = _table(_utf8(place.content, reading.encoding, place.where), reading)
    above = reading.header + reading.skip_after_header
    return place.line(next(islice(_rows(text, reading), row + above, None)).end)


def _with_iso_dates(table: pl.DataFrame) -> pl.DataFrame:
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


# --- the other formats ------------------------------------------------------------------------------------------------


def _parquet(content: bytes, reading: Reading, where: str) -> pl.DataFrame:
    table = pl.scan_parquet(content)
    rows, columns = table.select(pl.len()).collect().item(), len(table.collect_schema())
    if rows * columns > MOST_CELLS:
        raise SourceError(
            f"{where}: {rows:,} rows of {columns:,} columns are more than a table may have; split the file"
        )
    return table.collect()


def _jsonl(content: bytes, reading: Reading, where: str) -> pl.DataFrame:
    text = _utf8(content, reading.encoding, where)
    try:
        return _with_iso_dates(pl.read_ndjson(text, infer_schema_length=None))
    except pl.exceptions.PolarsError:
        _check_objects(text, where)
        raise


def _json(content: bytes, reading: Reading, where: str) -> pl.DataFrame:
    text = _utf8(content, reading.encoding, where)
    if not text.lstrip().startswith(b"["):
        raise SourceError(f"{where}: is no array of objects, like [{{…}}, {{…}}]; one object a line is `format: jsonl`")
    try:
        return _with_iso_dates(pl.read_json(text, infer_schema_length=None))
    except pl.exceptions.PolarsError:
        _check_array(text, where)
        raise


def _check_array(text: bytes, where: str) -> None:
    """Raise SourceError where the JSON array breaks off or is malformed, or for its first entry that is no object."""
    try:
        entries = json.loads(text)
    except json.JSONDecodeError as error:
        raise SourceError(f"{where}: line {error.lineno}, column {error.colno}: {error.msg}") from error
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict):
            raise SourceError(f"{where}: entry {number} of the array is not a JSON object")


def _check_objects(text: bytes, where: str) -> None:
    """Raise SourceError for the first line that is not a JSON object."""
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            is_object = isinstance(json.loads(line), dict) if line.strip() else True
        except json.JSONDecodeError as error:
            raise SourceError(f"{where}: line {number}, column {error.colno}: {error.msg}") from error
        except RecursionError as error:
            raise SourceError(f"{where}: line {number} is nested too deep to be a table") from error
        if not is_object:
            raise SourceError(f"{where}: line {number} is not a JSON object")


def _excel(content: bytes, reading: Reading, where: str) -> pl.DataFrame:
    import fastexcel

    _check_workbook(content, where)
    try:
        book = fastexcel.read_excel(content)
    except fastexcel.FastExcelError as error:
        raise SourceError(f"{where}: {str(error).splitlines()[0]}") from error
    sheet = reading.sheet or book.sheet_names[0]
    if sheet not in book.sheet_names:
        raise SourceError(f"{where}: has no sheet {sheet!r}, it has {book.sheet_names}")
    names: Sequence[str | None] = ()
    if reading.header and reading.columns is None:
        header = book.load_sheet(sheet, header_row=None, n_rows=1, dtypes="string").to_polars()
        names = next(header.iter_rows(), ())
    if not reading.repair_header:
        _check_names(names, where)
    table = pl.read_excel(
        content, sheet_name=sheet, has_header=reading.header, infer_schema_length=None, raise_if_empty=False
    )
    if reading.repair_header and names:
        table.columns = _repaired(names)
    return table


def _check_workbook(content: bytes, where: str) -> None:
    """Raise SourceError where reading takes more memory than any table needs: a workbook is a zip archive, and a cell
    far down and one far right are read with all that lies between them."""
    if not content.startswith(ZIP_START):
        return
    for path, part in parts(content, where):
        far_right = FAR_RIGHT.findall(part) if path.startswith("xl/worksheets/") else []
        if far_right:
            columns = max(map(_column_number, far_right))
            rows = max(map(int, ROW.findall(part)), default=1)
            if rows * columns > MOST_WORKBOOK_CELLS:
                raise SourceError(
                    f"{where}: {path} has cells as far as row {rows:,} and column {columns:,}; deliver CSV"
                )


def _column_number(letters: bytes) -> int:
    return functools.reduce(lambda number, letter: 26 * number + letter - ord("A") + 1, letters, 0)


def _pickle(content: bytes, reading: Reading, where: str) -> pl.DataFrame:
    import pandas as pd

    try:
        frame = _DataFrameUnpickler(io.BytesIO(content)).load()
    except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, TypeError, ValueError) as error:
        raise SourceError(f"{where}: cannot be unpickled as a pandas DataFrame ({error})") from error
    if not isinstance(frame, pd.DataFrame):
        raise SourceError(f"{where}: holds a {type(frame).__name__}, not a pandas DataFrame")
    return pl.from_pandas(frame)


class _DataFrameUnpickler(pickle.Unpickler):
    """Refuses every name but the constructors a pickled DataFrame is made of."""

    ALLOWED = re.compile(
        r"""(builtins|__builtin__)\.(slice|bytearray)
        | _codecs\.encode
        | datetime\.(date|datetime|timedelta|timezone)
        | numpy\.(dtype|ndarray)
        | numpy\._core\.(multiarray\.(_reconstruct|scalar)|numeric\._frombuffer)
        | pandas\.((core\.frame\.)?DataFrame|NA)
        | pandas\.(core\.internals\.managers\.BlockManager|_libs\.internals\._unpickle_block)
        | pandas\.(core\.indexes\.\w+\.)?(_new_Index|_new_DatetimeIndex|\w*Index)
        | pandas\.(arrays\.|core\.arrays\.\w+\.|core\.dtypes\.dtypes\.)?(Categorical|\w+Array|\w+Dtype)
        | pandas\._libs\.arrays\.__pyx_unpickle_NDArrayBacked
        | pyarrow\.lib\.(_restore_array|py_buffer|type_for_alias)""",
        re.VERBOSE,
    )

    def find_class(self, module: str, name: str) -> Any:
        module = module.replace("numpy.core.", "numpy._core.")
        if not self.ALLOWED.fullmatch(f"{module}.{name}"):
            raise pickle.UnpicklingError(f"{module}.{name} is not part of a DataFrame")
        return super().find_class(module, name)


_READERS: dict[str, Callable[[bytes, Reading, str], pl.DataFrame]] = {
    "csv": _csv,
    "parquet": _parquet,
    "json": _json,
    "jsonl": _jsonl,
    "excel": _excel,
    "pickle": _pickle,
}
