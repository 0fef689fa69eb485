"""Where in a CSV file something is wrong.

Belongs here: the lines of the table, and the beginning and the advice of a message about one. Does not belong here:
finding what is wrong (`csv_file`, `csv_numbers`).
"""

import io
import json
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from catalogue.definition import Reading
from resources.sources import dialect
from resources.sources.formats.text import utf8


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
        needed = {name: value for name, value in dialect.detect(self.content).items() if name in layout}
        options = {name: value for name, value in needed.items() if value != getattr(self.reading, name)}
        written = [f"`{name}: {json.dumps(value, ensure_ascii=False)}`" for name, value in options.items()]
        return f"; the file looks as if it needs {', '.join(written)}" if written else ""

    def at(self, row: int) -> str:
        """Opens a message about a row of the table, numbered from 0."""
        text = table_text(utf8(self.content, self.reading.encoding, self.where), self.reading)
        above = self.reading.header + self.reading.skip_after_header
        return self.line(next(islice(rows_of(text, self.reading), row + above, None)).end)


def table_text(text: bytes, reading: Reading) -> bytes:
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


def rows_of(text: bytes, reading: Reading) -> Iterable[dialect.Row]:
    """The fields of every row, with the line that it begins on."""
    return dialect.parsed(io.StringIO(text.decode(), newline=""), reading.separator, reading.quote)
