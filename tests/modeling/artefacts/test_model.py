"""A model is a folder that predicts the same numbers wherever it is read, and that holds nothing that could run."""

import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.special import logit

from modeling.artefacts.errors import ModelError
from modeling.artefacts.model import FORMAT
from modeling.artefacts.storage import load, save
from modeling.core.blend import Blend
from modeling.core.calibrator import Platt
from modeling.core.candidate import Candidates
from modeling.core.compute import Compute
from modeling.core.feature_set import FeatureSet
from modeling.core.learner import Fitting
from modeling.core.model import Model

from ..small_data import card, fitted, parts, prepared

NATIVE = {".json", ".skops", ".txt", ".npy", ".parquet"}
PROJECT = Path(__file__).parents[3]


def hotter(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame.with_columns(hot=pl.col("heat") > 70, day=pl.col("made"))


def fitting(**changes: object) -> Fitting:
    return Fitting("binary", classes=2, **changes)


@pytest.fixture(scope="module")
def features() -> FeatureSet:
    return prepared(derive=hotter, columns={"identifier": ["id", "lot"]})


@pytest.fixture(scope="module")
def candidates(features: FeatureSet) -> Candidates:
    quick = fitting(parameters={"trials": 1, "rounds": 20}, compute=Compute(reason="a test"))
    return Candidates([fitted("lightgbm", features, quick), fitted("logistic", features, fitting())])


@pytest.fixture
def model(features: FeatureSet, candidates: Candidates) -> Model:
    learners = {candidate.name: candidate.learner for candidate in candidates.fitted}
    return Model(
        features.recipe,
        Blend(learners, {"lightgbm": 0.25, "logistic": 0.75}),
        card(classes=features.classes),
        np.arange(3, dtype=np.uint64),
    )


def test_raw_rows_give_the_numbers_of_training(model, features):
    rows = parts()[features.valid.number - 1000]
    expected = model.champion.predict(features.valid.table)
    np.testing.assert_array_equal(model.predict(rows.drop("broken"), hotter), expected)
    one, two = (learner.predict(features.valid.table) for learner in model.champion.learners.values())
    np.testing.assert_allclose(expected, 0.25 * one + 0.75 * two)


def test_a_fresh_process_predicts_the_same_numbers_from_the_folder_alone(model, tmp_path):
    (tmp_path / "model").mkdir()
    save(model, tmp_path / "model")
    rows = parts(50, seed=9).drop("broken").with_columns(hot=pl.col("heat") > 70, day=pl.col("made"))
    rows.write_parquet(tmp_path / "rows.parquet")
    code = (
        "import sys, numpy, polars; from pathlib import Path; from modeling.artefacts.storage import load; "
        "from modeling.core.model import Model\n"
        "folder = Path(sys.argv[1]); rows = polars.read_parquet(folder / 'rows.parquet')\n"
        "numpy.save(folder / 'predicted.npy', load(Model, folder / 'model').predict(rows))"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, cwd=PROJECT)
    np.testing.assert_array_equal(np.load(tmp_path / "predicted.npy"), model.predict(rows))


def test_a_loaded_model_says_what_it_is(model, tmp_path):
    save(model, tmp_path)
    loaded = load(Model, tmp_path)
    assert loaded.card == model.card
    assert loaded.recipe == model.recipe
    assert loaded.champion.weights == {"lightgbm": 0.25, "logistic": 0.75}


def test_a_calibrator_travels_with_its_champion_and_an_older_folder_has_none(model, features, tmp_path):
    mended = replace(model, champion=replace(model.champion, calibrator=Platt(slope=0.5, intercept=0.1)))
    (tmp_path / "mended").mkdir()
    save(mended, tmp_path / "mended")
    table = features.valid.table
    told, plain = (made.champion.predict(table) for made in (load(Model, tmp_path / "mended"), model))
    np.testing.assert_allclose(logit(told), 0.5 * logit(plain) + 0.1)

    (tmp_path / "older").mkdir()
    save(model, tmp_path / "older")
    sidecar = tmp_path / "older" / "model.json"
    content = json.loads(sidecar.read_text())
    del content["calibrator"]
    sidecar.write_text(json.dumps(content | {"format": 2}))
    older = load(Model, tmp_path / "older")
    assert older.champion.calibrator is None
    np.testing.assert_array_equal(older.champion.predict(table), plain)


def test_a_model_holds_native_files_and_no_pickle(model, tmp_path):
    save(model, tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= NATIVE
    inside = [name for path in files if path.suffix == ".skops" for name in zipfile.ZipFile(path).namelist()]
    assert {Path(name).suffix for name in inside} <= {".json", ".npy", ".npz"}
    for path in files:
        assert not path.read_bytes().startswith(b"\x80"), f"{path} looks like a pickle"


def test_a_missing_column_is_named_in_prediction(model):
    with pytest.raises(ValueError, match=r"the columns \['machine'\] are missing"):
        model.predict(parts().drop("machine"), hotter)


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"is no model folder: it has no model\.json"):
        load(Model, tmp_path)


def test_a_later_format_is_refused(model, tmp_path):
    save(model, tmp_path)
    sidecar = tmp_path / "model.json"
    sidecar.write_text(json.dumps(json.loads(sidecar.read_text()) | {"format": FORMAT + 1}))
    with pytest.raises(
        ModelError, match=rf"model\.json: only formats 2 to {FORMAT} are known, this is {FORMAT + 1}; up"
    ):
        load(Model, tmp_path)


def test_candidates_come_back_as_they_went(candidates, features, tmp_path):
    save(candidates, tmp_path)
    loaded = load(Candidates, tmp_path)
    assert [candidate.name for candidate in loaded.fitted] == ["lightgbm", "logistic"]
    for before, after in zip(candidates.fitted, loaded.fitted, strict=True):
        assert (after.family, after.summary, after.cost) == (before.family, before.summary, before.cost)
        assert after.fitting.scratch is None
        for name in ("outcome", "classes", "time_limit", "seed", "compute", "parameters", "fixed"):
            assert getattr(after.fitting, name) == getattr(before.fitting, name)
        table = features.valid.table
        np.testing.assert_array_equal(after.learner.predict(table), before.learner.predict(table))


def test_a_loaded_candidate_can_be_trained_again(candidates, features, tmp_path):
    save(candidates, tmp_path)
    logistic = load(Candidates, tmp_path).fitted[1]
    again = fitted(logistic.name, features, logistic.fitting)
    np.testing.assert_allclose(
        again.learner.predict(features.valid.table), logistic.learner.predict(features.valid.table)
    )


def test_no_candidates_are_an_empty_folder(tmp_path):
    save(Candidates([]), tmp_path)
    assert load(Candidates, tmp_path) == Candidates([])
