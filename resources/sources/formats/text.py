"""Text as files hold it.

Belongs here: decoding it, and ISO 8601 dates in it. Does not belong here: guessing an encoding (`sources.encoding`), or
dates written otherwise (`sources.notation`).
"""

import codecs
import re

import polars as pl
from polars import selectors as cs

from resources.sources.encoding import readings_of
from resources.sources.errors import SourceError
from resources.sources.notation import read_iso

_ENCODINGS = {"utf8": "UTF-8", "utf16": "UTF-16"}
_CARRIAGE_RETURN = re.compile(rb"\r(?!\n)")


def utf8(content: bytes, encoding: str, where: str) -> bytes:
    """`content` in UTF-8, without a byte order mark, and with line feeds where an old Macintosh ended lines by carriage
    returns."""
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SourceError(
            f"{where}: line {line}: byte 0x{content[error.start]:02x} at offset {error.start} is not "
            f"{_ENCODINGS.get(encoding, encoding)}; save it as UTF-8, or {_remedy(content, encoding)}"
        ) from error
    plain = content.removeprefix(codecs.BOM_UTF8) if encoding == "utf8" else text.removeprefix("\ufeff").encode()
    return _CARRIAGE_RETURN.sub(b"\n", plain) if _ends_lines_by_carriage_returns(plain) else plain


def _remedy(content: bytes, encoding: str) -> str:
    fitting = [(name, word) for name, word in readings_of(content) if name != encoding]
    if not fitting:
        return "deliver it again"
    return "set " + " or ".join(
        f"`encoding: {name}`" + (f" if {word!r} is right" if word else "") for name, word in fitting
    )


def _ends_lines_by_carriage_returns(text: bytes) -> bool:
    return b"\r" in text and len(_CARRIAGE_RETURN.findall(text)) > text.count(b"\n")


def with_iso_dates(table: pl.DataFrame) -> pl.DataFrame:
    """Text that is ISO 8601 throughout as dates or moments."""
    read = [read_iso(column) for column in table.select(cs.string()).iter_columns()]
    return table.with_columns([column for column in read if column is not None])
