"""What reading numbers changed, in sentences.

Belongs here: a sentence for each way in which values of a column were not read as they stand. Does not belong here:
reading them (`numbers`), or how sentences travel (`sources.remarks`).
"""

from collections.abc import Iterator

import polars as pl

from catalogue.definition import Numbers
from resources.sources.notation.codes import lost_digits
from resources.sources.notation.numbers import CENSORED, INFINITE, ascii_of, one_of


def padded(texts: pl.DataFrame) -> Iterator[str]:
    """Of columns of numbers in text, those with spaces around them."""
    counts = texts.select((pl.all() != pl.all().str.strip_chars()).sum())
    for count in counts.iter_columns():
        if count[0]:
            yield f"{_values(count[0], count.name)} with spaces around them: read as numbers"


def changes(text: pl.Series, numbers: Numbers, values: pl.Series) -> Iterator[str]:
    """Of a column that `numbers` names: what of its `text` was left out or taken for granted to get its `values`."""
    plain = ascii_of(text)
    is_negative = (values < 0) & ~plain.str.contains(r"^[^0-9]*-")
    limit = f"read as {'missing' if numbers.censored == 'missing' else 'the limit'}"
    found = {
        "with the sign of a negative number behind or around them: read as such": is_negative,
        "named in `null_values`: read as missing": text.is_in(numbers.null_values),
        f"that are a limit: {limit}": plain.str.contains(CENSORED) if numbers.censored else None,
        "with a mark behind them: read without it": plain.str.contains(rf"(?:{one_of(numbers.marks)})$")
        if numbers.marks
        else None,
        f"without {' or '.join(map(repr, numbers.units))}: read as if it stood beside them": values.is_not_null()
        & ~plain.str.contains(one_of(ascii_of(pl.Series(numbers.units, dtype=pl.String)).to_list()))
        if numbers.units
        else None,
    }
    yield from infinite({text.name: int(plain.str.contains(INFINITE).sum())})
    for said, are in found.items():
        if are is not None and (count := int(are.sum() or 0)):
            yield f"{_values(count, text.name)} {said}, such as {text.filter(are)[0].strip()!r}"
    yield from lost_digits(text)


def infinite(counts: dict[str, int]) -> Iterator[str]:
    """Of columns, how many of their values are infinite."""
    for name, count in counts.items():
        if count:
            yield f"{_values(count, name)} that are infinite: read as missing"


def _values(count: int, column: str) -> str:
    return f"{count:,} value{'' if count == 1 else 's'} of {column!r}"
