"""How often the intervals cover the truth: as often as they say, no less and no more; and what they are at the ends."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import binom, binomtest, norm, sem, t

from benchmarks.coverage import AUC, RIGHT, WORLDS, coverage, dominant, equal
from modeling.core import intervals
from modeling.core.intervals import (
    ANYTHING,
    Scored,
    clusters,
    difference,
    estimated,
    independent,
    interval,
    resampled,
    sampling,
    scored,
    share,
)
from modeling.core.metrics import accuracy, mae, mean, r2, rmse
from modeling.core.record import Interval
from modeling.core.task import Metric

SIMULATIONS = 2000
TOLERANCE = 0.02
"""On the share of covered simulations, which share the bootstrap's weights; those of five clusters are no normal ones,
which costs 0.01."""


@dataclass(frozen=True)
class Case:
    """`rows` rows that are drawn as `units`: each alone, or by the `cluster` ``[rows]`` they belong to."""

    rows: int
    units: int
    cluster: np.ndarray | None = None


def few(units: int) -> Case:
    return Case(10 * units, units, np.repeat(np.arange(units), 10))


def covered(case: Case) -> float:
    """In which share of the simulations the interval of a mean covers 0, the true mean.

    A mean is linear in the weights, so the weights of one bootstrap serve every simulation.
    """
    of_row = [lambda weight, row=row: weight[row] for row in range(case.rows)]
    weights = resampled(of_row, case.cluster, case.rows)
    effects = np.random.default_rng(1).normal(size=(SIMULATIONS, case.units))
    values = effects if case.cluster is None else effects[:, case.cluster]
    draws = values @ (weights / weights.sum(axis=1, keepdims=True)).T
    of = sampling(clusters(case.rows, case.cluster))
    found = [interval(value, drawn, of, ANYTHING) for value, drawn in zip(values.mean(axis=1), draws, strict=True)]
    return float(np.mean([one.low <= 0 <= one.high for one in found]))


CASES = {
    "rows that stand alone": Case(400, 400),
    "thirty rows": Case(30, 30),
    "thirty clusters": few(30),
    "eleven clusters": few(11),
    "nine clusters": few(9),
    "seven clusters": few(7),
    "five clusters": few(5),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


def test_the_tolerance_raises_a_false_alarm_at_less_than_one_seed_in_two_hundred():
    of = binom(SIMULATIONS, 0.95)
    low, high = ((0.95 + sign * (TOLERANCE - 0.005)) * SIMULATIONS for sign in (-1, 1))
    assert of.cdf(low) + of.sf(high) < 0.005


def test_an_interval_of_95_percent_covers_the_truth_as_often(case: Case):
    assert covered(case) == pytest.approx(0.95, abs=TOLERANCE)


@pytest.mark.parametrize("tail", [0.05, 0.0125])
def test_intervals_of_90_and_of_97_5_percent_would_be_noticed(tail: float, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(intervals, "TAIL", tail)
    assert covered(few(11)) != pytest.approx(0.95, abs=TOLERANCE)


@pytest.mark.parametrize("count", [5, 11, 30])
def test_equal_clusters_widen_by_students_t_and_the_lost_degree_of_freedom(count: int):
    """Without it the interval covers 2 F(z sqrt((k - 1) / k)) - 1 with F of t(k - 1): 84 % of five clusters."""
    of = sampling(np.repeat(np.arange(count), 4))
    assert of.widening == pytest.approx(t.ppf(0.975, count - 1) / norm.ppf(0.975) * np.sqrt(count / (count - 1)))


def test_a_dominant_cluster_counts_as_few():
    """60 % in one and 10 % in each of four: 1 / (0.36 + 0.04)."""
    of = sampling(np.repeat(np.arange(5), [60, 10, 10, 10, 10]))
    assert (of.clusters, of.largest) == (5, 0.6)
    assert of.effective == pytest.approx(2.5)


@pytest.mark.parametrize("deal", [equal, dominant])
@pytest.mark.parametrize("world", WORLDS[2:], ids=lambda world: world.name)
def test_scores_between_0_and_1_are_covered_on_nine_clusters(world, deal):
    """200 simulations of an interval that covers 95 % fall below 90.5 % in one seed of two hundred."""
    assert binom(200, 0.95).cdf(0.905 * 200 - 1) < 0.005
    found = coverage(world, deal(9), simulations=200, resamples=200)
    assert found.interval >= 0.905
    assert found.percentile < found.interval


# the ends


def of_binary(metric: Metric, target: np.ndarray, predicted: np.ndarray, group: np.ndarray | None = None) -> Interval:
    return scored({metric.name: metric}, target, {"model": predicted}, group).intervals("model")[metric.name]


ACCURACY = Metric("accuracy", "accuracy", True, accuracy)


def test_all_right_is_no_certainty():
    target = np.repeat([0.0, 1.0], 50)
    found = of_binary(ACCURACY, target, target)
    assert (found.value, found.high) == (1, 1)
    assert found.low == pytest.approx(binomtest(100, 100).proportion_ci(method="exact").low)


def test_none_wrong_is_no_certainty():
    found = of_binary(RIGHT, np.zeros(40), np.zeros(40))
    assert (found.value, found.low) == (0, 0)
    assert found.high == pytest.approx(binomtest(0, 40).proportion_ci(method="exact").high)


def test_clusters_that_are_all_right_are_trials_not_their_rows():
    target = np.tile([0.0, 1.0], 60)
    found = of_binary(ACCURACY, target, target, np.repeat(np.arange(12), 10))
    assert found.low == pytest.approx(binomtest(12, 12).proportion_ci(method="exact").low)


def test_classes_told_apart_without_error_are_as_sure_as_disjoint_pairs():
    """20 events and 80 others make 20 pairs that share no row, all of them in order."""
    target = np.repeat([1.0, 0.0], [20, 80])
    found = of_binary(AUC, target, target)
    assert (found.value, found.high) == (1, 1)
    assert found.low == pytest.approx(binomtest(20, 20).proportion_ci(method="exact").low)


def test_a_share_of_rows_that_stand_alone_has_wilsons_interval():
    right = np.repeat([1.0, 0.0], [190, 10])
    expected = binomtest(190, 200).proportion_ci(method="wilson")
    found = of_binary(RIGHT, right, right)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.003)


def test_a_score_that_is_not_sampled_is_certain():
    target = np.tile([0.0, 1.0], 50)
    found = of_binary(AUC, target, np.full(100, 0.3))
    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize("score", [rmse, mae, r2])
def test_a_perfect_score_that_has_no_trials_has_no_interval(score):
    target = np.arange(20.0)
    found = of_binary(Metric("score", "score", True, score), target, target)
    assert (found.low, found.high) == (None, None)


def test_a_widened_interval_stays_where_the_score_can_be():
    rng = np.random.default_rng(0)
    target = rng.normal(size=5)
    found = of_binary(Metric("r2", "R²", True, r2), target, target + 0.2 * rng.normal(size=5))
    assert found.low < found.value < found.high <= 1


def test_a_share_among_no_rows_is_none():
    assert share(np.ones(3, dtype=bool), np.zeros(3, dtype=bool), None) is None


def test_the_rarest_mask_says_how_many_trials_there_are():
    rare = np.arange(100) < 8
    assert independent([rare, ~rare], None) == pytest.approx(8)
    assert independent([rare, ~rare], np.arange(100) // 4) == pytest.approx(2)
    assert independent([rare, np.zeros(100, dtype=bool)], None) == 0


def test_one_cluster_has_no_interval():
    found = estimated(mean(np.arange(5.0)), 5, np.zeros(5))
    assert (found.value, found.low, found.high) == (2, None, None)


# differences


def test_independent_shares_differ_as_in_newcombes_example():
    """Newcombe 1998, table II, method 10: 56 of 70 against 48 of 80."""
    one, other = (
        Interval(value=hits / rows, low=ends.low, high=ends.high)
        for hits, rows in ((56, 70), (48, 80))
        for ends in [binomtest(hits, rows).proportion_ci(method="wilson")]
    )
    found = difference(one, other)
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def of_means(values: dict[str, np.ndarray], group: np.ndarray | None = None) -> Scored:
    error = Metric("error", "error", False, mae)
    rows = len(next(iter(values.values())))
    return scored({"error": error}, np.zeros(rows), values, group)


def test_the_standard_error_of_a_difference_is_that_of_its_rows():
    rng = np.random.default_rng(0)
    easy = rng.exponential(size=300)
    values = {"one": easy, "other": easy + rng.exponential(size=300)}
    found = of_means(values).standard_error("one", "other", "error")
    assert found == pytest.approx(sem(values["other"] - values["one"]), rel=0.07)


def test_the_standard_error_of_few_clusters_is_that_of_their_means():
    rng = np.random.default_rng(0)
    effect = rng.exponential(size=6)
    group = np.repeat(np.arange(6), 20)
    found = of_means({"one": effect[group], "other": np.zeros(120)}, group).standard_error("one", "other", "error")
    assert found == pytest.approx(sem(effect), rel=0.07)


def test_one_cluster_has_no_standard_error():
    values = {"one": np.ones(5), "other": np.zeros(5)}
    assert of_means(values, np.zeros(5)).standard_error("one", "other", "error") is None


@pytest.mark.parametrize(("count", "decisive"), [(9, False), (10, True)])
def test_nothing_is_decisive_on_fewer_than_ten_clusters(count: int, decisive: bool):
    group = np.repeat(np.arange(count), 20)
    errors = np.random.default_rng(0).uniform(0.9, 1.1, size=len(group))
    lift = of_means({"good": 0.1 * errors, "bad": errors}, group).lift("good", "bad", "error")
    assert lift.low > 0
    assert (lift.decisive, lift.clusters) == (decisive, count)
    assert lift.note == ("" if decisive else "9 independent clusters: fewer than 10 are too few to decide")


def test_a_lift_says_when_one_cluster_holds_most_rows():
    group = np.repeat(np.arange(21), np.append(300, np.full(20, 10)))
    errors = np.random.default_rng(0).uniform(0.9, 1.1, size=len(group))
    lift = of_means({"good": 0.1 * errors, "bad": errors}, group).lift("good", "bad", "error")
    assert lift.note == "one of 21 clusters holds 60% of what is scored"


def test_the_gain_of_a_perfect_model_is_as_sure_as_its_score():
    target = np.repeat([1.0, 0.0], [20, 80])
    models = {"perfect": target, "also": target + 1, "constant": np.zeros(100)}
    both = scored({"auc": AUC}, target, models, None)
    least = binomtest(20, 20).proportion_ci(method="exact").low
    gain, loss = both.lift("perfect", "constant", "auc"), both.lift("constant", "perfect", "auc")
    assert (gain.low, gain.high) == pytest.approx((least - 0.5, 0.5))
    assert (loss.low, loss.high) == pytest.approx((-0.5, 0.5 - least))
    equal_ones = both.lift("perfect", "also", "auc")
    assert (equal_ones.low, equal_ones.high) == pytest.approx((least - 1, 1 - least))
    assert not equal_ones.decisive
    itself = both.lift("perfect", "perfect", "auc")
    assert (itself.low, itself.high) == (0, 0)
