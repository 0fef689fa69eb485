"""LightGBM on circular fragments and descriptors of a molecule, and on the row's own numbers and codes."""

import time
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from modeling import molecules
from modeling.learners.boosting import lightgbm
from modeling.learners.checks import check_target
from modeling.learners.protocol import Fitting, Outcome, Told
from modeling.table import Table

TREES_SHARE = 0.5
"""Of the time budget, which the trees get however long describing the molecules took."""


class Model:
    """The learner `lightgbm`, with the molecule's fingerprint and descriptors as further columns."""

    outcomes: ClassVar[tuple[Outcome, ...]] = ("binary",)
    default_seconds: ClassVar[float] = 30
    extra: ClassVar[str | None] = "molecules"
    reads: ClassVar[str | None] = "molecule"

    _trees: lightgbm.Model

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> Told:
        start = time.monotonic()
        check_target(self, train, valid, fitting)
        described = [_beside(rows, molecules.fingerprint_again, molecules.descriptors_again) for rows in (train, valid)]
        left = max(fitting.seconds - (time.monotonic() - start), fitting.seconds * TREES_SHARE)
        self._trees = lightgbm.Model()
        return self._trees.fit(described[0], described[1], replace(fitting, seconds=left))

    def predict(self, table: Table) -> np.ndarray:
        return self._trees.predict(_beside(table, molecules.fingerprint, molecules.descriptors))

    def save(self, folder: Path) -> None:
        self._trees.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls()
        model._trees = lightgbm.Model.load(folder)
        return model


def _beside(table: Table, *encoders: molecules.Encoder) -> Table:
    """The rows with what the encoders say as numbers beside their own."""
    if not len(table):
        return table
    parts = [molecules.stacked(of, molecules.smiles(table)).astype(np.float32) for of in encoders]
    names = [f"molecule {number}" for number in range(sum(part.shape[1] for part in parts))]
    numeric = np.hstack([table.numeric, *parts])
    return replace(table, numeric=numeric, numeric_names=(*table.numeric_names, *names))
