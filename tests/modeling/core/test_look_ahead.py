"""Change the future, compare the past: an `assemble` that looks ahead is found, an honest one is not."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from catalogue.definition import UseCase
from modeling.core.leakage import look_ahead
from modeling.core.record import LeakageFinding

from ..small_data import use_case

DAYS, SHOPS = 200, 5
START = datetime(2024, 1, 1)
SALES, PAST = pl.col("sales"), pl.col("sales").shift(1).over("shop")
Members = dict[str, pl.LazyFrame]


def shop(**columns: Any) -> UseCase:
    return use_case(
        target="sales", columns={"group": "shop", "time": "day"} | columns, split={"by": "time"}, task="regression"
    )


def members() -> Members:
    """A row a shop and day, and a weather record a day."""
    draw = np.random.default_rng(0)
    days = [START + timedelta(days=number // SHOPS) for number in range(DAYS * SHOPS)]
    sales = pl.DataFrame({"day": days, "shop": np.arange(DAYS * SHOPS) % SHOPS, "sales": draw.random(DAYS * SHOPS)})
    weather = pl.DataFrame({"seen": [START + timedelta(days=day) for day in range(DAYS)], "rain": draw.random(DAYS)})
    return {"sales": sales.lazy(), "weather": weather.lazy()}


def feature(made: pl.Expr) -> Callable[[Members], pl.LazyFrame]:
    return lambda tables: tables["sales"].with_columns(feature=made)


def weather_of(strategy: Any) -> Callable[[Members], pl.LazyFrame]:
    """The nearest record of another day."""
    apart = pl.duration(hours=1 if strategy == "backward" else -1)

    def assemble(tables: Members) -> pl.LazyFrame:
        known = tables["weather"].with_columns(pl.col("seen") + apart)
        return tables["sales"].sort("day").join_asof(known, left_on="day", right_on="seen", strategy=strategy)

    return assemble


def audited(
    assemble: Callable[[Members], pl.LazyFrame], tables: Members | None = None, definition: UseCase | None = None
) -> LeakageFinding:
    tables = tables or members()
    return look_ahead(tables, assemble(tables).collect(), assemble, definition or shop())


@pytest.mark.parametrize(
    "assemble",
    [
        feature(PAST),
        feature(SALES.rolling_mean(7).shift(1).over("shop")),
        feature(PAST.cum_sum().over("shop") / 7.3),
        weather_of("backward"),
    ],
    ids=["yesterday", "the week before", "all until yesterday", "the weather known"],
)
def test_what_was_known_passes(assemble: Callable[[Members], pl.LazyFrame]):
    found = audited(assemble)
    assert found.passed, found
    # Days 101, 151 and 181 of 200 are the last that are made again: 433 days of five shops.
    assert found.message == "the past does not change with the future: 2,165 rows made again without what came later"


@pytest.mark.parametrize(
    ("assemble", "name"),
    [
        (feature(SALES.mean().over("shop")), "feature"),
        (feature(SALES.shift(-1).over("shop")), "feature"),
        (feature(SALES.rank().over("shop")), "feature"),
        (feature((SALES - SALES.mean()) / SALES.std()), "feature"),
        (weather_of("forward"), "rain"),
    ],
    ids=["mean of all days", "tomorrow", "rank", "standardised", "tomorrow's weather"],
)
def test_what_came_later_is_an_error_and_named(assemble: Callable[[Members], pl.LazyFrame], name: str):
    found = audited(assemble)
    assert not found.passed
    assert found.severity == "error"
    assert name in found.examples
    assert "some are others" in found.message
    assert "columns.known_at" in found.message


def test_the_target_and_what_is_stated_or_dropped_may_come_later():
    tomorrow = feature(SALES.shift(-1).over("shop"))
    stated = audited(tomorrow, definition=shop(known_at={"feature": "before"}))
    assert stated.passed
    assert stated.message.endswith("; not compared, as stated to be known in time: feature")
    assert audited(tomorrow, definition=shop(drop=["feature"])).passed
    assert not audited(tomorrow, definition=shop(known_at={"feature": "after"})).passed
    assert audited(lambda tables: tables["sales"].with_columns(sales=SALES.shift(-1).over("shop"))).passed


@pytest.mark.parametrize(
    "spelled",
    [
        pl.col("day").dt.date(),
        pl.col("day").dt.to_string("%Y-%m-%d"),
        pl.col("day").dt.to_string("%Y-%m-%dT%H:%M:%S"),
        pl.col("day").dt.to_string("%Y%m%d").cast(pl.Int32),
        pl.col("day").dt.replace_time_zone("UTC"),
        pl.col("day").dt.epoch("s").alias("day"),
        (pl.col("day") - START).dt.total_days(),
    ],
    ids=["date", "text", "text with hours", "number", "time zone", "seconds of the epoch", "days since the first"],
)
def test_moments_may_be_spelled_in_many_ways(spelled: pl.Expr):
    tables = {"sales": members()["sales"].with_columns(spelled.alias("day"))}
    called = {"sales": tables["sales"].rename({"day": "time"})}
    definition = shop(time="time")
    assert audited(feature(PAST), called, definition).passed
    assert not audited(feature(SALES.mean().over("shop")), called, definition).passed


def of_one_day(end: datetime) -> Callable[[Members], pl.LazyFrame]:
    """A row a shop: its sales before `end`, and, as target, those from day 120 on."""

    def assemble(tables: Members) -> pl.LazyFrame:
        later = SALES.filter(pl.col("day") >= START + timedelta(days=120)).sum()
        return tables["sales"].group_by("shop").agg(before=SALES.filter(pl.col("day") < end).sum(), sales=later)

    return assemble


def test_rows_about_one_moment_may_differ_in_the_target_alone():
    definition = shop(time=None, identifier=["shop"], group=None)
    definition = definition.model_copy(update={"split": use_case().split})
    honest = audited(of_one_day(START + timedelta(days=120)), {"sales": members()["sales"]}, definition)
    assert honest.passed
    # The first cut at which no feature changes: three quarters of 200 days, the 151st.
    assert honest.message == (
        "no feature changes without what came from 2024-05-30 00:00:00 on; the target is made of it"
    )
    late = audited(of_one_day(START + timedelta(days=300)), {"sales": members()["sales"]}, definition)
    assert not late.passed
    assert late.severity == "warning"
    assert late.examples == ["before"]


def test_where_nothing_can_be_seen_it_says_so():
    static = {"sales": members()["sales"].drop("day")}
    found = audited(lambda tables: tables["sales"].with_columns(feature=SALES.mean()), static, shop(time=None))
    assert found.message == "no member has a column of time: look-ahead of `assemble` can't be seen in the data"
    assert look_ahead({}, pl.DataFrame(), None, shop()).message == "there is no `assemble`: no row is made of others"

    def fails_on_less(tables: Members) -> pl.LazyFrame:
        assert tables["sales"].collect().height == DAYS * SHOPS
        return tables["sales"]

    assert "makes no rows of members that end earlier" in audited(fails_on_less).message
