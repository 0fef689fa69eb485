"""From the bytes of one file to a table.

Belongs here: the formats a definition may name, and saying exactly where a file is wrong. Does not belong here: which
files there are (`source`), or what the columns mean (`resources.contracts`).
"""

import codecs
import csv
import functools
import io
import json
import pickle
import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

import polars as pl
from polars import selectors as cs

from industries.definition import Reading
from resources.sources.archives import ZIP_START, parts, unpacked
from resources.sources.errors import SourceError

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

ISO_DATE = r"^\d{4}-\d{2}-\d{2}$"
ISO_MOMENT = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}"


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
    try:
        table = _renamed(_READERS[file_format](content, reading, where), reading, where)
    except pl.exceptions.PolarsError as error:
        raise SourceError(f"{where}: {str(error).splitlines()[0]}") from error
    if table.is_empty():
        raise SourceError(f"{where}: empty, no row below the header; deliver it again")
    return table


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


def _check_names(names: Sequence[str | None], where: str, start: int = 1) -> None:
    nameless = [position for position, name in enumerate(names, start) if not (name and name.strip())]
    if nameless:
        raise SourceError(f"{where}: the header has no name for column {', '.join(map(str, nameless))}")
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise SourceError(f"{where}: the header repeats {', '.join(map(repr, repeated))}; names must be unique")


# --- CSV --------------------------------------------------------------------------------------------------------------


def _csv(content: bytes, reading: Reading, where: str) -> pl.DataFrame:
    text = _utf8(content, reading.encoding, where).rstrip(b"\r\n")
    if reading.separator == " ":
        text = _single_spaces(text, reading.quote)
    if not text:
        raise SourceError(f"{where}: empty, nothing but line ends; deliver it again")
    if reading.header and reading.columns is None:
        _check_header(_first_line(text, reading), reading, where)
    try:
        table = pl.read_csv(
            text,
            has_header=reading.header,
            separator=reading.separator,
            quote_char=reading.quote,
            skip_rows_after_header=reading.skip_after_header,
            null_values=reading.null_values,
            infer_schema_length=None,
        )
    except pl.exceptions.PolarsError:
        _check_widths(text, reading, where)
        raise
    if table.width > 1 and table.to_series(-1).null_count():  # where polars leaves what a short row lacks
        _check_widths(text, reading, where)
    return _with_dates(table[:, 1:] if reading.index else table)


def _check_header(names: Sequence[str | None], reading: Reading, where: str) -> None:
    first, *others = names
    if reading.index and first:
        raise SourceError(f"{where}: the header calls column 1 {first!r}, so it is data: take `index` out")
    if not (reading.index or first):
        raise SourceError(f"{where}: the header has no name for column 1; write `index: true` if it numbers the rows")
    if reading.index:
        _check_names(others, where, start=2)
    else:
        _check_names(names, where)


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
        raise SourceError(
            f"{where}: line {line}: byte 0x{content[error.start]:02x} at offset {error.start} is not UTF-8; "
            f"save it as UTF-8, or set `encoding: latin1`"
        ) from error
    return content.removeprefix(codecs.BOM_UTF8) if encoding == "utf8" else text.encode()


def _single_spaces(text: bytes, quote: str | None) -> bytes:
    """One space for every run of them outside quotes, none at either end of a line."""
    trimmed = re.sub(rb"^ +| +(?=\r?$)", b"", text, flags=re.MULTILINE)
    if quote is None:
        return re.sub(rb" +", b" ", trimmed)
    mark = re.escape(quote.encode())
    return re.sub(rb"(%b[^%b]*%b)| +" % (mark, mark, mark), lambda found: found[1] or b" ", trimmed)


def _check_widths(text: bytes, reading: Reading, where: str) -> None:
    """Raise SourceError for the first row that has more or fewer fields than the first one."""
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    rows = csv.reader(
        io.StringIO(text.decode(), newline=""),
        delimiter=reading.separator,
        quotechar=reading.quote,
        quoting=csv.QUOTE_MINIMAL if reading.quote else csv.QUOTE_NONE,
    )
    width = len(next(rows))
    for row in islice(rows, reading.skip_after_header, None):
        if len(row) != width:
            raise SourceError(f"{where}: line {rows.line_num} has {len(row)} fields, the first line has {width}")


def _with_dates(table: pl.DataFrame) -> pl.DataFrame:
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
        return _with_dates(pl.read_ndjson(text, infer_schema_length=None))
    except pl.exceptions.PolarsError:
        _check_objects(text, where)
        raise


def _json(content: bytes, reading: Reading, where: str) -> pl.DataFrame:
    text = _utf8(content, reading.encoding, where)
    if not text.lstrip().startswith(b"["):
        raise SourceError(f"{where}: is no array of objects, like [{{…}}, {{…}}]; one object a line is `format: jsonl`")
    try:
        return _with_dates(pl.read_json(text, infer_schema_length=None))
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
    if reading.header and reading.columns is None:
        header = book.load_sheet(sheet, header_row=None, n_rows=1, dtypes="string").to_polars()
        _check_names(next(header.iter_rows(), ()), where)
    return pl.read_excel(
        content, sheet_name=sheet, has_header=reading.header, infer_schema_length=None, raise_if_empty=False
    )


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
