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


ONE_MOLECULE = {
    "enantiomers": (LEFT, RIGHT),
    "cis and trans": ("C/C=C/CO", "C/C=C\\CO"),
    "hydrochloride": ("CCNCC", "CCNCC.Cl"),
    "ammonium chloride": ("CCNCC", "CC[NH2+]CC.[Cl-]"),
    "sodium salt": ("CC(=O)O", "CC(=O)[O-].[Na+]"),
    "sodium written as a bond": ("CC(=O)O", "CC(=O)O[Na]"),
    "counter-ions": ("C[N+](C)(C)CC.[Cl-]", "C[N+](C)(C)CC.[Br-]"),
    "zwitterion": ("OC(=O)C1CCCN1", "[O-]C(=O)C1CCC[NH2+]1"),
    "pyridone": ("Oc1ccccn1", "O=c1cccc[nH]1"),
    "imidazole": ("Cc1c[nH]cn1", "Cc1cnc[nH]1"),
    "keto and enol": ("CC(=O)CC(C)=O", "CC(O)=CC(C)=O"),
    "amide and imidic acid": ("CC(=O)N", "CC(O)=N"),
    "nitro group": ("CCN(=O)=O", "CC[N+](=O)[O-]"),
    "isotope": ("CCO", "[2H]CCO"),
}
TWO_MOLECULES = {
    "chain and branch": ("CCCCO", "CC(C)CO"),
    "ether and alcohol": ("CCO", "COC"),
    "position on the ring": ("Oc1ccc(C)cc1", "Oc1cccc(C)c1"),
    "oxidised": ("CCO", "CC=O"),
    "one carbon more": ("CCNCC", "CCNCCC.Cl"),
    "another halogen": ("CCCl", "CCBr"),
    "metals": ("[Pt]", "[Pd]"),
}


@pytest.mark.parametrize("forms", ONE_MOLECULE)
def test_forms_of_one_molecule_share_identity_and_scaffold(forms: str):
    assert molecules.identities(pl.Series(ONE_MOLECULE[forms])).n_unique() == 1
    assert molecules.scaffolds(pl.Series(ONE_MOLECULE[forms])).n_unique() == 1


@pytest.mark.parametrize("pair", TWO_MOLECULES)
def test_different_molecules_have_different_identities(pair: str):
    assert molecules.identities(pl.Series(TWO_MOLECULES[pair])).n_unique() == 2


def test_the_tautomers_that_rdkit_enumerates_are_one_molecule():
    from rdkit import Chem
    from rdkit.Chem.MolStandardize.rdMolStandardize import TautomerEnumerator

    for text in ("Nc1ncnc2[nH]cnc12", "O=c1cc[nH]c(=O)[nH]1", "CC(=O)Nc1ccc(O)cc1", "CC(=O)CC(=O)OC"):
        tautomers = [Chem.MolToSmiles(one) for one in TautomerEnumerator().Enumerate(Chem.MolFromSmiles(text))]
        assert len(tautomers) > 1
        assert molecules.identities(pl.Series(tautomers)).n_unique() == 1


def test_a_mixture_is_its_largest_part_and_salt_alone_is_read():
    mixture, part, salt = molecules.identities(pl.Series(["OCCO.c1ccccc1CC", "CCc1ccccc1", "[Na+].[Cl-]"]))
    assert mixture == part
    assert salt


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


def test_forms_of_one_molecule_in_two_roles_are_found():
    alcohols = [f"{'C' * n}O" for n in range(1, 75)]
    smiles = [LEFT, RIGHT, "CCNCC", "CCNCC.Cl", "Oc1ccccn1", "O=c1cccc[nH]1", *alcohols]
    role = [*["train", "test"] * 3, *["train", "valid", "test", "train", "train", "test"] * 12, "train", "valid"]
    rows = pl.DataFrame({"id": range(80), "smiles": smiles, "acid": [0, 1] * 40, "role": role})
    made = features(rows, split={"by": "column", "column": "role"})
    found = {one.name: one for one in made.datasheet.leakage}
    assert not found["groups_across_roles"].passed
    # small_data numbers rows from 1,000.
    assert found["near_duplicates_across_roles"].examples == [
        "rows [1000, 1001]",
        "rows [1002, 1003]",
        "rows [1004, 1005]",
    ]
    assert f"3 of {role.count('test')} test rows" in found["near_duplicates_across_roles"].message


def test_a_salt_and_its_base_stay_in_one_role():
    bases = [f"{'C' * one}N{'C' * (one + more)}" for one in range(1, 21) for more in range(9)]
    smiles = bases + [f"{base}.Cl" for base in bases]
    rows = pl.DataFrame({"id": range(360), "smiles": smiles, "acid": [0, 1] * 180})
    made = features(rows)
    parts = [made.train, made.tune, made.valid, made.open_test()]
    held = [set(molecules.identities(pl.Series(molecules.smiles(part.table)))) for part in parts]
    assert sum(len(of_role) for of_role in held) == len(set.union(*held)) == 180
    near = {one.name: one for one in made.datasheet.leakage}["near_duplicates_across_roles"]
    assert near.passed
    assert near.examples == []


def test_a_salt_that_is_labelled_otherwise_than_its_base_is_said():
    bases = [f"{'C' * one}N{'C' * (one + more)}" for one in range(1, 21) for more in range(9)]
    acid = [0, 1] * 180
    acid[180] = 1
    rows = pl.DataFrame({"id": range(360), "smiles": bases + [f"{base}.Cl" for base in bases], "acid": acid})
    (said,) = features(rows).datasheet.remarks
    # small_data numbers rows from 1,000.
    assert "2 rows have other labels" in said and "row 1,000 '0' and row 1,180 '1'" in said


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
