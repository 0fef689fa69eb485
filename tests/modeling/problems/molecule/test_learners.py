"""A model that an earlier version saved is loaded and answers as it did."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from modeling.core.table import Table
from modeling.problems import learners

pytest.importorskip("rdkit")
SAVED = Path(__file__).parent / "saved_molecule_lightgbm"
ANSWERS = {
    "OC(=O)Cc1ccoc1": 0.5240951286268625,
    "OC(=O)CSCC1CCOCC1": 0.5080026186196445,
    "NC(=O)Cc1ccoc1": 0.42947580179601125,
    "OCCOCc1ccoc1": 0.4604084713918696,
}
"""Of that version itself."""


def test_molecule_lightgbm_of_an_earlier_version_answers_as_it_did() -> None:
    none = np.empty((len(ANSWERS), 0))
    rows = Table(
        numeric=none.astype(np.float32),
        categorical=none.astype(np.int32),
        target=np.empty(0),
        numeric_names=(),
        categorical_names=(),
        cardinalities=(),
        content=pl.DataFrame({"smiles": list(ANSWERS)}),
    )
    model = learners.learner("molecule_lightgbm").load(SAVED)
    np.testing.assert_allclose(model.predict(rows), list(ANSWERS.values()), rtol=1e-12)
