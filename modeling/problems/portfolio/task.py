"""What to hold next month?

Belongs here: which months train, choose and test, and the step from forecasts to weights. Does not belong here:
features (`modeling.problems.portfolio.prices`), the optimiser (`modeling.problems.portfolio.weights`), scores
(`modeling.problems.portfolio.holdings`), or what reports show (`modeling.problems.portfolio.chapters`).

A row is an asset and a month; its target is the return of that month less the mean of all assets. A unit is a month:
what is scored are the weights held in it, after costs. Covariances roll forward with the months; forecasts are fitted
once, on training months.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import polars as pl

from catalogue.definition import TimeSplit, UseCase
from modeling.core.feature_set import FeatureSet
from modeling.core.features import Derive, FeatureError
from modeling.core.learner import Outcome
from modeling.core.metrics import Prepared, Score
from modeling.core.recipe import Recipe
from modeling.core.record import Chapter, Described, Gate
from modeling.core.rolling import feature_set
from modeling.core.row_task import BaseTask
from modeling.core.splits import ROLES, SplitError, assign
from modeling.core.table import Rows
from modeling.core.task import EvaluatedChampion, Metric, Predictor, Settings, TargetHolds, Units
from modeling.core.validated_data import ValidatedData
from modeling.problems.portfolio.holdings import SCORES, Held, held
from modeling.problems.portfolio.portfolios import Portfolios, above_luck
from modeling.problems.portfolio.prices import (
    DAY,
    HISTORY,
    RETURNS,
    Prices,
    PricesRecipe,
    outcomes_of,
    relative,
    returns_of,
    starts_of,
)
from modeling.problems.portfolio.settings import PortfolioSettings
from modeling.problems.portfolio.weights import Mandate, weights

_CHECKED_MONTHS = 3


@dataclass(frozen=True)
class Portfolio(BaseTask[PortfolioSettings]):
    """Weights ``[months, assets]``, long only and fully invested; the truth are daily returns
    ``[months, days, assets]``, NaN after a month's last day."""

    name: ClassVar[str] = "portfolio"
    unit: ClassVar[str] = "months"
    settings_type: ClassVar[type[Settings]] = PortfolioSettings
    recipe_type: ClassVar[type[Recipe]] = PricesRecipe
    target_holds: ClassVar[TargetHolds] = "a number"
    trivial: ClassVar[str] = "equal_weight"
    learners: ClassVar[tuple[str, ...]] = ("minimum_variance", "ridge", "lightgbm", "mlp")
    extra: ClassVar[str | None] = "portfolio"
    blends: ClassVar[bool] = False
    by_row: ClassVar[bool] = False

    def outcome(self, classes: list[str]) -> Outcome:
        """Always `regression`: the return of an asset over the next month."""
        return "regression"

    def metrics(self, classes: list[str]) -> dict[str, Metric]:
        """Of the portfolio held, net of costs, in the order of `SCORES`."""
        return {
            name: Metric(name, title, greater, Score(self._of_held(score)))
            for name, (title, greater, score) in SCORES.items()
        }

    def prepare(self, data: ValidatedData, use_case: UseCase, derive: Derive | None) -> FeatureSet:
        """A row for each month and asset, its features from the prices before.

        Raises
        ------
        FeatureError: features.py has `features`, or the prices can't be read. SplitError: a role is empty.
        """
        if derive is not None:
            raise FeatureError("features.py: what is known of an asset comes from its prices; write `assemble` only")
        recipe = _recipe(data.frame, use_case)
        prices = recipe.read(data.frame)
        months = self._months(assign(data.frame, use_case), prices, use_case)
        roles = [_rows(recipe, prices, starts, data.numbers) for starts in months]
        days = [rows.table.shared[RETURNS][DAY] for rows in roles]
        spans = [(prices.days[int(starts[0])], of[-1]) for starts, of in zip(months, days, strict=True)]
        targets = np.concatenate([rows.table.target for rows in roles])
        return feature_set(data, use_case, recipe, roles, spans, targets, _changed_by_the_future(recipe, prices))

    def units(self, rows: Rows) -> Units:
        """Months, drawn together by the quarter: long enough for volatility that lasts, and returns that lean on those
        before."""
        shared, starts = rows.table.shared[RETURNS], starts_of(rows)
        first = shared[DAY][starts]
        quarter = (first.dt.year() * 4 + first.dt.quarter()).to_numpy().astype(np.int64)
        return Units(outcomes_of(shared[DAY], returns_of(rows), starts), quarter)

    def answers(self, model: Predictor, rows: Rows) -> np.ndarray:
        """The weights ``[months, assets]`` that follow from the model's forecasts."""
        settings, starts = self.settings, starts_of(rows)
        forecast = model.predict(rows.table).reshape(len(starts), -1)
        mandate = Mandate(settings.cost, settings.risk_aversion, settings.lookback, settings.most)
        return weights(forecast, starts, returns_of(rows), mandate)

    def chapters(self, evaluated: EvaluatedChampion) -> list[Chapter]:
        """What the portfolio earned, what others would have, and how likely that is by chance."""
        from modeling.problems.portfolio.chapters import chapters

        return chapters(evaluated, self)

    def gates(self, evaluated: EvaluatedChampion) -> list[Gate]:
        """The champion's advantage over equal weights must be more than luck."""
        return above_luck(Portfolios(evaluated, self))

    def described(self, use_case: UseCase) -> Described:
        """Returns, made of prices."""
        return Described(
            target=f"the return of each {use_case.columns.group} over the next month, less the mean of all",
            features="returns, volatility, beta and distance from the high of the year, all from "
            f"{use_case.target} on the {HISTORY} days before the month begins",
        )

    def _of_held(self, score: Callable[[Held], Prepared]) -> Callable[[np.ndarray, np.ndarray], Prepared]:
        return lambda truth, bought: score(held(truth, bought, self.settings.cost))

    def _months(self, roles: pl.Series, prices: Prices, use_case: UseCase) -> list[np.ndarray]:
        """The first days of each role's months: those that lie in it whole, less the gap at its end."""
        starts = prices.months()
        ends = np.append(starts[1:], len(prices.days)) - 1
        role = roles.to_physical().to_numpy()[prices.row[:, 0]]
        whole = role[starts] == role[ends]
        found = [starts[whole & (role[starts] == code)] for code in range(len(ROLES))]
        apart = [of[: len(of) - self.settings.gap] for of in found[:-1]] + found[-1:]
        for name, of in zip(ROLES, apart, strict=True):
            if not of.size:
                raise SplitError(
                    f"{use_case.key}: no month is left for {name!r}: {HISTORY} days of history come first, "
                    f"and `gap: {self.settings.gap}` leaves months out; change `split` or add data"
                )
        return apart


def _recipe(frame: pl.DataFrame, use_case: UseCase) -> PricesRecipe:
    time, asset = use_case.columns.time, use_case.columns.group
    if time is None or asset is None or not isinstance(use_case.split, TimeSplit):
        raise SplitError(
            f"{use_case.key}: a portfolio needs `columns: {{time: …, group: …}}` and `split: {{by: time}}`"
        )
    unused = [name for name in frame.columns if name not in (time, asset, use_case.target)]
    return PricesRecipe(time, asset, use_case.target, dict.fromkeys(unused, "a portfolio is made of prices alone"))


def _rows(recipe: PricesRecipe, prices: Prices, starts: np.ndarray, numbers: np.ndarray) -> Rows:
    """A row for every month and asset; nothing after the last month's end is part of them."""
    month = prices.days.dt.truncate("1mo")
    end = int(starts[-1]) + int((month[int(starts[-1]) :] == month[int(starts[-1])]).sum())
    table = recipe.at(prices.until(end), starts)
    outcomes = outcomes_of(prices.days[:end], prices.returns[:end], starts)
    grown = np.prod(1 + np.nan_to_num(outcomes), axis=1) - 1
    return Rows(
        table=replace(table, target=relative(grown).ravel()),
        number=numbers[prices.row[starts].ravel()],
        group=None,
        slices=pl.DataFrame(),
    )


def _changed_by_the_future(recipe: PricesRecipe, prices: Prices) -> list[str]:
    """The features that are not the same when the prices end before their month."""
    starts = prices.months()
    some = starts[np.linspace(0, len(starts) - 1, _CHECKED_MONTHS).astype(int)]
    changed: set[str] = set()
    for start in some:
        among, alone = (recipe.at(known, np.array([start])) for known in (prices, prices.until(start)))
        changed |= {name for name in among.names if not np.array_equal(among.column(name), alone.column(name))}
    return sorted(changed)


TASK = Portfolio
