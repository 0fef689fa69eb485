"""Identifiers of people who are to be forgotten, and finding them in what is stored.

Belongs here: which rows and which texts hold one. Does not belong here: what is stored where, or removing it
(`pipelines.forget`).
"""

import json
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import polars as pl

from resources.escaping import AS_IT_IS, BEHIND_ESCAPED, however_written

FORGOTTEN = "[forgotten]"
"""Stands where an identifier stood in a text."""
RECOGNISED = 5
"""Characters from which on an identifier is one wherever it stands in a text. `17` may be any number there."""
BEFORE, AFTER = rf"(?:(?<![\w.])|{BEHIND_ESCAPED})", r"(?!\w|\.\d)"
"""Around an identifier stands neither a letter nor a digit, nor the rest of a number."""
BETWEEN = "\0"
"""Stands between texts that are looked through as one: no identifier holds it."""
ROWS_SHOWN = ("examples",)
"""Keys of a record under which values of rows stand."""


@dataclass(frozen=True)
class Identifiers:
    """The `values`, as text, that a `column` holds in the rows of these people, without the white space around them.
    Never shown: `repr` counts them."""

    column: str
    values: frozenset[str]

    def __repr__(self) -> str:
        return f"{len(self.values)} identifiers in {self.column}"

    def of(self, frame: pl.DataFrame) -> pl.Series:
        """bool ``[n]``: the rows whose value in the column is one of these, but for white space around it; numbers are
        compared as numbers. None of a frame without that column."""
        if self.column not in frame.columns:
            return pl.repeat(False, frame.height, dtype=pl.Boolean, eager=True)
        found, wanted = frame[self.column], pl.Series(sorted(self.values), dtype=pl.String)
        if found.dtype.is_numeric():
            return found.is_in(wanted.cast(found.dtype, strict=False).drop_nulls().implode()).fill_null(False)
        return found.cast(pl.String).str.strip_chars().is_in(wanted.implode()).fill_null(False)

    def within(self, frame: pl.DataFrame) -> bool:
        """Whether any text in a frame holds one."""
        texts = (frame[name] for name, dtype in frame.schema.items() if dtype == pl.String)
        return any(self.in_text(BETWEEN.join(column.unique().drop_nulls())) for column in texts)

    def in_text(self, text: str) -> bool:
        """Whether one that can be recognised stands in a text."""
        return any(pattern.search(text) for pattern in self._may_hold(text))

    def out_of_text(self, text: str) -> str:
        """The text, without those that can be recognised."""
        for pattern in self._may_hold(text):
            text = pattern.sub(FORGOTTEN, text)
        return text

    def out_of_record(self, value: Any, *, shown: bool) -> Any:
        """What JSON holds, without those that can be recognised, in keys too. `shown`: nor any value of any row that it
        shows."""
        match value:
            case str():
                return self.out_of_text(value)
            case list():
                return [self.out_of_record(inner, shown=shown) for inner in value]
            case dict():
                return {
                    self.out_of_text(key): _emptied(inner)
                    if shown and key in ROWS_SHOWN
                    else self.out_of_record(inner, shown=shown)
                    for key, inner in value.items()
                }
        return value

    def out_of_stored(self, text: str, *, shown: bool) -> str:
        """As `out_of_record` where the text is JSON, else as `out_of_text`; the same text where nothing is in it."""
        if text[:1] not in ("{", "["):
            return self.out_of_text(text)
        try:
            content = json.loads(text)
        except ValueError:
            return self.out_of_text(text)
        without = self.out_of_record(content, shown=shown)
        return text if without == content else json.dumps(without)

    def _may_hold(self, text: str) -> list[re.Pattern[str]]:
        """What finds those of which all letters and digits stand in a text. So of thousands few are looked for."""
        lowered = text.lower()
        return [_pattern(value) for value, parts in self._parts if all(part in lowered for part in parts)]

    @cached_property
    def _parts(self) -> list[tuple[str, list[str]]]:
        """Each that can be recognised with the pieces of it that stand so in any notation, the longest first: one may
        hold another."""
        known = sorted((value for value in self.values if len(value) >= RECOGNISED), key=len, reverse=True)
        return [(value, [part.lower() for part in AS_IT_IS.findall(value)]) for value in known]


@lru_cache(maxsize=10_000)
def _pattern(value: str) -> re.Pattern[str]:
    return re.compile(f"{BEFORE}{however_written(value)}{AFTER}", re.IGNORECASE)


def _emptied(value: Any) -> Any:
    """A value of the same kind with nothing in it; Dagster's metadata keeps its text under `text`."""
    match value:
        case str():
            return ""
        case list():
            return []
        case dict() if "text" in value:
            return value | {"text": ""}
    return value
