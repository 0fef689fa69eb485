"""LightGBM on what MiniMol, left as it is, says of a molecule, on its descriptors, and on the row's own columns."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from modeling.core.learner import Fitting
from modeling.core.table import Table
from modeling.learners.encoder_trees import Encoded, EncoderTrees
from modeling.problems.molecule import minimol, molecules
from modeling.problems.molecule.boosting.molecule_lightgbm import MoleculeHyperparameters
from modeling.problems.molecule.minimol import MiniMol


class MoleculeEmbedding(EncoderTrees):
    """The learner `lightgbm`, with the molecule's embedding and descriptors as further columns."""

    outcomes = ("binary",)
    hyperparameters = MoleculeHyperparameters
    extra = "molecules"
    reads = "molecule"

    _network: MiniMol

    def _fit_encoder(self, chosen: MoleculeHyperparameters, tables: Sequence[Table], fitting: Fitting) -> Encoded:
        self._network = MiniMol.load(fitting.weights(minimol.NAME))
        return Encoded(chosen, [self._encode(table) for table in tables], ["MiniMol, not trained"])

    def _encode(self, table: Table) -> np.ndarray:
        texts = molecules.smiles(table)
        embedded = minimol.embeddings(self._network, texts)
        return np.hstack([embedded, molecules.stacked(molecules.descriptors, texts)])

    def _save_encoder(self, folder: Path) -> None:
        self._network.save(folder)

    def _load_encoder(self, folder: Path) -> None:
        self._network = MiniMol.load(folder)


LEARNER = MoleculeEmbedding
