"""A delivery beside the rows a model learned from: what changed is found, what did not raises no alarm."""

from collections.abc import Callable
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from catalogue.definition import UseCase
from modeling.artefacts.reference import load, save
from modeling.drift.cells import Number, cells, effect
from modeling.drift.comparison import compare
from modeling.drift.delivery import delivered
from modeling.drift.record import NO_REFERENCE, Column, DriftComparison
from modeling.drift.reference import Reference
from modeling.drift.two_samples import two_sample_test
from modeling.problems import tasks

from ..small_data import parts, use_case, validated

ROWS = 2_000
FIRST_NEW = 100_000


def reference(frame: pl.DataFrame, definition: UseCase) -> Reference:
    data = validated(frame)
    return Reference.of(data, tasks.task(definition).prepare(data, definition, None), definition)


LEARNED, DEFINITION = parts(ROWS), use_case()


@pytest.fixture(scope="module")
def learned() -> Reference:
    """What is kept of `LEARNED`."""
    return reference(LEARNED, DEFINITION)


def more(rows: int, seed: int = 1) -> pl.DataFrame:
    """Other parts of the same make."""
    return parts(rows, seed).with_columns(pl.col("id") + FIRST_NEW)


def drift(new: pl.DataFrame, kept: Reference, old: pl.DataFrame = LEARNED, **changes: Any) -> DriftComparison:
    """`new` rows appended to the `old` ones that `kept` is of."""
    snapshot = pl.concat([old, new], how="diagonal_relaxed")
    return compare(validated(snapshot), use_case(**changes), kept, lambda rows: "not requested")


def failed(found: DriftComparison) -> list[str]:
    return [check.name for check in found.checks if not check.passed]


def drifted(found: DriftComparison) -> list[str]:
    return [column.name for column in found.columns if column.drifted]


def column(found: DriftComparison, name: str) -> Column:
    return next(one for one in found.columns if one.name == name)


# --- no change --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [5, 50, 500])
def test_rows_of_the_same_kind_raise_no_alarm(learned: Reference, rows: int):
    assert [failed(drift(more(rows, seed), learned)) for seed in range(1, 21)] == [[]] * 20


def test_a_day_unlike_the_others_is_no_drift_where_days_differ():
    """Rows of one group are alike: thirty groups are thirty times evidence, not nine hundred."""

    def days(count: int, seed: int) -> pl.DataFrame:
        draw = np.random.default_rng(seed)
        weather = np.repeat(draw.normal(0, 1, count), 30)
        frame = parts(count * 30, seed).with_columns(
            id=pl.Series(range(count * 30)) + seed * FIRST_NEW, heat=pl.Series(weather)
        )
        return frame.with_columns(lot=pl.Series(np.repeat(np.arange(count), 30) + seed * 1000))

    definition = {"columns": {"identifier": ["id"], "group": "lot"}, "split": {"by": "group"}}
    old = days(100, 0)
    kept = reference(old, use_case(**definition))
    found = [drift(days(10, seed), kept, old, **definition) for seed in range(1, 21)]
    assert [failed(one) for one in found] == [[]] * 20
    effects = [column(one, "heat").effect for one in found]
    assert max(effects) > 0.25, "the effects alone would have raised an alarm"


# --- planted changes --------------------------------------------------------------------------------------------------

CHANGES: dict[str, tuple[pl.Expr, list[str]]] = {
    "a number moves": (pl.col("heat") + 8, ["heat"]),
    "a number is in another unit": (pl.col("weight") * 1000, ["weight"]),
    "a number becomes constant": (pl.lit(60.0).alias("heat"), ["heat"]),
    "a number spreads": ((pl.col("heat") - 60) * 2 + 60, ["heat"]),
    "values go missing": (pl.when(pl.col("id") % 2 == 0).then("hours").alias("hours"), ["hours"]),
    "all values are missing": (pl.lit(None, pl.Float64).alias("weight"), ["weight"]),
    "a new level": (
        pl.when(pl.col("id") % 2 == 0).then(pl.lit("newer")).otherwise("machine").alias("machine"),
        ["machine"],
    ),
    "levels change their shares": (pl.lit("newest").alias("machine"), ["machine"]),
    "dates fall back to the beginning of time": (pl.lit(date(1970, 1, 1)).alias("made"), ["made"]),
    "dates of the next century": (pl.col("made").dt.offset_by("100y"), ["made"]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_planted_change_is_found_in_its_column_and_no_other(learned: Reference, change: str):
    how, expected = CHANGES[change]
    found = drift(more(500).with_columns(how), learned)
    assert drifted(found) == expected
    assert "columns_drifted" in failed(found)
    assert expected[0] in found.checks[0].message


def test_a_shift_by_one_standard_deviation_is_an_effect_of_one():
    draw = np.random.default_rng(0)
    old, new = (pl.Series(draw.lognormal(5, 2, 20_000)) for _ in range(2))
    of = cells(old)
    assert isinstance(of, Number)
    counts = [np.bincount(of.code(values), minlength=of.size) for values in (old, new, new * np.exp(2))]
    assert effect(of, counts[0], counts[1]) < 0.03
    assert effect(of, counts[0], counts[2]) == pytest.approx(1, abs=0.05), "whatever the tails of the column"


def test_an_error_of_arithmetic_is_no_change():
    old = pl.Series([0.0] * 90 + [1.0] * 10)
    of = cells(old)
    assert of.code(old + 1e-16).tolist() == of.code(old - 1e-16).tolist() == of.code(old).tolist()


def test_later_dates_are_what_a_delivery_is_made_of(learned: Reference):
    found = drift(more(500).with_columns(pl.col("made").dt.offset_by("1y")), learned)
    assert failed(found) == []
    assert found.told_apart is not None and found.told_apart.auc.value < 0.6


def test_columns_that_move_against_each_other_are_separated_as_a_whole():
    draw = np.random.default_rng(3)

    def pairs(rows: int, sign: int) -> pl.DataFrame:
        heat = draw.normal(0, 1, rows)
        hours = sign * heat + draw.normal(0, 0.3, rows)
        return parts(rows).with_columns(id=pl.Series(draw.permutation(10**6)[:rows]), heat=heat, hours=hours)

    old = pairs(ROWS, 1)
    found = drift(pairs(1_000, -1), reference(old, DEFINITION), old)
    assert drifted(found) == []
    assert failed(found) == ["delivery_drifted"]


def test_a_change_of_the_label_is_found(learned: Reference):
    found = drift(more(500).with_columns(broken=pl.lit(1)), learned)
    assert failed(found) == ["labels_drifted"]
    assert found.label is not None and found.label.effect > 0.4


def test_a_numeric_label_moves_in_standard_deviations():
    definition = {"task": "regression", "target": "hours", "split": {"by": "random"}}
    kept = reference(LEARNED, use_case(**definition))
    found = drift(more(500).with_columns(pl.col("hours") + 4_000), kept, **definition)
    assert "labels_drifted" in failed(found)
    assert found.label is not None and found.label.kind == "number"


# --- odd columns ------------------------------------------------------------------------------------------------------


def test_columns_come_and_go(learned: Reference):
    found = drift(more(500).with_columns(colour=pl.lit("red")).drop("hours"), learned)
    assert found.new_columns == ["colour"]
    assert drifted(found) == ["hours"]
    gone = compare(validated(LEARNED.drop("hours")), DEFINITION, learned, lambda rows: "not requested")
    assert (gone.delivery, drifted(gone)) == ("replace", ["hours"])


def test_constant_and_empty_columns_are_compared_by_what_is_in_them():
    empty, none = pl.lit(None, pl.String), pl.lit(None, pl.Float64)
    old = LEARNED.with_columns(grid=pl.lit("north"), level=pl.lit(1.0), remark=empty, spare=none)
    kept = reference(old, DEFINITION)
    same = more(300).with_columns(grid=pl.lit("north"), level=pl.lit(1.0), remark=empty, spare=none)
    assert failed(drift(same, kept, old)) == []
    other = same.with_columns(grid=pl.lit("south"), level=pl.lit(2.0), remark=pl.lit("seen"), spare=pl.lit(3.0))
    assert sorted(drifted(drift(other, kept, old))) == ["grid", "level", "remark", "spare"]


def test_names_that_are_always_new_are_no_change():
    def named(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(owner=pl.concat_str(pl.lit("owner "), "id"))

    old = named(LEARNED)
    definition = {"columns": {"identifier": ["id"], "categorical": ["owner"]}}
    found = drift(named(more(500)), reference(old, use_case(**definition)), old, **definition)
    assert failed(found) == []
    assert column(found, "owner").unseen == 1


def test_text_is_compared_by_its_length_and_an_image_by_its_light():
    image = pytest.importorskip("PIL.Image")

    def photo(light: int) -> bytes:
        file = BytesIO()
        image.fromarray(np.random.default_rng(light).integers(0, light, (8, 8), dtype=np.uint8)).save(file, "PNG")
        return file.getvalue()

    def noted(frame: pl.DataFrame, words: int, light: int) -> pl.DataFrame:
        notes = [f"word {number} " * (words + number % 7) for number in range(frame.height)]
        return frame.with_columns(
            note=pl.Series(notes), photo=pl.Series([photo(light + n % 20) for n in range(frame.height)])
        )

    definition = {"columns": {"identifier": ["id"], "text": ["note"], "image": "photo"}}
    old = noted(parts(300), 5, 50)
    kept = reference(old, use_case(**definition))
    assert failed(drift(noted(more(100), 5, 50), kept, old, **definition)) == []
    found = drift(noted(more(100), 50, 200), kept, old, **definition)
    assert {"note.characters", "photo.brightness", "photo.contrast"} <= set(drifted(found))


# --- which rows -------------------------------------------------------------------------------------------------------


def test_rows_in_addition_are_the_delivery(learned: Reference):
    snapshot = pl.concat([more(7), LEARNED])
    found = delivered(snapshot, learned)
    assert (found.kind, np.flatnonzero(found.new).tolist()) == ("append", list(range(7)))


def test_of_another_table_only_the_rows_that_were_not_there_are_new(learned: Reference):
    found = delivered(pl.concat([more(500), LEARNED.head(100)]), learned)
    assert (found.kind, found.unknown) == ("replace", "")
    assert np.flatnonzero(found.new).tolist() == list(range(500))


def test_rows_that_were_there_before_hide_no_change_of_a_replaced_table(learned: Reference):
    """All rows together lie within the bound: the change is one of a sixth of them."""
    how, expected = CHANGES["a number moves"]
    table = pl.concat([LEARNED.head(1_000), more(200).with_columns(how)])
    found = compare(validated(table), DEFINITION, learned, lambda rows: f"{rows.height} to be predicted")
    assert (found.delivery, found.delivered, drifted(found)) == ("replace", 200, expected)
    assert found.not_measured["performance"] == "200 to be predicted"


def test_new_rows_of_the_same_kind_in_a_replaced_table_raise_no_alarm(learned: Reference):
    """Chance is what the largest of 300 draws reaches, with a margin: about one alarm in some hundred deliveries."""
    tables = [pl.concat([LEARNED.sample(1_200, seed=seed), more(150, seed)]) for seed in range(1, 21)]
    found = [compare(validated(table), DEFINITION, learned, lambda rows: "not requested") for table in tables]
    assert {one.delivered for one in found} == {150}
    assert sum(failed(one) != [] for one in found) == 0


def test_of_equal_rows_those_beyond_the_former_number_are_new():
    coarse, definition = LEARNED.select(pl.col("heat").round(), "machine", "broken"), use_case(columns={})
    kept = reference(coarse, definition)
    found = delivered(pl.concat([coarse, coarse.head(3)]), kept)
    assert (found.kind, int(found.new.sum())) == ("append", 3)
    again = coarse.sample(fraction=1, with_replacement=True, seed=1)
    found = delivered(again, kept)
    assert found.new.all() and "by chance" in found.unknown, "a row that is there again by chance is not a former one"
    said = compare(validated(again), use_case(columns={}), kept, lambda rows: pytest.fail("they may be learned from"))
    assert "can't be told" in said.not_measured["performance"]


def test_the_type_that_numbers_were_read_with_makes_no_row_new(learned: Reference):
    found = delivered(LEARNED.cast({"id": pl.Float64, "broken": pl.Int8}), learned)
    assert (found.kind, found.new.any()) == ("append", False)


def test_where_nothing_is_new_nothing_is_compared(learned: Reference):
    found = compare(validated(LEARNED), DEFINITION, learned, lambda rows: pytest.fail("nothing to predict"))
    assert (found.delivery, failed(found), found.columns) == ("nothing new", [], [])


def test_without_a_model_there_is_nothing_to_compare_with():
    found = compare(validated(LEARNED), DEFINITION, NO_REFERENCE, lambda rows: pytest.fail("nothing to predict"))
    assert found.delivery == "no reference"
    assert {check.message for check in found.checks} == {NO_REFERENCE}


def test_only_training_rows_are_learned_from():
    definition = {"columns": {"identifier": ["id"], "time": "made"}, "split": {"by": "time"}}
    last = pl.Series(np.where(np.arange(ROWS) >= ROWS * 0.6, 100.0, 0.0))
    kept = reference(LEARNED.with_columns(hours=last), use_case(**definition))
    hours = kept.profile.cells["hours"]
    assert isinstance(hours, Number)
    assert hours.edges == [0.0]
    assert (kept.profile.learned, kept.profile.rows) == (ROWS * 0.6 * 0.85, ROWS), "a few of them tune"


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_a_reference_is_read_back_as_it_was_and_gives_the_same_answer(learned: Reference, tmp_path: Path):
    save(learned, tmp_path / "reference")
    read = load(tmp_path / "reference")
    assert read is not None
    assert drift(more(200), read) == drift(more(200), learned)
    assert load(tmp_path / "nowhere") is None


def test_a_reference_holds_no_row_no_identifier_and_no_rare_level(tmp_path: Path):
    secret = [f"Ms {number}" for number in range(ROWS)]
    kept = reference(LEARNED.with_columns(name=pl.Series(secret), id=pl.Series(secret)), DEFINITION)
    save(kept, tmp_path / "reference")
    held = b"".join(path.read_bytes() for path in (tmp_path / "reference").iterdir())
    assert b"Ms " not in held
    assert b"newest" in held, "a frequent level keeps its name"


def test_few_rows_or_groups_are_not_compared_as_a_whole():
    rows, alone = np.zeros((49, 2), dtype=np.int32), np.arange(49)
    many, one = np.zeros((900, 2), dtype=np.int32), np.zeros(900)
    assert (
        two_sample_test(many, rows, np.arange(900), alone)
        == "there are only 49 rows or groups on one side; 50 are needed"
    )
    assert (
        two_sample_test(many, many, np.arange(900), one) == "there are only 1 rows or groups on one side; 50 are needed"
    )


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: pl.Series([datetime(2024, 1, 1), None]), "moment"),
        (lambda: pl.Series([True, False, None]), "category"),
        (lambda: pl.Series([[1], [2], None]), "presence"),
        (lambda: pl.Series([float("nan")] * 3), "presence"),
        (lambda: pl.Series(["1.5"], dtype=pl.String).cast(pl.Decimal(10, 2)), "number"),
    ],
)
def test_a_column_of_any_type_has_cells(make: Callable[[], pl.Series], kind: str):
    values = make()
    of = cells(values)
    assert of.kind == kind
    assert (of.code(values) < of.size).all()
    assert (of.code(pl.Series([None, None])) == 0).all()
