"""Text that looks like dates, and was not read as such.

Belongs here: telling it by shapes and names, and what it means for the split. Does not belong here: reading dates
(`resources.sources.notation`), or the roles of other columns (`modeling.proposal.columns`).
"""

import polars as pl

from modeling.proposal import names
from modeling.proposal.facts import ColumnFacts

_ORDINAL, _GAP = r"(\.|st|nd|rd|th|er|º)?", r"[ ./,-]{1,2}(de )?"
_TIME = r"([ T,]+\d{1,2}[:.]\d{2}.*)?"
SHAPES = (
    rf"^(\p{{L}}{{2,10}}\.?,? )?\d{{1,4}}{_ORDINAL}{_GAP}(\d{{1,2}}|\p{{L}}{{3,14}}\.?){_GAP}\d{{2,4}}{_TIME}$",
    rf"^\p{{L}}{{3,14}}\.?[ -]\d{{1,2}}{_ORDINAL},? \d{{4}}{_TIME}$",
)
"""A day and a month with a year, the month as a number or by its name."""
YEAR = r"\b(1[89]|20|9[89])\d\d\b"
MOST = 0.8
"""The share of its values from which on a column looks like dates."""


def looks_like_dates(facts: ColumnFacts) -> bool:
    """By its values, or by its name where nearly every row has another value with a number in it."""
    if not facts.is_text or not facts.distinct:
        return False
    text = facts.values.cast(pl.String).drop_nulls()
    named = names.says(facts.name, names.TIME)
    shaped = text.str.contains("|".join(SHAPES)) & (text.str.contains(YEAR) | named)
    if _most(shaped):
        return True
    return named and 2 * facts.distinct > facts.rows and _most(text.str.contains(r"\d"))


def doubt(facts: ColumnFacts, *, ordered: bool) -> str:
    """What people should do about it; `ordered`: another column orders the rows in time."""
    text = facts.values.cast(pl.String).drop_nulls()
    said = (
        f"{facts.name!r} looks like dates that were not read, such as {text[0]!r}, and is left out: say how they are "
        "written in `date_format` of the source"
    )
    if ordered:
        return f"{said}, and take it out of columns.drop"
    return (
        f"{said}, and whether the rows are to be split by it, with `columns: {{time: {facts.name}}}` and "
        "`split: {by: time}`. As it is, later rows teach what is asked of earlier ones, and scores may be too good"
    )


def _most(where: pl.Series) -> bool:
    return int(where.sum()) >= MOST * len(where)
