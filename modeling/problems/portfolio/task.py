"""What to hold next month?

Belongs here: which months train, choose and test, the step from forecasts to weights, and what is shown of a judged
strategy. Does not belong here: features, optimiser and scores (`modeling.problems.portfolio.portfolios`).

A row is an asset and a month; its target is the return of that month less the mean of all assets. A unit is a month:
what is judged are the weights held in it, after costs. Covariances roll forward with the months; forecasts are fitted
once, on training months.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import polars as pl
from pydantic import Field

from catalogue.definition import TimeSplit, UseCase
from modeling.core.features import Derive, FeatureError
from modeling.core.learner import Outcome
from modeling.core.metrics import Score
from modeling.core.recipe import Recipe
from modeling.core.record import Chapter, Line, LineChart, Listing
from modeling.core.row_task import BaseTask
from modeling.core.splits import ROLES, SplitError, assign
from modeling.core.table import Rows
from modeling.core.task import Judged, Metric, Predictor, Settings, TargetHolds, Units
from modeling.core.validated_data import ValidatedData
from modeling.problems.portfolio import portfolios
from modeling.problems.portfolio.portfolios import DAY, MONTH, RETURNS, Held, Mandate, Prices, PricesRecipe

if TYPE_CHECKING:
    from modeling.core.feature_set import FeatureSet

_CHECKED_MONTHS = 3


class PortfolioSettings(Settings):
    cost_bp: float = Field(default=10.0, ge=0, description="cost of buying or selling, in hundredths of a percent")
    risk_aversion: float = Field(default=5.0, gt=0, description="what a unit of variance costs in return")
    lookback: int = Field(default=504, ge=60, description="days of returns a covariance is estimated on")
    most: float = Field(default=0.25, gt=0, le=1, description="the largest weight of an asset")
    gap: int = Field(default=1, ge=0, description="months left out at the end of training and of validation")
    trials: int = Field(default=0, ge=0, description="strategies tried on these prices before, and no longer listed")


@dataclass(frozen=True)
class Portfolio(BaseTask):
    """Weights ``[months, assets]``, long only and fully invested; the truth are daily returns
    ``[months, days, assets]``, NaN after a month's last day."""

    settings: PortfolioSettings = field(default_factory=PortfolioSettings)

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

    @property
    def cost(self) -> float:
        """Of buying or selling one unit of value."""
        return self.settings.cost_bp / 10_000

    def outcome(self, classes: list[str]) -> Outcome:
        return "regression"

    def metrics(self, classes: list[str]) -> dict[str, Metric]:
        return {
            name: Metric(name, title, greater, Score(self._of_held(score)))
            for name, (title, greater, score) in portfolios.SCORES.items()
        }

    def prepare(self, data: ValidatedData, use_case: UseCase, derive: Derive | None) -> "FeatureSet":
        from modeling.core.rolling import feature_set

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
        """Months, drawn together by the quarter."""
        shared, starts = rows.table.shared[RETURNS], _starts(rows)
        first = shared[DAY][starts]
        quarter = (first.dt.year() * 4 + first.dt.quarter()).to_numpy().astype(np.int64)
        return Units(_outcomes(shared[DAY], _returns(rows), starts), quarter)

    def answers(self, model: Predictor, rows: Rows) -> np.ndarray:
        """The weights ``[months, assets]`` that follow from the model's forecasts."""
        asked, starts = self.settings, _starts(rows)
        forecast = model.predict(rows.table).reshape(len(starts), -1)
        mandate = Mandate(self.cost, asked.risk_aversion, asked.lookback, asked.most)
        return portfolios.weights(forecast, starts, _returns(rows), mandate)

    def chapters(self, judged: Judged) -> list[Chapter]:
        shown = _ShownPortfolio(judged, self)
        return [_equity(shown), _compared(shown), _luck(shown)]

    def _of_held(self, score: Callable[[Held], portfolios.Prepared]) -> Callable[..., portfolios.Prepared]:
        return lambda truth, bought: score(portfolios.held(truth, bought, self.cost))

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
                    f"{use_case.key}: no month is left for {name!r}: {portfolios.HISTORY} days of history come first, "
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
    outcomes = _outcomes(prices.days[:end], prices.returns[:end], starts)
    grown = np.prod(1 + np.nan_to_num(outcomes), axis=1) - 1
    return Rows(
        table=replace(table, target=portfolios.relative(grown).ravel()),
        number=numbers[prices.row[starts].ravel()],
        group=None,
        slices=pl.DataFrame(),
    )


def _starts(rows: Rows) -> np.ndarray:
    """``[m]``: the positions of the first days of the months of `rows`."""
    return rows.table.content[MONTH].unique(maintain_order=True).to_numpy()


def _returns(rows: Rows) -> np.ndarray:
    """``[t, a]``: daily returns until the end of the last month."""
    return rows.table.shared[RETURNS].drop(DAY).to_numpy()


def _outcomes(days: pl.Series, returns: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """``[m, d, a]``: the daily returns of each month, NaN after its last day."""
    month = days.dt.truncate("1mo")
    lengths = [int((month[int(start) : int(start) + 31] == month[int(start)]).sum()) for start in starts]
    outcomes = np.full((len(starts), max(lengths), returns.shape[1]), np.nan)
    for of_month, start, length in zip(outcomes, starts, lengths, strict=True):
        of_month[:length] = returns[start : start + length]
    return outcomes


def _changed_by_the_future(recipe: PricesRecipe, prices: Prices) -> list[str]:
    """The features that are not the same when the prices end before their month."""
    starts = prices.months()
    some = starts[np.linspace(0, len(starts) - 1, _CHECKED_MONTHS).astype(int)]
    changed: set[str] = set()
    for start in some:
        among, alone = (recipe.at(known, np.array([start])) for known in (prices, prices.until(start)))
        changed |= {name for name in among.names if not np.array_equal(among.column(name), alone.column(name))}
    return sorted(changed)


@dataclass(frozen=True)
class _ShownPortfolio:
    """The judged portfolios and what became of them in the test months."""

    judged: Judged
    task: Portfolio

    @cached_property
    def held(self) -> dict[str, Held]:
        truth = self.judged.units.truth
        return {name: portfolios.held(truth, bought, self.task.cost) for name, bought in self.judged.answers.items()}

    @property
    def months(self) -> list[str]:
        """The first day of every test month."""
        days = self.judged.test.table.shared[RETURNS][DAY]
        return [day.isoformat() for day in days[_starts(self.judged.test)]]

    @cached_property
    def tried(self) -> dict[str, Held]:
        """Every candidate in the validation months, where the choice was made."""
        valid, task = self.judged.valid, self.task
        truth = task.units(valid).truth
        return {
            one.name: portfolios.held(truth, task.answers(one.learner, valid), task.cost)
            for one in self.judged.candidates
        }


def _equity(shown: _ShownPortfolio) -> Chapter:
    wealth = {name: of.wealth for name, of in shown.held.items()}
    drawdown = {name: of.drawdown for name, of in shown.held.items()}
    return Chapter(
        title="What became of the money",
        reading="The value of one unit invested at the start of the test, after costs, and how far it stood below its "
        "last high. A strategy is worth its effort where its line ends higher, or falls less deep, than equal weights.",
        term="Buy and hold within the month, rebalanced at the last close before it; proportional costs; values at "
        "month ends. Interest on cash and taxes are left out.",
        exhibits=[
            _by_month(shown, "Value of one invested", "value, after costs", wealth),
            _by_month(shown, "Drawdown", "value relative to its last high", drawdown),
        ],
    )


def _by_month(shown: _ShownPortfolio, title: str, y_title: str, lines: dict[str, np.ndarray]) -> LineChart:
    return LineChart(
        title=title,
        caption="Month by month over the test.",
        x_title="month",
        y_title=y_title,
        lines={name: Line(x=shown.months, y=values.tolist()) for name, values in lines.items()},
    )


def _compared(shown: _ShownPortfolio) -> Chapter:
    once = np.ones(len(shown.judged.units))
    measured: dict[str, list[float | None]] = {
        title: [score(of)(once) for of in shown.held.values()] for title, _, score in portfolios.SCORES.values()
    }
    measured["deepest drawdown"] = [float(of.drawdown.min()) for of in shown.held.values()]
    measured["largest weight"] = [float(bought.max()) for bought in shown.judged.answers.values()]
    return Chapter(
        title="Return, risk and effort",
        reading="What each portfolio earned, what it risked for that, and how much had to be traded.",
        term="Daily returns of the test months after costs. The drawdown, from month ends, has no interval: it hangs "
        "on the order of the months, which a bootstrap does not keep.",
        exhibits=[Listing(title="The test months", columns={"portfolio": list(shown.held), **measured})],
    )


def _luck(shown: _ShownPortfolio) -> Chapter:
    daily = {name: of.days.mean() / of.days.std() for name, of in shown.tried.items()}
    count = len(daily) + shown.task.settings.trials
    hurdle = portfolios.lucky_sharpe(np.array(list(daily.values())), count)
    champion, year = shown.judged.champion, float(np.sqrt(portfolios.DAYS_A_YEAR))
    chosen, sealed = shown.tried[champion].days, shown.held[champion].days
    champions: dict[str, list[float | None]] = {
        "Sharpe ratio": [float(days.mean() / days.std() * year) for days in (chosen, sealed)],
        "the best of the trials by luck": [hurdle * year, hurdle * year],
        "probability above zero": [portfolios.probability_above(days, 0.0) for days in (chosen, sealed)],
        "probability above luck": [portfolios.probability_above(days, hurdle) for days in (chosen, sealed)],
    }
    return Chapter(
        title="Skill or luck",
        reading="Who tries many strategies finds a good-looking one by chance. The last column says how likely the "
        "champion's ratio is more than the best that so many tries without skill would show; 0.95 is the usual bar.",
        term="Deflated Sharpe ratio (Bailey & López de Prado 2014): hurdle from the number of trials and the spread of "
        "their Sharpe ratios on validation months, skew and kurtosis of daily returns considered.",
        exhibits=[
            Listing(
                title=f"All strategies listed, on validation months; {count:,} trials counted",
                columns={"strategy": [*daily], "Sharpe ratio": [float(ratio * year) for ratio in daily.values()]},
            ),
            Listing(
                title=f"The champion, {champion}",
                columns={"on": ["validation, where it was chosen", "the sealed test"], **champions},
            ),
        ],
    )


TASK = Portfolio
