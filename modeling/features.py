"""How raw columns become the numbers a learner sees.

Belongs here: choosing the feature columns and the recipe fitted on training rows. Does not belong here: what only one
learner needs, such as scaling (`learners`), or the rows of each role (`feature_set`).
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl
import polars.selectors as cs

from industries.definition import UseCase
from modeling.table import MISSING, RARE, Table

MAX_LEVELS = 255
MIN_COUNT = 10
"""A level seen in fewer training rows is rare; of the others the most frequent `MAX_LEVELS` keep a code."""
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
    taken |= {*roles.identifier, *roles.drop}
    return [column for column in columns if column not in taken]


@dataclass(frozen=True)
class FeatureRecipe:
    """What was learned from training rows about turning columns into numbers. JSON all through.

    Attributes
    ----------
    numeric: columns used as they are (booleans as 0/1).
    moments: dates and times; each becomes month, weekday and, for times, hour.
    levels: categorical column -> the values that keep a code of their own.
    left_out: column -> why it is no feature.
    """

    numeric: list[str]
    moments: list[str] = field(default_factory=list)
    levels: dict[str, list[str]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    @classmethod
    def fit(cls, train: pl.DataFrame, use_case: UseCase) -> Self:
        """Learn levels from training rows, and leave out columns that are constant in them.

        Raises
        ------
        FeatureError: no feature is left.
        """
        named = feature_columns(train.columns, use_case)
        constant = {name: "constant in training rows" for name in named if train[name].n_unique() < 2}
        usable = [name for name in named if name not in constant]
        if not usable:
            raise FeatureError(f"{use_case.key}: no feature is left of {named}: all are constant in training rows")
        features = train.select(usable)
        declared = [name for name in use_case.columns.categorical if name in usable]
        categorical = [*declared, *(c for c in features.select(cs.by_dtype(*TEXT)).columns if c not in declared)]
        rest = features.drop(categorical)
        return cls(
            numeric=rest.select(cs.numeric() | cs.boolean()).columns,
            moments=rest.select(cs.date() | cs.datetime()).columns,
            levels={name: _frequent_levels(features[name]) for name in categorical},
            left_out=constant,
        )

    @property
    def inputs(self) -> list[str]:
        """The columns that `transform` reads."""
        return [*self.numeric, *self.moments, *self.levels]

    def transform(self, frame: pl.DataFrame, target: np.ndarray | None = None) -> Table:
        """The rows of `frame` as arrays.

        Raises
        ------
        FeatureError: a column is missing.
        """
        missing = [name for name in self.inputs if name not in frame.columns]
        if missing:
            raise FeatureError(f"the columns {missing} are missing; the rows have {frame.columns}")
        numeric = frame.select(pl.col(self.numeric).cast(pl.Float32), *self._parts(frame))
        finite = numeric.with_columns(pl.when(pl.all().is_finite()).then(pl.all()).otherwise(None).fill_null(np.nan))
        codes = frame.select(_code(name, levels) for name, levels in self.levels.items())
        return Table(
            numeric=finite.to_numpy().reshape(frame.height, -1).astype(np.float32),
            categorical=codes.to_numpy().reshape(frame.height, -1).astype(np.int32),
            target=np.empty(0) if target is None else target,
            numeric_names=tuple(finite.columns),
            categorical_names=tuple(codes.columns),
            cardinalities=tuple(len(levels) + 2 for levels in self.levels.values()),
        )

    def _parts(self, frame: pl.DataFrame) -> list[pl.Expr]:
        parts = []
        for name in self.moments:
            moment = pl.col(name).dt
            parts += [moment.month().alias(f"{name}.month"), moment.weekday().alias(f"{name}.weekday")]
            if frame.schema[name] != pl.Date:
                parts.append(moment.hour().alias(f"{name}.hour"))
        return [part.cast(pl.Float32) for part in parts]

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Self:
        return cls(**json.loads(path.read_text(encoding="utf-8")))


def _frequent_levels(values: pl.Series) -> list[str]:
    counts = values.cast(pl.String).drop_nulls().value_counts(name="rows")
    frequent = counts.filter(pl.col("rows") >= min(MIN_COUNT, max(1, len(values) // 100)))
    return sorted(frequent.sort(["rows", values.name], descending=[True, False])[values.name].head(MAX_LEVELS))


def _code(name: str, levels: list[str]) -> pl.Expr:
    text = pl.col(name).cast(pl.String)
    codes = text.replace_strict(levels, range(2, len(levels) + 2), default=RARE, return_dtype=pl.Int32)
    return pl.when(text.is_null()).then(MISSING).otherwise(codes).alias(name)
