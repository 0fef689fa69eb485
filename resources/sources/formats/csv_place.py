"""Where in a CSV file something is wrong.

Belongs here: the lines of the table and those beside it, and the beginning and the advice of a message about one.
Does not belong here: finding what is wrong (`csv_file`, `csv_numbers`).
"""

import io
import json
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import NamedTuple, Protocol

from catalogue.definition import Reading
from resources.sources import dialect
from resources.sources.formats.text import utf8


class AnyPlace(Protocol):
    """What messages about lines of text are made of; `Place` says more."""

    @property
    def reading(self) -> Reading: ...
    @property
    def where(self) -> str: ...
    @property
    def advice(self) -> str: ...
    def line(self, number: int) -> str: ...
    def at(self, row: int) -> str: ...


class Place(NamedTuple):
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
        text = utf8(self.content, self.reading.encoding, self.where).decode()
        needed = {name: value for name, value in dialect.detect(text).items() if name in layout}
        options = {name: value for name, value in needed.items() if value != getattr(self.reading, name)}
        written = [f"`{name}: {json.dumps(value, ensure_ascii=False)}`" for name, value in options.items()]
        return f"; the file looks as if it needs {', '.join(written)}" if written else ""

    def lines(self, rows: Collection[int]) -> list[int]:
        """The numbers of the lines, from 1, that rows of the table, from 0, end on."""
        below = enumerate(islice(self._rows(), max(rows) + 1))
        return [row.end + self.reading.skip_before_header for number, row in below if number in rows]

    def at(self, row: int) -> str:
        """Opens a message about a row of the table, numbered from 0."""
        return self.line(next(islice(self._rows(), row, None)).end)

    def _rows(self) -> Iterator[dialect.Row]:
        """The rows of the table, which has no blank ones."""
        text = table_text(utf8(self.content, self.reading.encoding, self.where), self.reading)
        above = self.reading.header * self.reading.header_lines + self.reading.skip_after_header
        below = islice(rows_of(text, self.reading), above, None)
        return (one for one in below if len(one.fields) == 1 or not set(one.fields) <= {*self.reading.null_values})


def table_text(text: bytes, reading: Reading) -> bytes:
    """`text` without the lines above the header, the footer, and line ends at the end."""
    if reading.skip_before_header:
        text = b"".join(text.split(b"\n", reading.skip_before_header)[reading.skip_before_header :])
    text = text.rstrip(b"\r\n")
    if reading.footer:
        last = text.rsplit(b"\n", dialect.FOOTER_LINES)[1:]
        beside = b' "' + reading.separator.encode()
        begins = (line.lstrip(beside).startswith(reading.footer.encode()) for line in last)
        footer = next((place for place, begun in enumerate(begins) if begun), len(last))
        text = text[: len(text) - sum(len(line) + 1 for line in last[footer:])].rstrip(b"\r\n")
    return text


def rows_of(text: bytes, reading: Reading) -> Iterable[dialect.Row]:
    """The fields of every row, with the line that it begins on."""
    return dialect.parsed(io.StringIO(text.decode(), newline=""), reading.separator, reading.quote)


def not_read(text: bytes, reading: Reading) -> Iterator[str]:
    """What of a file's text the definition says is no part of the table, as remarks."""
    yield from sides_not_read(reading)
    if reading.footer:
        ends = text.rstrip(b"\r\n").count(b"\n") - reading.skip_before_header
        if footer := ends - table_text(text, reading).count(b"\n"):
            yield f"{count_of(footer, 'line')} at the end not read, from {reading.footer!r} on"


def sides_not_read(reading: Reading) -> Iterator[str]:
    """What the definition says of lines above and columns beside the table."""
    if reading.skip_before_header:
        yield f"{count_of(reading.skip_before_header, 'line')} above the header not read"
    if reading.skip_after_header:
        yield f"{count_of(reading.skip_after_header, 'line')} below the header not read"
    if reading.index:
        yield "the first column, which numbers the rows, is not read"


def count_of(number: int, what: str) -> str:
    """`1 line`, `2 lines`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
