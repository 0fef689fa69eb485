"""Levels that only case, spaces or the form of a letter tell apart: `Yes`, `yes` and `YES `.

Belongs here: finding and naming them. Does not belong here: making them one, which only people may.
"""

from collections.abc import Iterator

import polars as pl

MOST_LEVELS = 1000
"""A column of more values holds names or sentences."""
MOST_SHOWN = 3
"""Of the values of one meaning, and of such meanings in a sentence."""


def alike(table: pl.DataFrame) -> Iterator[str]:
    """A sentence for each column of text that has several spellings of a value, with how often each stands there."""
    for name, dtype in table.schema.items():
        if dtype in (pl.String, pl.Categorical, pl.Enum):
            spelt = list(_spellings(table[name].cast(pl.String)))
            if spelt:
                more = f"; and {len(spelt) - MOST_SHOWN:,} more" if len(spelt) > MOST_SHOWN else ""
                yield (
                    f"{name!r} holds values that differ only in case or spaces, and count as different: "
                    f"{'; '.join(spelt[:MOST_SHOWN])}{more}"
                )


def _spellings(text: pl.Series) -> Iterator[str]:
    counts = text.drop_nulls().alias("value").value_counts(name="rows")
    if counts.height > MOST_LEVELS:
        return
    counts = counts.sort("rows", "value", descending=[True, False])
    said = pl.col("value").str.normalize("NFKC").str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()
    meanings = counts.group_by(said.alias("meaning"), maintain_order=True).agg("value", "rows")
    for values, rows in meanings.filter(pl.col("rows").list.len() > 1).select("value", "rows").iter_rows():
        shown = [f"{value!r} ({number:,})" for value, number in zip(values, rows, strict=True)]
        yield ", ".join(shown[:MOST_SHOWN]) + (f" and {len(shown) - MOST_SHOWN:,} more" * (len(shown) > MOST_SHOWN))
