"""How a CSV file is laid out, detected from the file itself.

Belongs here: encoding, separator, quotes, header, lines above and below the table. Does not belong here: how its values
are written (`notation`), or reading it (`reading`).
"""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

SEPARATORS = (",", ";", "\t", "|")
LOOKED_AT = 500
"""Rows from the top by which the layout is detected."""
HIGHEST_HEADER = 50
"""Lines among which the header is searched for."""
FOOTER_LINES = 20
"""Lines at the end among which a footer is searched for."""
TOTALS = re.compile(
    r"^(grand |sub)?(totals?|totaal|totale|sum|summe|gesamt|gesamtsumme|suma|somme|итого|合计|总计|合計|総計)[: ]*$",
    re.IGNORECASE,
)
YEAR = re.compile(r"^(19|20)\d\d$")
NUMBER = re.compile(r"^\s*[+-]?[\d.,'  ]*\d[\d.,]*%?\s*$")


def encoding_of(content: bytes) -> str:
    """The encoding, as a definition names it. Bytes that fit several are taken for the likeliest."""
    start = content[:1000]
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or start.count(0) > len(start) / 4:
        return "utf16"
    if _decodes(content, "utf8"):
        return "utf8"
    if _is_chinese(content) and _decodes(content, "gb18030"):
        return "gb18030"
    return "cp1252" if _decodes(content, "cp1252") else "latin1"


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _is_chinese(content: bytes) -> bool:
    """Whether most bytes beyond ASCII come in the pairs that write the common characters of GB 2312."""
    beyond = len(re.findall(rb"[\x80-\xff]", content[:1_000_000]))
    pairs = len(re.findall(rb"[\xb0-\xd7][\xa1-\xfe]", content[:1_000_000]))
    return 2 * pairs > beyond / 2


@dataclass(frozen=True)
class _Rows:
    """The first rows of a file under one separator: their fields, and the line each begins on (from 0)."""

    separator: str
    fields: list[list[str]]
    lines: list[int]

    @cached_property
    def width(self) -> int:
        """The most frequent number of fields; of the first row where no two are as wide."""
        widths = Counter(len(row) for row in self.fields if row)
        return max(widths, key=lambda width: (widths[width], width if widths[width] > 1 else 0), default=0)

    @cached_property
    def header(self) -> int:
        """The first row that is as wide as most and not mostly empty, as a padded title is."""
        rows = enumerate(self.fields[:HIGHEST_HEADER])
        return next((place for place, row in rows if len(row) == self.width and _filled(row)), 0)

    @cached_property
    def fit(self) -> tuple[float, int, int]:
        """How well the separator explains the rows: the share that is as wide as most, how near the top they begin, the
        width."""
        table = [row for row in self.fields[self.header :] if row]
        return sum(len(row) == self.width for row in table) / max(len(table), 1), -self.header, self.width


def _filled(row: Sequence[str]) -> bool:
    return len(row) < 2 or 2 * sum(bool(field.strip()) for field in row[1:]) > len(row) - 1


def _rows(text: str, separator: str, quote: str | None) -> _Rows:
    fields, lines, line = [], [], 0
    for row in islice(parsed(io.StringIO(text, newline=""), separator, quote), LOOKED_AT):
        fields.append(row.fields)
        lines.append(line)
        line = row.end
    return _Rows(separator, fields, lines)


@dataclass(frozen=True)
class Row:
    """Fields of a row, and the line it ends on (from 1)."""

    fields: list[str]
    end: int


def parsed(lines: Iterable[str], separator: str, quote: str | None) -> Iterable[Row]:
    """The rows of a file, one by one, as far as they can be read: for a few, or to find where the file is wrong."""
    csv.field_size_limit(2**31 - 1)
    quoting = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
    reader = csv.reader(lines, delimiter=separator, quotechar=quote, quoting=quoting, skipinitialspace=separator == " ")
    with suppress(csv.Error):
        for fields in reader:
            yield Row(fields, reader.line_num)


def detect(content: bytes) -> dict[str, Any]:
    """The options of a `Reading` that this CSV file needs beyond the defaults.

    Looks at the first rows and the last lines only; what those don't show, `reading` refuses with its line.
    """
    encoding = encoding_of(content)
    text = content.decode("utf-8-sig" if encoding == "utf8" else encoding)
    head = text[: text.find("\n", 200_000) + 1] if text.find("\n", 200_000) > 0 else text
    rows = _best(head)
    top = rows.header
    names, below = rows.fields[top] if rows.fields else [], rows.fields[top + 1 :]
    above = rows.lines[top] if rows.lines else 0
    options: dict[str, Any] = {"encoding": encoding, "separator": rows.separator, "skip_before_header": above}
    if _is_data(names, below):
        options |= {"header": False, "columns": [f"column_{number}" for number in range(1, len(names) + 1)]}
    elif names and not names[0].strip() and _numbers_rows(below):
        options["index"] = True
    named = names[1:] if options.get("index") else names
    if "columns" not in options and _need_repair(named):
        options["repair_header"] = True
    if footer := _footer(text, rows):
        options["footer"] = footer
    defaults = {"encoding": "utf8", "separator": ",", "skip_before_header": 0}
    return {name: value for name, value in options.items() if value != defaults.get(name)}


def _best(text: str) -> _Rows:
    """The rows under the separator that explains them best; a space only where no other does."""
    tried = [_rows(text, separator, '"') for separator in SEPARATORS]
    best = max(tried, key=lambda rows: (rows.width > 1, rows.fit))
    if best.width > 1:
        return best
    single = re.sub(r"^ +| +$", "", text, flags=re.MULTILINE)
    spaced = _rows(re.sub(" +", " ", single), " ", '"')
    return spaced if spaced.width > 1 and spaced.fit[0] == 1 else tried[0]


def _is_data(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether the first row is no header: it holds a number in every column that holds numbers, and not only years."""
    table = [row for row in below if len(row) == len(first)]
    numeric = [place for place in range(len(first)) if table and _are_numbers(row[place] for row in table)]
    of_first = [first[place] for place in numeric]
    return bool(numeric) and all(map(NUMBER.match, of_first)) and not all(map(YEAR.match, of_first))


def _are_numbers(values: Iterable[str]) -> bool:
    known = [value for value in values if value.strip()]
    return bool(known) and sum(bool(NUMBER.match(value)) for value in known) >= 0.9 * len(known)


def _numbers_rows(below: Sequence[Sequence[str]]) -> bool:
    first = [row[0] for row in below if row]
    return len(set(first)) == len(first)


def _need_repair(names: Sequence[str]) -> bool:
    return any(name != name.strip() or not name for name in names) or len(set(names)) < len(names)


def _footer(text: str, rows: _Rows) -> str | None:
    """How the first line of a footer begins: a total, a note, or a line that says something and has too few fields."""
    last = text.rstrip().rsplit("\n", FOOTER_LINES)[1:]
    first = None
    for line in reversed(last):
        is_part_of_a_field = line.count('"') % 2
        if is_part_of_a_field or (line.strip(f' \t\r"{rows.separator}') and not _is_footer(line, rows)):
            break
        first = line if line.strip(f' \t\r"{rows.separator}') else first
    if first is None:
        return None
    (row,) = parsed([first], rows.separator, '"')
    return _lasting_part(row.fields[0].strip())


def _lasting_part(note: str) -> str:
    """What will be the same in the next delivery: `As of:` rather than the day that follows."""
    label = re.match(r"[^:：]*[:：]|[*#(]+", note)
    return label[0] if label else note


def _is_footer(line: str, rows: _Rows) -> bool:
    """A line that ends a table. A single short word is taken for a row that was cut off."""
    row = next(iter(parsed([line], rows.separator, '"')), Row([], 0)).fields
    if not row or not row[0].strip():
        return False
    filled = [field for field in row if field.strip()]
    is_alone = len(row) < rows.width or (len(filled) == 1 and rows.width > 2)
    return bool(TOTALS.match(row[0].strip())) or (is_alone and _says_something(row[0]))


def _says_something(text: str) -> bool:
    """Words, a mark of a note, or a colon: no value that a row begins with."""
    return len(text.split()) > 2 or text.lstrip().startswith(("*", "#", "(")) or ":" in text or "：" in text
