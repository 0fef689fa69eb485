"""What is kept of the rows a model learned from.

Belongs here: choosing the columns and rows, and turning them into cells. Does not belong here: a column's cells
(`cells`), comparing anything (`comparison`), or the folder of a reference (`modeling.artefacts.reference`).

Neither the old snapshot nor the old table is needed afterwards, and neither can be had back from a reference: it holds
quantiles, names of frequent levels, a sample of rows as numbers of cells, and a hash of every row.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import polars as pl

from catalogue.definition import UseCase
from modeling.core.feature_set import FeatureSet
from modeling.core.features import feature_columns
from modeling.core.hashing import row_hashes, signature
from modeling.core.record import Record
from modeling.core.row_task import RowTask
from modeling.core.validated_data import ValidatedData
from modeling.drift.cells import Category, Cells, cells
from modeling.drift.properties import measured
from modeling.problems import tasks

SAMPLE, IMAGES = 20_000, 1_000
"""Rows that are compared at most, and where each holds an image."""


class Profile(Record):
    """What a reference says of its columns.

    Attributes
    ----------
    signature: of the hashes; see `hashing.signature`. columns: those that a row's hash is made of, in order.
    rows: how many the snapshot had; `learned` how many of them the model learned from.
    cells: by column; the label's are among them, by the name `label`, where it can be compared.
    """

    signature: int
    snapshot: str
    columns: list[str]
    rows: int
    learned: int
    cells: dict[str, Cells]
    label: str | None


@dataclass(frozen=True)
class Reference:
    """A profile, and rows as cells.

    Attributes
    ----------
    codes: int32 ``[n, columns]``: the cells of at most `SAMPLE` rows a model learned from, in the profile's order.
    cluster: int64 ``[n]``: which of them belong together.
    hashes: uint64 ``[rows]``: of every row of the snapshot, sorted.
    """

    profile: Profile
    codes: np.ndarray
    cluster: np.ndarray
    hashes: np.ndarray

    @classmethod
    def of(cls, data: ValidatedData, features: FeatureSet, use_case: UseCase) -> Self:
        """Of the rows of `data` that train in `features`; of all rows where a row is not what is predicted."""
        labelled = has_labels(use_case)
        learned = np.isin(data.numbers, features.train.number) | (not isinstance(tasks.task(use_case), RowTask))
        rows = bounded(data.frame.filter(learned), use_case)
        compared = measured(rows, use_case)
        names = compared_columns(compared.columns, use_case) + [use_case.target] * labelled
        names_of_levels = [*use_case.columns.categorical, *[use_case.target] * bool(features.classes)]
        found = {
            name: cells(compared[name], moment=name == use_case.columns.time, category=name in names_of_levels)
            for name in names
        }
        kept = sample(compared.height)
        profile = Profile(
            signature=signature(),
            snapshot=data.snapshot,
            columns=data.frame.columns,
            rows=data.frame.height,
            learned=int(learned.sum()),
            cells=found,
            label=use_case.target if labelled else None,
        )
        codes = [_code(of, compared[name])[kept] for name, of in found.items()]
        hashes = np.sort(row_hashes(data.frame))
        return cls(profile, stacked(codes, len(kept)), clusters(rows, use_case)[kept], hashes)

    def select(self, names: list[str]) -> Self:
        """The same rows with some of the columns."""
        place = {name: place for place, name in enumerate(self.profile.cells)}
        profile = self.profile.model_copy(update={"cells": {name: self.profile.cells[name] for name in names}})
        return replace(self, profile=profile, codes=self.codes[:, [place[name] for name in names]])


def has_labels(use_case: UseCase) -> bool:
    """Whether each row's target says how it ended: not of rows that add up to something else, nor where a new row's
    time has only begun."""
    task = tasks.task(use_case)
    return isinstance(task, RowTask) and task.outcome([]) != "survival"


def compared_columns(columns: list[str], use_case: UseCase) -> list[str]:
    """The columns whose values are compared: features, measures of content, and the time."""
    time = use_case.columns.time
    return feature_columns(columns, use_case) + [column for column in columns if column == time]


def bounded(frame: pl.DataFrame, use_case: UseCase) -> pl.DataFrame:
    """The rows, or a sample of them where each holds an image to open."""
    return frame[sample(frame.height, IMAGES)] if use_case.columns.image else frame


def sample(rows: int, most: int = SAMPLE) -> np.ndarray:
    """int64 ``[≤ most]``: the places of rows drawn at random, ascending; the same of as many rows every time."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False))


def clusters(frame: pl.DataFrame, use_case: UseCase) -> np.ndarray:
    """int64 ``[n]``: which rows are drawn together; each alone where no group is declared."""
    group = use_case.columns.group
    if group is None:
        return np.arange(frame.height)
    return frame[group].rank("dense").fill_null(0).cast(pl.Int64).to_numpy()


def stacked(codes: list[np.ndarray], rows: int) -> np.ndarray:
    """int32 ``[rows, columns]``, also where there is no column."""
    return np.array(codes, dtype=np.int32).reshape(len(codes), rows).T


def _code(of: Cells, values: pl.Series) -> np.ndarray:
    return of.code_reference(values) if isinstance(of, Category) else of.code(values)
