"""JSON: an array of objects, or one object a line.

Belongs here: the table, and saying where the text breaks off or is no object.
"""

import json

import polars as pl

from catalogue.definition import Reading
from resources.sources.errors import SourceError
from resources.sources.formats.text import utf8, with_iso_dates


def read(content: bytes, reading: Reading, where: str) -> pl.DataFrame:
    """The table of an array. Raises SourceError: as `sources.reading.read_table`."""
    text = utf8(content, reading.encoding, where)
    if not text.lstrip().startswith(b"["):
        raise SourceError(f"{where}: is no array of objects, like [{{…}}, {{…}}]; one object a line is `format: jsonl`")
    try:
        return with_iso_dates(pl.read_json(text, infer_schema_length=None))
    except pl.exceptions.PolarsError:
        _check_array(text, where)
        raise


def read_lines(content: bytes, reading: Reading, where: str) -> pl.DataFrame:
    """The table of one object a line. Raises SourceError: as `sources.reading.read_table`."""
    text = utf8(content, reading.encoding, where)
    try:
        return with_iso_dates(pl.read_ndjson(text, infer_schema_length=None))
    except pl.exceptions.PolarsError:
        _check_objects(text, where)
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
