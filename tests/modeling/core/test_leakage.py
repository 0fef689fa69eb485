"""Each way in which a test can know too much is planted, and found with the rows or columns named."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from modeling.core.features import Derive
from modeling.core.leakage import duplicates, formulas
from modeling.core.record import LeakageFinding
from modeling.core.splits import ROLE_TYPE, ROLES
from modeling.core.table import Table

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
        "each role ends before the next begins: train 2023-01-01 to 2023-08-28; "
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
    assert finding.message == "1 of 80 test rows (1.2 %) repeat a row of an earlier role"
    assert (finding.severity, finding.examples) == ("error", ["rows [1003, 1350]"])


def test_every_validation_and_test_row_that_repeats_another_is_counted_and_no_training_row():
    frame = clean()
    content = [name for name in frame.columns if name not in ("id", "half")]
    twins = [frame[3].select(content).hstack(frame[row].select("id", "half")) for row in (250, 350)]
    kept = frame.filter(~pl.col("id").is_in([250, 350]))
    repeated = pl.concat([kept, *(twin.select(frame.columns) for twin in twins)]).sort("id")
    finding = findings(repeated, columns={"identifier": ["id", "half"]})["duplicates_across_roles"]
    counted = "1 of 80 validation rows (1.2 %) and 1 of 80 test rows (1.2 %)"
    assert finding.message == f"{counted} repeat a row of an earlier role"
    assert finding.examples == ["rows [1003, 1250]", "rows [1003, 1350]"]


def readings(rows: int, seed: int, columns: int = 6) -> pl.DataFrame:
    """Independent readings around 5, with 60 % of the rows in training, 20 % each in validation and test."""
    draw = np.random.default_rng(seed)
    numbers = {f"reading_{number}": draw.normal(5, 1, rows) for number in range(columns)}
    roles = ["train"] * (rows * 6 // 10) + ["valid"] * (rows * 2 // 10) + ["test"] * (rows * 2 // 10)
    return pl.DataFrame({"id": range(rows), **numbers, "broken": draw.integers(0, 2, rows), "half": roles})


def copied(frame: pl.DataFrame, sources: np.ndarray, places: np.ndarray, noise: float, seed: int = 0) -> pl.DataFrame:
    """`frame` with the readings of the rows at `sources`, a little off, in the rows at `places`."""
    names = [name for name in frame.columns if name.startswith("reading")]
    values = frame.select(names).to_numpy().copy()
    off = np.random.default_rng(seed).normal(1, noise, (len(sources), len(names)))
    values[places] = values[sources] * off
    return frame.with_columns(pl.Series(name, values[:, place]) for place, name in enumerate(names))


def near(frame: pl.DataFrame) -> LeakageFinding:
    """The finding of rows whose columns but `broken`, `half` and `id` are numbers."""
    features = frame.drop("id", "broken", "half")
    roles = frame["half"].cast(ROLE_TYPE)

    def table(role: str) -> Table:
        numeric = features.filter(roles == role).to_numpy().astype(np.float32)
        nothing = np.empty((len(numeric), 0), dtype=np.int32)
        return Table(numeric, nothing, np.zeros(len(numeric)), tuple(features.columns), (), ())

    tables = {role: table(role) for role in ROLES if (roles == role).any()}
    finding, _ = duplicates.near(None, tables, roles, np.arange(frame.height))
    return finding


@pytest.mark.parametrize("columns", [6, 12])
def test_rows_copied_with_a_little_noise_are_found(columns):
    """150 of 1,000 rows, 0.4 % off in every number: none is equal to another after rounding to two digits. That nine in
    ten are found is the power of the test in six dimensions, by simulation apart from this code."""
    frame = copied(readings(1000, 0, columns), np.arange(150), np.arange(850, 1000), 0.004)
    made = prepared(frame, columns={"identifier": ["id"]}, split=HALVES)
    twins = made.datasheet.twins["test"]
    assert twins.examined is None
    assert len(set(twins.with_twin) & set(range(1850, 2000))) >= 0.75 * 150
    assert len(set(twins.with_twin) - set(range(1850, 2000))) <= 1
    finding = next(one for one in made.datasheet.leakage if one.name == "near_duplicates_across_roles")
    assert not finding.passed and finding.severity == "warning"
    assert finding.message.startswith("0 of 200 validation rows (0 %) and 1")
    assert finding.examples[0] == "rows [1000, 1850]"


def test_one_copied_row_in_a_hundred_is_found():
    found = [near(copied(readings(1000, seed, 10), np.arange(1), np.array([900]), 0.002)) for seed in range(5)]
    few = [near(copied(readings(2000, seed, 10), np.arange(4), np.arange(1700, 1704), 0.002)) for seed in range(5)]
    assert [finding.passed for finding in found] == [True] * 5, "a single pair is let pass"
    assert [finding.passed for finding in few] == [False] * 5


def coarse(rows: int, draw: np.random.Generator) -> dict[str, np.ndarray]:
    return {f"answer_{number}": draw.integers(0, 3, rows) for number in range(5)}


def skewed(rows: int, draw: np.random.Generator) -> dict[str, np.ndarray]:
    amounts = draw.lognormal(0, 2, (rows, 4)) * (draw.random((rows, 4)) < 0.7)
    return {f"amount_{number}": amounts[:, number] for number in range(4)} | {"kind": draw.integers(0, 4, rows)}


def correlated(rows: int, draw: np.random.Generator) -> dict[str, np.ndarray]:
    cause = draw.normal(size=(rows, 2))
    values = cause @ draw.normal(size=(2, 8)) + 0.1 * draw.normal(size=(rows, 8))
    return {f"reading_{number}": values[:, number] for number in range(8)}


@pytest.mark.parametrize("make", [coarse, skewed, correlated])
def test_rows_without_planted_twins_raise_no_alarm(make):
    """Of 20 tables at most 3: with a chance of 5 % each, more than 3 happen in 1.6 % of the runs (binomial)."""
    alarms = 0
    for seed in range(20):
        draw = np.random.default_rng(seed)
        rows = pl.DataFrame({"id": range(500), **make(500, draw), "broken": draw.integers(0, 2, 500)})
        roles = draw.choice(["train", "valid", "test"], 500, p=[0.6, 0.2, 0.2])
        alarms += not near(rows.with_columns(half=pl.Series(roles))).passed
    assert alarms <= 3


def test_rows_of_few_distinct_values_coincide_without_holding_a_verdict_back():
    draw = np.random.default_rng(0)
    answers = pl.DataFrame({"id": range(600), **coarse(600, draw), "broken": draw.integers(0, 2, 600)})
    roles = pl.Series(draw.choice(["train", "valid", "test"], 600, p=[0.6, 0.2, 0.2]))
    finding = findings(answers.with_columns(half=roles), columns={"identifier": ["id", "half"]})[
        "duplicates_across_roles"
    ]
    assert not finding.passed and finding.severity == "warning"
    assert "of the training rows repeat another, too: few are distinct" in finding.message


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
    assert finding.message.startswith("nearly solved by one feature alone (above 0.99): is 'cost' known at")
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
    frame = clean().with_columns(gauge=pl.when(pl.col("half") == "train").then(pl.col("heat") * pl.col("hours")))
    assert np.isnan(prepared(frame, columns=COLUMNS, split=HALVES).valid.table.column("gauge")).all()
    assert findings(frame)["single_feature"].passed


def test_a_leak_of_a_rare_fourth_class_is_found_and_the_class_named():
    """By all classes together the feature is worth little: it tells 4 % of the rows apart from the others."""
    draw = np.random.default_rng(0)
    kinds = draw.choice(["a", "b", "c", "rare"], 1000, p=[0.4, 0.3, 0.26, 0.04])
    frame = clean(1000).with_columns(broken=pl.Series(kinds))
    assert findings(frame, task="multiclass_classification")["single_feature"].passed
    told = pl.when(pl.col("broken") == "rare").then(1.0).otherwise(0.0) + pl.col("heat") / 1e6
    finding = findings(frame.with_columns(ticket=told), task="multiclass_classification")["single_feature"]
    assert not finding.passed and finding.severity == "error"
    assert len(finding.examples) == 1 and finding.examples[0].startswith("ticket: 1 (class 'rare' of ")


def orders(rows: int = 600) -> pl.DataFrame:
    """Columns of orders, and a target `broken` that none of them gives."""
    draw = np.random.default_rng(0)
    start = [datetime(2024, 1, 1) + timedelta(hours=float(hour)) for hour in draw.uniform(0, 9000, rows)]
    lasts = draw.gamma(2, 20, rows)
    return clean(rows).with_columns(
        price=pl.Series(draw.lognormal(3, 1, rows)),
        quantity=pl.Series(draw.integers(1, 20, rows)),
        discount=pl.Series(draw.uniform(0, 5, rows)),
        start=pl.Series(start),
        end=pl.Series([moment + timedelta(hours=float(hours)) for moment, hours in zip(start, lasts, strict=True)]),
        broken=pl.Series(draw.normal(0, 1, rows)),
    )


PRICE, QUANTITY, DISCOUNT = (pl.col(name) for name in ("price", "quantity", "discount"))
FORMULAS = [
    (PRICE * QUANTITY, ("price", "quantity"), "total = price * quantity"),
    (PRICE - DISCOUNT, ("price", "discount"), "total = price - discount"),
    (DISCOUNT / PRICE, ("price", "discount"), "total = discount / price"),
    (
        (pl.col("end") - pl.col("start")).dt.total_hours(fractional=True),
        ("start", "end"),
        "total = -24 * (start - end)",
    ),
    (
        3 * PRICE + 2 * QUANTITY - DISCOUNT,
        ("price", "quantity", "discount"),
        "total = 3 * price + 2 * quantity + -1 * disc",
    ),
    (PRICE * QUANTITY * DISCOUNT, ("price", "discount", "quantity"), "total = constant * price^1 * "),
]


@pytest.mark.parametrize(("target", "columns", "words"), FORMULAS)
def test_a_target_that_is_a_formula_of_several_columns_is_found(target, columns, words):
    frame = orders().with_columns(total=target).drop("broken")
    names = ["heat", "hours", "price", "quantity", "discount", "start", "end"]
    found = formulas.find(frame, names, "total", is_classes=False)
    assert found and sorted(found.columns) == sorted(columns)
    assert found.words.startswith(words)


def test_a_formula_is_an_error_until_its_columns_are_stated_to_be_known_in_time():
    frame = orders().with_columns(broken=PRICE * QUANTITY)
    assert findings(frame, task="regression")["formula_of_features"].severity == "error"
    said = COLUMNS | {"known_at": {"price": "before", "quantity": "at"}}
    assert findings(frame, task="regression", columns=said)["formula_of_features"].severity == "warning"


def test_the_formula_is_spelled_out():
    frame = orders().with_columns(broken=pl.col("price") * pl.col("quantity"))
    finding = findings(frame, task="regression")["formula_of_features"]
    assert finding.message.startswith("broken = price * quantity: is 'price', 'quantity' known at the moment")


def test_a_class_that_a_difference_of_two_columns_gives_is_found():
    frame = orders().with_columns(broken=(pl.col("price") > 5 * pl.col("discount")).cast(pl.Int8))
    assert findings(frame)["formula_of_features"].examples == ["price", "discount"]


@pytest.mark.parametrize("noise", [0.05, 1.0])
def test_a_target_that_hangs_on_several_columns_but_is_no_formula_passes(noise):
    """With noise of 5 % of its spread, R² is 1/(1 + 0.05²) = 0.9975, short of a formula."""
    draw = np.random.default_rng(1)
    frame = orders().with_columns(total=pl.col("price") + 3 * pl.col("quantity"))
    spread = float(frame["total"].to_numpy().std())
    noisy = frame["total"] + noise * spread * draw.normal(size=frame.height)
    assert findings(frame.with_columns(broken=noisy).drop("total"), task="regression")["formula_of_features"].passed


def known(frame: pl.DataFrame, derive: Derive | None = None, **moments: str) -> LeakageFinding:
    return findings(frame, derive, columns=COLUMNS | {"known_at": moments})["known_at"]


def test_features_of_which_nothing_is_stated_are_listed():
    finding = known(clean(), heat="before")
    assert finding.passed
    assert finding.message == "of 1 of 4 features it is stated when they are known"
    assert finding.examples == ["not stated: weight", "not stated: hours", "not stated: machine"]


def test_a_feature_known_only_afterwards_is_an_error():
    finding = known(clean(), heat="after", weight="at")
    assert not finding.passed and finding.severity == "error"
    assert finding.message.startswith("features known only after the moment of prediction: leave them out")
    assert finding.examples == ["heat"]


def test_a_feature_derived_from_what_is_known_only_afterwards_is_an_error():
    def derive(frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.with_columns(load=pl.col("weight") * pl.col("hours")).drop("hours")

    finding = known(clean(), derive, hours="after")
    assert (finding.passed, finding.examples) == (False, ["load"])
    assert known(clean(), lambda frame: frame.drop("hours"), hours="after").passed


def test_a_moment_stated_for_a_column_that_is_not_there_is_an_error():
    finding = known(clean(), heet="before")
    assert not finding.passed
    assert finding.message == "`columns.known_at` names columns that the rows do not have: ['heet']"


def test_a_column_known_in_time_may_nearly_solve_the_task():
    frame = clean().with_columns(cost=pl.col("broken") * 3.0 + pl.col("heat") / 1000)
    said = findings(frame, columns=COLUMNS | {"known_at": {"cost": "before"}})["single_feature"]
    assert not said.passed and said.severity == "warning"
    assert "the use case states that 'cost' is known in time" in said.message


def test_a_returning_customer_in_a_split_by_time_is_a_warning_about_new_ones():
    """Lots repeat every 40 parts, so every lot of the test has parts before it."""
    frame = parts(400)
    finding = findings(frame, columns=COLUMNS, split={"by": "time"})["groups_across_roles"]
    assert not finding.passed and finding.severity == "warning"
    assert finding.message.startswith("100% of the test rows are of a 'lot' that was seen before the test")
    new = frame.with_columns(lot=pl.when(pl.col("id") >= 350).then(pl.format("new {}", "id")).otherwise("lot"))
    half = findings(new, columns=COLUMNS, split={"by": "time"})["groups_across_roles"]
    assert half.message.startswith("50% of the test rows")
