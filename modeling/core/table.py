"""The rows a learner sees.

Belongs here: the one data structure between a recipe and every learner: numbers, level codes, and content that only
some learners can read. Does not belong here: how raw columns become it (`features`, a problem's own recipe), which rows
belong to which role (`splits`), or its files (`modeling.artefacts.rows`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import polars as pl

MISSING, RARE = 0, 1
"""The first two codes of every categorical column: no value, and a value that is rare or was never seen in training."""


@dataclass(frozen=True)
class Table:
    """Features and target of some rows.

    Attributes
    ----------
    numeric: float32 ``[n, p]``; a missing value is NaN, never infinite.
    categorical: int32 ``[n, q]``; codes below `cardinalities`, with `MISSING` and `RARE` first.
    target: ``[n, …]``; float64 0/1 for a binary task, int64 class index for a multiclass one, float64 for regression;
        what any other task says. Empty (``[0]``) where the target is unknown.
    content: ``n`` rows of what is no number: text, image bytes, SMILES, a history as a list. No columns where there
        is none.
    shared: tables that all rows refer to, such as the items one can recommend or the roads of a network; never
        anything learned from, or known only about, validation and test rows.

    Raises
    ------
    TypeError: an array has another type or shape. LightGBM 4.7 ends the whole process when it meets text or dates,
        so nothing but numbers may get this far.
    """

    numeric: np.ndarray
    categorical: np.ndarray
    target: np.ndarray
    numeric_names: tuple[str, ...]
    categorical_names: tuple[str, ...]
    cardinalities: tuple[int, ...]
    content: pl.DataFrame = field(default_factory=pl.DataFrame)
    shared: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, dtype, width in (
            ("numeric", np.float32, len(self.numeric_names)),
            ("categorical", np.int32, len(self.categorical_names)),
        ):
            array = getattr(self, name)
            if array.dtype != dtype or array.ndim != 2 or array.shape[1] != width:
                raise TypeError(f"{name} must be {dtype.__name__} [n, {width}], is {array.dtype} {array.shape}")
        if len(self.cardinalities) != len(self.categorical_names):
            raise TypeError(f"{len(self.cardinalities)=} differs from {len(self.categorical_names)=}")
        if self.target.size and self.target.dtype not in (np.float64, np.int64):
            raise TypeError(f"target must be float64 or int64, is {self.target.dtype}")
        if self.content.width and self.content.height != len(self.numeric):
            raise TypeError(f"{self.content.height=} differs from {len(self.numeric)=}")

    def __len__(self) -> int:
        return len(self.numeric)

    @property
    def names(self) -> tuple[str, ...]:
        """Feature names, numeric first."""
        return self.numeric_names + self.categorical_names

    @cached_property
    def matrix(self) -> np.ndarray:
        """float32 ``[n, p + q]``: numeric columns, then categorical codes."""
        return np.hstack([self.numeric, self.categorical.astype(np.float32)])

    def rows(self, index: np.ndarray | slice) -> "Table":
        """The rows at `index` (integers, a boolean mask or a slice), in that order."""
        target = self.target[index] if self.target.size else self.target
        content = self.content[np.arange(len(self))[index]] if self.content.width else self.content
        return replace(
            self, numeric=self.numeric[index], categorical=self.categorical[index], target=target, content=content
        )

    @classmethod
    def stacked(cls, tables: Sequence["Table"]) -> "Table":
        """The rows of all `tables`, which have the same features, one below the other."""
        parts = {
            name: np.concatenate([getattr(table, name) for table in tables])
            for name in ("numeric", "categorical", "target")
        }
        return replace(tables[0], **parts, content=pl.concat([table.content for table in tables]))

    def with_column(self, name: str, values: np.ndarray) -> "Table":
        """A copy in which one feature holds `values` ``[n]`` instead."""
        part, names = ("numeric", self.numeric_names)
        if name not in names:
            part, names = ("categorical", self.categorical_names)
        array = getattr(self, part).copy()
        array[:, names.index(name)] = values
        return replace(self, **{part: array})

    def column(self, name: str) -> np.ndarray:
        """The values ``[n]`` of one feature."""
        if name in self.numeric_names:
            return self.numeric[:, self.numeric_names.index(name)]
        return self.categorical[:, self.categorical_names.index(name)]


@dataclass(frozen=True)
class Rows:
    """The rows of one role, with what judging them needs beside the table.

    Attributes
    ----------
    table: features and target, ``n`` rows.
    number: int64 ``[n]``; the row's number in the raw snapshot.
    group: ``[n]`` codes of the cluster a row belongs to, or None where rows stand alone.
    slices: ``n`` rows; the raw values of the columns the evaluation is sliced by.
    block: int64 ``[n]``; rows of one block are never divided between roles, and blocks are in the order of time where
        the split is by time (`splits.blocks`). None where rows can't be dealt anew.
    """

    table: Table
    number: np.ndarray
    group: np.ndarray | None
    slices: pl.DataFrame
    block: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.table)

    def rows(self, index: np.ndarray) -> "Rows":
        """The rows at `index` (integers or a boolean mask), in that order."""
        positions = np.arange(len(self))[index]
        return Rows(
            table=self.table.rows(positions),
            number=self.number[positions],
            group=None if self.group is None else self.group[positions],
            slices=self.slices[positions] if self.slices.width else self.slices,
            block=None if self.block is None else self.block[positions],
        )

    @classmethod
    def stacked(cls, parts: Sequence["Rows"]) -> "Rows":
        """The rows of all `parts`, which have the same features, one below the other."""

        def together(name: str) -> np.ndarray | None:
            arrays = [getattr(part, name) for part in parts]
            return None if any(array is None for array in arrays) else np.concatenate(arrays)

        return cls(
            table=Table.stacked([part.table for part in parts]),
            number=np.concatenate([part.number for part in parts]),
            group=together("group"),
            slices=pl.concat([part.slices for part in parts]),
            block=together("block"),
        )
