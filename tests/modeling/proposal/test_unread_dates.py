"""Dates that were not read name no row and are no reason to split by chance in silence."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from modeling.proposal import Proposal, propose
from modeling.proposal.facts import ColumnFacts
from modeling.proposal.unread_dates import looks_like_dates

ROWS = 120
SOURCE = {"files": {"path": "*.csv"}, "licence": "-", "citation": "-"}
DAYS = [date(2021, 1, 4) + timedelta(days=2 * n) for n in range(ROWS)]
MONTHS = ("tammi", "helmi", "maalis", "huhti", "touko", "kesä", "heinä", "elo")
FINNISH = [f"{day.day}. {MONTHS[day.month - 1]}kuuta" for day in DAYS]


def proposed(**columns: Any) -> Proposal:
    draw = np.random.default_rng(0)
    x = draw.normal(size=ROWS)
    table = pl.DataFrame({**columns, "x": x, "y": x + draw.normal(size=ROWS)})
    return propose(table, "y", source=SOURCE, title="A title", task=None)


def test_dates_that_were_not_read_are_a_doubt_about_the_split():
    proposal = proposed(when=[f"{written} 2021" for written in FINNISH])
    assert "identifier" not in proposal.definition["columns"]
    assert list(proposal.definition["columns"]["drop"]) == ["when"]
    (doubt,) = [doubt for doubt in proposal.doubts if "looks like dates" in doubt]
    assert "such as '4. tammikuuta 2021'" in doubt
    assert "`columns: {time: when}` and `split: {by: time}`" in doubt


def test_where_another_column_orders_the_rows_the_split_is_not_doubted():
    proposal = proposed(day=DAYS, signed=[f"{written} 2021" for written in FINNISH])
    assert proposal.definition["split"]["by"] == "time"
    (doubt,) = [doubt for doubt in proposal.doubts if "looks like dates" in doubt]
    assert "split" not in doubt


@pytest.mark.parametrize(
    ("name", "values", "dates"),
    [
        ("x", ["4. tammikuuta 2021", "31. helmikuuta 2021"], True),
        ("x", ["31.02.2021", "30/02/2021"], True),
        ("x", ["Montag, 4. Januar 2021", "Dienstag, 5. Januar 2021"], True),
        ("x", ["March 32nd, 2021", "May 40, 2021"], True),
        ("Datum", ["FY21/P03 a", "FY21/P04 b"], True),
        ("x", ["2021-13-01 10:00", "2021-14-01 11:00"], True),
        ("x", ["R0001", "R0002"], False),
        ("x", ["078-05-1120", "219-09-9999"], False),
        ("x", ["+49 30 123456", "030 1234 567"], False),
        ("x", ["12 High Street", "3 Mill Lane 2021"], False),
        ("address", ["1.2.3.4", "10.0.20.21"], False),
        ("week", ["W1", "W2"] * 20, False),
    ],
)
def test_what_looks_like_a_date(name: str, values: list[str], dates: bool):
    assert looks_like_dates(ColumnFacts.of(pl.Series(name, values))) is dates
