"""LightGBM on what MiniMol, left as it is, says of a molecule, on its descriptors, and on the row's own columns."""

import time
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from modeling.core.learner import FitSummary, Fitting, Outcome
from modeling.core.table import Table
from modeling.learners.checks import check_target
from modeling.problems.molecule import minimol, molecules
from modeling.problems.molecule.boosting.molecule_lightgbm import TREES_SHARE, Trees
from modeling.problems.molecule.minimol import MiniMol


class MoleculeEmbedding:
    """The learner `lightgbm`, with the molecule's embedding and descriptors as further columns."""

    outcomes: ClassVar[tuple[Outcome, ...]] = ("binary",)
    default_seconds: ClassVar[float] = 30
    extra: ClassVar[str | None] = "molecules"
    reads: ClassVar[str | None] = "molecule"

    _network: MiniMol
    _trees: Trees

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        start = time.monotonic()
        check_target(self, train, valid, fitting)
        self._network = MiniMol.load(fitting.weights(minimol.NAME), fitting.compute.threads)
        read = [self._beside(rows) for rows in (train, valid)]
        spent = time.monotonic() - start
        fitting.progress(f"{len(train) + len(valid):,} molecules read in {spent:.0f} s")
        seconds = max(fitting.seconds - spent, fitting.seconds * TREES_SHARE)
        self._trees = Trees()
        told = self._trees.fit(read[0], read[1], replace(fitting, seconds=seconds))
        return replace(told, notes=["MiniMol, not trained", *told.notes])

    def predict(self, table: Table) -> np.ndarray:
        return self._trees.predict(self._beside(table))

    def save(self, folder: Path) -> None:
        self._trees.save(folder)
        self._network.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls()
        model._network = MiniMol.load(folder)
        model._trees = Trees.load(folder)
        return model

    def _beside(self, table: Table) -> Table:
        """The rows with the embedding and the descriptors as numbers beside their own."""
        if not len(table):
            return table
        texts = molecules.smiles(table)
        embedded = minimol.embeddings(self._network, texts)
        return molecules.beside(table, embedded, molecules.stacked(molecules.descriptors, texts))


LEARNER = MoleculeEmbedding
