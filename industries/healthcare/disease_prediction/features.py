"""Which examinations count, and what happened in the ten years after them.

Belongs here: the label, and leaving out every column that was known only afterwards. Does not belong here: the meaning
of the remaining columns for learning (`use_case.yaml`). Times are days since a person's first examination.
"""

import polars as pl

HORIZON = 3652
"""Ten years, in days."""
SEX = {1: "man", 2: "woman"}
PREVALENT = ["PREVCHD", "PREVAP", "PREVMI"]
"""Coronary disease that was known at the examination."""
OUTCOMES = ["DEATH", "ANGINA", "HOSPMI", "MI_FCHD", "ANYCHD", "STROKE", "CVD", "HYPERTEN"]
MOMENTS = ["TIMEAP", "TIMEMI", "TIMEMIFC", "TIMECHD", "TIMESTRK", "TIMECVD", "TIMEDTH", "TIMEHYP"]
"""When each outcome came, or follow-up ended without it."""


def assemble(members: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Examinations of persons free of coronary disease whose next ten years are known, with `chd_within_10_years`.

    Known means: the disease came within the ten years, or the person was followed through all of them without it.
    """
    end = pl.col("TIME") + HORIZON
    event = (pl.col("ANYCHD") == 1) & pl.col("TIMECHD").is_between("TIME", end, closed="right")
    followed = pl.col("TIMECHD") >= end
    return (
        members["exams"]
        .filter(pl.col("PREVCHD") == 0, event | followed)
        .with_columns(
            SEX=pl.col("SEX").replace_strict(SEX, default=None, return_dtype=pl.String),
            chd_within_10_years=event.cast(pl.Int8),
        )
        .drop("TIME", *PREVALENT, *OUTCOMES, *MOMENTS)
    )
