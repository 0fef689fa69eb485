"""Validated rows as folders.

Belongs here: the files of `ValidatedData`. Does not belong here: the value (`modeling.core.validated_data`).

A folder of validated data::

    table.parquet   the accepted rows
    numbers.npy     their numbers in the snapshot
    contract.json   what each expectation found
    snapshot.txt    digest and number of rows of the snapshot
"""

from pathlib import Path

import numpy as np
import polars as pl
from pydantic import TypeAdapter

from modeling.core.record import ContractResult
from modeling.core.validated_data import ValidatedData

_RESULTS = TypeAdapter(list[ContractResult])


def save(data: ValidatedData, folder: Path) -> None:
    """Write the files into an existing `folder`."""
    data.frame.write_parquet(folder / "table.parquet")
    np.save(folder / "numbers.npy", data.numbers, allow_pickle=False)
    (folder / "contract.json").write_bytes(_RESULTS.dump_json(data.results, indent=1))
    (folder / "snapshot.txt").write_text(f"{data.snapshot} {data.snapshot_rows}")


def load(folder: Path) -> ValidatedData:
    """The rows that `save` wrote."""
    snapshot, rows = (folder / "snapshot.txt").read_text().split()
    return ValidatedData(
        frame=pl.read_parquet(folder / "table.parquet"),
        numbers=np.load(folder / "numbers.npy", allow_pickle=False),
        results=_RESULTS.validate_json((folder / "contract.json").read_bytes()),
        snapshot=snapshot,
        snapshot_rows=int(rows),
    )
