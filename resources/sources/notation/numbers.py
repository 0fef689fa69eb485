"""How numbers are written in a table of text.

Belongs here: what is a number in a notation, what people write around one, and reading columns of them. Does not belong
here: dates (`dates`), or how a file's numbers are written (`number_detection`).
"""

from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import polars as pl
from polars import selectors as cs

from catalogue.definition import Numbers, Reading

SPACES = "[ \u00a0\u202f\u2009]"
"""The kinds of space that stand between groups of digits: plain, no-break, narrow no-break, and thin."""
APOSTROPHES = "['’]"
INFINITE = r"(?i)^\s*[+-]?(?:inf|infinity|∞)\s*$"
CENSORED = r"^[<>≤≥]=?\s*"
PERCENT = "%"
_ASCII = {
    **{chr(zero + digit): str(digit) for zero in (0xFF10, 0x0660, 0x06F0, 0x0966) for digit in range(10)},
    **dict.fromkeys("−–—‐‑‒－﹣", "-"),
    **dict(zip("＋．，％（）＄￥＜＞٫٬٪", "+.,%()$¥<>.,%", strict=True)),
    **dict.fromkeys("\u200b\u200e\u200f\ufeff", ""),
}
"""Digits, signs and marks of other scripts, and characters without width -> as programs write them."""


@dataclass(frozen=True)
class Notation:
    """Which marks stand in a number."""

    decimal_comma: bool = False
    thousands: str | None = None

    @classmethod
    def of(cls, options: Reading | Numbers) -> "Notation":
        """As the use case says files, or the numbers of a column, are to be read."""
        return cls(options.decimal_comma, options.thousands)

    @property
    def is_plain(self) -> bool:
        """As programs write them."""
        return self == Notation()

    @property
    def pattern(self) -> str:
        """A regular expression that a whole value matches where it is a number."""
        point = "," if self.decimal_comma else r"\."
        return rf"^\s*[+-]?(?:(?:{self._digits})(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?\s*$"

    @property
    def _digits(self) -> str:
        if not self.thousands:
            return "[0-9]+"
        indian = "|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}" if self.thousands == "," else ""
        return f"[1-9][0-9]{{0,2}}(?:{self._group}[0-9]{{3}})+{indian}|[0-9]+"

    @property
    def _group(self) -> str:
        return {" ": SPACES, "'": APOSTROPHES, ".": r"\.", ",": ","}[self.thousands or ","]

    @property
    def options(self) -> dict[str, Any]:
        """As a definition writes it."""
        written = {"decimal_comma": self.decimal_comma, "thousands": self.thousands}
        return {name: value for name, value in written.items() if value}

    def read(self, texts: pl.DataFrame) -> pl.DataFrame:
        """Columns of text as whole numbers where all of a column are, else floats; null where a value is no number."""
        plain = pl.all().str.strip_chars()
        if self.thousands:
            plain = plain.str.replace_all(self._group, "")
        if self.decimal_comma:
            plain = plain.str.replace(",", ".", literal=True)
        bare = texts.select(plain)
        whole = bare.select(pl.all().cast(pl.Int64, strict=False))
        fractions = [name for name in texts.columns if whole[name].null_count() > texts[name].null_count()]
        return whole.with_columns(bare.select(cs.by_name(*fractions).cast(pl.Float64, strict=False)))


NOTATIONS = [
    *(Notation(), Notation(thousands=","), Notation(True), Notation(True, ".")),
    *(Notation(comma, mark) for mark, comma in product(" '", (False, True))),
]
"""Those that are detected; where several read as many columns, the first."""


class Read(NamedTuple):
    """A column of text as numbers.

    Attributes
    ----------
    values: integers or floats; null where the text is missing, infinite, censored and read as missing, or no number.
    misfits: where there is a text that is none of these.
    """

    values: pl.Series
    misfits: pl.Series


def notation_of(column: str, reading: Reading) -> Notation:
    """That of a column of `numbers`: its own, where it has one, else the file's."""
    numbers = reading.numbers[column]
    has_own = bool({"decimal_comma", "thousands"} & numbers.model_fields_set)
    return Notation.of(numbers if has_own else reading)


def read_numbers(text: pl.Series, numbers: Numbers, notation: Notation) -> Read:
    """The numbers of a column, written as `numbers` and `notation` say."""
    text = text.set(text.is_in(numbers.null_values).fill_null(value=False), None)
    bare = bare_numbers(text, numbers)
    is_number = bare.str.contains(notation.pattern)
    if PERCENT in numbers.units:
        is_number &= ascii_of(text).str.contains(PERCENT, literal=True)
    misfits = ~(is_number | bare.str.contains(INFINITE)).fill_null(value=True)
    if numbers.censored == "missing":
        is_number &= ~ascii_of(text).str.contains(CENSORED)
    numbers_alone = bare.set(~is_number.fill_null(value=True), None)
    return Read(notation.read(numbers_alone.to_frame()).to_series(), misfits)


def bare_numbers(text: pl.Series, numbers: Numbers) -> pl.Series:
    """Signs in front, and no unit, mark or limit beside a number; the marks within it as they are."""
    bare = ascii_of(text)
    if numbers.marks:
        bare = bare.str.replace(rf"\s*(?:{one_of(numbers.marks)})+$", "")
    if numbers.censored:
        bare = bare.str.replace(CENSORED, "")
    if numbers.units:
        unit = one_of(ascii_of(pl.Series(numbers.units)).to_list())
        bare = bare.str.replace(rf"^([(+-]?)\s*(?:{unit})\s*|\s*(?:{unit})\s*([)-]?)$", "${1}${2}")
    return with_sign_in_front(bare)


def with_sign_in_front(text: pl.Series) -> pl.Series:
    """`(12.50)` and `12.50-` as `-12.50`; `12.-`, a price without cents, as `12`."""
    text = text.str.replace(r"^\(\s*([0-9.,].*?)\s*\)$", "-${1}").str.replace(r"^([0-9.,].*[0-9]|[0-9])\s*-$", "-${1}")
    return text.str.replace(r"([0-9])[.,]-+$", "${1}").str.replace(r"^([+-])\s+", "${1}")


def ascii_of(text: pl.Series) -> pl.Series:
    """Digits and signs as programs write them, no space around."""
    if (text.str.len_bytes() != text.str.len_chars()).any():
        text = text.str.replace_many(list(_ASCII), list(_ASCII.values()))
    return text.str.strip_chars()


def one_of(texts: list[str]) -> str:
    """A regular expression for any of some texts."""
    return "|".join(pl.escape_regex(one) for one in sorted(texts, key=len, reverse=True))
