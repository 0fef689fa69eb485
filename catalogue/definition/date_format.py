"""How a definition says that dates are written.

Belongs here: the vocabulary, and which formats can stand beside each other. Does not belong here: reading dates
(`resources.sources.notation`).
"""

import re
from collections.abc import Sequence
from datetime import date
from itertools import combinations, product

EXCEL_DAYS = "excel"
"""Days since 30 December 1899, as Excel counts them."""
_DAYS = [date(2000 + year, month, day) for year, month, day in product((1, 2, 3), repeat=3)]
_DAY_PARTS = re.compile(r"%[-_0]?[YyGgCdeDFjmbBhVUWqQsxc+]")


def is_time_of_day(written: str) -> bool:
    """Whether a format has hours and no day."""
    return written != EXCEL_DAYS and not _DAY_PARTS.search(written)


def check_formats(column: str, formats: Sequence[str]) -> None:
    """Raises ValueError: one is no format, or two would read a text as different days or as different kinds."""
    for written in formats:
        if "%" not in written and written != EXCEL_DAYS:
            raise ValueError(f"{written!r}, of {column!r}, is no date format: write one, like '%d.%m.%Y'")
    for one, other in combinations(formats, 2):
        if is_time_of_day(one) != is_time_of_day(other) or ("%z" in one) != ("%z" in other):
            raise ValueError(
                f"{one!r} and {other!r}, of {column!r}, read different things (a moment with its offset, one without, "
                "or a time of day): have the column delivered in one of them"
            )
        if clash := contradiction(one, other):
            text, first, second = clash
            raise ValueError(
                f"{one!r} and {other!r}, of {column!r}, contradict each other: {text!r} is {first:%-d %B} by the one "
                f"and {second:%-d %B} by the other, and the first would read it, right or wrong. Keep the one that the "
                "column is written in; where files differ, have them delivered alike, best as 2001-02-03"
            )


def contradiction(one: str, other: str) -> tuple[str, date, date] | None:
    """A text that two formats read as different days, and these days."""
    one, other = (re.sub("%[-_0]", "%", written).replace("%e", "%d") for written in (one, other))
    read = {day.strftime(one): day for day in reversed(_DAYS)}
    for day in _DAYS:
        text = day.strftime(other)
        if one != other and text in read and read[text].strftime(other) != text:
            return text, read[text], day
    return None
