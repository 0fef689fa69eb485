"""A grid of streets, some of which are jammed half of the time, for whole hours."""

from typing import Any

import numpy as np
import polars as pl

DAYS, HOURS, SIDE = 12, 3, 4
METRES = 100.0


def streets() -> pl.DataFrame:
    """The two directions between neighbouring crossings of a square grid; U-turns are not allowed."""
    crossings = [(x, y) for x in range(SIDE) for y in range(SIDE)]
    ends = [(a, b) for a in crossings for b in crossings if abs(a[0] - b[0]) + abs(a[1] - b[1]) == 1]
    rows = [
        {
            "road": _name(start, end),
            "leads_to": " ".join(_name(end, after) for at, after in ends if at == end and after != start),
            "x1": METRES * start[0],
            "y1": METRES * start[1],
            "x2": METRES * end[0],
            "y2": METRES * end[1],
            "free_flow": 10.0 + (start[0] + 2 * start[1] + end[0]) % 3,
        }
        for start, end in ends
    ]
    return pl.DataFrame(rows).sort("road")


def _name(start: tuple[int, int], end: tuple[int, int]) -> str:
    return f"{start[0]}{start[1]}-{end[0]}{end[1]}"


def frame(seed: int = 0) -> pl.DataFrame:
    """A row a day, hour and street: jams take four times as long, and were seen in the hour before, mostly."""
    draw = np.random.default_rng(seed)
    moments = pl.DataFrame({"day": range(DAYS)}).join(pl.DataFrame({"interval": range(HOURS)}), how="cross")
    rows = moments.join(streets(), how="cross")
    jammed = draw.random(rows.height) < 0.3
    reported = jammed ^ (draw.random(rows.height) < 0.03)
    return rows.with_columns(
        crowd_before=np.where(reported, 8.0, 1.0) + draw.normal(0, 0.5, rows.height),
        slowness=np.where(jammed, 4.0, 1.1) * draw.lognormal(0, 0.05, rows.height),
    )


CONTENT: dict[str, Any] = {
    "title": "Which way?",
    "task": "routing",
    "settings": {"moment": ["day", "interval"], "trips": 60, "shortest": 30},
    "source": {
        "files": {"path": "*.parquet"},
        "licence": "CC0",
        "citation": "made by the test",
        "evidence": "simulated",
    },
    "target": "slowness",
    "columns": {"group": "day", "drop": ["road", "leads_to", "x1", "y1", "x2", "y2"]},
    "split": {"by": "group", "valid": 0.25, "test": 0.25},
    "parameters": {
        "lightgbm": {"trials": 1, "rounds": 60},
        "mlp": {"epochs": 10},
        "tabm": {"k": 2, "width": 8, "epochs": 10},
    },
}
