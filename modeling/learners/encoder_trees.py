"""LightGBM on what an encoder makes of content that trees can't read.

Belongs here: the steps that such learners share, whatever the content. Does not belong here: an encoder
(`text_lightgbm`, `image_lightgbm`, `molecule_lightgbm`, `molecule_embedding`), or the trees (`boosting.lightgbm`).
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from modeling.core.learner import FitSummary, Fitting, Learner
from modeling.core.table import Table
from modeling.learners.boosting.lightgbm import LightGBM, LightGBMHyperparameters
from modeling.learners.checks import check_target
from modeling.learners.work import TimeLimit


@dataclass(frozen=True)
class Encoded:
    """What fitting an encoder gives.

    Attributes
    ----------
    chosen: the hyperparameters, without a None that was to be filled in.
    matrices: float32 ``[n, width]`` for each table the encoder was fitted with, in their order.
    notes: what a reader must know of the encoder.
    """

    chosen: LightGBMHyperparameters
    matrices: Sequence[np.ndarray]
    notes: list[str] = field(default_factory=list)


class EncoderTrees(Learner):
    """The learner `lightgbm`, with an encoder's numbers as further columns beside the row's own.

    Every row is encoded, once: an encoder has nothing that a time limit could stop early.
    """

    _trees: LightGBM

    @abstractmethod
    def _fit_encoder(self, chosen: Any, tables: Sequence[Table], fitting: Fitting) -> Encoded:
        """Open or fit the encoder on the first of `tables`, and encode them all."""

    @abstractmethod
    def _encode(self, table: Table) -> np.ndarray:
        """float32 ``[n, width]``: the numbers of each row's content."""

    @abstractmethod
    def _save_encoder(self, folder: Path) -> None: ...

    @abstractmethod
    def _load_encoder(self, folder: Path) -> None: ...

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        """Fit the encoder, encode all rows, and fit the trees."""
        limit = TimeLimit(fitting)
        chosen = self.hyperparameters.read(fitting.parameters)
        check_target(self, train, valid, fitting)
        tables = [train] if fitting.fixed else [train, valid]
        encoded = self._fit_encoder(chosen, tables, fitting)
        fitting.progress(f"{sum(map(len, tables)):,} rows encoded")
        rows = [_beside(table, matrix) for table, matrix in zip(tables, encoded.matrices, strict=True)]
        self._trees = LightGBM()
        summary = self._trees.fit_with(encoded.chosen, rows[0], rows[-1], replace(fitting, time_limit=limit.left))
        return replace(summary, notes=[*encoded.notes, *summary.notes])

    def predict(self, table: Table) -> np.ndarray:
        """The trees' answer: float64 ``[n]`` or ``[n, classes]``."""
        return self._trees.predict(_beside(table, self._encode(table)))

    def save(self, folder: Path) -> None:
        """The trees, as `LightGBM` saves them, and the encoder beside them."""
        self._trees.save(folder)
        self._save_encoder(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls()
        model._trees = LightGBM.load(folder)
        model._load_encoder(folder)
        return model


def _beside(table: Table, encoded: np.ndarray) -> Table:
    """The rows with `encoded` ``[n, width]`` as numbers beside their own."""
    names = (f"encoded {number}" for number in range(encoded.shape[1]))
    numeric = np.hstack([table.numeric, encoded], dtype=np.float32)
    return replace(table, numeric=numeric, numeric_names=(*table.numeric_names, *names))
