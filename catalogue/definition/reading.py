"""How the bytes of files become a table, as a definition states it.

Belongs here: formats, dialects and stacking. Does not belong here: where the files are (`source`), or reading them
(`resources.sources`).
"""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from catalogue.definition.strict import Strict


class Reading(Strict):
    """How the bytes of one file become a table."""

    format: Literal["csv", "parquet", "json", "jsonl", "excel", "pickle", "bytes"] | None = Field(
        default=None,
        description="default: from the file's name. `bytes`: the file itself, a row of `path`, `folder` (the name of "
        "the one it lies in) and `content`",
    )
    separator: str = ","
    quote: str | None = Field(default='"', description="null where quotation marks are text like any other")
    skip_before_header: int = Field(default=0, ge=0, description="CSV: lines above the header, such as a title")
    skip_after_header: int = Field(default=0, ge=0, description="lines below the header that are no data")
    footer: str | None = Field(
        default=None,
        min_length=1,
        description="CSV: the table ends above the line, one of the last twenty, that begins with this: `Total`",
    )
    encoding: Literal["utf8", "utf16", "latin1", "cp1252", "gb18030"] = "utf8"
    null_values: list[str] = Field(default=["", "NA", "NaN", "null"])
    decimal_comma: bool = Field(default=False, description="CSV: numbers are written `3,5`")
    thousands: Literal[".", ",", " ", "'"] | None = Field(
        default=None, description="CSV: what stands between groups of three digits; a space is any kind of space"
    )
    date_format: dict[str, str | Annotated[list[str], Field(min_length=1)]] = Field(
        default={},
        description="column -> how its dates are written, where that is not ISO 8601: `%d.%m.%Y`, `%m/%d/%y %H:%M`; "
        "of several formats a value is read by the first that fits",
    )
    header: bool = True
    repair_header: bool = Field(
        default=False,
        description="give a nameless column its number, `column_3`, and a repeated name one more, `price_2`",
    )
    index: bool = Field(default=False, description="CSV: the first column, without a name, numbers the rows; left out")
    columns: list[str] | None = Field(default=None, description="the column names, when the file has no header")
    sheet: str | None = Field(default=None, description="Excel sheet; default: the first")

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
            if not all("%" in one for one in ([written] if isinstance(written, str) else written)):
                raise ValueError(f"{written!r}, of {column!r}, is no date format: write one, like '%d.%m.%Y'")
        return formats

    @model_validator(mode="after")
    def _one_meaning_of_a_comma(self) -> "Reading":
        if self.decimal_comma and self.thousands == ",":
            raise ValueError("a comma can't both stand before decimals and between thousands: take one of them out")
        return self


class Stack(Reading):
    """How files that match a glob become one table."""

    path_column: str | None = Field(default=None, description="a column to add: the path of the file a row comes from")

    @model_validator(mode="after")
    def _one_path(self) -> "Stack":
        if self.format == "bytes" and self.path_column:
            raise ValueError("a table of `bytes` has the column `path` already: leave out `path_column`")
        return self
