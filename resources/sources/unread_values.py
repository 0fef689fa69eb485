"""Values of rows to predict that can't be read as their column is written.

Belongs here: how such a value reaches whoever judges the rows one by one, so that it costs its row and no other. Does
not belong here: judging rows (`resources.serving.predictor`), or reading values (`declared_numbers`, `reading`).
"""

import polars as pl


def costs_rows_only(misfits: pl.Series, text: pl.Series) -> bool:
    """Whether a column of `text` is what it should be but for some values; a single row has none beside it."""
    return misfits.sum() < text.count() or text.count() == 1


def unread_as_text(values: pl.Series, text: pl.Series, misfits: pl.Series) -> pl.Series:
    """The values that were read, as text; in quotation marks, by which it is no value of any type, what was not."""
    quoted = ("'" + text + "'").alias(values.name)
    return values.cast(pl.String).zip_with(~misfits, quoted)
