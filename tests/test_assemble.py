"""Every shipped `assemble`, on invented members: none gives a row what came after it.

Belongs here: members as the sources deliver them, and the audit of what becomes of them. Does not belong here: the
audit itself (`tests/modeling/core/test_look_ahead.py`).
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from catalogue import feature_code
from modeling.core.leakage import look_ahead
from pipelines.vocabulary import read_catalogue

Members = dict[str, pl.LazyFrame]
CATALOGUE = read_catalogue()
STATIC = {
    "ecommerce/review_sentiment",
    "finance/credit_scoring",
    "finance/news_classification",
    "finance/news_classification_r52",
    "finance/sentiment",
    "healthcare/chest_xray_diagnosis",
    "healthcare/disease_prediction",
    "healthcare/medical_image_diagnosis",
    "manufacturing/quality_inspection",
    "transport/intelligent_navigation",
}
"""No member has a column of time: rows are made of one row, document, image, patient or simulated day each."""


def orders(draw: np.random.Generator) -> Members:
    days = [date(1997, 1, 1) + timedelta(days=int(day)) for day in draw.integers(0, 540, 2000)]
    orders = pl.DataFrame({"customer_id": draw.integers(1, 300, 2000), "date": days})
    orders = orders.with_columns(
        pl.col("date").dt.to_string("%Y%m%d").cast(pl.Int64),
        number_of_cds=pl.Series(draw.integers(1, 5, 2000)),
        dollar_value=pl.Series(draw.uniform(5, 90, 2000).round(2)),
    )
    return {"orders": orders.lazy()}


def impressions(draw: np.random.Generator) -> Members:
    def log() -> pl.LazyFrame:
        moments = [datetime(2019, 11, 24) + timedelta(seconds=int(s)) for s in np.sort(draw.integers(0, 604_800, 150))]
        columns = {"timestamp": moments, "item_id": draw.integers(0, 5, 150), "click": draw.integers(0, 2, 150)}
        made = pl.DataFrame(columns).with_columns(pl.col("timestamp").dt.replace_time_zone("UTC"))
        return made.with_columns(pl.Series("user-item_affinity_0", draw.random(150))).lazy()

    items = pl.LazyFrame({"item_id": range(5), "item_feature_0": draw.random(5)})
    names = ("all", "men", "women")
    logs = {f"{policy}_{campaign}": log() for policy in ("random", "bts") for campaign in names}
    return logs | {f"items_{campaign}": items for campaign in names}


def ratings(draw: np.random.Generator) -> Members:
    size = 1500
    return {
        "ratings": pl.LazyFrame(
            {
                "user_id:token": draw.integers(1, 60, size),
                "item_id:token": draw.integers(1, 90, size),
                "rating:float": draw.integers(1, 6, size),
                "timestamp:float": draw.integers(875_000_000, 893_000_000, size),
            }
        ),
        "films": pl.LazyFrame(
            {
                "item_id:token": range(1, 90),
                "movie_title:token_seq": [f"film {number}" for number in range(1, 90)],
                "release_year:token": ["1995"] * 89,
                "class:token_seq": ["Comedy"] * 89,
            }
        ),
        "people": pl.LazyFrame(
            {"user_id:token": range(1, 60), "age:token": draw.integers(15, 70, 59), "zip_code:token": ["1"] * 59}
        ),
    }


def prices(draw: np.random.Generator) -> Members:
    days = [date(2020, 1, 1) + timedelta(days=number) for number in range(300)]
    return {"prices": pl.LazyFrame({"Date": days, "AAA": draw.random(300), "BBB": draw.random(300)})}


def payments(draw: np.random.Generator) -> Members:
    moments = np.sort(draw.integers(0, 172_800, 3000)).astype(float)
    paid = pl.DataFrame({"Time": moments, "V1": draw.normal(size=3000), "Amount": draw.random(3000), "Class": 0})
    return {"payments": pl.concat([paid, paid.head(50)]).sort("Time").lazy()}


def counts(draw: np.random.Generator) -> Members:
    quarters = [datetime(2024, 4, 18) + timedelta(minutes=15 * number) for number in range(800)]
    moments, detectors = quarters * 3, np.repeat([1, 2, 3], 800).astype(np.int16)
    vehicles = draw.integers(0, 50, 2400).astype(np.int16)
    return {"counts": pl.LazyFrame({"timestamp": moments, "detector": detectors, "total": vehicles})}


def flights(draw: np.random.Generator) -> Members:
    """60 days of three airports; New York is four hours behind UTC."""
    size = 4000
    due = [
        datetime(2013, 5, 1, 5) + timedelta(minutes=5 * int(step)) for step in np.sort(draw.integers(0, 17_280, size))
    ]
    local = pl.Series("due", due)
    delay = pl.Series(draw.normal(5, 30, size).round()).cast(pl.Int64)
    cancelled = pl.Series(draw.random(size) < 0.05)
    timetable = pl.DataFrame(
        {
            "year": local.dt.year().cast(pl.Int64),
            "month": local.dt.month().cast(pl.Int64),
            "day": local.dt.day().cast(pl.Int64),
            "hour": local.dt.hour().cast(pl.Int64),
            "minute": local.dt.minute().cast(pl.Int64),
            "time_hour": local.dt.truncate("1h").dt.offset_by("4h").dt.replace_time_zone("UTC"),
            "carrier": draw.choice(["UA", "AA", "DL"], size),
            "flight": draw.integers(1, 400, size),
            "origin": draw.choice(["EWR", "JFK", "LGA"], size),
            "dest": draw.choice(["IAH", "MIA", "ORD"], size),
            "tailnum": draw.choice(["N1", "N2"], size),
            "distance": draw.integers(200, 2500, size),
            "dep_delay": delay,
            "arr_delay": delay + 3,
        }
    ).with_columns(pl.when(~cancelled).then(pl.col(name)).alias(name) for name in ("dep_delay", "arr_delay"))
    hours = [datetime(2013, 4, 30) + timedelta(hours=number) for number in range(1500)]
    measures = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib")
    weather = pl.concat(
        pl.DataFrame({"origin": [origin] * 1500, "time_hour": hours} | {name: draw.random(1500) for name in measures})
        for origin in ("EWR", "JFK", "LGA")
    ).with_columns(pl.col("time_hour").dt.replace_time_zone("UTC"))
    planes = pl.LazyFrame(
        {
            "tailnum": ["N1", "N2"],
            "year": [2004, 2009],
            "manufacturer": ["AIRBUS INDUSTRIE", "BOEING"],
            "seats": [180, 200],
        }
    )
    return {"flights": timetable.lazy(), "weather": weather.lazy(), "planes": planes}


DATED: dict[str, Callable[[np.random.Generator], Members]] = {
    "ecommerce/ad_targeting": impressions,
    "ecommerce/customer_spend": orders,
    "ecommerce/product_recommendation": ratings,
    "ecommerce/user_profiling": orders,
    "finance/portfolio_optimisation": prices,
    "finance/risk_control": payments,
    "transport/delay_prediction": flights,
    "transport/traffic_prediction": counts,
}


def test_every_shipped_assemble_is_tried_or_known_to_be_static():
    with_assemble = {key for key, of in CATALOGUE.use_cases.items() if feature_code.load(of.folder).assemble}
    assert with_assemble == STATIC | set(DATED)


@pytest.mark.parametrize("key", DATED)
def test_the_past_does_not_change_with_the_future(key: str):
    use_case, members = CATALOGUE.use_cases[key], DATED[key](np.random.default_rng(0))
    assemble = feature_code.load(use_case.folder).assemble
    assert assemble
    found = look_ahead(members, assemble(members).collect(), assemble, use_case)
    assert found.passed, found
    assert "rows made again" in found.message or "the target is made of it" in found.message


def test_without_the_statement_about_the_timetable_flights_later_in_the_day_are_found():
    use_case = CATALOGUE.use_cases["transport/delay_prediction"]
    silent = use_case.model_copy(update={"columns": use_case.columns.model_copy(update={"known_at": {}})})
    members, assemble = flights(np.random.default_rng(0)), feature_code.load(use_case.folder).assemble
    assert assemble
    found = look_ahead(members, assemble(members).collect(), assemble, silent)
    assert "day_departures" in found.examples
    assert set(found.examples) <= {"day_departures", "hour_departures"}
