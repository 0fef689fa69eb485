"""What a reader should know of rows that a model answers all the same.

Belongs here: gaps, levels that training did not have, fractions where it had whole numbers, and identifiers that name
no row or several. Does not belong here: rows that get no answer (`column_types`, `resources.contracts`).
"""

from collections.abc import Iterator, Mapping

import polars as pl

from modeling.core.expected_columns import spelled
from modeling.core.features import as_text

MOST, LENGTH = 5, 40
"""Remarks on one row that are written out; characters of a value."""
NOTHING = pl.Series([None], dtype=pl.String)


def remarks(
    rows: pl.DataFrame,
    made: pl.DataFrame,
    learned: Mapping[str, pl.DataType],
    inputs: list[str],
    levels: Mapping[str, list[str]],
    identifiers: list[str],
) -> pl.Series:
    """Text ``[n]``, null where there is nothing to say.

    rows: as delivered, in their types. made: with the columns that `features.py` derives. learned: the types in
    training. inputs: the columns that the model reads; levels: of some of them, the values it knows.
    """
    found = [
        *_identifiers(rows, identifiers),
        *(_gaps(made[name]) for name in inputs),
        *(_levels(made[name], known) for name, known in levels.items()),
        *(_fractions(rows[name]) for name, kind in learned.items() if kind.is_integer() and name in rows.columns),
    ]
    said = [one.alias(str(place)) for place, one in enumerate(found) if one.null_count() < len(one)]
    if not said:
        return NOTHING.new_from_index(0, rows.height).alias("remarks")
    return pl.DataFrame(said).select(_joined(pl.concat_list(pl.all()).list.drop_nulls())).to_series()


def _joined(listed: pl.Expr) -> pl.Expr:
    more = pl.format("; and {} more", listed.list.len() - MOST)
    shown = listed.list.head(MOST).list.join("; ")
    whole = pl.when(listed.list.len() > MOST).then(pl.concat_str(shown, more)).otherwise(shown)
    return pl.when(listed.list.len() > 0).then(whole).alias("remarks")


def _identifiers(rows: pl.DataFrame, identifiers: list[str]) -> Iterator[pl.Series]:
    if not identifiers:
        return
    yield from (_gaps(rows[name]) for name in identifiers)
    places = pl.DataFrame([rows[name].alias(str(place)) for place, name in enumerate(identifiers)])
    times, named = pl.len().over(places.columns), pl.all_horizontal(pl.all().is_not_null())
    said = pl.when((times > 1) & named).then(
        pl.format("{} is the same in {} rows", pl.lit(", ".join(identifiers)), times)
    )
    yield places.select(said).to_series()


def _gaps(values: pl.Series) -> pl.Series:
    missing = values.is_null() | values.is_nan() if values.dtype.is_float() else values.is_null()
    return _where(missing, f"{values.name} is empty")


def _levels(values: pl.Series, known: list[str]) -> pl.Series:
    text = values.to_frame("level").select(as_text("level", values.dtype)).to_series()
    alike, new = {spelled(level): level for level in known}, set(text.drop_nulls()) - set(known)
    said = {level: _new_level(values.name, level, alike.get(spelled(level))) for level in new}
    return text.replace_strict(said, default=None, return_dtype=pl.String)


def _new_level(name: str, level: str, alike: str | None) -> str:
    hint = f", which has {alike!r}" if alike is not None else ""
    return f"{name}: {level[:LENGTH]!r} is new or was rare in training{hint}"


def _fractions(values: pl.Series) -> pl.Series:
    if not values.dtype.is_float():
        return NOTHING.new_from_index(0, len(values))
    return _where(
        (values != values.round()).fill_null(value=False), f"{values.name} is no whole number, as in training"
    )


def _where(holds: pl.Series, text: str) -> pl.Series:
    if not holds.any():
        return NOTHING.new_from_index(0, len(holds))
    return pl.select(pl.when(holds).then(pl.lit(text))).to_series()
