"""The rows a contract let pass, as a value.

Belongs here: the table between validation and features, with what the contract found. Does not belong here: judging
rows (`resources.contracts`), or the files of the value (`modeling.artefacts.validated_data`).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from modeling.core.record import ContractResult


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
