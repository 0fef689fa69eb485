"""Each measurement of the evaluation on rows whose answer is known."""

from typing import ClassVar

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom, binomtest, sem

from catalogue.definition import Costs
from modeling.core.blend import blended
from modeling.core.intervals import scored
from modeling.core.record import Importance, Interval, Slice, SliceGap
from modeling.core.table import Rows, Table
from modeling.core.task import Units
from modeling.evaluation.curves import POINTS, event_curves, residual_curves
from modeling.evaluation.decision import NEVER, Answered, cheapest_threshold, decision
from modeling.evaluation.ensemble import cross_fitted, greedy_weights
from modeling.evaluation.explanation import (
    FEWEST_ROWS,
    MOST_ROWS,
    PREDICTIONS,
    Ranking,
    affordable_rows,
    deletion_test,
    rank,
)
from modeling.evaluation.slices import MOST_LEVELS, largest_gap, levels, slices, within_clusters
from modeling.problems.tabular.binary_classification import BinaryClassification
from modeling.problems.tabular.regression import Regression
from modeling.problems.tabular.settings import SegmentSettings

BINARY = BinaryClassification(SegmentSettings()).metrics(["0", "1"])
REGRESSION = Regression(SegmentSettings()).metrics([])


def _table(numeric: np.ndarray, target: np.ndarray) -> Table:
    names = tuple(f"x{number}" for number in range(numeric.shape[1]))
    return Table(numeric.astype(np.float32), np.empty((len(numeric), 0), np.int32), target, names, (), ())


# intervals


def test_the_interval_of_rows_that_belong_together_is_wider():
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(40), 25)
    target = rng.normal(size=40)[group]
    alone, together = (
        scored(REGRESSION, target, {"zero": np.zeros(1000)}, clusters).intervals("zero")["mae"]
        for clusters in (None, group)
    )
    assert alone.value == together.value
    assert together.high - together.low > 3 * (alone.high - alone.low)


def test_one_cluster_has_no_interval():
    error = scored(REGRESSION, np.arange(5.0), {"zero": np.zeros(5)}, np.zeros(5)).intervals("zero")["mae"]
    assert (error.value, error.low, error.high) == (2, None, None)


def test_a_metric_undefined_in_many_resamples_has_no_interval():
    target = np.zeros(200)
    target[0] = 1
    score = scored(BINARY, target, {"model": np.linspace(1, 0, 200)}, None).intervals("model")["roc_auc"]
    assert (score.value, score.low, score.high) == (1, None, None)


def test_the_paired_lift_is_surer_than_the_two_scores():
    rng = np.random.default_rng(0)
    target = (rng.random(2000) < 0.3).astype(float)
    good = target + rng.normal(size=2000)
    models = {"good": good, "worse": good + 0.5 * rng.normal(size=2000)}
    both = scored(BINARY, target, models, None)
    lift = both.lift("good", "worse", "roc_auc")
    separate = [both.intervals(model)["roc_auc"] for model in models]
    assert lift.high - lift.low < 0.5 * sum(score.high - score.low for score in separate)
    assert lift.decisive and lift.low > 0
    assert both.lift("worse", "good", "roc_auc").value == -lift.value


def test_a_lift_whose_interval_includes_zero_is_not_decisive():
    rng = np.random.default_rng(0)
    target = (rng.random(500) < 0.3).astype(float)
    both = scored(BINARY, target, {"one": rng.random(500), "other": rng.random(500)}, None)
    lift = both.lift("one", "other", "roc_auc")
    assert lift.low < 0 < lift.high
    assert not lift.decisive


def test_a_smaller_error_is_a_positive_lift():
    target = np.random.default_rng(0).normal(size=200)
    lift = scored(REGRESSION, target, {"near": 0.9 * target, "far": 0 * target}, None).lift("near", "far", "rmse")
    assert lift.value > 0 and lift.decisive


# ensembles


def test_models_that_err_differently_are_mixed_and_beat_each():
    rng = np.random.default_rng(0)
    target = rng.normal(size=2000)
    models = {name: target + rng.normal(size=2000) for name in ("one", "other")} | {"noise": rng.normal(size=2000)}
    weights = greedy_weights(models, target, REGRESSION["rmse"])
    assert weights.keys() >= {"one", "other"}
    assert sum(weights.values()) == pytest.approx(1)
    fair = cross_fitted(models, target, None, REGRESSION["rmse"])
    error = REGRESSION["rmse"].score
    once = np.ones(2000)
    assert error(target, fair, once) < 0.85 * min(error(target, of, once) for of in models.values())


def test_one_model_that_cannot_be_helped_stays_alone():
    target = np.arange(100.0)
    models = {"noise": np.zeros(100), "exact": target}
    assert greedy_weights(models, target, REGRESSION["rmse"]) == {"exact": 1.0}


def test_a_row_is_never_scored_with_weights_found_on_its_group():
    """Each model is right about one group only, so whoever peeks at the group picks the right model."""
    group = np.repeat([0, 1], 50)
    target = np.ones(100)
    models = {"knows_0": 1.0 * (group == 0), "knows_1": 1.0 * (group == 1)}
    fair = cross_fitted(models, target, group, REGRESSION["rmse"])
    assert fair.tolist() == [0.0] * 100
    assert cross_fitted(models, target, np.zeros(100), REGRESSION["rmse"]) is None


def test_rows_are_not_scored_with_weights_that_could_not_be_found():
    target, group = np.repeat([0.0, 1.0], [20, 40]), np.repeat(np.arange(5), [20, 10, 10, 10, 10])
    rng = np.random.default_rng(0)
    models = {"noise": rng.random(60), "other noise": rng.random(60)}
    found = cross_fitted(models, target, group, BINARY["roc_auc"])
    assert found is None, "without the first group no row is of class 0, and the ROC AUC is undefined"


def test_a_blend_is_the_weighted_mean():
    models = {"one": np.array([[0.2, 0.8]]), "other": np.array([[0.6, 0.4]])}
    assert blended(models, {"one": 0.75, "other": 0.25}).round(9).tolist() == [[0.3, 0.7]]


# decisions and curves


def test_the_threshold_costs_least():
    target = np.array([0, 0, 1, 0, 1, 1.0])
    predicted = np.array([0.1, 0.2, 0.3, 0.4, 0.8, 0.9])
    assert cheapest_threshold(target, predicted, Costs(false_positive=1, false_negative=10)) == 0.3
    assert cheapest_threshold(target, predicted, Costs(false_positive=10, false_negative=1)) == 0.8
    assert cheapest_threshold(1 - target, predicted, Costs(false_positive=10, false_negative=1)) == NEVER


def test_a_decision_is_priced_against_never_and_always_acting():
    target = np.repeat([0.0, 1.0], [80, 20])
    predicted = np.concatenate([np.full(70, 0.1), np.full(10, 0.6), np.full(5, 0.1), np.full(15, 0.6)])
    rows = Answered(target, predicted, None)
    made = decision(rows, rows, 0.5, Costs(false_positive=1, false_negative=5))
    assert made.recall.value == 0.75 and made.recall.low < 0.75 < made.recall.high
    assert (made.precision.value, made.specificity.value) == (0.6, 0.875)
    assert made.cost_per_1000.value == pytest.approx(350)
    of_rows = 1000 * np.repeat([0.0, 1.0, 5.0], [85, 10, 5])
    assert made.cost_per_1000.high - made.cost_per_1000.low == pytest.approx(2 * 1.96 * sem(of_rows), rel=0.1)
    assert made.cost_per_1000_never == pytest.approx(1000)
    assert made.cost_per_1000_always == pytest.approx(800)
    assert decision(rows, rows, NEVER, Costs()).precision is None


def answered(hits: tuple[int, int], alarms: tuple[int, int]) -> Answered:
    """Rows of which so many of so many events, and of others, lie above the threshold 0.5."""
    acted = [np.arange(rows) < found for found, rows in (hits, alarms)]
    return Answered(np.repeat([1.0, 0.0], [hits[1], alarms[1]]), np.concatenate(acted).astype(float), None)


def test_a_threshold_that_moved_is_noticed_and_one_that_stayed_is_not():
    """Specificity 90 % on validation and 61 % on the test, of 100 each: Newcombe's interval excludes zero."""
    made = decision(answered((15, 20), (39, 100)), answered((16, 20), (10, 100)), 0.5, Costs())
    moved, stayed = made.promises["specificity"], made.promises["recall"]
    assert moved.validation.value == 0.9
    assert moved.change.value == pytest.approx(-0.29)
    assert moved.change.high < 0 and moved.moved
    assert not stayed.moved and stayed.change.low < 0 < stayed.change.high


def test_a_threshold_that_finds_every_event_has_no_certain_recall():
    """Twenty of twenty: Clopper and Pearson's limit is 0.025 to the power of 1 / 20."""
    made = decision(answered((20, 20), (10, 100)), answered((20, 20), (10, 100)), 0.5, Costs())
    assert (made.recall.low, made.recall.high) == pytest.approx((0.025 ** (1 / 20), 1.0))


def test_curves_are_thin_ascending_and_end_where_they_must():
    rng = np.random.default_rng(0)
    target = (rng.random(20_000) < 0.02).astype(float)
    predicted = np.clip(0.3 * target + 0.6 * rng.random(20_000), 0, 1)
    drawn = event_curves(target, predicted)
    for curve in drawn.values():
        assert len(curve.x) <= POINTS
        assert np.all(np.diff(curve.x) >= 0)
    roc = drawn["roc"]
    assert (roc.x[0], roc.y[0], roc.x[-1], roc.y[-1]) == (0, 0, 1, 1)
    area = BINARY["roc_auc"].score(target, predicted, np.ones(20_000))
    assert np.trapezoid(roc.y, roc.x) == pytest.approx(area, abs=0.005)
    assert drawn["precision_recall"].x[-1] == 1


def test_net_benefit_weighs_false_alarms_by_the_odds_of_the_threshold():
    target = np.array([1, 1, 0, 0, 0, 0, 0, 0, 0, 0.0])
    perfect = event_curves(target, 0.1 + 0.8 * target)
    at = {round(x, 2): number for number, x in enumerate(perfect["net_benefit"].x)}
    assert perfect["net_benefit"].y[at[0.5]] == pytest.approx(0.2)
    assert perfect["net_benefit"].y[at[0.95]] == pytest.approx(0)
    assert perfect["net_benefit_all"].y[at[0.5]] == pytest.approx(0.2 - 0.8)
    assert perfect["net_benefit_all"].y[at[0.2]] == pytest.approx(0)


def test_residuals_show_where_a_model_is_unsure():
    rng = np.random.default_rng(0)
    predicted = rng.uniform(1, 2, size=10_000)
    drawn = residual_curves(predicted + rng.normal(size=10_000) * predicted, predicted)
    width = np.subtract(drawn["residual_p90"].y, drawn["residual_p10"].y)
    assert width[-1] > 1.5 * width[0]
    assert drawn["residual_quantiles"].y == sorted(drawn["residual_quantiles"].y)
    assert len(drawn["residual_quantiles"].x) <= POINTS


# slices


def test_numbers_are_cut_into_quarters_with_readable_names():
    cut = dict(levels(pl.Series("age", [*range(21, 61), None])))
    assert list(cut) == ["21 to 30", "31 to 40", "41 to 50", "51 to 60", "missing"]
    assert [int(member.sum()) for member in cut.values()] == [10, 10, 10, 10, 1]


def test_a_number_most_rows_share_makes_fewer_parts():
    cut = dict(levels(pl.Series("paid", [0.0] * 90 + [1000.5 * step for step in range(1, 11)])))
    assert {name: int(member.sum()) for name, member in cut.items()} == {"0": 90, "1,000 to 10,005": 10}


def test_missing_numbers_are_kept_apart_when_the_last_quarter_is_empty():
    cut = dict(levels(pl.Series("score", [*range(10), *[10] * 30, None])))
    assert {name: int(member.sum()) for name, member in cut.items()} == {"0 to 9": 10, "10": 30, "missing": 1}


def test_few_numbers_and_text_keep_their_values():
    assert list(dict(levels(pl.Series("sex", [2, 1, 2])))) == ["1", "2"]
    assert list(dict(levels(pl.Series("flag", [1.0, 0.0, float("nan")])))) == ["0", "1", "missing"]
    assert list(dict(levels(pl.Series("smokes", [True, False])))) == ["false", "true"]


def test_rare_levels_are_put_together():
    cut = dict(levels(pl.Series("model", [f"m{number:02}" for number in range(30) for _ in range(30 - number)])))
    assert len(cut) == MOST_LEVELS
    assert list(cut)[-1] == "other"
    assert sum(member.sum() for member in cut.values()) == 465


def test_slices_with_too_few_rows_say_so():
    rng = np.random.default_rng(0)
    level = np.repeat(["large", "small", "certain"], [400, 30, 100])
    target = (rng.random(530) < 0.4).astype(float)
    target[430:] = 0
    predicted = np.clip(0.3 * target + rng.random(530), 0, 1)
    rows = Rows(_table(np.zeros((530, 1)), target), np.arange(530), None, pl.DataFrame({"size": level}))
    by_level = {part.level: part for part in slices(rows, predicted, BINARY["roc_auc"], binary=True)}
    assert by_level["large"].metric.low < by_level["large"].metric.value < by_level["large"].metric.high
    assert by_level["large"].positives == target[:400].sum()
    assert by_level["small"].metric is None and by_level["small"].note == "not scored: 30 rows, fewer than 50"
    assert by_level["certain"].note == "not scored: 0 events in 100 rows, fewer than 10 of one class"


def _parts(groups: dict[str, np.ndarray], right: np.ndarray, cluster: np.ndarray | None = None) -> Rows:
    return Rows(_table(np.zeros((len(right), 1)), right), np.arange(len(right)), cluster, pl.DataFrame(groups))


def _gap(rows: Rows) -> SliceGap | None:
    """Of the accuracy of predictions of 1, which is the share of targets of 1."""
    accuracy, right = BINARY["accuracy"], rows.table.target
    found = [
        Slice(
            column=column.name,
            level=level,
            rows=int(member.sum()),
            metric=Interval(value=float(right[member].mean())),
        )
        for column in rows.slices
        for level, member in levels(column)
    ]
    return largest_gap(rows, np.ones(len(right)), accuracy, found)


def test_without_a_true_gap_the_largest_of_many_is_above_zero_by_chance_in_one_test_of_twenty(
    monkeypatch: pytest.MonkeyPatch,
):
    """Of 25 pairs, each with an interval of its own, one would exclude zero in more than a third of the tests. Of 200
    tests more than 20 exceed 5 % in one seed of a thousand."""
    monkeypatch.setattr("modeling.evaluation.slices.GAP_RESAMPLES", 200)
    assert binom(200, 0.05).sf(20) < 0.002
    rng = np.random.default_rng(0)
    lows = []
    for _ in range(200):
        groups = {name: rng.integers(0, levels_, 400).astype(str) for name, levels_ in (("age", 5), ("region", 6))}
        found = _gap(_parts(groups, (rng.random(400) < 0.7).astype(float)))
        assert found.pairs == 25
        lows.append(found.gap.low)
    assert np.mean(np.array(lows) > 0) <= 0.1


def test_a_true_gap_between_slices_is_found_and_named():
    rng = np.random.default_rng(0)
    group = rng.integers(0, 4, 4000)
    right = (rng.random(4000) < np.where(group == 2, 0.5, 0.8)).astype(float)
    found = _gap(_parts({"region": group.astype(str), "sex": (group % 2).astype(str)}, right))
    assert (found.column, found.worse) == ("region", "2")
    assert 0.2 < found.gap.low < 0.3 < found.gap.high < 0.4
    assert found.pairs == 7


def test_a_column_with_one_level_has_no_gap():
    assert _gap(_parts({"region": np.repeat("north", 100)}, np.ones(100))) is None


def test_the_largest_gap_of_few_clusters_is_less_sure():
    rng = np.random.default_rng(0)
    group = np.arange(1200) % 2
    right = (rng.random(1200) < np.where(group, 0.6, 0.8)).astype(float)
    alone, together = (
        _gap(_parts({"sex": group.astype(str)}, right, cluster)).gap for cluster in (None, np.arange(1200) // 240)
    )
    assert alone.value == together.value
    assert together.high - together.low > alone.high - alone.low


# clusters


def _units(count: np.ndarray) -> tuple[Units, np.ndarray, list[str]]:
    group = np.repeat(np.arange(len(count)), count)
    target = (np.random.default_rng(0).random(len(group)) < 0.7).astype(float)
    return Units(target, group), np.ones(len(group)), [f"drive {code}" for code in group]


def test_a_dominant_cluster_is_scored_by_itself():
    units, answers, names = _units(np.append(300, np.full(20, 10)))
    (found,) = within_clusters(units, answers, BINARY["accuracy"], names)
    assert (found.cluster, found.units, found.share) == ("drive 0", 300, 0.6)
    hits = int(units.truth[:300].sum())
    expected = binomtest(hits, 300).proportion_ci(method="wilson")
    assert (found.metric.low, found.metric.high) == pytest.approx((expected.low, expected.high), abs=0.01)


def test_every_one_of_few_clusters_is_scored_and_none_of_many_alike():
    few = within_clusters(*_units(np.full(5, 40))[:2], BINARY["accuracy"], _units(np.full(5, 40))[2])
    assert [one.cluster for one in few] == [f"drive {number}" for number in range(5)]
    units, answers, names = _units(np.full(20, 10))
    assert within_clusters(units, answers, BINARY["accuracy"], names) == []
    assert within_clusters(Units(units.truth, None), answers, BINARY["accuracy"], names) == []


# explanation


class _First:
    """Predicts the first column, and a fifth of the second."""

    def predict(self, table):
        return table.numeric[:, 0].astype(float) + 0.2 * table.numeric[:, 1]


def _explained(rows=2000, features=10):
    numeric = np.random.default_rng(0).normal(size=(rows, features))
    return _table(numeric, numeric[:, 0] + 0.2 * numeric[:, 1])


class _Counted(_First):
    """Keeps how many rows it predicted each time."""

    def __init__(self):
        self.rows = []

    def predict(self, table):
        self.rows.append(len(table))
        return super().predict(table)


def test_importance_finds_the_columns_a_model_uses():
    ranking = rank([_First()], _explained(), REGRESSION["rmse"], 1000)
    first, second, *rest = ranking.importances
    assert (first.feature, second.feature) == ("x0", "x1")
    assert first.loss > 4 * second.loss > 0
    assert all(importance.loss == 0 for importance in rest)
    assert ranking.stability is None


def test_a_true_ranking_passes_the_deletion_test_and_a_false_one_fails():
    table, rmse = _explained(), REGRESSION["rmse"]
    ranking = rank([_First(), _First()], table, rmse, 1000)
    tested = deletion_test(ranking, _First(), table, rmse, 1000)
    assert tested.deleted == 2
    assert tested.holds and tested.deletion_top > 2 * tested.deletion_random
    assert tested.stability == pytest.approx(1)
    upside_down = Ranking(ranking.importances[::-1], None)
    assert not deletion_test(upside_down, _First(), table, rmse, 1000).holds


def test_models_that_lean_on_other_columns_are_unstable():
    class Last:
        def predict(self, table):
            return table.numeric[:, -1].astype(float)

    numeric = np.random.default_rng(0).normal(size=(500, 4))
    table = _table(numeric, numeric[:, 0] + numeric[:, -1])
    assert rank([_First(), Last()], table, REGRESSION["rmse"], 500).stability < 0.3


def test_one_feature_is_tested_against_none():
    table = _explained(features=2)
    alone = Ranking([Importance(feature="x0", loss=1, spread=0)], None)
    tested = deletion_test(alone, _First(), table, REGRESSION["rmse"], 500)
    assert tested.holds and tested.deletion_random == 0


def test_rare_events_are_not_lost_from_the_sample():
    rng = np.random.default_rng(0)
    target = (rng.random(50_000) < 0.002).astype(float)
    table = _table(np.column_stack([target + 0.1 * rng.normal(size=50_000), rng.normal(size=50_000)]), target)
    losses = {one.feature: one for one in rank([_First()], table, BINARY["roc_auc"], 600).importances}
    assert losses["x0"].loss == pytest.approx(0.5, abs=0.1)


def test_classes_are_sampled_equally_and_no_more_rows_than_allowed():
    class Events:
        shares: ClassVar[list[tuple[int, float]]] = []

        def predict(self, table):
            self.shares.append((len(table), float(table.target.sum())))
            return np.zeros(len(table))

    target = np.repeat([0.0, 1.0], [9000, 1000])
    rank([Events()], _table(np.zeros((10_000, 1)), target), BINARY["log_loss"], 600)
    assert Events.shares[0] == (600, 300)


def test_many_features_are_explained_on_fewer_rows():
    assert affordable_rows(1, 1) == MOST_ROWS
    assert affordable_rows(1000, 3) == FEWEST_ROWS
    assert FEWEST_ROWS < affordable_rows(20, 3) < MOST_ROWS


def test_ranking_and_deletion_test_predict_as_many_rows_as_are_allowed():
    table, model = _explained(features=20), _Counted()
    rows = affordable_rows(20, 3)
    assert FEWEST_ROWS < rows < len(table)
    ranking = rank([model] * 3, table, REGRESSION["rmse"], rows)
    deletion_test(ranking, model, table, REGRESSION["rmse"], rows)
    assert 0.95 * PREDICTIONS < sum(model.rows) <= PREDICTIONS


class _Weighted:
    """A linear model: what shuffling a feature costs grows with its weight alone, the features being alike."""

    def __init__(self, *weights: float) -> None:
        self._weights = np.array(weights)

    def predict(self, table):
        return table.numeric @ self._weights


def _tiers(*models: _Weighted) -> dict[str, int | None]:
    values = np.random.default_rng(0).normal(size=(4000, 4)).astype(np.float32)
    table = _table(values, values @ np.array([2.0, 2.0, 1.0, 0.0]))
    return {one.feature: one.tier for one in rank(models, table, REGRESSION["rmse"], 4000).importances}


def test_features_of_equal_weight_are_one_tier_and_others_their_own():
    same = _Weighted(2, 2, 1, 0)
    assert list(_tiers(same, same, same).values()) == [1, 1, 2, 3]


def test_features_that_change_places_from_seed_to_seed_are_one_tier():
    tiers = _tiers(_Weighted(2, 2, 1, 0), _Weighted(2, 1.5, 1.5, 0), _Weighted(2, 2.2, 0.8, 0))
    assert sorted(tiers.values()) == [1, 1, 1, 2]


def test_shuffled_tables_are_predicted_together_but_no_more_rows_than_memory_holds():
    model = _Counted()
    rank([model], _explained(rows=5000, features=8), REGRESSION["rmse"], 5000)
    assert max(model.rows) == 20_000
    assert sum(model.rows) == 5000 * (1 + 8 * 2 + 8 * 3)
