"""How raw columns become the numbers a learner sees.

Belongs here: choosing the feature columns and the recipe fitted on training rows. Does not belong here: what only one
learner needs, such as scaling (`learners`), or the rows of each role (`feature_set`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import polars as pl
import polars.selectors as cs

from catalogue.definition import UseCase
from modeling.core.copies import copies
from modeling.core.table import MISSING, RARE, Table

MAX_LEVELS = 255
MIN_COUNT = 10
"""A level seen in fewer training rows, and in less than a hundredth of them, is rare; of the others the most
frequent `MAX_LEVELS` keep a code."""
LARGEST_EXACT = 2**24
"""Up to here float32 keeps every whole number."""
NARROW = 4
"""Numbers so many times as large as the range they lie in lose much of their differences in float32."""
TEXT = (pl.String, pl.Categorical, pl.Enum)

Derive = Callable[[pl.LazyFrame], pl.LazyFrame]


class FeatureError(ValueError):
    """Rows can't be turned into features; the message names the columns."""


def derived(frame: pl.DataFrame, derive: Derive | None) -> pl.DataFrame:
    """`frame` with the use case's own derived columns.

    Raises
    ------
    FeatureError: the code fails, or changes the number of rows.
    """
    if derive is None:
        return frame
    try:
        result = derive(frame.lazy()).collect()
    except pl.exceptions.PolarsError as error:
        raise FeatureError(f"features.py: `features` fails on columns {frame.columns}: {error}") from error
    if result.height != frame.height:
        raise FeatureError(f"features.py: `features` turns {frame.height:,} rows into {result.height:,}; keep each row")
    return result


def feature_columns(columns: list[str], use_case: UseCase) -> list[str]:
    """The columns that are features: all that no other role claims."""
    roles = use_case.columns
    taken = {use_case.target, roles.group, roles.time, getattr(use_case.split, "column", None)}
    taken |= {*roles.identifier, *roles.drop, *roles.content}
    return [column for column in columns if column not in taken]


@dataclass(frozen=True)
class FeatureRecipe:
    """What was learned from training rows about turning columns into numbers. JSON all through.

    Attributes
    ----------
    numeric: columns used as they are (booleans as 0/1).
    moments: date or time column -> the parts it becomes: month, weekday and, for times, hour.
    levels: categorical column -> the values that keep a code of their own.
    left_out: column -> why it is no feature.
    content: columns that are handed on as they are, for learners that read, see or know chemistry.
    centres: numeric column -> what is taken from its values, so that float32 keeps those apart that differ.
    """

    numeric: list[str]
    moments: dict[str, list[str]] = field(default_factory=dict)
    levels: dict[str, list[str]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    content: list[str] = field(default_factory=list)
    centres: dict[str, int | float] = field(default_factory=dict)

    @classmethod
    def fit(cls, train: pl.DataFrame, use_case: UseCase) -> Self:
        """Learn levels from training rows, and leave out columns that are constant in them, repeat an earlier
        one, or are of no use as they are.

        Raises
        ------
        FeatureError: no feature is left.
        """
        named = feature_columns(train.columns, use_case)
        left_out = {name: why for name in named if (why := _why_left_out(train[name]))}
        features = train.select(cs.by_name(*(name for name in named if name not in left_out)))
        if not features.columns and not use_case.columns.content:
            raise FeatureError(f"{use_case.key}: no feature is left: {left_out or 'every column has another role'}")
        declared = [name for name in use_case.columns.categorical if name in features.columns]
        categorical = [*declared, *(c for c in features.select(cs.by_dtype(*TEXT)).columns if c not in declared)]
        repeated = copies(features, categorical)
        features = features.drop(cs.by_name(*repeated))
        categorical = [name for name in categorical if name not in repeated]
        rest = features.drop(cs.by_name(*categorical))
        numbers = rest.select(cs.numeric() | cs.boolean())
        return cls(
            numeric=numbers.columns,
            moments={name: _parts(rest[name].dtype) for name in rest.select(cs.date() | cs.datetime()).columns},
            levels={name: _frequent_levels(features[name]) for name in categorical},
            left_out=left_out | repeated,
            content=use_case.columns.content,
            centres={name: centre for name in numbers.columns if (centre := _centre(numbers[name]))},
        )

    @property
    def inputs(self) -> list[str]:
        """The columns that `transform` reads."""
        return [*self.numeric, *self.moments, *self.levels, *self.content]

    @property
    def numeric_names(self) -> tuple[str, ...]:
        """The numeric features, in the order of `Table.numeric`."""
        return (*self.numeric, *(f"{name}.{part}" for name, parts in self.moments.items() for part in parts))

    def transform(self, frame: pl.DataFrame) -> Table:
        """The rows of `frame` as arrays, without a target.

        Raises
        ------
        FeatureError: a column is missing, or holds something else than in training.
        """
        schema = frame.schema
        missing = [name for name in self.inputs if name not in schema]
        if missing:
            raise FeatureError(f"the columns {missing} are missing; the rows have {frame.columns}")
        try:
            numeric = frame.select(*(self._number(name, schema[name]) for name in self.numeric), *self._moment_parts())
            codes = frame.select(_code(name, schema[name], levels) for name, levels in self.levels.items())
        except pl.exceptions.PolarsError as error:
            types = {name: str(schema[name]) for name in self.inputs}
            what = str(error).splitlines()[0]
            raise FeatureError(f"a column is not what it was in training: {what}; the rows have {types}") from error
        finite = numeric.with_columns(pl.when(pl.all().is_finite()).then(pl.all()).otherwise(None).fill_null(np.nan))
        return Table(
            numeric=_matrix(finite, frame.height, np.float32),
            categorical=_matrix(codes, frame.height, np.int32),
            target=np.empty(0),
            numeric_names=self.numeric_names,
            categorical_names=tuple(self.levels),
            cardinalities=tuple(len(levels) + 2 for levels in self.levels.values()),
            content=frame.select(cs.by_name(*self.content)),
        )

    def _number(self, name: str, dtype: pl.DataType) -> pl.Expr:
        column, centre = cs.by_name(name), self.centres.get(name)
        if centre is not None:
            column = column.cast(pl.Int128 if dtype.is_integer() and centre == int(centre) else pl.Float64) - centre
        return column.cast(pl.Float32)

    def _moment_parts(self) -> Iterator[pl.Expr]:
        for name, parts in self.moments.items():
            for part in parts:
                yield getattr(cs.by_name(name).dt, part)().cast(pl.Float32).alias(f"{name}.{part}")

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """The recipe whose `asdict` is `content`."""
        return cls(**content)


def _why_left_out(values: pl.Series) -> str:
    """Why a column is no feature; empty where it is one."""
    known = values.dtype.is_numeric() or values.dtype in (pl.Boolean, pl.Date, pl.Datetime, pl.Null, *TEXT)
    if not known:
        return f"of type {values.dtype}: derive numbers, text or dates from it in features.py"
    return "constant in training rows" if values.n_unique() < 2 else ""


def _centre(values: pl.Series) -> int | float:
    """What must be taken from numbers that lie close together so that float32 keeps them apart; 0 where it does so."""
    if values.dtype == pl.Boolean:
        return 0
    known = values.filter(values.cast(pl.Float64).is_finite()).sort()
    if known.is_empty() or known.n_unique() == known.cast(pl.Float32).n_unique():
        return 0
    first, middle, last = (known[place] for place in (0, len(known) // 2, -1))
    is_close = max(abs(first), abs(last)) > max(LARGEST_EXACT, NARROW * (last - first))
    return middle if is_close else 0


def _parts(dtype: pl.DataType) -> list[str]:
    return ["month", "weekday"] if dtype == pl.Date else ["month", "weekday", "hour"]


def _frequent_levels(values: pl.Series) -> list[str]:
    text = values.to_frame("level").select(as_text("level", values.dtype))["level"]
    counts = text.drop_nulls().value_counts(name="rows")
    frequent = counts.filter(pl.col("rows") >= min(MIN_COUNT, max(1, len(values) // 100)))
    return sorted(frequent.sort(["rows", "level"], descending=[True, False])["level"].head(MAX_LEVELS))


def as_text(name: str, dtype: pl.DataType) -> pl.Expr:
    """A column as text. Whole floats read like integers: a gap alone can make one of the other."""
    column = cs.by_name(name).as_expr()
    if not dtype.is_float():
        return column.cast(pl.String)
    whole = column.cast(pl.Int64, strict=False)
    return pl.when(whole == column).then(whole.cast(pl.String)).otherwise(column.fill_nan(None).cast(pl.String))


def _code(name: str, dtype: pl.DataType, levels: list[str]) -> pl.Expr:
    text = as_text(name, dtype)
    codes = text.replace_strict(levels, range(2, len(levels) + 2), default=RARE, return_dtype=pl.Int32)
    return pl.when(text.is_null()).then(MISSING).otherwise(codes).cast(pl.Int32).alias(name)


def _matrix(columns: pl.DataFrame, rows: int, dtype: type[np.generic]) -> np.ndarray:
    """``[rows, columns]``, also where there are none of either."""
    return columns.to_numpy().reshape(rows, columns.width).astype(dtype, copy=False)
