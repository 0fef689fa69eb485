"""How the bytes of files become a table, as a definition states it.

Belongs here: formats, dialects, notations and stacking. Does not belong here: where the files are (`source`), or
reading them (`resources.sources`).
"""

import codecs
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from catalogue.definition.date_format import check_formats
from catalogue.definition.strict import Strict

NO_FILE_ENCODINGS = {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"}
Thousands = Literal[".", ",", " ", "'"]


class Numbers(Strict):
    """How the numbers of one column are written. Spaces around them, signs that are no `-`, digits of other scripts,
    and the accountant's `(12.50)` and `12.50-` for a negative number need no key."""

    unit: str | list[str] | None = Field(
        default=None,
        description="what stands before or after each number: `€`, `kg`, `%`; several are names of the same unit. A "
        "percentage stays one: `12.5 %` is 12.5. Only of `%` must every number have it",
    )
    decimal_comma: bool = Field(
        default=False, description="with `thousands`, in place of the file's, where either is written here"
    )
    thousands: Thousands | None = None
    marks: list[str] = Field(default=[], description="what may follow a number and is no part of it: `*`")
    censored: Literal["limit", "missing"] | None = Field(
        default=None, description="`<0.5` and `>100` are read as the limit, 0.5 and 100, or as missing; else refused"
    )
    null_values: list[str] = Field(default=[], description="missing values of this column, beside those of the file")

    @field_validator("unit")
    @classmethod
    def _some_text(cls, unit: str | list[str] | None) -> str | list[str] | None:
        names = [unit] if isinstance(unit, str) else unit
        if names is not None and not (names and all(name.strip() for name in names)):
            raise ValueError(f"{unit!r} is no unit: write what stands beside each number, like '€', or leave it out")
        return unit

    @model_validator(mode="after")
    def _one_meaning_of_a_mark(self) -> "Numbers":
        _check_marks(decimal_comma=self.decimal_comma, thousands=self.thousands)
        return self

    @property
    def units(self) -> list[str]:
        """The names of the unit; none where numbers have none."""
        return [self.unit] if isinstance(self.unit, str) else self.unit or []


def _is_text_encoding(name: str) -> bool:
    try:
        b"0".decode(name)
    except UnicodeError:
        return True
    except (LookupError, ValueError):
        return False
    return True


MARKS = frozenset({"decimal_comma", "thousands"})
"""Options that say together what stands in a number."""


class Reading(Strict):
    """How the bytes of one file become a table."""

    format: Literal["csv", "parquet", "json", "jsonl", "excel", "pickle", "bytes"] | None = Field(
        default=None,
        description="default: from the file's name. `bytes`: the file itself, a row of `path`, `folder` (the name of "
        "the one it lies in) and `content`",
    )
    separator: str = ","
    quote: str | None = Field(default='"', description="null where quotation marks are text like any other")
    skip_before_header: int = Field(default=0, ge=0, description="lines above the header, such as a title")
    header_lines: int = Field(
        default=1, ge=1, le=5, description="lines that the header has; what they say of a column is its name"
    )
    skip_after_header: int = Field(default=0, ge=0, description="lines below the header that are no data")
    footer: str | None = Field(
        default=None,
        min_length=1,
        description="the table ends above the line, one of the last twenty, that begins with this: `Total`",
    )
    encoding: str = Field(default="utf8", description="a text encoding as Python names it: `cp1250`, `shift_jis`")
    null_values: list[str] = Field(
        default=["", "NA", "NaN", "null"],
        description="what stands for a missing value; in JSON and Parquet, in the columns that `numbers` and "
        "`date_format` name",
    )
    decimal_comma: bool = Field(default=False, description="numbers in text are written `3,5`")
    thousands: Thousands | None = Field(
        default=None,
        description="what stands between groups of digits of numbers in text; a space is any kind of space, a comma "
        "also groups as in `12,34,567`",
    )
    numbers: dict[str, Numbers] = Field(
        default={},
        description="column -> how its numbers are written, where that is not how the file's others are; `{}` where "
        "they are only text. Each value must then be one",
    )
    date_format: dict[str, str | Annotated[list[str], Field(min_length=1)]] = Field(
        default={},
        description="column -> how its dates are written, where that is not ISO 8601: `%d.%m.%Y`, `%d. %B %Y` (months "
        "in a dozen languages), `%m/%d/%y %H:%M`, `%Y-Q%q`, `%G-W%V`, `%s` and `%Q` (seconds and milliseconds since "
        "1970), `excel` (its number of a day); `%H:%M` alone: a time of day, in hours; of several formats a value is "
        "read by the first that fits",
    )
    header: bool = True
    repair_header: bool = Field(
        default=False,
        description="give a nameless column its number, `column_3`, and a repeated name one more, `price_2`",
    )
    index: bool = Field(default=False, description="the first column, without a name, numbers the rows; left out")
    columns: list[str] | None = Field(default=None, description="the column names, when the file has no header")
    sheet: str | list[str] | None = Field(
        default=None,
        description="Excel: the sheet; of several, or of `*`, every visible one with a table, one below the other. "
        "Default: the only one with a table",
    )

    _row_by_row: bool = False

    @field_validator("encoding")
    @classmethod
    def _decodes_files(cls, name: str) -> str:
        if not _is_text_encoding(name) or codecs.lookup(name).name in NO_FILE_ENCODINGS:
            raise ValueError(f"{name!r} is no encoding of files that Python knows: write one, like 'cp1252' or 'utf16'")
        return name

    @field_validator("separator", "quote")
    @classmethod
    def _one_character(cls, text: str | None) -> str | None:
        if text is not None and len(text) != 1:
            raise ValueError(f"{text!r} is not one character: write one, like ',' or ';' or \"\\t\"")
        return text

    @field_validator("date_format")
    @classmethod
    def _formats(cls, formats: dict[str, Any]) -> dict[str, Any]:
        for column, written in formats.items():
            check_formats(column, [written] if isinstance(written, str) else written)
        return formats

    @model_validator(mode="after")
    def _one_meaning_of_a_mark(self) -> "Reading":
        _check_marks(decimal_comma=self.decimal_comma, thousands=self.thousands)
        both = sorted(self.numbers.keys() & self.date_format.keys())
        if both:
            raise ValueError(f"{both[0]!r} stands in `numbers` and in `date_format`: take it out of one of them")
        return self

    @property
    def row_by_row(self) -> bool:
        """Whether a value that can't be read costs its row alone: it stays text. Else it costs the file."""
        return self._row_by_row

    def to_predict(self, target: str) -> Self:
        """These options for files of rows to predict, which lack the target, and are judged row by row."""
        kept = {"numbers": self.numbers, "date_format": self.date_format}
        update = {key: {name: how for name, how in held.items() if name != target} for key, held in kept.items()}
        copy = self.model_copy(update=update)
        copy._row_by_row = True
        return copy


def _check_marks(*, decimal_comma: bool, thousands: str | None) -> None:
    if decimal_comma and thousands == ",":
        raise ValueError("a comma can't both stand before decimals and between thousands: take one of them out")
    if thousands == "." and not decimal_comma:
        raise ValueError("a point can't both stand before decimals and between thousands: add `decimal_comma: true`")


class Stack(Reading):
    """How files that match a glob become one table."""

    path_column: str | None = Field(default=None, description="a column to add: the path of the file a row comes from")

    @model_validator(mode="after")
    def _one_path(self) -> "Stack":
        if self.format == "bytes" and self.path_column:
            raise ValueError("a table of `bytes` has the column `path` already: leave out `path_column`")
        return self
