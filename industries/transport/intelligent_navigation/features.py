"""Simulated days of traffic in Ingolstadt, as travel times of every road and five minutes.

Belongs here: running SUMO on the network and demand that the source delivers, and what was known of a road when a trip
departs. Does not belong here: the meaning of the columns for learning (`use_case.yaml`), routes, or anything fitted.

Every day has its own demand, departures and incidents, drawn from its number. `HISTORY` days come first: they are no
rows, only what is `usual` on a road. SUMO's mesoscopic model (Eissfeldt 2004) moves vehicles from queue to queue and
lets signals and crossings cost time; it is some seven times as fast as the microscopic one.
"""

import tempfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import polars as pl

HISTORY, DAYS = 4, 28
BEGIN, INTERVAL, INTERVALS = 57_600, 300, 7
"""Four in the afternoon, seven intervals of five minutes; nobody is on the roads at first, so the first is no row."""
DEMAND = (0.7, 1.2)
"""Share of the recorded trips that a day has: its bounds."""
DEPARTURE_SPREAD = 120
"""Seconds by which departures differ from day to day, at most."""
INCIDENTS, INCIDENT_INTERVALS, INCIDENT_SPEED = 12, 3, 1.5
"""A day's incidents: how many, how many intervals each lasts, and the speed left (m/s)."""
FASTEST_INCIDENT_ROAD = 13.0
"""Incidents are on roads with this speed limit (m/s) or more."""


LONGEST = 600
"""Seconds: a jam on one road is not told apart beyond that."""


def assemble(members: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """One row a day, interval and road: its travel time, what it is like, and its state in the interval before."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for member in ("network", "demand"):
            (folder / f"{member}.xml").write_bytes(members[member].collect()["content"][0])
        roads = _roads(folder / "network.xml")
        days = pl.concat([_day(folder, roads, day) for day in range(-HISTORY, DAYS)])
    return _known(_complete(days, roads), days).lazy()


def _complete(days: pl.DataFrame, roads: pl.DataFrame) -> pl.DataFrame:
    """Every road in every interval, sorted. Where nobody drove, `travel_time` is the day's mean on that road; where
    nobody drove all day, it is free flow."""
    moments = pl.DataFrame({"day": range(DAYS)}, schema={"day": pl.Int32}).join(
        pl.DataFrame({"interval": range(INTERVALS)}), how="cross"
    )
    driven = moments.join(roads, how="cross").join(days, on=["day", "interval", "road"], how="left")
    of_day = pl.col("driven").mean().over("day", "road")
    return driven.sort("day", "interval", "road").with_columns(
        travel_time=pl.coalesce("driven", of_day, "free_flow"), seen=pl.col("driven") / pl.col("free_flow")
    )


def _known(rows: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """The rows with what a driver can know at the interval's beginning, and without the first interval."""

    def before(value: pl.Expr) -> pl.Expr:
        return value.shift(1).over("day", "road", order_by="interval")

    usual = rows.select("road", "free_flow").unique().join(days.filter(pl.col("day") < 0), on="road")
    usual = usual.group_by("road").agg(usual=(pl.col("driven") / pl.col("free_flow")).mean())
    known = rows.with_columns(
        slowness=pl.col("travel_time") / pl.col("free_flow"),
        slowness_before=before(pl.col("seen").forward_fill()),
        speed_before=before(pl.col("speed")),
        occupancy_before=before(pl.col("occupancy").fill_null(0)),
        entered_before=before(pl.col("entered").fill_null(0)),
    )
    known = known.join(usual, on="road", how="left", maintain_order="left").filter(pl.col("interval") > 0)
    return known.drop("driven", "seen", "speed", "occupancy", "entered")


def _roads(network: Path) -> pl.DataFrame:
    """Every road that cars may use, with its geometry in metres and the roads one may turn into from it."""
    import sumolib

    edges = [edge for edge in sumolib.net.readNet(str(network)).getEdges() if edge.allows("passenger")]
    cars = {edge.getID() for edge in edges}
    return pl.DataFrame([_road(edge, cars) for edge in edges], infer_schema_length=None).sort("road")


def _road(edge: Any, cars: set[str]) -> dict[str, Any]:
    (x1, y1), (x2, y2) = edge.getFromNode().getCoord(), edge.getToNode().getCoord()
    turns = sorted({turn.getID() for turn in edge.getOutgoing()} & cars)
    return {
        "road": edge.getID(),
        "leads_to": " ".join(turns),
        "x1": x1,
        "y1": y1,
        "x2": x2,
        "y2": y2,
        "length": edge.getLength(),
        "speed_limit": edge.getSpeed(),
        "lanes": edge.getLaneNumber(),
        "priority": edge.getPriority(),
        "signals": edge.getToNode().getType() == "traffic_light",
        "turns": len(turns),
        "free_flow": edge.getLength() / edge.getSpeed(),
    }


def _day(folder: Path, roads: pl.DataFrame, day: int) -> pl.DataFrame:
    """What SUMO measured on each road that somebody used in an interval; days of the history have negative numbers."""
    import libsumo

    draw = np.random.default_rng(day + HISTORY)
    measured, detectors = folder / "measured.xml", folder / "detectors.xml"
    detectors.write_text(
        f'<additional><edgeData id="day" file="{measured}" period="{INTERVAL}" excludeEmpty="true"/></additional>'
    )
    files = ["-n", str(folder / "network.xml"), "-r", str(folder / "demand.xml"), "-a", str(detectors)]
    model = [
        "--mesosim",
        "--meso-junction-control",
        "--scale",
        f"{draw.uniform(*DEMAND):.3f}",
        "--seed",
        str(day + HISTORY),
    ]
    times = ["--begin", str(BEGIN), "--random-depart-offset", str(DEPARTURE_SPREAD)]
    libsumo.start(["sumo", *files, *model, *times, "--no-step-log", "--no-warnings"])
    speed_limit = dict(
        roads.filter(pl.col("speed_limit") >= FASTEST_INCIDENT_ROAD).select("road", "speed_limit").rows()
    )
    places = draw.choice(list(speed_limit), INCIDENTS, replace=False).tolist()
    starts = draw.integers(0, INTERVALS - 1, INCIDENTS)
    for interval in range(INTERVALS):
        for place, start in zip(places, starts, strict=True):
            during = start <= interval < start + INCIDENT_INTERVALS
            libsumo.edge.setMaxSpeed(place, INCIDENT_SPEED if during else speed_limit[place])
        libsumo.simulation.step(BEGIN + (interval + 1) * INTERVAL)
    libsumo.close()
    return _measured(measured).with_columns(day=pl.lit(day, pl.Int32))


def _measured(path: Path) -> pl.DataFrame:
    """SUMO's file as a table: seconds, m/s, per cent, vehicles."""
    rows = [
        {
            "interval": number,
            "road": edge.get("id"),
            "driven": float(edge.get("traveltime", "nan")),
            "speed": float(edge.get("speed", "nan")),
            "occupancy": float(edge.get("occupancy", "nan")),
            "entered": float(edge.get("entered", "nan")),
        }
        for number, interval in enumerate(ElementTree.parse(path).getroot().iter("interval"))
        for edge in interval.iter("edge")
    ]
    driven = pl.DataFrame(rows).filter(pl.col("driven").is_not_nan())
    return driven.with_columns(pl.col("driven").clip(upper_bound=LONGEST))
