"""LightGBM on circular fragments and descriptors of a molecule, and on the row's own numbers and codes."""

import time
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from optuna.distributions import BaseDistribution, FloatDistribution
from pydantic import Field

from modeling.core.learner import FitSummary, Fitting, Outcome
from modeling.core.table import Table
from modeling.learners.boosting import lightgbm
from modeling.learners.checks import check_target
from modeling.problems.molecule import molecules

TREES_SHARE = 0.5
"""Of the time budget, which the trees get however long describing the molecules took."""


class MoleculeHyperparameters(lightgbm.LightGBMHyperparameters):
    """A tree sees few of the columns, because hundreds of them say much the same."""

    space: ClassVar[dict[str, BaseDistribution]] = lightgbm.SPACE | {"feature_fraction": FloatDistribution(0.05, 0.5)}

    num_leaves: int = Field(31, ge=2)
    min_data_in_leaf: int = Field(20, ge=1)
    feature_fraction: float = Field(0.15, gt=0, le=1)
    lambda_l2: float = Field(1.0, ge=0)


class Trees(lightgbm.LightGBM):
    """The learner `lightgbm` with hyperparameters for molecules."""

    hyperparameters: ClassVar[type[lightgbm.LightGBMHyperparameters]] = MoleculeHyperparameters


class MoleculeLightGBM:
    """The learner `lightgbm`, with the molecule's fingerprint and descriptors as further columns."""

    outcomes: ClassVar[tuple[Outcome, ...]] = ("binary",)
    default_seconds: ClassVar[float] = 30
    extra: ClassVar[str | None] = "molecules"
    reads: ClassVar[str | None] = "molecule"

    _trees: Trees

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        start = time.monotonic()
        check_target(self, train, valid, fitting)
        described = [_beside(rows) for rows in (train, valid)]
        left = max(fitting.seconds - (time.monotonic() - start), fitting.seconds * TREES_SHARE)
        self._trees = Trees()
        return self._trees.fit(described[0], described[1], replace(fitting, seconds=left))

    def predict(self, table: Table) -> np.ndarray:
        return self._trees.predict(_beside(table))

    def save(self, folder: Path) -> None:
        self._trees.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls()
        model._trees = Trees.load(folder)
        return model


def _beside(table: Table) -> Table:
    """The rows with the fingerprint and the descriptors as numbers beside their own."""
    if not len(table):
        return table
    texts = molecules.smiles(table)
    described = (molecules.stacked(of, texts) for of in (molecules.fingerprint, molecules.descriptors))
    return molecules.beside(table, *described)


LEARNER = MoleculeLightGBM
