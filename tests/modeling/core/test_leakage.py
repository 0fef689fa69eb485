"""Each way in which a test can know too much is planted, and found with the rows or columns named."""

import numpy as np
import polars as pl
import pytest

from modeling.core.features import Derive
from modeling.core.record import LeakageFinding

from ..small_data import parts, prepared

COLUMNS = {"identifier": ["id"], "group": "lot", "time": "made"}
HALVES = {"by": "column", "column": "half"}


def findings(frame: pl.DataFrame, derive: Derive | None = None, **changes: object) -> dict[str, LeakageFinding]:
    found = prepared(frame, derive, **({"columns": COLUMNS, "split": HALVES} | changes)).datasheet.leakage
    return {finding.name: finding for finding in found}


def clean(rows: int = 400) -> pl.DataFrame:
    """The oldest 60 % of the parts train; every lot is of one role."""
    roles = ["train"] * (rows * 6 // 10) + ["valid"] * (rows * 2 // 10) + ["test"] * (rows * 2 // 10)
    return parts(rows).with_columns(half=pl.Series(roles), lot=pl.format("lot {}", pl.col("id") // 10))


def failed(found: dict[str, LeakageFinding]) -> set[str]:
    return {name for name, finding in found.items() if not finding.passed}


def test_clean_data_pass_every_point():
    found = findings(clean())
    assert failed(found) == set()
    assert found["duplicates_across_roles"].message == "no row of one role is repeated in another"
    assert found["groups_across_roles"].message == "every value of 'lot' stays in one role"
    assert found["time_across_roles"].message == (
        "training ends before validation, validation before test: train 2023-01-01 to 2023-08-28; "
        "valid 2023-08-29 to 2023-11-16; test 2023-11-17 to 2024-02-04"
    )
    assert found["single_feature"].message.startswith("no feature alone nearly solves the task; the best, 'heat', ")
    assert found["row_wise_features"].message == "a row's features depend on that row alone"


def test_a_use_case_that_declares_nothing_has_nothing_to_cross():
    found = findings(clean(), columns={"identifier": ["id", "lot", "made"]})
    assert found["groups_across_roles"].message == "no group is declared"
    assert found["time_across_roles"].message == "no time is declared"


def test_a_repeated_row_is_named():
    frame = clean()
    content = [name for name in frame.columns if name not in ("id", "half")]
    twin = frame[3].select(content).hstack(frame[350].select("id", "half")).select(frame.columns)
    found = findings(pl.concat([frame[:350], twin, frame[351:]]), columns={"identifier": ["id", "half"]})
    assert "duplicates_across_roles" in failed(found)
    finding = found["duplicates_across_roles"]
    assert finding.message == "1 validation and test rows repeat a row of another role"
    assert (finding.severity, finding.examples) == ("error", ["rows [1003, 1350]"])


def test_every_validation_and_test_row_that_repeats_another_is_counted_and_no_training_row():
    frame = clean()
    content = [name for name in frame.columns if name not in ("id", "half")]
    twins = [frame[3].select(content).hstack(frame[row].select("id", "half")) for row in (250, 350)]
    kept = frame.filter(~pl.col("id").is_in([250, 350]))
    repeated = pl.concat([kept, *(twin.select(frame.columns) for twin in twins)]).sort("id")
    finding = findings(repeated, columns={"identifier": ["id", "half"]})["duplicates_across_roles"]
    assert finding.message == "2 validation and test rows repeat a row of another role"
    assert finding.examples == ["rows [1003, 1250, 1350]"]


def test_near_twins_are_a_warning_once_they_are_many():
    """Rounded to two digits, and whatever the case of text; the 1 % that is let pass is 4 rows here."""
    frame = clean()

    def twinned(count: int) -> LeakageFinding:
        numbers = pl.col("heat", "weight", "hours")
        model = frame[:count].with_columns(numbers.round_sig_figs(2), pl.col("machine").str.to_uppercase())
        twin = model.with_columns(numbers * 1.001, pl.col("machine").str.to_lowercase())
        twin = twin.with_columns(frame[-count:].select("id", "lot", "made", "broken", "half"))
        return findings(pl.concat([model, frame[count:-count], twin]))["near_duplicates_across_roles"]

    assert twinned(2).passed
    finding = twinned(20)
    assert not finding.passed and finding.severity == "warning"
    assert finding.message == "20 of 400 rows have a near twin in another role (numbers to two digits)"
    assert finding.examples == [f"rows [{1000 + row}, {1380 + row}]" for row in range(5)]


def test_a_group_in_two_roles_is_named():
    frame = clean().with_columns(lot=pl.when(pl.col("id") == 399).then(pl.lit("lot 0")).otherwise("lot"))
    finding = findings(frame)["groups_across_roles"]
    assert not finding.passed and finding.severity == "error"
    assert finding.message == "1 values of 'lot' appear in more than one role"
    assert finding.examples == ["lot 0"]


def test_roles_that_overlap_in_time_are_reported():
    frame = clean()
    late = frame["made"][399]
    overlapping = frame.with_columns(made=pl.when(pl.col("id") == 0).then(late).otherwise("made"))
    finding = findings(overlapping)["time_across_roles"]
    assert not finding.passed and finding.severity == "warning"
    assert finding.message.startswith("the roles overlap in time: train 2023-01-02 to 2024-02-04; valid ")


@pytest.mark.parametrize(
    "disguise",
    [
        pl.col("broken") * 3.0 + pl.col("heat") / 1000,
        pl.when(pl.col("broken") == 1).then(pl.lit("claim paid")).otherwise(pl.lit("none")),
        pl.when(pl.col("broken") == 1).then("heat"),
    ],
    ids=["number", "text", "only there if it broke"],
)
def test_the_target_in_disguise_is_named(disguise):
    finding = findings(clean().with_columns(cost=disguise))["single_feature"]
    assert not finding.passed and finding.severity == "error"
    assert finding.message.startswith("nearly solved by one feature alone (above 0.99): drop it if it is known only")
    assert [example.partition(":")[0] for example in finding.examples] == ["cost"]


@pytest.mark.parametrize("task", ["regression", "multiclass_classification"])
def test_the_target_in_disguise_is_found_in_every_task(task):
    target = {
        "regression": pl.col("id") % 4 + 0.5,
        "multiclass_classification": pl.format("class {}", pl.col("id") % 3),
    }
    frame = clean().with_columns(broken=target[task])
    assert findings(frame, task=task)["single_feature"].passed
    disguised = frame.with_columns(cost=pl.col("broken").rank("dense") + pl.col("heat") / 1000)
    finding = findings(disguised, task=task)["single_feature"]
    assert [example.partition(":")[0] for example in finding.examples] == ["cost"]


@pytest.mark.parametrize(
    ("derive", "columns"),
    [
        (lambda frame: frame.with_columns(typical=pl.col("heat").mean()), ["typical"]),
        (lambda frame: frame.with_columns(before=pl.col("heat").shift(1)), ["before"]),
        (lambda frame: frame.with_columns(fellows=pl.col("heat").mean().over("machine")), ["fellows"]),
        (lambda frame: frame.sort("heat"), ["heat", "weight", "hours", "machine"]),
    ],
    ids=["mean", "shift", "mean of a kind", "another order"],
)
def test_features_that_look_across_rows_are_named(derive, columns):
    finding = findings(clean(), derive)["row_wise_features"]
    assert not finding.passed and finding.severity == "error"
    assert finding.message == "`features` looks across rows: a row's features change with the rows around it"
    assert finding.examples == columns


def test_features_of_one_row_pass():
    finding = findings(clean(), lambda frame: frame.with_columns(hot=pl.col("heat") > 70))["row_wise_features"]
    assert finding.passed


def test_a_feature_without_any_value_in_validation_is_no_suspect():
    frame = clean().with_columns(gauge=pl.when(pl.col("half") == "train").then("heat"))
    assert np.isnan(prepared(frame, columns=COLUMNS, split=HALVES).valid.table.column("gauge")).all()
    assert findings(frame)["single_feature"].passed
