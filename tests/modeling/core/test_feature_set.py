"""A feature set keeps its test rows sealed on disk, and its digest speaks for every row."""

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from modeling.artefacts.feature_set import ReferencedFeatures
from modeling.artefacts.storage import load, save
from modeling.core.feature_set import FeatureSet
from modeling.core.learner import Fitting
from modeling.core.table import Rows

from ..small_data import fitted, parts, prepared

GROUPED = {
    "columns": {"identifier": ["id"], "group": "lot", "time": "made", "slices": ["machine"]},
    "split": {"by": "group"},
}


@pytest.fixture
def made() -> FeatureSet:
    return prepared(**GROUPED)


@pytest.fixture
def loaded(made: FeatureSet, tmp_path: Path) -> FeatureSet:
    save(ReferencedFeatures(made, None), tmp_path)
    return load(FeatureSet, tmp_path)


def assert_same_rows(one: Rows, other: Rows) -> None:
    assert one.table.names == other.table.names
    assert one.table.cardinalities == other.table.cardinalities
    for array in ("numeric", "categorical", "target"):
        np.testing.assert_array_equal(getattr(one.table, array), getattr(other.table, array))
    np.testing.assert_array_equal(one.number, other.number)
    np.testing.assert_array_equal(one.group, other.group)
    np.testing.assert_array_equal(one.block, other.block)
    assert_frame_equal(one.slices, other.slices)


def test_a_loaded_feature_set_is_the_one_that_was_saved(made, loaded):
    assert (loaded.recipe, loaded.datasheet) == (made.recipe, made.datasheet)
    assert_same_rows(made.train, loaded.train)
    assert_same_rows(made.tune, loaded.tune)
    assert_same_rows(made.valid, loaded.valid)
    assert_same_rows(made.open_test(), loaded.open_test())
    assert loaded.digest() == made.digest()


def test_rows_without_groups_or_slices_survive_too(tmp_path):
    made = prepared()
    save(ReferencedFeatures(made, None), tmp_path)
    loaded = load(FeatureSet, tmp_path)
    assert loaded.train.group is None
    assert_same_rows(made.train, loaded.train)
    assert loaded.digest() == made.digest()


def test_every_row_is_in_one_role_with_its_number_in_the_snapshot(made):
    numbers = np.concatenate([rows.number for rows in (made.train, made.tune, made.valid, made.open_test())])
    assert sorted(numbers) == list(range(1000, 1400))
    rows = made.datasheet.rows
    assert (rows.raw, rows.quarantined, rows.train + rows.tune + rows.valid + rows.test) == (400, 0, 400)
    assert rows.train == len(made.train)


def test_a_row_keeps_its_target_group_and_slices():
    frame = parts()
    for rows in (prepared(frame, **GROUPED).train, prepared(frame, **GROUPED).open_test()):
        source = frame[rows.number - 1000]
        np.testing.assert_array_equal(rows.table.target, source["broken"])
        np.testing.assert_array_equal(rows.slices["machine"], source["machine"])
        assert rows.group is not None
        assert len(set(zip(rows.group, source["lot"], strict=True))) == source["lot"].n_unique()


def test_training_needs_no_test_rows(loaded, tmp_path):
    shutil.rmtree(tmp_path / "test")
    blind = load(FeatureSet, tmp_path)
    candidate = fitted("logistic", blind, Fitting("binary", classes=2))
    assert candidate.learner.predict(blind.valid.table).shape == (len(blind.valid),)
    with pytest.raises(FileNotFoundError):
        blind.open_test()


def test_classes_are_those_of_all_rows(made):
    assert made.classes == ["0", "1"]
    assert made.datasheet.target_summary == pytest.approx(
        {"0": 1 - parts()["broken"].mean(), "1": parts()["broken"].mean()}
    )


@pytest.mark.parametrize("column", ["heat", "machine", "lot", "broken"])
@pytest.mark.parametrize("role", ["train", "valid", "test"])
def test_the_digest_changes_with_any_row(made, role, column):
    """A feature, a slice, a cluster of the bootstrap, a target: each is seen by a learner or by the evaluation."""
    frame = parts().with_columns(half=pl.Series(["train"] * 200 + ["valid"] * 100 + ["test"] * 100))
    columns = {"identifier": ["id"], "group": "lot", "drop": ["machine", "made"], "slices": ["machine"]}
    setting = {"columns": columns, "split": {"by": "column", "column": "half"}}
    other = {"heat": pl.lit(77.7), "machine": pl.lit("odd"), "lot": pl.lit("lot 99"), "broken": 1 - pl.col("broken")}
    first = pl.col("id") == {"train": 5, "valid": 205, "test": 305}[role]
    changed = frame.with_columns(pl.when(first).then(other[column]).otherwise(column).alias(column))
    assert prepared(frame, **setting).digest() == prepared(frame, **setting).digest()
    assert prepared(changed, **setting).digest() != prepared(frame, **setting).digest()


def test_no_file_is_a_pickle(loaded, tmp_path):
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".json", ".npz", ".parquet"}
    for path in tmp_path.rglob("*.npz"):
        with np.load(path, allow_pickle=False) as arrays:
            assert all(arrays[name].dtype != object for name in arrays)
