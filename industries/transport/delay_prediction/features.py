"""What was known about a flight two hours before it should leave.

Belongs here: joining flights, weather and planes as they were known at that moment, and the state of the airports then.
Does not belong here: the meaning of the columns for learning (`use_case.yaml`), or anything fitted. Every fact carries
`known`, the moment it became public, and meets a flight only if that is no later than the flight's `asked`. Moments are
UTC; `scheduled` and `day` are New York's.
"""

import polars as pl

LEAD = pl.duration(hours=2)
"""The question is asked so long before the scheduled departure."""
OBSERVED = pl.duration(hours=1)
"""A weather record is stamped with the hour that it was observed in: it is known when that hour is over."""
LANDED = pl.duration(hours=14)
"""After leaving the gate, every flight of the timetable has arrived: the longest takes twelve hours and a half."""
LATE = 15
"""Minutes after the scheduled arrival from which a flight counts as late."""
EXTREMES = (-15, 180)
"""Delays are cut off here, in minutes, so that one stranded flight does not speak for an airport."""

DEPARTURE_DELAYS = {
    "origin_delay_1h": (["origin"], "1h"),
    "origin_delay_3h": (["origin"], "3h"),
    "origin_delay_24h": (["origin"], "24h"),
    "carrier_delay_3h": (["origin", "carrier"], "3h"),
    "carrier_delay_6h": (["carrier"], "6h"),
    "dest_delay_6h": (["dest"], "6h"),
}
"""Mean delay, in minutes, of the flights that left in the time before: name -> whose flights, how long before."""
LATE_ARRIVALS = {
    "flight_late_30d": (["carrier", "flight"], "30d"),
    "route_late_30d": (["origin", "dest", "carrier"], "30d"),
    "carrier_late_7d": (["carrier"], "7d"),
    "dest_late_7d": (["dest"], "7d"),
}
"""Share of late arrivals among the flights that landed in the time before, likewise."""

SCHEDULE = ["flight_id", "scheduled", "day", "carrier", "origin", "dest", "distance"]
CONGESTION = ["hour_departures", "day_departures"]
PLANE = ["built", "seats", "manufacturer"]
WEATHER = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib"]
TREND = ["pressure_change", "precip_6h", "visib_least_6h"]


def assemble(members: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """One row a flight that arrived: schedule, plane, weather and traffic as known when asked, and `late`."""
    flights = _timetable(members["flights"]).join(_planes(members["planes"]), on="tailnum", how="left")
    left = flights.filter(pl.col("dep_delay").is_not_null()).with_columns(known="left")
    landed = flights.filter(pl.col("arr_delay").is_not_null()).with_columns(known=pl.col("left") + LANDED)

    flights = _as_known(flights, _weather(members["weather"]), ["origin"], "6h")
    flights = _as_known(flights, _queue(flights, left), ["origin"], "6h")
    for name, (by, window) in DEPARTURE_DELAYS.items():
        delay = pl.col("dep_delay").clip(*EXTREMES)
        flights = _as_known(flights, _trailing_mean(left, name, delay, by, window), by, window)
    for name, (by, window) in LATE_ARRIVALS.items():
        flights = _as_known(flights, _trailing_mean(landed, name, _late(), by, window), by, window)

    known = [*SCHEDULE, *CONGESTION, *PLANE, *WEATHER, *TREND, "queue_6h", *DEPARTURE_DELAYS, *LATE_ARRIVALS]
    arrived = flights.filter(pl.col("arr_delay").is_not_null())
    return arrived.select(*known, late=_late().cast(pl.Int8)).sort("scheduled", "flight_id")


def features(frame: pl.LazyFrame) -> pl.LazyFrame:
    """The parts of the schedule that matter: time of day, day of the week; and the plane's age."""
    scheduled = pl.col("scheduled").dt
    return frame.with_columns(
        minute_of_day=scheduled.hour().cast(pl.Int16) * 60 + scheduled.minute(),
        weekday=scheduled.weekday(),
        plane_age=scheduled.year() - pl.col("built"),
    ).drop("built")


def _late() -> pl.Expr:
    return pl.col("arr_delay") > LATE


def _timetable(flights: pl.LazyFrame) -> pl.LazyFrame:
    """Flights with their moments and how many others are scheduled, cancelled ones included."""
    scheduled = pl.datetime("year", "month", "day", "hour", "minute")
    due = pl.col("time_hour") + pl.duration(minutes="minute")
    number = pl.concat_str("carrier", "flight", pl.lit(" "), "origin", pl.lit(" "), scheduled.dt.to_string("%F %R"))
    return flights.with_columns(
        flight_id=number,
        scheduled=scheduled,
        day=scheduled.dt.date(),
        due=due,
        asked=due - LEAD,
        left=due + pl.duration(minutes="dep_delay"),
        hour_departures=pl.len().over("origin", "time_hour"),
        day_departures=pl.len().over("origin", scheduled.dt.date()),
    )


def _planes(planes: pl.LazyFrame) -> pl.LazyFrame:
    """The maker by its first word: AIRBUS INDUSTRIE is AIRBUS, every MCDONNELL DOUGLAS one maker."""
    maker = pl.col("manufacturer").str.extract(r"^(\S+)")
    return planes.select("tailnum", "seats", built="year", manufacturer=maker)


def _weather(weather: pl.LazyFrame) -> pl.LazyFrame:
    """Each record, and how pressure (over three records), rain and visibility developed until then."""
    return (
        weather.with_columns(known=pl.col("time_hour") + OBSERVED)
        .sort("origin", "known")
        .with_columns(
            pressure_change=(pl.col("pressure") - pl.col("pressure").shift(3)).over("origin"),
            precip_6h=pl.col("precip").rolling_sum_by("known", "6h").over("origin"),
            visib_least_6h=pl.col("visib").rolling_min_by("known", "6h").over("origin"),
        )
        .select("origin", "known", *WEATHER, *TREND)
    )


def _queue(flights: pl.LazyFrame, left: pl.LazyFrame) -> pl.LazyFrame:
    """Flights that were due in six hours less those that left in them; cancelled ones stay in it."""
    due = flights.select("origin", known="due", change=pl.lit(1))
    gone = left.select("origin", "known", change=pl.lit(-1))
    moves = pl.concat([due, gone]).sort("known")
    return moves.select("origin", "known", queue_6h=pl.col("change").rolling_sum_by("known", "6h").over("origin"))


def _trailing_mean(events: pl.LazyFrame, name: str, value: pl.Expr, by: list[str], window: str) -> pl.LazyFrame:
    """The mean of `value` over each group's trailing window, at every event."""
    mean = value.cast(pl.Float32).rolling_mean_by("known", window).over(by)
    return events.sort("known").select(*by, "known", mean.alias(name))


def _as_known(flights: pl.LazyFrame, facts: pl.LazyFrame, by: list[str], oldest: str) -> pl.LazyFrame:
    """Flights with the newest fact of their group that was known when asked, unless it was older than `oldest`."""
    asked, known = flights.sort("asked"), facts.sort("known")
    joined = asked.join_asof(
        known, left_on="asked", right_on="known", by=by, strategy="backward", tolerance=oldest, check_sortedness=False
    )
    return joined.drop("known")
