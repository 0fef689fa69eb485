"""Portfolios know the past only, pay for what they trade, and are scored as the literature does."""

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import polars as pl
import pytest
from scipy.signal import lfilter

from catalogue.definition import UseCase
from modeling.core.candidate import Candidate
from modeling.core.feature_set import FeatureSet
from modeling.core.features import FeatureError
from modeling.core.intervals import scored
from modeling.core.splits import SplitError
from modeling.core.task import EvaluatedChampion
from modeling.problems import learners, tasks
from modeling.problems.portfolio.holdings import held, sharpe, tail_loss, turnover
from modeling.problems.portfolio.luck import Odds, excess, lucky_ratio, probability_above
from modeling.problems.portfolio.portfolios import Portfolios, above_luck
from modeling.problems.portfolio.prices import RETURNS, PricesRecipe, starts_of
from modeling.problems.portfolio.settings import PortfolioSettings
from modeling.problems.portfolio.task import Portfolio
from modeling.problems.portfolio.weights import Mandate, weights

from ...small_data import validated
from .tiny_portfolio import CONTENT, frame

pytest.importorskip("skfolio")

RECIPE = PricesRecipe("date", "stock", "close")
MANDATE = Mandate(cost=0.001, risk_aversion=5, lookback=120, most=1)


def prepared(rows: pl.DataFrame, **changes: Any) -> FeatureSet:
    definition = UseCase.model_validate(CONTENT | changes).placed("bank/stocks", Path("bank/stocks"))
    return tasks.task(definition).prepare(validated(rows), definition, None)


@pytest.fixture(scope="module")
def features() -> FeatureSet:
    return prepared(frame())


def test_a_month_lies_between_the_roles(features):
    roles = (features.train, features.tune, features.valid)
    ends = [rows.table.shared[RETURNS]["day"].max() for rows in roles]
    assert ends[1:] == [date(2018, 5, 31), date(2019, 5, 31)]
    tuned = features.tune.table.shared[RETURNS]["day"][starts_of(features.tune)]
    assert (tuned[0] - ends[0]).days > 28
    assert all(finding.passed for finding in features.datasheet.leakage)


def test_targets_are_the_returns_of_the_month_less_their_mean(features):
    first = frame().filter(pl.col("date").is_between(date(2018, 6, 29), date(2018, 7, 31)))
    grown = first.group_by("stock", maintain_order=True).agg(pl.last("close") / pl.first("close") - 1)["close"]
    np.testing.assert_allclose(features.valid.table.target[:6], (grown - grown.mean()).to_numpy())


def test_what_is_predicted_is_said_in_words():
    definition = UseCase.model_validate(CONTENT).placed("bank/stocks", Path("bank/stocks"))
    described = tasks.task(definition).described(definition)
    assert described is not None
    assert described.target == "the return of each stock over the next month, less the mean of all"
    assert "252 days" in described.features


def test_raw_prices_alone_give_the_features_of_training(features):
    prices = RECIPE.read(frame())
    start = prices.months()[10]
    history = frame().filter(pl.col("date") < prices.days[int(start)])
    np.testing.assert_array_equal(
        features.recipe.transform(history).numeric, RECIPE.at(prices, np.array([start])).numeric
    )


def test_later_prices_change_no_weight():
    returns = RECIPE.read(frame()).returns
    starts, forecast = np.array([300, 320, 340]), np.random.default_rng(0).normal(0, 0.01, (3, 6))
    another = returns.copy()
    another[340:] = 0.2
    np.testing.assert_array_equal(
        weights(forecast, starts, returns, MANDATE), weights(forecast, starts, another, MANDATE)
    )


def test_weights_follow_risk_where_no_return_is_forecast_and_the_forecast_where_there_is_one():
    draw = np.random.default_rng(0)
    returns = draw.normal(0, [0.005, 0.02, 0.02], (400, 3))
    starts = np.array([300])
    by_risk = weights(np.zeros((1, 3)), starts, returns, MANDATE)[0]
    by_return = weights(np.array([[0, 0, 0.2]]), starts, returns, MANDATE)[0]
    assert by_risk.argmax() == 0 and by_return.argmax() == 2
    np.testing.assert_allclose([by_risk.sum(), by_return.sum()], 1)
    assert min(by_risk.min(), by_return.min()) > -1e-6


def test_what_costs_more_is_traded_less():
    returns = RECIPE.read(frame()).returns
    starts, forecast = np.arange(300, 500, 21), np.random.default_rng(0).normal(0, 0.02, (10, 6))
    traded = [
        np.abs(np.diff(weights(forecast, starts, returns, Mandate(cost, 5, 120, 1)), axis=0)).sum()
        for cost in (0.0, 0.05)
    ]
    assert traded[1] < 0.5 * traded[0]


def test_no_forecast_is_one_share_of_each(features):
    task = Portfolio(Portfolio.settings_type.model_validate(CONTENT["settings"]))
    bought = task.answers(learners.learner("equal_weight")(), features.valid)
    np.testing.assert_array_equal(bought, np.full((len(task.units(features.valid)), 6), 1 / 6))


def test_value_drifts_between_trades_and_trading_costs():
    truth = np.array([[[0.1, 0.0], [0.0, 0.1]], [[0.0, 0.0], [np.nan, np.nan]]])
    of = held(truth, np.full((2, 2), 0.5), cost=0.01)
    np.testing.assert_allclose(of.traded, [1.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(of.wealth, [1.1 * 0.99, 1.1 * 0.99])
    assert np.isnan(of.net[1, 1])
    np.testing.assert_allclose(held(truth, np.array([[1.0, 0.0], [0.0, 1.0]]), 0.01).traded, [1.0, 2.0])


def test_scores_equal_their_definitions():
    truth = np.random.default_rng(0).normal(0.0005, 0.01, (40, 21, 3))
    of = held(truth, np.full((40, 3), 1 / 3), cost=0.001)
    days, once = of.net.ravel(), np.ones(40)
    assert sharpe(of)(once) == pytest.approx(days.mean() / days.std() * np.sqrt(252))
    assert tail_loss(of)(once) == pytest.approx(-np.sort(days)[:42].mean())
    assert turnover(of)(once) == pytest.approx(12 * of.traded.mean())


def test_a_month_drawn_twice_weighs_twice():
    truth = np.random.default_rng(0).normal(0.0005, 0.01, (4, 21, 3))
    of = held(truth, np.full((4, 3), 1 / 3), cost=0.0)
    twice = np.concatenate([of.net, of.net[:1]]).ravel()
    weight = np.array([2.0, 1, 1, 1])
    assert sharpe(of)(weight) == pytest.approx(twice.mean() / twice.std() * np.sqrt(252))
    assert tail_loss(of)(weight) == pytest.approx(-(np.sort(twice)[:5].sum() + 0.25 * np.sort(twice)[5]) / 5.25)


def test_the_deepest_fall_is_from_the_last_high():
    truth = np.array([0.5, -0.2, -0.5, 1.0])[:, None, None]
    np.testing.assert_allclose(held(truth, np.ones((4, 1)), 0).drawdown, [0, -0.2, -0.6, -0.2])


def test_the_more_is_tried_the_higher_the_hurdle():
    trials = np.random.default_rng(0).normal(0, 0.02, 50)
    hurdles = [lucky_ratio(trials, count, 10_000) for count in (1, 2, 10, 1000)]
    assert hurdles == sorted(hurdles) and hurdles[0] == 0
    drawn = np.random.default_rng(1).normal(0, trials.std(ddof=1), (4000, 10)).max(axis=1).mean()
    assert hurdles[2] == pytest.approx(drawn, rel=0.05)


def test_trials_that_hardly_differ_are_a_hurdle_as_high_as_noise():
    """The largest of ten standard normal numbers is 1.539 on average (Harter 1961); ratios over 400 days spread by
    1/20."""
    assert lucky_ratio(np.array([0.01, 0.0101]), 10, 400) == pytest.approx(1.539 / 20, rel=0.03)


def test_hurdle_and_probability_are_those_of_the_published_example():
    """Bailey & López de Prado 2014: 100 trials whose yearly ratios have variance 1/2, a yearly ratio of 2.5 over 1,250
    days, 250 a year, with skew -3 and kurtosis 10, which only two values, 1,145 and 105 times, have."""
    trials = np.array([-1, 1]) * np.sqrt(0.5 / 250 / 2)
    hurdle = lucky_ratio(trials, 100, 1250)
    assert hurdle == pytest.approx(0.1132, abs=0.0001)
    days = np.repeat([1.0, 0.0], [1145, 105])
    days = 2.5 / np.sqrt(250) + (days - days.mean()) / days.std()
    assert probability_above(days, hurdle) == pytest.approx(0.9004, abs=0.0005)


def test_a_ratio_as_high_as_the_hurdle_is_an_even_bet_and_crashes_make_it_less_sure():
    draw = np.random.default_rng(0)
    drawn = draw.normal(0, 1, 1000), -draw.exponential(1, 1000)
    calm, crashing = (0.1 + (days - days.mean()) / days.std() for days in drawn)
    assert probability_above(calm, 0.1) == pytest.approx(0.5)
    assert probability_above(crashing, 0.05) < probability_above(calm, 0.05) < 1


def test_of_two_hundred_random_portfolios_as_many_are_above_luck_as_should_be():
    """Twenty stocks that rise alike, as large American ones did, in fifty markets. Nobody has skill, so one in twenty
    exceeds the bar of 0.95: 10 of 200, give or take 3.1 (binomial). Against zero, most do."""
    draw = np.random.default_rng(0)
    above_zero, above_luck = [], []
    for _ in range(50):
        truth = 0.0006 + draw.normal(0, 0.01, (120, 21, 1)) + draw.normal(0, 0.012, (120, 21, 20))
        equal = held(truth, np.full((120, 20), 1 / 20), 0.001)
        for bought in draw.dirichlet(np.ones(20), 4):
            of = held(truth, np.tile(bought, (120, 1)), 0.001)
            above_zero.append(probability_above(of.days, 0.0) > 0.95)
            above_luck.append(Odds.of(excess(of, equal), np.empty(0), 1).above_luck > 0.95)
    assert 10 - 3 * 3.1 < sum(above_luck) < 10 + 3 * 3.1
    assert sum(above_zero) > 150


def clustered_returns(draw: np.random.Generator) -> np.ndarray:
    """108 months of ten exchangeable stocks: volatility that lasts for months, returns that lean on the day before."""
    shocks = draw.normal(0, np.sqrt(1 - 0.98**2), 108 * 21)
    volatility = np.exp(0.5 * lfilter([1], [1, -0.98], shocks))[:, None]
    returns = volatility * (0.008 * draw.normal(size=(108 * 21, 1)) + 0.012 * draw.normal(size=(108 * 21, 10)))
    returns[1:] += 0.1 * returns[:-1]
    return (0.0005 + returns).reshape(108, 21, 10)


def test_a_lift_drawn_by_quarters_is_as_sure_as_it_says_where_returns_cluster():
    """Two halves of the stocks, no true difference: of 1,140 intervals of 95 %, 92.5 % held zero; of 120 it is that,
    give or take 2.4 %. Unpaired ones would nearly all."""
    draw, quarter = np.random.default_rng(1), np.arange(108) // 3
    task = Portfolio(PortfolioSettings.model_validate(CONTENT["settings"]))
    metrics = {"sharpe": task.metrics([])["sharpe"]}
    halves = {"one": np.tile([0.2] * 5 + [0.0] * 5, (108, 1)), "other": np.tile([0.0] * 5 + [0.2] * 5, (108, 1))}
    lifts = [
        scored(metrics, clustered_returns(draw), halves, quarter, 200).lift("one", "other", "sharpe")
        for _ in range(120)
    ]
    assert 0.87 <= np.mean([lift.low <= 0 <= lift.high for lift in lifts]) <= 0.99


def judged(features: FeatureSet, champion: str, answers: dict[str, np.ndarray], trials: int = 0) -> Portfolios:
    """The champion's portfolios `answers` of the test months; the rules that need no training were tried."""
    task = Portfolio(PortfolioSettings.model_validate(CONTENT["settings"] | {"trials": trials}))
    rules = {name: learners.learner(name)() for name in ("equal_weight", "minimum_variance")}
    candidates = [SimpleNamespace(name=name, learner=rule) for name, rule in rules.items()]
    test = features.open_test()
    evaluated = EvaluatedChampion(
        use_case=UseCase.model_validate(CONTENT).placed("bank/stocks", Path("bank/stocks")),
        classes=[],
        train=features.train,
        valid=features.valid,
        test=test,
        units=task.units(test),
        candidates=cast("list[Candidate]", candidates),
        champion=champion,
        model=rules[champion],
        answers=answers,
        validation=task.answers(rules[champion], features.valid),
    )
    return Portfolios(evaluated, task)


def bought(features: FeatureSet, weights: list[float]) -> np.ndarray:
    task = Portfolio(PortfolioSettings.model_validate(CONTENT["settings"]))
    return np.tile(weights, (len(task.units(features.open_test())), 1))


def test_luck_holds_a_champion_and_foresight_passes(features):
    """Whoever holds the stocks that will rise most has an advantage that no luck explains; half of each of two stocks
    picked blindly has not."""
    truth = Portfolio(PortfolioSettings.model_validate(CONTENT["settings"])).units(features.open_test()).truth
    best = np.prod(1 + np.nan_to_num(truth), axis=1).argmax(axis=1)
    equal = bought(features, [1 / 6] * 6)
    for chosen, passes in ((bought(features, [0.5, 0.5, 0, 0, 0, 0]), False), (np.eye(6)[best], True)):
        (gate,) = above_luck(judged(features, "minimum_variance", {"minimum_variance": chosen, "equal_weight": equal}))
        assert (gate.passed, gate.bound) == (passes, 0.95)


def test_earlier_trials_raise_the_hurdle_on_the_test(features):
    answers = {
        "minimum_variance": bought(features, [0.5, 0.5, 0, 0, 0, 0]),
        "equal_weight": bought(features, [1 / 6] * 6),
    }
    first, later = (judged(features, "minimum_variance", answers, trials).sealed for trials in (0, 20))
    assert first.hurdle == 0 < later.hurdle and later.above_luck < first.above_luck


def test_equal_weights_claim_no_skill_and_a_copy_of_them_has_none(features):
    equal = bought(features, [1 / 6] * 6)
    assert above_luck(judged(features, "equal_weight", {"equal_weight": equal})) == []
    (gate,) = above_luck(judged(features, "minimum_variance", {"minimum_variance": equal, "equal_weight": equal}))
    assert not gate.passed and gate.measured is None


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (frame().filter(pl.int_range(pl.len()) != 700), r"stock 'e' has on 2015-06-12 no positive price; deliver it"),
        (pl.concat([frame(), frame().tail(1)]), r"stock 'f' has on 2020-06-30 more than one price; keep one \(2 such"),
        (
            frame().with_columns(close=pl.when(pl.int_range(pl.len()) == 700).then(0.0).otherwise("close")),
            "stock 'e' has on 2015-06-12 no positive price",
        ),
    ],
    ids=["gap", "repeated", "worthless"],
)
def test_prices_that_cannot_be_are_refused_by_stock_and_day(rows, message):
    with pytest.raises(FeatureError, match=message):
        prepared(rows)


def test_too_short_a_history_is_refused(features):
    with pytest.raises(FeatureError, match="the prices cover 100 days; more than 252 are needed"):
        features.recipe.transform(frame().head(600))


def test_a_role_without_a_whole_month_is_refused():
    with pytest.raises(SplitError, match="no month is left for 'valid'"):
        prepared(frame(), split={"by": "time", "valid_from": date(2019, 6, 1), "test_from": date(2019, 7, 1)})
