"""JSON: an array of objects, alone or inside one object, or one object a line.

Belongs here: the table, and saying where the text breaks off or is no object.
"""

import json
import re
from collections.abc import Iterator

import polars as pl
from polars import selectors as cs

from catalogue.definition import Reading
from catalogue.visible import listed
from resources.sources.errors import SourceError
from resources.sources.formats.numbers_in_full import with_usual_numbers
from resources.sources.formats.text import utf8, with_iso_dates
from resources.sources.header import check_patterns
from resources.sources.notation.codes import rounded_together
from resources.sources.remarks import ReadTable

NUMBER = r"^-?\d+(\.\d+)?([eE][+-]?\d+)?$"
LONG = re.compile(rb":\s*-?\d{15}")
"""A file in which nothing looks like this holds no number of more digits than a float keeps."""


def read(content: bytes, reading: Reading, where: str) -> ReadTable:
    """The table of an array, which may be the only one inside an object. Raises SourceError: as
    `sources.reading.read_table`."""
    text = utf8(content, reading.encoding, where)
    try:
        whole = pl.read_json(text, infer_schema_length=None)
    except pl.exceptions.PolarsError:
        _check_array(text, where)
        raise
    if text.lstrip().startswith(b"["):
        return _typed(whole, text, where)
    table, remarks = _inside(whole, where)
    typed = _typed(table, text, where)
    return ReadTable(typed.table, (*remarks, *typed.remarks))


def read_lines(content: bytes, reading: Reading, where: str) -> ReadTable:
    """The table of one object a line. Raises SourceError: as `sources.reading.read_table`."""
    text = utf8(content, reading.encoding, where)
    try:
        return _typed(pl.read_ndjson(text, infer_schema_length=None), text, where)
    except pl.exceptions.PolarsError:
        _check_objects(text, where)
        raise


def _inside(whole: pl.DataFrame, where: str) -> ReadTable:
    """The one array of objects in an object."""
    arrays = [name for name, dtype in whole.schema.items() if dtype == pl.List(pl.Struct)]
    if whole.height != 1 or len(arrays) != 1:
        found = f"; it holds {len(arrays)}, {listed(arrays)}: deliver one alone" if arrays else ""
        raise SourceError(
            f"{where}: is no array of objects, like [{{…}}, {{…}}]; one object a line is `format: jsonl`, or a file "
            f"named .jsonl{found}"
        )
    beside = whole.drop(cs.by_name(*arrays)).columns
    table = whole[arrays[0]].explode().struct.unnest()
    remark = f"the rows are those below {arrays[0]!r}"
    return ReadTable(table, (f"{remark}; {listed(beside)} beside it not read" if beside else remark,))


def _typed(table: pl.DataFrame, text: bytes, where: str) -> ReadTable:
    check_patterns(table.columns, where)
    usual = with_usual_numbers(with_iso_dates(table))
    return ReadTable(usual.table, (*usual.remarks, *_mixed(usual.table, text), *_rounded(usual.table, text)))


def _mixed(table: pl.DataFrame, text: bytes) -> Iterator[str]:
    """Remarks on columns of text in which some values are numbers in the file."""
    for column in table.select(cs.string()).iter_columns():
        if column.str.contains(NUMBER).any() and (numbers := len(_found(column.name, rb"-?\d", text))):
            yield f"{numbers:,} values of {column.name!r} are numbers among texts: read as text"


def _rounded(table: pl.DataFrame, text: bytes) -> Iterator[str]:
    """Remarks on columns of floats in which numbers of many digits became one."""
    if not LONG.search(text):
        return
    for name in table.select(cs.float()).columns:
        long = [number.decode() for number in _found(name, rb"-?\d{15,}(?:\.\d+)?(?=[\s,}])", text)]
        yield from rounded_together(pl.Series(name, long, pl.String))


def _found(name: str, value: bytes, text: bytes) -> list[bytes]:
    """The values of a key that look so."""
    key = re.escape(json.dumps(name, ensure_ascii=False).encode())
    return re.findall(rb"%b\s*:\s*(%b)" % (key, value), text)


def _check_array(text: bytes, where: str) -> None:
    """Raise SourceError where the JSON array breaks off or is malformed, or for its first entry that is no object."""
    try:
        entries = json.loads(text)
    except json.JSONDecodeError as error:
        raise SourceError(f"{where}: line {error.lineno}, column {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise SourceError(f"{where}: is nested too deep to be a table") from error
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
