"""The ranges of an evaluated champion and of what it is compared with, and whether they hold what they promise.

Belongs here: ranges of test forecasts from errors known when they were made, and the gate on their coverage. Does not
belong here: how errors become quantiles and how those are scored (`modeling.problems.forecasting.quantiles`), or what
is shown (`modeling.problems.forecasting.chapters`).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from modeling.core.intervals import scored
from modeling.core.record import Gate, Interval
from modeling.core.table import Rows
from modeling.core.task import EvaluatedChampion, Metric, by_name
from modeling.problems.forecasting.quantiles import COVERED, Errors, adaptive, coverage
from modeling.problems.forecasting.series import MOMENTS, STEP, TYPICAL_ERROR

TOLERANCE = 0.05
"""How far the low end of the coverage's interval may lie below what the ranges promise: three outcomes in four are
still inside where four in five should be."""


@dataclass(frozen=True)
class Ranges:
    """The forecasts of the test rows, and their quantiles by the errors of validation and earlier test rows."""

    evaluated: EvaluatedChampion

    @cached_property
    def rows(self) -> pl.DataFrame:
        """`series`, step, `moment` and `origin` (a position on the grid) of every test row."""
        return _placed(self.evaluated.test)

    @cached_property
    def quantiles(self) -> dict[str, np.ndarray]:
        """Learner -> ``[n, levels]``."""
        return {name: self._quantiles(name, point) for name, point in self.evaluated.answers.items()}

    def coverage(self, rows: np.ndarray) -> Interval:
        """Of the champion's ranges on some test rows (a mask), drawn by day."""
        units, champion = self.evaluated.units, self.evaluated.champion
        group = None if units.group is None else units.group[rows]
        metrics = by_name(Metric("coverage", "coverage", True, coverage))
        found = scored(metrics, units.truth[rows], {champion: self.quantiles[champion][rows]}, group)
        return found.intervals(champion)["coverage"]

    def _quantiles(self, name: str, point: np.ndarray) -> np.ndarray:
        """In units of a series' typical error, series share their errors."""
        valid, test = self.evaluated.valid, self.evaluated.test
        size = test.table.column(TYPICAL_ERROR).astype(np.float64)
        before, now = _errors(valid, self.evaluated.on_validation(name)), _errors(test, point)
        return point[:, None] + adaptive(before, now) * size[:, None]


def _placed(rows: Rows) -> pl.DataFrame:
    number = pl.DataFrame({"number": rows.number})
    placed = number.join(rows.table.shared[MOMENTS], on="number", how="left", maintain_order="left")
    steps = rows.slices.select("series", STEP)
    return steps.with_columns(placed["moment"], origin=placed["position"] - steps[STEP])


def _errors(rows: Rows, forecast: np.ndarray) -> Errors:
    placed = _placed(rows)
    size = (rows.table.target - forecast) / rows.table.column(TYPICAL_ERROR).astype(np.float64)
    return Errors(size, placed[STEP].to_numpy(), placed["origin"].to_numpy())


def ranges_keep_promise(ranges: Ranges) -> Gate:
    """Met where the low end of the interval of the champion's coverage, drawn by day, reaches the promise less the
    tolerance. Nobody gains by wide ranges: they follow from the errors of the forecasts, which alone choose a champion.
    """
    bound, found = COVERED - TOLERANCE, ranges.coverage(np.ones(len(ranges.evaluated.units), dtype=bool))
    known = found.low is not None and found.high is not None
    between = f"{found.low:.1%} to {found.high:.1%}" if known else "no interval could be made"
    return Gate(
        name="ranges_keep_promise",
        bound=bound,
        measured=found.value,
        low=found.low,
        high=found.high,
        passed=found.low is not None and found.low >= bound,
        message=f"ranges that promise {COVERED:.0%} hold {found.value:.1%} of what came ({between}); the low end must "
        f"be at least {bound:.0%}",
    )
