"""The rows a contract let pass, as a value.

Belongs here: the table between validation and features, with what the contract found. Does not belong here: judging
rows (`resources.contracts`).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl
from pydantic import TypeAdapter

from modeling.core.record import ContractResult

_RESULTS = TypeAdapter(list[ContractResult])


@dataclass(frozen=True)
class ValidatedData:
    """Accepted rows of one snapshot.

    Attributes
    ----------
    frame: ``n`` rows, the snapshot's columns. numbers: int64 ``[n]``, each row's number in the snapshot.
    snapshot: the snapshot's content digest; `snapshot_rows` how many rows it has.
    """

    frame: pl.DataFrame
    numbers: np.ndarray
    results: list[ContractResult]
    snapshot: str
    snapshot_rows: int

    def save(self, folder: Path) -> None:
        self.frame.write_parquet(folder / "table.parquet")
        np.save(folder / "numbers.npy", self.numbers, allow_pickle=False)
        (folder / "contract.json").write_bytes(_RESULTS.dump_json(self.results, indent=1))
        (folder / "snapshot.txt").write_text(f"{self.snapshot} {self.snapshot_rows}")

    @classmethod
    def load(cls, folder: Path) -> Self:
        snapshot, rows = (folder / "snapshot.txt").read_text().split()
        return cls(
            frame=pl.read_parquet(folder / "table.parquet"),
            numbers=np.load(folder / "numbers.npy", allow_pickle=False),
            results=_RESULTS.validate_json((folder / "contract.json").read_bytes()),
            snapshot=snapshot,
            snapshot_rows=int(rows),
        )
