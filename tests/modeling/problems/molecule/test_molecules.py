"""Molecules: read from SMILES, kept together by their ring system, taken apart, learned from."""

from base64 import b64decode
from typing import Any

import numpy as np
import polars as pl
import pytest

from modeling.core.compute import Compute
from modeling.core.feature_set import FeatureSet
from modeling.core.features import FeatureError
from modeling.core.learner import Fitting
from modeling.core.table import Table
from modeling.problems import learners
from modeling.problems.molecule import molecules

from ...small_data import prepared
from .tiny_molecule_classification import CONTENT, frame

pytest.importorskip("rdkit")
LEFT, RIGHT = "C[C@H](N)c1ccccc1", "C[C@@H](N)c1ccccc1"
PARACETAMOL = "CC(=O)Nc1ccc(O)cc1"
KNOBS: dict[str, dict[str, Any]] = {
    "fingerprint": {},
    "molecule_lightgbm": {"trials": 1, "min_data_in_leaf": 5},
    "molecule_graph": {"width": 32, "epochs": 10, "batch": 32, "learning_rate": 0.005},
}


def features(rows: pl.DataFrame | None = None, **changes: Any) -> FeatureSet:
    return prepared(frame() if rows is None else rows, **(CONTENT | changes))


def holding(*texts: str) -> Table:
    content = pl.DataFrame({"smiles": texts})
    rows = len(texts)
    return Table(np.empty((rows, 0), np.float32), np.empty((rows, 0), np.int32), np.empty(0), (), (), (), content)


# --- chemistry --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pair", [(LEFT, RIGHT), ("C/C=C/CO", "C/C=C\\CO"), ("C[C@H](N)CO", "C[C@@H](N)CO")], ids=str)
def test_stereoisomers_share_scaffold_and_twin(pair: tuple[str, str]):
    assert molecules.scaffolds(pl.Series(pair)).n_unique() == 1
    assert molecules.flat(pl.Series(pair)).n_unique() == 1
    assert pl.Series(pair).n_unique() == 2


def test_molecules_on_one_ring_system_share_a_scaffold_and_chains_are_their_own():
    found = molecules.scaffolds(pl.Series(["Cc1ccccc1", "OC(=O)c1ccccc1", "CCO", "CCN"])).to_list()
    assert found == ["c1ccccc1", "c1ccccc1", "CCO", "CCN"]


def test_what_is_no_molecule_is_named():
    with pytest.raises(FeatureError, match="'C1CC' is no SMILES of a molecule: quarantine it in the contract"):
        molecules.scaffolds(pl.Series(["CCO", "C1CC"]))
    with pytest.raises(FeatureError, match="column 'n' holds Int64 and 0 gaps instead of SMILES"):
        molecules.smiles(
            Table(
                *[np.empty((1, 0), kind) for kind in (np.float32, np.int32)],
                np.empty(0),
                (),
                (),
                (),
                pl.DataFrame({"n": [1]}),
            )
        )


def test_similarity_is_one_to_itself_and_less_to_others():
    found = molecules.nearest([PARACETAMOL, "CCCCCC"], ["Oc1ccccc1", PARACETAMOL])
    assert found[0] == 1
    assert 0 <= found[1] < 0.2


def test_a_graph_has_every_bond_in_both_directions():
    found = molecules.graph("CC=O")
    assert found.atoms[:, 0].tolist() == [7, 7, 9]
    assert [tuple(ends) for ends in found.bonds[:, :2].tolist()] == [(0, 1), (1, 0), (1, 2), (2, 1)]
    assert found.bonds[0, 2] != found.bonds[2, 2]
    assert molecules.graph("C").bonds.shape == (0, 3)


def test_a_fragment_is_replaced_by_hydrogen():
    occluder = molecules.FragmentOccluder("smiles")
    parts = occluder.parts(PARACETAMOL)
    assert len(parts) > 1
    rests = [occluder.without(PARACETAMOL, {number}) for number in range(len(parts))]
    atoms = [molecules.molecule(text).GetNumHeavyAtoms() for text in rests]
    whole = molecules.molecule(PARACETAMOL).GetNumHeavyAtoms()
    assert sum(whole - left for left in atoms) == whole
    assert occluder.without("Cn1ccnc1CC(=O)OCC", set()) == "CCOC(=O)Cc1nccn1C"
    assert occluder.parts("c1ccccc1") == []


def test_a_picture_is_a_small_png():
    png = b64decode(molecules.picture(PARACETAMOL, 180))
    assert png.startswith(b"\x89PNG")
    assert len(png) < 10_000


# --- the task ---------------------------------------------------------------------------------------------------------


def test_scaffolds_stay_in_one_role_and_are_what_the_bootstrap_draws():
    made = features()
    roles = [made.train, made.tune, made.valid, made.open_test()]
    scaffolds = [set(molecules.scaffolds(pl.Series(molecules.smiles(one.table)))) for one in roles]
    assert not (scaffolds[0] & scaffolds[1] or scaffolds[0] & scaffolds[2] or scaffolds[1] & scaffolds[2])
    assert [len(np.unique(one.group)) for one in roles if one.group is not None] == [len(one) for one in scaffolds]


def test_stereoisomers_in_two_roles_are_found():
    rows = pl.DataFrame(
        {"id": range(80), "smiles": [LEFT, RIGHT] + [f"{'C' * n}O" for n in range(1, 79)], "acid": [0, 1] * 40}
    )
    role = ["train", "test"] + ["train", "valid", "test"] * 26
    made = features(rows.with_columns(role=pl.Series(role)), split={"by": "column", "column": "role"})
    found = {one.name: one for one in made.datasheet.leakage}
    assert not found["groups_across_roles"].passed
    assert (
        found["near_duplicates_across_roles"].message
        == "1 of 80 rows have a near twin in another role (by what the task compares)"
    )


def test_a_use_case_without_molecules_is_told_what_to_write():
    with pytest.raises(FeatureError, match=r"no column of molecules is named; write `columns: \{molecule: …\}`"):
        features(columns={"identifier": ["id"]}, split={"by": "random"})


# --- learners ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KNOBS)
def test_learns_keeps_and_trains_again_by_its_fit_summary(name: str, tmp_path):
    made = features()
    circumstances = Fitting("binary", 2, compute=Compute(threads=1), parameters=KNOBS[name])
    test, model, again = made.open_test().table, learners.learner(name)(), learners.learner(name)()
    told = model.fit(made.train.table, made.valid.table, circumstances)
    assert np.mean((model.predict(test) >= 0.5) == test.target) > 0.8
    model.save(tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} <= {".txt", ".json", ".safetensors", ".npz"}
    np.testing.assert_array_equal(type(model).load(tmp_path).predict(test), model.predict(test))
    fixed = Fitting("binary", 2, compute=Compute(threads=1), parameters=told.parameters, fixed=True)
    again.fit(made.train.table, made.valid.table.rows(np.array([], dtype=int)), fixed)
    np.testing.assert_allclose(again.predict(test), model.predict(test), atol=1e-3)


@pytest.mark.parametrize("name", KNOBS)
def test_a_salt_a_single_atom_and_an_unknown_element_are_answered(name: str):
    made = features()
    model = learners.learner(name)()
    model.fit(made.train.table, made.valid.table, Fitting("binary", 2, parameters=KNOBS[name]))
    answers = model.predict(holding("[Na+].[Cl-]", "C", "*CC(=O)O", "[Og]"))
    assert np.isfinite(answers).all()
    assert ((answers >= 0) & (answers <= 1)).all()
