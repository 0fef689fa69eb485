"""LightGBM on circular fragments and descriptors of a molecule, and on the row's own numbers and codes."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
from optuna.distributions import BaseDistribution, FloatDistribution
from pydantic import Field

from modeling.core.learner import Fitting
from modeling.core.table import Table
from modeling.learners.boosting import lightgbm
from modeling.learners.encoder_trees import Encoded, EncoderTrees
from modeling.problems.molecule import molecules


class MoleculeHyperparameters(lightgbm.LightGBMHyperparameters):
    """A tree sees few of the columns, because hundreds of them say much the same."""

    space: ClassVar[dict[str, BaseDistribution]] = lightgbm.SPACE | {"feature_fraction": FloatDistribution(0.05, 0.5)}

    num_leaves: int = Field(31, ge=2)
    min_data_in_leaf: int = Field(20, ge=1)
    feature_fraction: float = Field(0.15, gt=0, le=1)
    lambda_l2: float = Field(1.0, ge=0)


class MoleculeLightGBM(EncoderTrees):
    """The learner `lightgbm`, with the molecule's fingerprint and descriptors as further columns."""

    outcomes = ("binary",)
    hyperparameters = MoleculeHyperparameters
    extra = "molecules"
    reads = "molecule"

    def _fit_encoder(self, chosen: MoleculeHyperparameters, tables: Sequence[Table], fitting: Fitting) -> Encoded:
        return Encoded(chosen, [self._encode(table) for table in tables])

    def _encode(self, table: Table) -> np.ndarray:
        texts = molecules.smiles(table)
        return np.hstack([molecules.stacked(of, texts) for of in (molecules.fingerprint, molecules.descriptors)])

    def _save_encoder(self, folder: Path) -> None:
        """Nothing is learned of molecules."""

    def _load_encoder(self, folder: Path) -> None:
        """Nothing was saved."""


LEARNER = MoleculeLightGBM
