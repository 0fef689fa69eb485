"""What to do about dates that no declared format reads.

Belongs here: the advice, which must never make a format read what it does not mean. Does not belong here: finding
formats (`date_detection`), or the place of a value in its file (`sources.reading`).
"""

from collections.abc import Sequence

import polars as pl

from catalogue.definition.date_format import contradiction
from resources.sources.notation.date_detection import formats_of_all
from resources.sources.notation.dates import read_date


def remedy(column: pl.Series, misfits: pl.Series, declared: Sequence[str]) -> str:
    """Ends the message about `misfits`, values of the text `column` that none of the `declared` formats reads."""
    fitting = formats_of_all(misfits)
    against = [(one, other) for one in declared for other in fitting if contradiction(one, other)]
    if against:
        return _instead(column, *against[0])
    if len(fitting) > 1 and any(contradiction(fitting[0], other) for other in fitting[1:]):
        either = " or ".join(f"`{one}`" for one in fitting)
        return f"add {either} to `date_format`, whichever is meant: never both"
    if fitting:
        return f"add `{fitting[0]}`, which reads them, to `date_format`, or the value to `null_values`"
    return "add its format to `date_format`, or the value to `null_values`"


def _instead(column: pl.Series, declared: str, other: str) -> str:
    """Of a format that takes for the month what the declared one takes for the day."""
    if read_date(column.drop_nulls(), [other]).has_nulls():
        return (
            f"{other} would read it, and not the others: which number is the day and which the month is sure of some "
            "values only. Have the file delivered again, written in one way"
        )
    return (
        f"{other} reads it, and every other value of this file. Either {declared} was wrong from the beginning: then "
        f"write {other} instead of it, not beside it, and the next run reads all files anew, for day and month were "
        "swapped in them. Or this file is written in another way than the others: then have it delivered again. A list "
        "of both would swap day and month in silence"
    )
