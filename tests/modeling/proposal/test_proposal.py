"""What is proposed for a table nobody has described, and what is said of it."""

import sys
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

from modeling.proposal import Proposal, ProposalError, propose, written
from modeling.proposal.names import sensitive, words

ROWS = 400
SOURCE = {"files": {"path": "*.csv"}, "licence": "-", "citation": "-"}


def proposed(table: pl.DataFrame, target: str = "y", task: str | None = None) -> Proposal:
    return propose(table, target, source=SOURCE, title="A title", task=task)


def definition(table: pl.DataFrame, target: str = "y", task: str | None = None) -> dict[str, Any]:
    return proposed(table, target, task).definition


def people(rows: int = ROWS, **columns: Any) -> pl.DataFrame:
    """Rows with two features of little use and a target in two classes."""
    draw = np.random.default_rng(0)
    x = draw.normal(10, 2, rows).round(2)
    frame = {"x": x, "colour": draw.choice(["red", "green", "blue"], rows), **columns}
    score = x - 10 + draw.normal(0, 2, rows)
    return pl.DataFrame({**frame, "y": columns.get("y", (score > 0).astype(int))})


def moments(rows: int = ROWS) -> list[datetime]:
    return [datetime(2024, 1, 1) + timedelta(hours=7 * n) for n in range(rows)]


# --- the task ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "task", "positive"),
    [
        ([0, 1], "binary_classification", None),
        ([True, False], "binary_classification", None),
        (["stayed", "churned"], "binary_classification", "churned"),
        (["nein", "ja"], "binary_classification", "ja"),
        (["a", "b", "c"], "multiclass_classification", None),
        ([1, 2, 3, 4], "multiclass_classification", None),
        (list(range(100)), "regression", None),
        ([n + 0.5 for n in range(5)], "regression", None),
        ([0.5, 1.5], "regression", None),
    ],
)
def test_the_target_tells_the_task(target: list[Any], task: str, positive: str | None):
    y = (target * ROWS)[:ROWS]
    found = definition(people(y=pl.Series(y).shuffle(seed=1)))
    assert (found["task"], found.get("positive")) == (task, positive)


def test_the_rarer_of_two_unnamed_classes_is_the_event_and_that_is_doubted():
    y = pl.Series(["left"] * 320 + ["right"] * 80).shuffle(seed=0)
    found = proposed(people(y=y))
    assert found.definition["positive"] == "right"
    assert any("is 'right' the event" in doubt for doubt in found.doubts)


def test_a_rare_event_is_judged_by_average_precision():
    y = pl.Series([1] * 12 + [0] * 388).shuffle(seed=0)
    assert definition(people(y=y))["metric"] == "average_precision"


def test_a_heavy_tail_is_judged_by_its_absolute_error():
    draw = np.random.default_rng(0)
    assert definition(people(y=draw.normal(100, 10, ROWS)))["metric"] == "rmse"
    assert definition(people(y=draw.lognormal(0, 3, ROWS)))["metric"] == "mae"


def test_a_task_can_be_asked_for():
    table = people(y=np.random.default_rng(0).integers(1, 8, ROWS))
    assert definition(table)["task"] == "multiclass_classification"
    assert definition(table, task="regression")["task"] == "regression"


@pytest.mark.parametrize(
    ("table", "target", "message"),
    [
        (people(), "z", "the data has no column 'z'; known: colour, x, y"),
        (people(), "colours", "did you mean 'colour'?"),
        (people(40), "y", "40 rows have a target, 50 are needed"),
        (people(y=1), "y", "the target 'y' is 1 in all 400 rows: nothing can be learned"),
        (people(y=[None] * ROWS), "y", "is empty in all 400 rows"),
        (people(y=moments()), "y", "the target 'y' is Datetime"),
        (people().select("y"), "y", "there is no column beside the target 'y'"),
        (people(y=[None] * 250 + [1, 2, 3] * 50), "y", "is empty in 250 of 400 rows, more than a contract sets aside"),
        (people(y=[1] + [0] * 399), "y", "holds classes of hardly any row, '1' (1): a class needs 5 rows"),
        (people(y=["a"] * 200 + ["b"] * 198 + ["c", "d"]), "y", "'c' (1), 'd' (1): a class needs 5 rows"),
        (people(y=[f"n{n}" for n in range(ROWS)]), "y", "400 different values, more than the 50 classes"),
        (people().select("y", x=1), "y", "no column is left to learn from: 'x' (1 in every row)"),
        (people(y=[float("inf"), *range(399)]), "y", "is infinite in 1 rows"),
    ],
)
def test_what_can_not_be_learned_is_refused_with_a_remedy(table: pl.DataFrame, target: str, message: str):
    with pytest.raises(ProposalError) as caught:
        proposed(table, target)
    assert message in str(caught.value)


def test_counts_are_counts_and_grades_are_classes():
    draw = np.random.default_rng(0)
    counts, grades = proposed(people(y=draw.poisson(1.5, ROWS))), proposed(people(y=draw.integers(1, 6, ROWS)))
    assert counts.definition["task"] == "regression"
    assert any("read as counts" in doubt for doubt in counts.doubts)
    assert grades.definition["task"] == "multiclass_classification"
    assert definition(people(y=draw.integers(0, 6, ROWS)))["task"] == "multiclass_classification"


def test_decimals_are_numbers_and_whole_ones_classes():
    prices = pl.Series([f"{n % 97}.25" for n in range(ROWS)]).cast(pl.Decimal(10, 2))
    events = pl.Series(["1.00", "0.00"] * 200).cast(pl.Decimal(10, 2)).shuffle(seed=0)
    assert definition(people(y=prices))["task"] == "regression"
    found = proposed(people(y=events))
    assert found.definition["task"] == "binary_classification"
    assert yaml.safe_load(written(found.definition, found.evidence, found.doubts))["contract"]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ([8] * 398 + [7, 6], "the target is 8 in 398 of 400 rows: 2 others are few to learn from"),
        ([2 * n + 0.5 for n in range(397)] + [1e9, 2e9, 3e9], "holds 1000000000.0, 2000000000.0, 3000000000.0 where"),
        (["No", "no", "Yes", "yes", "YES "] * 80, "'No' (80), 'no' (80); 'YES ' (80), 'Yes' (80), 'yes' (80)"),
        ([1, 2] * 200, "is '1' the event to predict?"),
    ],
)
def test_what_may_be_meant_otherwise_is_a_doubt(target: list[Any], said: str):
    task = "regression" if target[0] == 8 else None
    doubts = proposed(people(y=pl.Series(target).shuffle(seed=0)), task=task).doubts
    assert any(said in doubt for doubt in doubts), doubts


def test_a_few_values_out_of_range_do_not_make_a_gate_that_nothing_meets():
    y = np.random.default_rng(0).normal(100, 10, ROWS)
    y[:3] = 1e9
    assert definition(people(y=y))["gates"]["min_lift_over_baseline"] < 10


def test_years_as_a_target_are_doubted():
    table = people(y=np.random.default_rng(0).integers(1990, 2020, ROWS)).rename({"y": "year_built"})
    assert any("holds years, read as amounts" in doubt for doubt in proposed(table, "year_built").doubts)


def test_columns_left_out_are_said_with_the_reason():
    doubts = proposed(people(one=["EU"] * ROWS, two=[7] * ROWS, empty=[None] * ROWS)).doubts
    assert "'empty' is left out: empty in every row" in doubts
    assert "'one' is left out: 'EU' in every row" in doubts


# --- many columns -----------------------------------------------------------------------------------------------------


def wide(columns: int) -> pl.DataFrame:
    draw = np.random.default_rng(0)
    return people(60, **{f"day_{n}": draw.normal(size=60) for n in range(columns)})


def test_of_many_features_none_has_a_rule_and_that_is_said():
    found = proposed(wide(240))
    assert [*found.definition["contract"][0]] == ["expect_table_row_count_to_be_between"]
    assert len(found.definition["contract"]) == 2
    assert any("no rule for any of 242 features" in doubt for doubt in found.doubts)


@pytest.mark.slow
def test_the_work_grows_with_the_columns_and_not_with_their_pairs():
    def calls(columns: int) -> int:
        table, count = wide(columns), 0

        def counted(*_: Any) -> None:
            nonlocal count
            count += 1

        sys.setprofile(counted)
        try:
            proposed(table)
        finally:
            sys.setprofile(None)
        return count

    proposed(wide(10))
    few, more, most = calls(300), calls(600), calls(1200)
    assert most - more < 3 * (more - few)


# --- the columns ------------------------------------------------------------------------------------------------------


def test_columns_get_their_roles_with_evidence():
    draw = np.random.default_rng(1)
    table = people(
        CustomerID=[f"C-{n:05d}" for n in range(ROWS)],
        Geschlecht=draw.choice(["m", "w"], ROWS),
        年龄=draw.integers(18, 80, ROWS),
        plz=draw.choice([10115, 20095, 80331], ROWS),
        version=[1] * ROWS,
        remark=[f"this is remark number {n} of many" for n in range(ROWS)],
        nested=[[1, 2]] * ROWS,
    )
    found = proposed(table)
    assert found.definition["columns"] == {
        "identifier": ["CustomerID"],
        "sensitive": ["Geschlecht", "年龄"],
        "categorical": ["plz"],
        "drop": {
            "version": "1 in every row",
            "nested": "of type List(Int64): take it apart into numbers, text or dates",
            "remark": "sentences: the task text_classification reads them",
        },
    }
    for name, why in found.definition["columns"]["drop"].items():
        assert f"{name!r} is left out: {why}" in found.doubts
    assert found.evidence[("columns", "identifier", 0)] == "another value in each of 400 rows"
    assert any("'remark' is left out: sentences" in doubt for doubt in found.doubts)


def test_numbers_of_which_a_feature_would_lose_digits_name_rows():
    tweets = [1234567890123456790 + 3 * n + n % 2 for n in range(ROWS)]
    assert definition(people(tweet=tweets))["columns"]["identifier"] == ["tweet"]


def test_a_time_splits_the_rows_and_a_birthday_does_not():
    born = [date(1950, 1, 1) + timedelta(days=37 * n) for n in range(ROWS)]
    assert definition(people(ordered_at=moments()))["split"]["by"] == "time"
    found = definition(people(birth_date=born))
    assert (found["split"]["by"], found["columns"].get("time")) == ("random", None)


def test_a_time_that_leaves_a_role_without_a_class_does_not_split():
    found = proposed(people(at=moments(), y=[0] * 200 + [1] * 200))
    assert found.definition["split"] == {"by": "random", "stratify": "target", "valid": 0.15, "test": 0.25}
    assert any(
        "'at' is a feature and does not part the rows: the class '0' is missing" in doubt for doubt in found.doubts
    )


def test_units_with_several_rows_are_kept_together():
    found = definition(people(patient=[n // 4 for n in range(ROWS)]))
    assert (found["columns"]["group"], found["split"]["by"]) == ("patient", "group")
    found = proposed(people(patient=[n // 4 for n in range(ROWS)], visited=moments()))
    assert found.definition["split"]["by"] == "time"
    assert any("'patient' repeats" in doubt for doubt in found.doubts)
    panel = people(where=[f"w{n // 4}" for n in range(ROWS)], year=[2020 + n % 4 for n in range(ROWS)])
    assert definition(panel)["columns"]["group"] == "where", "each once a year"


def test_a_feature_that_nearly_is_the_target_is_left_out():
    table = people().with_columns(paid_back=pl.col("y") * 100 + pl.col("x"), state=pl.col("y").cast(pl.String) + "!")
    found = proposed(table)
    assert list(found.definition["columns"]["drop"]) == ["paid_back", "state"]
    (doubt,) = [doubt for doubt in found.doubts if "left out for nearly being the target" in doubt]
    assert "'paid_back' (alone ROC AUC 1.000), 'state' (the same in all rows of a class)" in doubt


def test_a_function_of_an_amount_is_left_out():
    amount = np.random.default_rng(1).lognormal(3, 1, ROWS)
    found = proposed(people(y=amount, log_y=np.log(amount)))
    assert list(found.definition["columns"]["drop"]) == ["log_y"]


def test_a_class_told_by_another_column_is_left_out_even_where_it_tells_one_class_only():
    y = np.random.default_rng(0).choice(["low", "middle", "high"], ROWS)
    found = proposed(people(y=y, is_high=(y == "high").astype(int)))
    assert list(found.definition["columns"]["drop"]) == ["is_high"]


def test_a_value_with_nothing_but_its_past_is_forecast():
    hours = pl.datetime_range(datetime(2024, 1, 1), datetime(2024, 3, 1), "1h", eager=True)
    load = 5 + (hours.dt.hour() / 4).sin()
    one = definition(pl.DataFrame({"at": hours, "load": load}), "load")
    assert one["task"] == "forecasting"
    assert one["settings"] == {"frequency": "1h", "horizon": 24, "seasons": [24, 168], "gaps": "refuse"}
    two = pl.concat([pl.DataFrame({"meter": [name] * len(hours), "at": hours, "load": load}) for name in "ab"])
    assert definition(two, "load")["columns"] == {"time": "at", "group": "meter"}
    months = pl.date_range(date(2000, 1, 1), date(2012, 12, 1), "1mo", eager=True)
    monthly = pl.DataFrame({"month": months, "sold": range(len(months))})
    assert definition(monthly, "sold")["settings"]["frequency"] == "1mo"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Sex", "sex"),
        ("customerGender", "sex"),
        ("geschlecht", "sex"),
        ("性别", "sex"),
        ("客户年龄", "age"),
        ("AGE_YEARS", "age"),
        ("edad", "age"),
        ("native.country", None),
        ("race", "ethnicity"),
        ("Staatsangehörigkeit", "nationality"),
        ("mileage", None),
        ("sextant", None),
        ("average", None),
    ],
)
def test_sensitive_columns_are_known_by_their_words(name: str, kind: str | None):
    assert sensitive(name) == kind


def test_a_name_is_taken_apart_into_words():
    assert words("PatientID") == words("patient-id") == words("patient_id2") == {"patient", "id"}


# --- the contract -----------------------------------------------------------------------------------------------------


def test_the_contract_has_slack_and_tells_what_was_seen():
    article = [f"AB-{1000 + n}" for n in range(ROWS // 2)] * 2
    found = proposed(people(article=article, gap=[None if n % 4 == 0 else n for n in range(ROWS)]))
    contract = found.definition["contract"]
    evidence = [found.evidence[("contract", place)] for place in range(len(contract))]
    assert contract[0] == {"expect_table_row_count_to_be_between": {"min_value": 200}}
    assert evidence[0] == "400 rows"
    levels = {"column": "colour", "value_set": ["blue", "green", "red"], "mostly": 0.95}
    assert {"expect_column_values_to_be_in_set": levels} in contract
    pattern = {"column": "article", "regex": r"^[A-ZÀ-Þ]+\-\d+$", "mostly": 0.95}
    assert {"expect_column_values_to_match_regex": pattern} in contract
    missing = {"column": "gap", "mostly": 0.57}
    assert {"expect_column_values_to_not_be_null": missing} in contract
    assert "missing in 100 of 400 rows" in evidence
    (x,) = [rule for rule in contract if rule.get("expect_column_values_to_be_between", {}).get("column") == "x"]
    bounds = x["expect_column_values_to_be_between"]
    assert x["on_failure"] == "quarantine"
    assert bounds["min_value"] == 0
    assert people()["x"].max() < bounds["max_value"] < 2 * float(str(people()["x"].max()))


def test_what_is_written_is_what_was_proposed_whatever_the_columns_are_called():
    names = ["no", "1", "a: b", "x # y", "line\nend: 'q'", "<b>html</b>", "=1+1", "&a", "*a", "!tag", "日期", "'", '"']
    draw = np.random.default_rng(0)
    table = people().with_columns(pl.Series(name, draw.choice(["u", "v"], ROWS)) for name in names)
    table = table.with_columns(pl.lit("one\ntarget: other").alias("const\n"))
    found = proposed(table)
    text = written(found.definition, found.evidence, found.doubts)
    assert yaml.safe_load(text) == found.definition
    assert "\ntarget: y\n" in text


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("hour", range(24)),
        ("weekday", [f"day {n}" for n in range(12)]),
        ("shift", range(10, 24)),
        ("region", [f"region {n}" for n in range(20)]),
        ("store_type", [f"type {n}" for n in range(12)]),
        ("slot", range(1, 25)),
    ],
)
def test_calendar_and_code_columns_are_no_units(name: str, values: Any):
    """Each once in each month, as the readings of a unit are, but not one."""
    held = list(values)
    column = [held[n % len(held)] for n in range(ROWS)]
    month = [n // len(held) for n in range(ROWS)]
    assert "group" not in definition(people(ROWS, month_no=month, **{name: column})).get("columns", {})


def test_a_unit_is_still_one_without_a_name_for_it():
    found = definition(people(month_no=[n // 20 for n in range(ROWS)], where=[f"w{n % 20}" for n in range(ROWS)]))
    assert found["columns"]["group"] == "where"


def test_columns_that_together_give_the_target_are_left_out_and_said_aloud():
    draw = np.random.default_rng(2)
    price, quantity = draw.lognormal(3, 1, ROWS), draw.integers(1, 9, ROWS)
    found = proposed(people(price=price, quantity=quantity, y=price * quantity))
    assert set(found.definition["columns"]["drop"]) == {"price", "quantity"}
    (doubt,) = [doubt for doubt in found.doubts if "left out for nearly being the target" in doubt]
    assert "'price' (in y = price * quantity)" in doubt and "'quantity' (in y = price * quantity)" in doubt


def test_a_target_that_is_the_time_between_two_moments_is_noticed():
    draw = np.random.default_rng(2)
    start, hours = moments(), draw.gamma(2, 20, ROWS)
    end = [moment + timedelta(hours=float(hour)) for moment, hour in zip(start, hours, strict=True)]
    found = proposed(people(start=start, end=end, y=hours))
    assert "end" in found.definition["columns"]["drop"]


def test_it_is_asked_when_columns_are_known():
    assert any("when is each feature known? `columns.known_at`" in doubt for doubt in proposed(people()).doubts)


@pytest.mark.parametrize("name", ["decision", "model_version", "prediction"])
def test_an_identifier_called_like_a_column_of_predictions_is_left_out_with_a_new_name(name: str):
    found = proposed(people(ROWS, **{name: [f"M{place}" for place in range(ROWS)]}))
    assert [*found.definition["columns"]["drop"]] == [name]
    (doubt,) = [one for one in found.doubts if repr(name) in one]
    assert f"rename it in the data, to 'id_{name}' for example, and declare it under columns.identifier" in doubt
