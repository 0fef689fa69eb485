"""How a table is laid out in a CSV file or a sheet, detected from its rows.

Belongs here: separator, quotes, header, lines above and below the table. Does not belong here: its encoding
(`encoding`), how its values are written (`notation`), or reading it (`reading`).
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, zip_longest
from typing import Any

from catalogue.definition import Reading
from resources.sources.header import PATTERN, joined
from resources.sources.notation.missing import MISSING, MISSING_AMONG_NUMBERS

SEPARATORS = (",", ";", "\t", "|")
LOOKED_AT = 500
"""Rows from the top by which the layout is detected."""
NEARLY = 0.8
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
        return next((place for place, row in rows if len(row) == self.width and _filled(row[: self.used])), 0)

    @cached_property
    def used(self) -> int:
        """The columns up to the last that holds anything: lines may all end in a separator."""
        columns = zip_longest(*(row for row in self.fields if len(row) == self.width), fillvalue="")
        return max((place for place, column in enumerate(columns, start=1) if any(map(str.strip, column))), default=0)

    @cached_property
    def share(self) -> float:
        """Of the rows, that are as wide as most."""
        table = [row for row in self.fields[self.header :] if row]
        return sum(len(row) == self.width for row in table) / max(len(table), 1)

    @property
    def fit(self) -> tuple[float, int, int, float]:
        """How well the separator explains the rows: the share that is as wide as most, how near the top they begin, the
        width. Of two that explain nearly all, one has a ragged row, and the other stands inside values."""
        return min(self.share, NEARLY), -self.header, self.width, self.share


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


def detect(text: str) -> dict[str, Any]:
    """The options of a `Reading` that this CSV file needs beyond the defaults.

    Looks at the first rows and the last lines only; what those don't show, `reading` refuses with its line.
    """
    head = text[: text.find("\n", 200_000) + 1] if text.find("\n", 200_000) > 0 else text
    rows = _best(head)
    options = {"separator": rows.separator, **_layout(rows, _last_rows(text, rows.separator))}
    return _unlike_defaults(options | ({"quote": None} if _quotes_are_text(text, rows.separator) else {}))


def stray_quote(text: str, separator: str, quote: str = '"') -> int | None:
    """Where (from 0) a quotation mark neither opens nor closes a field nor stands in a pair inside one, so that what
    follows could be taken for one field; None where there is none."""
    q, sep = re.escape(quote), re.escape(separator)
    field = f"(?:^|{sep}) *{q}[^{q}]*+(?:{q}{q}[^{q}]*+)*+{q}(?=[{sep}\r\n]|\\Z)"
    pair = f"{q}[^{q}{sep}\n]*+{q}"
    whole = re.compile(f"{field}|{pair}", re.MULTILINE)
    if quote not in whole.sub("", text):
        return None
    return whole.sub(lambda found: "\n" * found[0].count("\n") + " " * _without_lines(found[0]), text).find(quote)


def _without_lines(text: str) -> int:
    return len(text) - text.count("\n")


def _quotes_are_text(text: str, separator: str) -> bool:
    """Whether lines are as wide as each other where quotation marks are like any other text."""
    if '"' not in text or stray_quote(text, separator) is None:
        return False
    widths = {line.count(separator) for line in text.split("\n") if line.strip()}
    return len(widths) == 1 and not re.search(
        f'(^|{re.escape(separator)})"[^"\n]*"(?=[{re.escape(separator)}\r\n])', text
    )


def detect_rows(first: Sequence[list[str]], last: Sequence[list[str]]) -> dict[str, Any]:
    """The same of a sheet, of which these are the first and the last rows, all as wide."""
    return _unlike_defaults(_layout(_of_sheet(first), reversed(last)))


def is_table(first: Sequence[list[str]]) -> bool:
    """Whether the rows of a sheet are a table rather than a cover: most of those below the header are filled."""
    rows = _of_sheet(first)
    below = [row for row in rows.fields[rows.header + 1 :] if any(map(str.strip, row))]
    filled = sum(map(_filled, below))
    return rows.width > 1 and filled > 1 and 2 * filled >= len(below)


def _of_sheet(first: Sequence[list[str]]) -> _Rows:
    return _Rows(",", list(first[:LOOKED_AT]), list(range(min(len(first), LOOKED_AT))))


def _unlike_defaults(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value != Reading.model_fields[name].default}


def _layout(rows: _Rows, last: Iterable[Sequence[str]]) -> dict[str, Any]:
    """What stands where; `last` are the rows at the end, the last first."""
    top, lines = _header_lines(rows)
    names, below = joined(rows.fields[top : top + lines]), rows.fields[top + lines :]
    above = rows.lines[top] if rows.lines else 0
    options: dict[str, Any] = {"skip_before_header": above, "footer": _footer(last, rows.width)}
    if _is_data(names, below):
        return options | {"header": False, "columns": [f"column_{number}" for number in range(1, len(names) + 1)]}
    if names and not names[0].strip() and _numbers_rows(below):
        options["index"] = True
    options |= {"header_lines": lines, "skip_after_header": int(_describes(below))}
    while len(names) > 1 and not names[-1].strip() and not any("".join(row[len(names) - 1 :]).strip() for row in below):
        names = names[:-1]
    return options | {"repair_header": _need_repair(names[1:] if options.get("index") else names)}


def _header_lines(rows: _Rows) -> tuple[int, int]:
    """The first line of the header, and how many it has: two where one alone leaves columns without a name of their
    own."""
    top, fields = rows.header, rows.fields
    names = fields[top] if fields else []
    above, below = fields[top - 1] if top else [], fields[top + 1 :]
    nameless = [place for place, name in enumerate(names) if not name.strip()]
    if (nameless or len(set(names)) < len(names)) and len(above) == len(names) and len(set(above) - {""}) > 1:
        return top - 1, 2
    if nameless and _describes(below) and all(below[0][place].strip() for place in nameless):
        return top, 2
    return top, 1


def _describes(below: Sequence[Sequence[str]]) -> bool:
    """Whether the first row below the header says something of columns, as units, and is no data: words stand in it
    where all others have numbers."""
    first, table = below[0] if below else [], [row for row in below[1:] if row]
    width = len(first)
    numeric = [place for place in range(width) if _are_numbers(row[place] for row in table if len(row) == width)]
    words = [first[place].strip() for place in numeric if first[place].strip()]
    beside = any(first[place].strip() for place in range(width) if place not in numeric)
    known = any(NUMBER.match(word) or word in (*MISSING, *MISSING_AMONG_NUMBERS, "NA", "NaN", "null") for word in words)
    return bool(words) and not known and (len(numeric) > 1 or not beside)


def _best(text: str) -> _Rows:
    """The rows under the separator that explains them best; a space only where no other does."""
    tried = [_rows(text, separator, '"') for separator in SEPARATORS]
    best = max(tried, key=lambda rows: (rows.width > 1, rows.fit))
    if best.width > 1:
        return best
    single = re.sub(r"^ +| +$", "", text, flags=re.MULTILINE)
    spaced = _rows(re.sub(" +", " ", single), " ", '"')
    return spaced if spaced.width > 1 and spaced.share == 1 else tried[0]


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
    odd = any(not name.strip() or PATTERN.fullmatch(name) for name in names)
    return odd or len(set(names)) < len(names)


def _last_rows(text: str, separator: str) -> Iterator[Sequence[str]]:
    """The rows at the end that take a line each, the last first."""
    for line in reversed(text.rstrip().rsplit("\n", FOOTER_LINES)[1:]):
        if line.count('"') % 2:
            return
        yield next(iter(parsed([line], separator, '"')), Row([], 0)).fields


def _footer(last: Iterable[Sequence[str]], width: int) -> str | None:
    """How the first row of a footer begins: a total, a note, or a row that says something and has too few fields."""
    first = None
    for row in last:
        filled = [field.strip() for field in row if field.strip()]
        if filled and not _is_footer(row, filled, width):
            break
        first = filled[0] if filled else first
    return _lasting_part(first) if first else None


def _lasting_part(note: str) -> str:
    """What will be the same in the next delivery: `As of:` rather than the day that follows."""
    label = re.match(r"[^:：]*[:：]|[*#(]+", note)
    return label[0] if label else note


def _is_footer(row: Sequence[str], filled: Sequence[str], width: int) -> bool:
    """A row that ends a table. A single short word is taken for a row that was cut off."""
    is_alone = len(row) < width or (len(filled) == 1 and width > 2)
    return bool(TOTALS.match(filled[0])) or (is_alone and bool(row[0].strip()) and _says_something(row[0]))


def _says_something(text: str) -> bool:
    """Words, a mark of a note, or a colon: no value that a row begins with."""
    return len(text.split()) > 2 or text.lstrip().startswith(("*", "#", "(")) or ":" in text or "：" in text
