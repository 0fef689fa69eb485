"""The rows of every role, ready to learn from, with the test sealed.

Belongs here: the value the `features` asset makes and every later stage reads. Does not belong here: how columns become
numbers (`features`), which row has which role (`splits`), or making it (`preparation`).
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import polars as pl

from catalogue.definition import UseCase
from modeling.core.recipe import Recipe
from modeling.core.record import ContractResult, LeakageFinding, Record
from modeling.core.record import RowCounts as RowCounts
from modeling.core.splits import ROLES
from modeling.core.table import Rows, Table
from modeling.core.validated_data import ValidatedData
from modeling.drift.reference import REFERENCE, Reference, keep
from modeling.problems import tasks


class Background(Record):
    """What an evaluation must know about the rows beside the rows themselves."""

    task: str
    snapshot: str
    rows: RowCounts
    target_summary: dict[str, float]
    classes: list[str]
    contract: list[ContractResult]
    leakage: list[LeakageFinding]

    @classmethod
    def of(
        cls,
        data: ValidatedData,
        use_case: UseCase,
        rows: Sequence[int],
        target_summary: dict[str, float],
        leakage: list[LeakageFinding],
        classes: Sequence[str] = (),
    ) -> Self:
        """Of `data` whose roles have as many `rows`: training, validation, test."""
        counts = dict(zip(ROLES, rows, strict=True))
        return cls(
            task=use_case.task,
            snapshot=data.snapshot,
            rows=RowCounts(raw=data.snapshot_rows, quarantined=data.snapshot_rows - data.frame.height, **counts),
            target_summary=target_summary,
            classes=list(classes),
            contract=data.results,
            leakage=leakage,
        )


def summary(target: np.ndarray, classes: list[str]) -> dict[str, float]:
    """The share of each class, or the spread of a number."""
    if classes:
        return {name: float((target == code).mean()) for code, name in enumerate(classes)}
    return {name: float(getattr(target, name)()) for name in ("mean", "std", "min", "max")}


@dataclass(frozen=True)
class FeatureSet:
    """Training and validation rows, and where the sealed test lies.

    The test rows stay in their own folder until `open_test` reads them; nothing else does. `reference` is what later
    deliveries are compared with, or where it lies.
    """

    recipe: Recipe
    background: Background
    train: Rows
    valid: Rows
    sealed: Path | Rows
    reference: Reference | Path | None = field(default=None, kw_only=True)

    @property
    def classes(self) -> list[str]:
        """The target's classes by index, the event last; empty where the target is no class."""
        return self.background.classes

    def open_test(self) -> Rows:
        """The sealed test rows. Only the evaluation calls this; the caller records the opening."""
        return self.sealed if isinstance(self.sealed, Rows) else _load_rows(self.sealed)

    def digest(self) -> str:
        """A digest of everything a learner or the evaluation can see of the rows: 64 hex digits."""
        sink = hashlib.sha256(json.dumps(asdict(cast(Any, self.recipe)), sort_keys=True).encode())
        for rows in (self.train, self.valid, self.open_test()):
            table = rows.table
            for array in (table.numeric, table.categorical, table.target, *_beside(rows).values()):
                sink.update(np.ascontiguousarray(array).tobytes())
            for frame in (rows.slices, table.content, *(table.shared[name] for name in sorted(table.shared))):
                sink.update(_canonical(frame))
        return sink.hexdigest()

    def save(self, folder: Path) -> None:
        self.recipe.save(folder / "recipe.json")
        (folder / "background.json").write_text(self.background.model_dump_json(indent=1), encoding="utf-8")
        for role, rows in zip(ROLES, (self.train, self.valid, self.open_test()), strict=True):
            _save_rows(rows, folder / role)
        keep(self.reference, folder / REFERENCE)

    @classmethod
    def load(cls, folder: Path) -> Self:
        background = Background.model_validate_json((folder / "background.json").read_text(encoding="utf-8"))
        recipe = tasks.task_type(background.task).recipe_type.load(folder / "recipe.json")
        train, valid = (_load_rows(folder / role) for role in ("train", "valid"))
        return cls(recipe, background, train, valid, folder / "test", reference=folder / REFERENCE)


def _canonical(frame: pl.DataFrame) -> memoryview:
    """Bytes that equal values share. Arrow's own differ where a column without nulls keeps a mask of them."""
    parquet = BytesIO()
    frame.rechunk().write_parquet(parquet, compression="uncompressed", statistics=False)
    return parquet.getbuffer()


def _beside(rows: Rows) -> dict[str, np.ndarray]:
    return {"number": rows.number} if rows.group is None else {"number": rows.number, "group": rows.group}


def _save_rows(rows: Rows, folder: Path) -> None:
    (folder / "table").mkdir(parents=True)
    rows.table.save(folder / "table")
    np.savez(folder / "beside.npz", allow_pickle=False, **_beside(rows))
    rows.slices.write_parquet(folder / "slices.parquet")


def _load_rows(folder: Path) -> Rows:
    with np.load(folder / "beside.npz", allow_pickle=False) as beside:
        slices = pl.read_parquet(folder / "slices.parquet")
        return Rows(Table.load(folder / "table"), beside["number"], beside.get("group"), slices)
