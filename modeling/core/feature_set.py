"""The rows of every role, ready to learn from, with the test sealed.

Belongs here: the value that a task prepares and every later stage reads. Does not belong here: how columns become
numbers (`features`), which row has which role (`splits`), preparing it (`row_task`, or a problem's own task), or its
folder (`modeling.artefacts.feature_set`).
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from typing import Any, Self, cast

import numpy as np
import polars as pl
from pydantic import Field

from catalogue.definition import UseCase
from modeling.core.recipe import Recipe
from modeling.core.record import ContractResult, LeakageFinding, Record, RowCounts, TwinRows
from modeling.core.splits import ROLES
from modeling.core.table import Rows
from modeling.core.validated_data import ValidatedData


class Datasheet(Record):
    """What is known of the rows as a whole, and an evaluation repeats (Gebru et al. 2021, Datasheets for datasets)."""

    task: str
    snapshot: str
    rows: RowCounts
    target_summary: dict[str, float]
    classes: list[str]
    contract: list[ContractResult]
    leakage: list[LeakageFinding]
    twins: dict[str, TwinRows] = Field(default={})
    """By role; none where no rows are compared."""
    remarks: list[str] = Field(default=[])
    """What reading the raw data left out or changed, rows that contradict each other, values spelt in several ways."""

    @classmethod
    def of(
        cls,
        data: ValidatedData,
        use_case: UseCase,
        rows: Sequence[int],
        target_summary: dict[str, float],
        leakage: list[LeakageFinding],
        classes: Sequence[str] = (),
        twins: dict[str, TwinRows] | None = None,
    ) -> Self:
        """Of `data` whose roles have as many `rows`, in the order of `ROLES`."""
        counts = dict(zip(ROLES, rows, strict=True))
        return cls(
            task=use_case.task,
            snapshot=data.snapshot,
            rows=RowCounts(raw=data.snapshot_rows, quarantined=data.snapshot_rows - data.frame.height, **counts),
            target_summary=target_summary,
            classes=list(classes),
            contract=data.results,
            leakage=leakage,
            twins=twins or {},
        )


def summary(target: np.ndarray, classes: list[str]) -> dict[str, float]:
    """The share of each class, or mean, standard deviation, least and largest of a number ``[n]``."""
    if classes:
        return {name: float((target == code).mean()) for code, name in enumerate(classes)}
    return {name: float(getattr(target, name)()) for name in ("mean", "std", "min", "max")}


@dataclass(frozen=True)
class FeatureSet:
    """The rows of every role.

    Attributes
    ----------
    train: what learners learn from. tune: what tunes their hyperparameters and stops their training.
    valid: what chooses the champion, its weights and its threshold; no learner sees them before.
    open_test: returns the test rows. Only the evaluation calls it, and records the access.
    """

    recipe: Recipe
    datasheet: Datasheet
    train: Rows
    tune: Rows
    valid: Rows
    open_test: Callable[[], Rows]

    @property
    def classes(self) -> list[str]:
        """The target's classes by index, the event last; empty where the target is no class."""
        return self.datasheet.classes

    def digest(self) -> str:
        """A digest of everything a learner or the evaluation can see of the rows: 64 hex digits."""
        recipe = asdict(cast(Any, self.recipe))
        if not recipe.get("centres"):  # a part that came later: recipes without it are what they were
            recipe.pop("centres", None)
        sink = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode())
        for rows in (self.train, self.tune, self.valid, self.open_test()):
            for array in _arrays(rows):
                sink.update(np.ascontiguousarray(array).tobytes())
            for frame in _frames(rows):
                sink.update(_canonical(frame))
        return sink.hexdigest()


def _arrays(rows: Rows) -> list[np.ndarray]:
    table = rows.table
    beside = [array for array in (rows.group, rows.block) if array is not None]
    return [table.numeric, table.categorical, table.target, rows.number, *beside]


def _frames(rows: Rows) -> list[pl.DataFrame]:
    shared = rows.table.shared
    return [rows.slices, rows.table.content, *(shared[name] for name in sorted(shared))]


def _canonical(frame: pl.DataFrame) -> memoryview:
    """Bytes that equal values share. Arrow's own differ where a column without nulls keeps a mask of them."""
    parquet = BytesIO()
    frame.rechunk().write_parquet(parquet, compression="uncompressed", statistics=False)
    return parquet.getbuffer()
