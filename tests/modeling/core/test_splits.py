"""Every row gets one role: in the shares asked for, the same every time, and what belongs together is not parted."""

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from modeling.core.splits import ROLES, SplitError, assign

from ..small_data import parts, use_case

DECLARED = ("train", "valid", "test")


def shares(roles: pl.Series) -> dict[str, float]:
    """Of the roles that a split names: what tunes is taken from training."""
    return {role: float((declared(roles) == role).mean()) for role in DECLARED}


def declared(roles: pl.Series) -> pl.Series:
    return roles.cast(pl.String).replace("tune", "train")


def assigned(frame: pl.DataFrame, **split: Any) -> pl.Series:
    columns = {"identifier": ["id"], "group": "lot", "time": "made"}
    return assign(frame, use_case(split=split, columns=columns))


def refusal(frame: pl.DataFrame, **split: Any) -> str:
    with pytest.raises(SplitError) as caught:
        assigned(frame, **split)
    return str(caught.value)


# --- at random --------------------------------------------------------------------------------------------------------


def test_shares_are_kept_to_the_row():
    roles = assigned(parts(1000), by="random", valid=0.15, test=0.25)
    assert shares(roles) == {"train": 0.6, "valid": 0.15, "test": 0.25}


@pytest.mark.parametrize("by", ["random", "group"])
def test_a_seed_is_a_split(by):
    frame = parts(1000)
    first, again = (assigned(frame, by=by, seed=3) for _ in range(2))
    other = assigned(frame, by=by, seed=4)
    assert first.equals(again)
    assert not first.equals(other)


@pytest.mark.parametrize(
    "target",
    [
        pl.Series("broken", [1] * 50 + [0] * 950),
        pl.Series("broken", ["rare"] * 40 + ["b"] * 360 + ["c"] * 600),
        pl.Series("broken", [True] * 100 + [False] * 900),
    ],
    ids=["numbers", "text", "booleans"],
)
def test_every_class_is_split_in_the_same_shares(target):
    frame = parts(1000).with_columns(target)
    roles = assigned(frame, by="random", stratify="target", valid=0.2, test=0.3)
    for value in target.unique():
        found = shares(roles.filter(target == value))
        assert found == pytest.approx({"train": 0.5, "valid": 0.2, "test": 0.3}, abs=0.01)


def test_a_number_is_stratified_by_its_quartiles():
    frame = parts(1000).with_columns(broken=pl.Series(np.random.default_rng(0).lognormal(size=1000)))
    roles = assigned(frame, by="random", stratify="target", valid=0.25, test=0.25)
    top = frame["broken"] > frame["broken"].quantile(0.75)
    assert [top.filter(roles == role).mean() for role in ROLES] == pytest.approx([0.25] * 4, abs=0.01)


def test_exact_duplicates_share_a_role_whatever_their_identifier_and_target():
    frame = parts(300)
    copies = pl.concat([frame] * 4).with_columns(id=pl.int_range(pl.len()), broken=pl.int_range(pl.len()) % 2)
    for stratify in (None, "target"):
        roles = assigned(copies, by="random", stratify=stratify)
        spread = copies.with_columns(role=roles).group_by("lot", "made").agg(pl.col("role").n_unique())
        assert spread["role"].max() == 1, "what tunes is no twin of what trains either"
        assert shares(roles) == pytest.approx({"train": 0.6, "valid": 0.15, "test": 0.25}, abs=0.02)


# --- by group ---------------------------------------------------------------------------------------------------------


def test_a_group_stays_in_one_role():
    frame = parts(1000)
    roles = assigned(frame, by="group")
    assert frame.with_columns(role=roles).group_by("lot").agg(pl.col("role").n_unique())["role"].to_list() == [1] * 40
    assert shares(roles) == pytest.approx({"train": 0.6, "valid": 0.15, "test": 0.25}, abs=0.03)


def test_rows_without_a_group_stay_together():
    frame = parts(1000).with_columns(lot=pl.when(pl.col("lot") > "lot 05").then("lot"))
    roles = assigned(frame, by="group")
    assert roles.filter(frame["lot"].is_null()).n_unique() == 1


@pytest.mark.parametrize("seed", range(5))
def test_groups_of_very_different_size_still_make_roles_that_are_alike(seed):
    """Thirty groups: three hold most rows. Cut in a random order, a role can be empty but for one group."""
    sizes = [15_000, 13_000, 10_000, 5_000, 3_500, 2_000, 800, *[500, 300, 100, 50, 20] * 4, 5, 2, 1]
    rates = [0.02, 0.02, 0.005, 0.28, 0.05, 0.15, 0.25, *[0.01, 0.1, 0.03, 0.3] * 5, 0, 0, 0]
    lots = [np.full(size, number) for number, size in enumerate(sizes)]
    events = [np.arange(size) < round(size * rate) for size, rate in zip(sizes, rates, strict=True)]
    frame = pl.DataFrame({"lot": np.concatenate(lots), "broken": np.concatenate(events).astype(int)})
    roles = assigned(frame, by="group", seed=seed)
    assert shares(roles) == pytest.approx({"train": 0.6, "valid": 0.15, "test": 0.25}, abs=0.1)
    groups = frame.with_columns(role=declared(roles)).unique("lot")["role"].value_counts()
    assert groups["count"].min() >= 3


def test_groups_are_dealt_without_a_look_at_the_target():
    """Other labels, not only other names for them: classes that change places leave a deal that balances them alike."""
    frame = parts(1000)
    other = frame.with_columns(broken=(pl.col("lot").hash(seed=1) % 2).cast(pl.Int64))
    assert assigned(frame, by="group").equals(assigned(other, by="group"))


# --- by time ----------------------------------------------------------------------------------------------------------


def test_the_past_trains_and_the_most_recent_tests():
    frame = parts(1000).sample(fraction=1, shuffle=True, seed=1)
    spans = frame.with_columns(role=assigned(frame, by="time")).group_by("role").agg(pl.col("made").unique().sort())
    by_role = dict(spans.iter_rows())
    assert by_role["valid"][-1] < by_role["test"][0]
    assert by_role["train"][-1] < by_role["tune"][0]
    assert by_role["tune"][-1] < by_role["valid"][0]
    assert [len(by_role[role]) for role in ROLES] == [510, 90, 150, 250]


def test_rows_of_one_moment_stay_together():
    frame = parts(1000).with_columns(made=pl.col("id") // 90)
    roles = assigned(frame, by="time")
    spread = frame.with_columns(role=roles).group_by("made").agg(pl.col("role").n_unique())
    assert spread["role"].max() == 1


@pytest.mark.parametrize(
    ("made", "valid_from", "test_from"),
    [
        (pl.date_range(date(2024, 1, 1), date(2024, 4, 9), eager=True), date(2024, 2, 20), date(2024, 3, 1)),
        (
            pl.datetime_range(datetime(2024, 1, 1), datetime(2024, 1, 1) + timedelta(hours=99), "1h", eager=True),
            datetime(2024, 1, 3, 2),
            datetime(2024, 1, 3, 12),
        ),
        (pl.Series(range(100)), 50, 60.0),
    ],
    ids=["dates", "times", "numbers"],
)
def test_stated_moments_are_the_first_of_their_role(made, valid_from, test_from):
    frame = parts(100).with_columns(made=made)
    roles = assigned(frame, by="time", valid_from=valid_from, test_from=test_from)
    assert declared(roles).to_list() == ["train"] * 50 + ["valid"] * 10 + ["test"] * 40


@pytest.mark.parametrize("gap", [None, float("nan")])
def test_a_row_without_a_time_is_refused(gap):
    frame = parts(100).with_columns(made=pl.Series([gap, gap, *map(float, range(98))]))
    assert refusal(frame, by="time") == "the time column 'made' is empty in 2 rows: quarantine them"


@pytest.mark.parametrize(
    ("made", "moment"),
    [
        (pl.col("made").cast(pl.String), 10.5),
        (pl.col("made").cast(pl.Datetime).dt.replace_time_zone("UTC"), datetime(2023, 2, 1)),
    ],
    ids=["text and a number", "with and without a time zone"],
)
def test_a_time_that_can_not_be_compared_is_refused(made, moment):
    frame = parts(100).with_columns(made=made)
    message = refusal(frame, by="time", valid_from=moment, test_from=moment)
    assert message.startswith(f"the time column 'made' holds {frame['made'].dtype}, which can't be compared with ")
    assert message.endswith(f"{moment!r}: give both one type and time zone")


# --- by column --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical, pl.Enum(["test", "train", "valid"])])
def test_a_column_can_say_the_role(dtype):
    said = pl.Series("half", ["train", "valid", "test", "train"] * 25, dtype=dtype)
    roles = assigned(parts(100).with_columns(said), by="column", column="half")
    assert declared(roles).to_list() == said.to_list()
    assert (roles == "tune").sum() == 8  # 15 % of the 50 that train


def test_a_column_that_says_which_rows_tune_is_believed():
    said = pl.Series("half", ["train", "tune", "valid", "test"] * 25)
    assert assigned(parts(100).with_columns(said), by="column", column="half").to_list() == said.to_list()


def test_a_column_that_says_something_else_is_refused():
    frame = parts(100).with_columns(half=pl.Series(["train", "dev", "test", None] * 25))
    expected = "the column 'half' holds ['None', 'dev']; a role is one of ('train', 'tune', 'valid', 'test')"
    assert refusal(frame, by="column", column="half") == expected


# --- roles without rows -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "split", "cause"),
    [
        (parts(100).with_columns(lot=pl.lit("one")), {"by": "group"}, "all rows are of one group, one, which"),
        (parts(100).with_columns(made=pl.lit(3)), {"by": "time"}, "all rows are of one moment, 3, which"),
        (parts(2), {"by": "random"}, "change `split`"),
        (parts(100).with_columns(half=pl.lit("train")), {"by": "column", "column": "half"}, "change `split`"),
    ],
)
def test_a_role_without_rows_is_refused(frame, split, cause):
    message = refusal(frame, **split)
    assert f"): {cause}" in message
    assert message.startswith("shop/parts: no row is left for ")
    assert message.endswith(": change `split` or add data")
