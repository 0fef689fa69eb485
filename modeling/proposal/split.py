"""How the rows of a table are split into training, validation and test.

Belongs here: the choice between time, group and chance, and whether a split by time leaves each part enough. Does not
belong here: making the split (`modeling.core.splits`), or which column is time or group (`modeling.proposal.columns`).
"""

from typing import Any

import polars as pl
import polars.selectors as cs

from catalogue.definition import TimeSplit
from modeling.core import splits
from modeling.proposal.columns import Roles, roles
from modeling.proposal.target import TargetProposal

SHARES = {"valid": 0.15, "test": 0.25}
SMALLEST_ROLE = 0.05
"""Share of the rows below which a role is too small to learn or test on."""
RARE_CLASS = 0.05
CUT = ("train", "valid", "test")
"""The parts of the time; rows that tune are drawn from the first."""


def cut_or_not(rows: pl.DataFrame, target: str, found: TargetProposal, meant: Roles) -> Roles:
    """The roles of columns where the time can't part the rows: it is a feature then, and units are kept together."""
    if meant.time is None or not (why := _no_cut(rows, target, found, meant.time)):
        return meant
    orderless = roles(rows.drop(cs.by_name(target)), ordered=False)
    orderless.doubts.append(f"{meant.time!r} is a feature and does not part the rows: {why}")
    return orderless


def split(found: TargetProposal, meant: Roles) -> tuple[dict[str, Any], str]:
    """How to part the rows, and why."""
    if meant.time is not None:
        return {"by": "time", **SHARES}, f"{meant.time!r} orders the rows: the future is predicted"
    if meant.group is not None:
        return {"by": "group", **SHARES}, f"rows of one {meant.group!r} are alike"
    if found.is_classes:
        because = "nothing orders or groups the rows; every role gets its share of every class"
        return {"by": "random", "stratify": "target", **SHARES}, because
    return {"by": "random", **SHARES}, "nothing orders or groups the rows"


def _no_cut(rows: pl.DataFrame, target: str, found: TargetProposal, time: str) -> str:
    """Why a split by time would not do; empty where it does."""
    cut = TimeSplit(by="time", **SHARES)
    known = rows.filter(rows[time].is_not_null())
    try:
        part = splits.by_time(known[time], cut)
    except splits.SplitError as error:
        return str(error)
    sizes = part.value_counts(name="rows")["rows"]
    if len(sizes) < len(CUT) or int(str(sizes.min())) < SMALLEST_ROLE * known.height:
        return "too many rows are of one moment"
    if found.is_classes and (lacking := _lacking(known[target], part)):
        return f"the class {lacking!r} is missing in a part of the time"
    return ""


def _lacking(target: pl.Series, part: pl.Series) -> str | None:
    """A class that a role lacks; of many classes the rare ones may."""
    counts = target.alias("class").value_counts(name="rows")
    classes = counts.filter(pl.col("rows") >= RARE_CLASS * len(target))["class"]
    held = pl.DataFrame({"class": target, "role": part}).unique().group_by("class").len()
    whole = held.filter(pl.col("len") == len(CUT))["class"]
    least = target.unique() if target.n_unique() == 2 else classes
    return next((str(name) for name in least if name not in whole), None)
