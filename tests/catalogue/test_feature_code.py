"""The shipped use cases' own code: right labels, nothing from the future, and row-wise features.

Belongs here: small hand-made tables whose answers can be counted on fingers. Does not belong here: loading
`features.py` (`test_catalogue`), or scores on real data.
"""

from datetime import date, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from catalogue import feature_code
from catalogue.reader import SHIPPED

KEYS = [
    "ecommerce/user_profiling",
    "finance/credit_scoring",
    "healthcare/disease_prediction",
    "transport/delay_prediction",
]


def code(key: str) -> feature_code.FeatureCode:
    return feature_code.load(SHIPPED / key)


def assembled(key: str, **members: pl.DataFrame) -> pl.DataFrame:
    assemble = code(key).assemble
    assert assemble is not None
    return assemble({name: frame.lazy() for name, frame in members.items()}).collect()


# --- sentiment --------------------------------------------------------------------------------------------------------


def test_a_sentence_stands_once_at_the_strictest_agreement_it_reached():
    said = pl.DataFrame({"sentence": ["Sales rose"], "sentiment": ["positive"]})
    doubted = pl.DataFrame({"sentence": ["Sales rose", "It may"], "sentiment": ["positive", "neutral"]})
    files = {"50": doubted, "66": said, "75": said, "All": said.clear()}
    rows = [rated.with_columns(file=pl.lit(f"bank/Sentences_{name}Agree.txt")) for name, rated in files.items()]
    assert assembled("finance/sentiment", sentences=pl.concat(rows)).rows() == [
        (0, "Sales rose", "positive", "75 % or more"),
        (1, "It may", "neutral", "50 to 66 %"),
    ]


# --- credit -----------------------------------------------------------------------------------------------------------


def clients(**changed: object) -> pl.DataFrame:
    status = dict.fromkeys(["PAY_0", "PAY_2", "PAY_3", "PAY_4", "PAY_5", "PAY_6"], 0)
    bills = {f"BILL_AMT{month}": 100.0 for month in range(1, 7)}
    paid = {f"PAY_AMT{month}": 50.0 for month in range(1, 7)}
    one_hot = {f"EDUCATION_{level}": int(level == 2) for level in range(7)}
    one_hot |= {f"MARRIAGE_{level}": int(level == 1) for level in range(4)}
    row = {"ID": 1, "LIMIT_BAL": 1000.0, "SEX": 1, "AGE": 40, **status, **bills, **paid, **one_hot}
    return pl.DataFrame([{**row, "default-payment-next-month": 0, **changed}])


def credit_features(**changed: object) -> dict[str, object]:
    derive = code("finance/credit_scoring").features
    assert derive is not None
    raw = assembled("finance/credit_scoring", clients=clients(**changed))
    return derive(raw.lazy()).collect().row(0, named=True)


def test_one_hot_codes_become_words():
    raw = assembled("finance/credit_scoring", clients=clients())
    assert raw.select("SEX", "EDUCATION", "MARRIAGE").row(0) == ("woman", "university", "married")
    assert not [name for name in raw.columns if name.startswith(("EDUCATION_", "MARRIAGE_"))]


def test_a_code_nobody_published_becomes_null_for_the_contract_to_find():
    raw = assembled("finance/credit_scoring", clients=clients(SEX=7, EDUCATION_2=0))
    assert raw.select("SEX", "EDUCATION").row(0) == (None, None)


def test_arrears_are_counted_by_month():
    row = credit_features(PAY_0=2, PAY_2=1, PAY_3=-1, PAY_4=-2, PAY_5=-2, PAY_6=4)
    assert (row["worst_status"], row["worst_status_quarter"], row["status_change"]) == (4, 2, 1)
    assert (row["months_behind"], row["months_late"]) == (7, 3)
    assert (row["months_unused"], row["months_paid_in_full"], row["months_minimum_paid"]) == (2, 1, 0)


def test_ratios_stay_finite_when_nothing_was_billed():
    row = credit_features(**{f"BILL_AMT{month}": -5.0 for month in range(1, 7)})
    assert row["paid_of_bills"] == 300.0
    assert row["utilisation"] == pytest.approx(-0.005)


# --- coronary disease -------------------------------------------------------------------------------------------------

TEN_YEARS = 3652


AFTERWARDS = ["DEATH", "ANGINA", "HOSPMI", "MI_FCHD", "STROKE", "CVD", "HYPERTEN"]
AFTERWARDS += ["TIMEAP", "TIMEMI", "TIMEMIFC", "TIMESTRK", "TIMECVD", "TIMEDTH", "TIMEHYP"]


def exam(number: int, *, time: int, chd: int, at: int, prevalent: int = 0) -> dict[str, object]:
    known = {"RANDID": number, "PERIOD": 1, "SEX": 2, "AGE": 50, "TIME": time, "PREVAP": 0, "PREVMI": 0}
    return {**known, **dict.fromkeys(AFTERWARDS, 1), "PREVCHD": prevalent, "ANYCHD": chd, "TIMECHD": at}


def labels(*exams: dict[str, object]) -> dict[int, int]:
    raw = assembled("healthcare/disease_prediction", exams=pl.DataFrame(list(exams)))
    return dict(raw.select("RANDID", "chd_within_10_years").iter_rows())


def test_the_ten_years_begin_at_the_examination():
    found = labels(
        exam(1, time=0, chd=1, at=TEN_YEARS),
        exam(2, time=0, chd=1, at=TEN_YEARS + 1),
        exam(3, time=2000, chd=1, at=2000 + TEN_YEARS),
        exam(4, time=2000, chd=0, at=8766),
    )
    assert found == {1: 1, 2: 0, 3: 1, 4: 0}


def test_an_examination_whose_ten_years_are_not_known_is_left_out():
    dead_or_lost = exam(1, time=2000, chd=0, at=2000 + TEN_YEARS - 1)
    followed = exam(2, time=2000, chd=0, at=2000 + TEN_YEARS)
    already_ill = exam(3, time=0, chd=1, at=0, prevalent=1)
    assert labels(dead_or_lost, followed, already_ill) == {2: 0}


def test_nothing_known_afterwards_is_left_in_the_raw_table():
    raw = assembled("healthcare/disease_prediction", exams=pl.DataFrame([exam(1, time=0, chd=0, at=8766)]))
    assert raw.columns == ["RANDID", "PERIOD", "SEX", "AGE", "chd_within_10_years"]


# --- customers --------------------------------------------------------------------------------------------------------


def orders(*rows: tuple[int, int, int, float]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=["customer_id", "date", "number_of_cds", "dollar_value"], orient="row")


UNTIL_OCTOBER = [(1, 19970102, 1, 10.0), (1, 19970301, 2, 30.0), (1, 19970301, 1, 5.0), (2, 19970930, 3, 60.0)]


def test_a_customer_is_described_by_orders_until_the_day_of_the_question():
    first, second = assembled("ecommerce/user_profiling", orders=orders(*UNTIL_OCTOBER)).to_dicts()
    assert (first["orders"], first["cds"], first["spend"], first["largest_order"]) == (2, 4, 45.0, 35.0)
    assert (first["days_since_first"], first["days_since_last"], first["gap_mean"]) == (272, 214, 58.0)
    assert (second["days_since_last"], second["orders_180d"], second["gap_mean"]) == (1, 1, None)


def test_whoever_orders_on_the_day_or_later_buys_again():
    on_the_day = (1, 19971001, 1, 1.0)
    raw = assembled("ecommerce/user_profiling", orders=orders(*UNTIL_OCTOBER, on_the_day))
    assert dict(raw.select("customer_id", "buys_again").iter_rows()) == {1: 1, 2: 0}


def test_later_orders_change_the_answer_and_nothing_else():
    later = [(1, 19971001, 9, 900.0), (2, 19980630, 9, 900.0), (3, 19971001, 1, 1.0)]
    now = assembled("ecommerce/user_profiling", orders=orders(*UNTIL_OCTOBER))
    then = assembled("ecommerce/user_profiling", orders=orders(*UNTIL_OCTOBER, *later))
    assert then["buys_again"].to_list() == [1, 1]
    assert_frame_equal(now.drop("buys_again"), then.drop("buys_again"))


# --- flights ----------------------------------------------------------------------------------------------------------

NOON = datetime(2013, 7, 1, 12)
HOURS_BEHIND = timedelta(hours=4)
"""New York in summer, behind UTC."""


def flight(number: int, at: datetime, dep_delay: int | None, arr_delay: int | None, **changed: object) -> dict:
    parts = {"year": at.year, "month": at.month, "day": at.day, "hour": at.hour, "minute": at.minute}
    hour = at.replace(minute=0) + HOURS_BEHIND
    route = {"carrier": "UA", "origin": "EWR", "dest": "ORD", "tailnum": "N1", "distance": 719}
    delays = {"dep_delay": dep_delay, "arr_delay": arr_delay}
    return {"flight": number, **parts, **route, **delays, "time_hour": hour, **changed}


def weather(at: datetime, temp: float) -> dict:
    measured = dict.fromkeys(["dewp", "humid", "wind_speed", "wind_gust", "precip", "pressure", "visib"], 1.0)
    return {"origin": "EWR", "time_hour": at + HOURS_BEHIND, "temp": temp, "wind_dir": 90, **measured}


def flown(flights: list[dict], records: list[dict] | None = None) -> pl.DataFrame:
    timetable = pl.DataFrame(flights, infer_schema_length=None).with_columns(
        pl.col("time_hour").dt.replace_time_zone("UTC"), pl.col("dep_delay", "arr_delay").cast(pl.Int64)
    )
    observed = pl.DataFrame(records or [weather(NOON, 70.0)]).with_columns(
        pl.col("time_hour").dt.replace_time_zone("UTC")
    )
    planes = pl.DataFrame({"tailnum": ["N1"], "year": [2003], "seats": [150], "manufacturer": ["AIRBUS INDUSTRIE"]})
    return assembled("transport/delay_prediction", flights=timetable, weather=observed, planes=planes)


def the_flight(raw: pl.DataFrame, number: int) -> dict:
    return raw.filter(pl.col("flight_id").str.starts_with(f"UA{number} ")).row(0, named=True)


def test_late_is_more_than_fifteen_minutes_among_flights_that_arrived():
    raw = flown([flight(1, NOON, 0, 15), flight(2, NOON, 0, 16), flight(3, NOON, 0, None), flight(4, NOON, None, None)])
    assert dict(raw.select(pl.col("flight_id").str.slice(0, 3), "late").iter_rows()) == {"UA1": 0, "UA2": 1}
    assert raw["hour_departures"].to_list() == [4, 4], "cancelled and diverted flights were scheduled too"


def test_moments_are_those_of_new_york():
    row = the_flight(flown([flight(1, datetime(2013, 7, 1, 22, 30), 0, 0)]), 1)
    assert (row["scheduled"], row["day"]) == (datetime(2013, 7, 1, 22, 30), date(2013, 7, 1))
    assert (row["built"], row["manufacturer"]) == (2003, "AIRBUS")


def test_weather_is_of_an_hour_that_was_over_two_hours_before_departure():
    hourly = [weather(NOON - timedelta(hours=hours), temp=float(hours)) for hours in range(6)]
    assert the_flight(flown([flight(1, NOON, 0, 0)], hourly), 1)["temp"] == 3.0
    late_by_a_minute = flight(2, NOON - timedelta(minutes=1), 0, 0)
    assert the_flight(flown([late_by_a_minute], hourly), 2)["temp"] == 4.0


def test_weather_older_than_six_hours_is_no_weather():
    assert the_flight(flown([flight(1, NOON, 0, 0)], [weather(NOON - timedelta(hours=10), 70.0)]), 1)["temp"] is None


def test_delays_count_from_the_moment_a_flight_actually_left():
    left_in_time = flight(1, NOON - timedelta(minutes=150), 30, 0)
    left_too_late = flight(2, NOON - timedelta(minutes=150), 31, 0)
    row = the_flight(flown([left_in_time, left_too_late, flight(3, NOON, 0, 0)]), 3)
    assert row["origin_delay_3h"] == 30.0
    assert row["queue_6h"] == 1, "two were due, one has left"


def test_late_arrivals_count_once_every_flight_of_that_departure_has_landed():
    long_ago = flight(3, NOON - timedelta(hours=16), 0, 60)
    just_now = flight(3, NOON - timedelta(hours=16) + timedelta(minutes=1), 0, 0, distance=720)
    row = the_flight(flown([long_ago, just_now, flight(3, NOON, 0, 0)]).tail(1), 3)
    assert row["flight_late_30d"] == 1.0


def test_the_future_changes_no_feature():
    """Whatever happens after a flight's question was asked, its features stay."""
    timetable = [flight(number, NOON + timedelta(minutes=20 * number), number % 50 - 5, 0) for number in range(60)]
    asked = NOON + timedelta(minutes=20 * 30) - timedelta(hours=2)
    records = [weather(NOON + timedelta(hours=hours), temp=float(hours)) for hours in range(-6, 24)]

    def leaves(row: dict) -> datetime:
        return row["time_hour"] - HOURS_BEHIND + timedelta(minutes=row["minute"] + row["dep_delay"])

    changed = [{**row, "dep_delay": 300, "arr_delay": 300} if leaves(row) > asked else row for row in timetable]
    stormy = [
        {**record, "temp": -9.0} if record["time_hour"] - HOURS_BEHIND + timedelta(hours=1) > asked else record
        for record in records
    ]
    now, then = the_flight(flown(timetable, records), 30), the_flight(flown(changed, stormy), 30)
    assert changed != timetable
    assert stormy != records
    assert (now.pop("late"), then.pop("late")) == (0, 1)
    assert now == then
    assert now["origin_delay_3h"] is not None


# --- every use case ---------------------------------------------------------------------------------------------------


def raw_table(key: str) -> pl.DataFrame:
    """A dozen different rows of the use case's raw table."""
    numbers = range(12)
    if key == "finance/credit_scoring":
        status = [
            {"PAY_0": n % 5 - 2, "BILL_AMT1": 90.0 * n, "PAY_AMT2": 11.0 * n, "LIMIT_BAL": 99.0 + n} for n in numbers
        ]
        return assembled(key, clients=pl.concat([clients(ID=n, **status[n]) for n in numbers]))
    if key == "healthcare/disease_prediction":
        return assembled(key, exams=pl.DataFrame([exam(n, time=0, chd=n % 2, at=300 * n + 5000) for n in numbers]))
    if key == "ecommerce/user_profiling":
        first = [(n, 19970101 + n, 1 + n, 10.0 * n + 5) for n in numbers]
        return assembled(key, orders=orders(*first, *((n, 19970601 + n, 2, 3.0 * n) for n in numbers if n % 3)))
    return flown([flight(n, NOON + timedelta(hours=7 * n), n, 3 * n) for n in numbers])


@pytest.mark.parametrize("key", [key for key in KEYS if code(key).features])
def test_features_of_a_row_depend_on_that_row_alone(key: str):
    derive = code(key).features
    raw = raw_table(key)
    assert len(raw) == 12
    assert derive is not None
    among = derive(raw.lazy()).collect()
    assert len(among.columns) > len(raw.columns)
    assert_frame_equal(among[6:], derive(raw[6:].lazy()).collect())
    assert_frame_equal(among.reverse(), derive(raw.reverse().lazy()).collect())


@pytest.mark.parametrize("key", KEYS)
def test_assembling_is_repeatable(key: str):
    assert_frame_equal(raw_table(key), raw_table(key))
