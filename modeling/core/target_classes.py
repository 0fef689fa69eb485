"""A target column read as named classes.

Belongs here: the names of a target's values, which of them there are, what readers call them, and the index of each
row's class; with messages that say what to do about values that name no class. Does not belong here: which of two
classes is the event, or metrics (`modeling.core.classification`).
"""

from typing import Any

import numpy as np
import polars as pl

from modeling.core.task import TargetError

_SHOWN = 5
_MOST_LISTED = 20


def refuse_event(target: pl.Series, positive: Any) -> None:
    """Refuse a `positive` where the target has no event.

    Raises
    ------
    TargetError: `positive` is given.
    """
    if positive is not None:
        raise TargetError(
            f"target {target.name!r}: `positive: {positive}` belongs to the task binary_classification; remove it"
        )


def named(target: pl.Series) -> pl.Series:
    """The target as class names; NaN is null, and whole numbers lose their fraction: `1.0` is the class `1`.

    Raises
    ------
    TargetError: fractions or infinite numbers, which name no class.
    """
    if target.dtype.is_decimal():
        target = target.cast(pl.Float64)
    if not target.dtype.is_float():
        return target.cast(pl.String)
    target = target.fill_nan(None)
    fractions = target.filter(target.is_infinite() | (target != target.round()))
    if len(fractions):
        raise TargetError(
            f"target {target.name!r}: {len(fractions):,} of {len(target):,} values, such as {fractions[0]}, name no "
            "class: use the task regression, or derive classes from them"
        )
    return target.cast(pl.Int64).cast(pl.String)


def found(names: pl.Series) -> str:
    """The classes and their rows, for a message: `2 values with their rows: 'no' (7), 'yes' (3)`."""
    counts = names.alias("name").drop_nulls().value_counts(sort=True).rows()
    shown = ", ".join(f"{name!r} ({count:,})" for name, count in counts[:_SHOWN])
    return f"{len(counts):,} values with their rows: {shown}{', …' if len(counts) > _SHOWN else ''}"


def at_least_two(target: pl.Series) -> pl.Series:
    """The distinct class names, numbers in their order and text in the alphabet's.

    Raises
    ------
    TargetError: all null, or one class only.
    """
    names = named(target)
    distinct = pl.DataFrame({"name": names, "value": target}).drop_nulls("name").unique("name").sort("value")["name"]
    if not len(distinct):
        raise TargetError(
            f"target {target.name!r}: all {len(target):,} values are null; name the column that holds the outcome"
        )
    if len(distinct) == 1:
        raise TargetError(
            f"target {target.name!r} holds one class only, {distinct[0]!r} in {names.count():,} rows: nothing can be "
            "learned; deliver rows of another class too, or name another column"
        )
    return distinct


def called(classes: list[str], names: dict[str, str], target: str) -> list[str]:
    """What readers call the classes of a target, in their order: its name, or the class itself where it has none.

    Raises
    ------
    TargetError: a name is given to what is no class, or to two of them.
    """
    unknown = [value for value in names if value not in classes]
    if unknown:
        raise TargetError(
            f"classes: {unknown[0]!r} is no value of the target {target!r}, which holds {classes[:_MOST_LISTED]}: "
            "correct `classes` in use_case.yaml"
        )
    readable = [names.get(value, value) for value in classes]
    twice = [name for name in readable if readable.count(name) > 1]
    if twice:
        raise TargetError(f"classes: two values of the target {target!r} are called {twice[0]!r}: name both")
    return readable


def class_index(target: pl.Series, classes: list[str]) -> np.ndarray:
    """int64 ``[n]``: where each value stands in `classes`.

    Raises
    ------
    TargetError: a null, or a value that is none of the classes.
    """
    index = named(target).replace_strict(classes, range(len(classes)), default=None, return_dtype=pl.Int64)
    unknown = index.is_null()
    if unknown.any():
        values = target.filter(unknown).unique(maintain_order=True).head(_SHOWN).to_list()
        raise TargetError(
            f"target {target.name!r}: {unknown.sum():,} of {len(target):,} values are none of the classes {classes}: "
            f"{values}; quarantine those rows in the contract"
        )
    return index.to_numpy()
