"""Series as they are recorded: their grid is found, or the series and the moment that stand in the way are named."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from modeling.proposal import Proposal, ProposalError, propose
from modeling.proposal.series import found

SOURCE = {"files": {"path": "*.csv"}, "licence": "-", "citation": "-"}
DAYS = pl.datetime_range(datetime(2023, 1, 2), datetime(2023, 6, 30), "1d", eager=True).to_list()
HOURS = pl.datetime_range(datetime(2023, 1, 2), datetime(2023, 2, 2), "1h", eager=True).to_list()


def sales(moments: list[datetime], shop: str | None = None) -> pl.DataFrame:
    draw = np.random.default_rng(len(moments))
    rows = pl.DataFrame({"day": moments, "sold": 20 + draw.normal(size=len(moments))})
    return rows if shop is None else rows.select(pl.lit(shop).alias("shop"), pl.all())


def shops(**moments: list[datetime]) -> pl.DataFrame:
    return pl.concat([sales(days, shop) for shop, days in moments.items()])


def proposed(table: pl.DataFrame, task: str | None = None) -> Proposal:
    return propose(table, "sold", source=SOURCE, title="A title", task=task)


def test_working_days_are_found():
    proposal = proposed(sales([day for day in DAYS if day.isoweekday() <= 5]))
    settings = proposal.definition["settings"]
    assert (settings["frequency"], settings["weekdays"], settings["seasons"]) == ("1d", [1, 2, 3, 4, 5], [5])
    assert settings["gaps"] == "refuse"
    assert any("no value is of a Saturday, Sunday" in doubt for doubt in proposal.doubts)


def test_moments_some_seconds_late_are_found():
    draw = np.random.default_rng(0)
    settings = found(
        sales([hour + timedelta(seconds=int(draw.integers(0, 20))) for hour in HOURS]), "sold", "day", None
    )
    assert settings.settings is not None
    assert (settings.settings["frequency"], settings.settings["tolerance"]) == ("1h", 19)
    assert "miss their step of 1h by up to 19 s" in settings.doubts[0]


@pytest.mark.parametrize("first", [1, 2, 4])
def test_the_last_days_of_months_are_found(first: int):
    ends = pl.datetime_range(datetime(2010, first, 1), datetime(2019, 12, 1), "1mo", eager=True).dt.month_end()
    settings = found(sales(ends.to_list()), "sold", "day", None).settings or {}
    assert (settings["frequency"], settings["seasons"], settings["gaps"]) == ("1mo", [12], "refuse")


def test_gaps_are_counted():
    without = [day for place, day in enumerate(DAYS) if place % 5]
    proposal = proposed(shops(north=without[:-30], south=DAYS, west=without))
    assert proposal.definition["settings"]["gaps"] == "leave"
    (doubt,) = [doubt for doubt in proposal.doubts if "are missing" in doubt]
    missing = 2 * len(DAYS) - 2 * len(without) + 30
    assert doubt.startswith(
        f"{missing:,} of {3 * len(DAYS):,} values are missing, {len(DAYS) - len(without) + 30:,} of"
    )
    assert "in series 'north', 0 steps in all series" in doubt


def test_a_short_series_is_named_and_spoils_no_other():
    proposal = proposed(shops(north=DAYS, south=DAYS, late=DAYS[-9:]))
    assert proposal.definition["task"] == "forecasting"
    assert any(doubt.startswith("1 series have few values: 'late' (9)") for doubt in proposal.doubts)


def test_repeated_days_of_a_series_are_named_and_not_added_up():
    table = shops(north=DAYS, south=[*DAYS, *DAYS])
    where = "series 'south' has day 2023-01-02 00:00:00 more than once (180 such moments in 1 series)"
    with pytest.raises(ProposalError, match="more than once") as caught:
        proposed(table, "forecasting")
    assert where in str(caught.value)


def test_a_clock_that_is_put_back_is_named_where_nothing_else_could_predict():
    clock = pl.datetime_range(datetime(2021, 10, 1), datetime(2021, 11, 20), "1h", time_zone="UTC", eager=True)
    local = clock.dt.convert_time_zone("Europe/Berlin").dt.replace_time_zone(None, ambiguous="earliest")
    with pytest.raises(ProposalError, match=r"has day 2021-10-31 02:00:00 more than once .* put back an hour"):
        proposed(sales(local.to_list()))


def test_moments_without_a_rhythm_are_no_series():
    draw = np.random.default_rng(0)
    moments = [datetime(2023, 1, 1) + timedelta(minutes=int(at)) for at in np.cumsum(draw.integers(1, 2000, 300))]
    assert found(sales(moments), "sold", "day", None).settings is None
