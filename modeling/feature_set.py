"""The rows of every role, ready to learn from, with the test sealed.

Belongs here: the value the `features` asset makes and every later stage reads. Does not belong here: how columns become
numbers (`features`), which row has which role (`splits`), or making it (`preparation`).
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl

from modeling.evaluation.record import ContractResult, Finding, Record
from modeling.evaluation.record import Rows as RowCounts
from modeling.features import FeatureRecipe
from modeling.splits import ROLES
from modeling.table import Rows, Table


class Background(Record):
    """What an evaluation must know about the rows beside the rows themselves."""

    snapshot: str
    rows: RowCounts
    target_summary: dict[str, float]
    classes: list[str]
    contract: list[ContractResult]
    leakage: list[Finding]


@dataclass(frozen=True)
class FeatureSet:
    """Training and validation rows, and where the sealed test lies.

    The test rows stay in their own folder until `open_test` reads them; nothing else does.
    """

    recipe: FeatureRecipe
    background: Background
    train: Rows
    valid: Rows
    sealed: Path | Rows

    @property
    def classes(self) -> list[str]:
        """The target's classes by index, the event last; empty for regression."""
        return self.background.classes

    def open_test(self) -> Rows:
        """The sealed test rows. Only the evaluation calls this; the caller records the opening."""
        return self.sealed if isinstance(self.sealed, Rows) else _load_rows(self.sealed, self.recipe)

    def digest(self) -> str:
        """A digest of everything a learner or the evaluation can see of the rows: 64 hex digits."""
        sink = hashlib.sha256(json.dumps(asdict(self.recipe), sort_keys=True).encode())
        for rows in (self.train, self.valid, self.open_test()):
            for array in _arrays(rows).values():
                sink.update(np.ascontiguousarray(array).tobytes())
            sink.update(rows.slices.rechunk().write_ipc_stream(None, compression="uncompressed").getbuffer())
        return sink.hexdigest()

    def save(self, folder: Path) -> None:
        self.recipe.save(folder / "recipe.json")
        (folder / "background.json").write_text(self.background.model_dump_json(indent=1), encoding="utf-8")
        for role, rows in zip(ROLES, (self.train, self.valid, self.open_test()), strict=True):
            _save_rows(rows, folder / role)

    @classmethod
    def load(cls, folder: Path) -> Self:
        recipe = FeatureRecipe.load(folder / "recipe.json")
        train, valid = (_load_rows(folder / role, recipe) for role in ("train", "valid"))
        background = Background.model_validate_json((folder / "background.json").read_text(encoding="utf-8"))
        return cls(recipe, background, train, valid, folder / "test")


def _arrays(rows: Rows) -> dict[str, np.ndarray]:
    table = rows.table
    arrays = {"numeric": table.numeric, "categorical": table.categorical, "target": table.target, "number": rows.number}
    return arrays if rows.group is None else arrays | {"group": rows.group}


def _save_rows(rows: Rows, folder: Path) -> None:
    folder.mkdir()
    np.savez(folder / "arrays.npz", allow_pickle=False, **_arrays(rows))
    rows.slices.write_parquet(folder / "slices.parquet")


def _load_rows(folder: Path, recipe: FeatureRecipe) -> Rows:
    with np.load(folder / "arrays.npz", allow_pickle=False) as arrays:
        table = Table(
            numeric=arrays["numeric"],
            categorical=arrays["categorical"],
            target=arrays["target"],
            numeric_names=recipe.numeric_names,
            categorical_names=tuple(recipe.levels),
            cardinalities=tuple(len(levels) + 2 for levels in recipe.levels.values()),
        )
        group = arrays.get("group")
        return Rows(table, arrays["number"], group, pl.read_parquet(folder / "slices.parquet"))
