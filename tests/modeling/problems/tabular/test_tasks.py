"""Tasks read targets and score predictions; every score equals scikit-learn's on weighted rows."""

import numpy as np
import polars as pl
import pytest
from sklearn import metrics as sk

from modeling.core.metrics import prepared
from modeling.core.task import Metric, Settings, TargetError
from modeling.problems.tabular.binary_classification import BinaryClassification
from modeling.problems.tabular.multiclass_classification import MulticlassClassification
from modeling.problems.tabular.regression import Regression
from modeling.problems.tabular.settings import SegmentSettings

BINARY = BinaryClassification(SegmentSettings())
MULTICLASS = MulticlassClassification(Settings())
REGRESSION = Regression(SegmentSettings())
CLASSES = ["0", "1"]
OF_EVENT = {
    "roc_auc": sk.roc_auc_score,
    "average_precision": sk.average_precision_score,
    "log_loss": sk.log_loss,
    "brier": sk.brier_score_loss,
    "accuracy": lambda target, predicted, sample_weight: sk.accuracy_score(
        target, predicted >= 0.5, sample_weight=sample_weight
    ),
}
OF_NUMBER = {"rmse": sk.root_mean_squared_error, "mae": sk.mean_absolute_error, "r2": sk.r2_score}


def _of_class(name):
    def most_probable(target, predicted, sample_weight):
        score = {"macro_f1": sk.f1_score, "accuracy": sk.accuracy_score}[name]
        average = {"average": "macro"} if name == "macro_f1" else {}
        return score(target, predicted.argmax(axis=1), sample_weight=sample_weight, **average)

    return {
        "log_loss": sk.log_loss,
        "roc_auc": lambda target, predicted, sample_weight: np.mean(
            [sk.roc_auc_score(target == k, predicted[:, k], sample_weight=sample_weight) for k in range(3)]
        ),
    }.get(name, most_probable)


def _event_rows(rng):
    target = (rng.random(200) < 0.3).astype(float)
    predicted = np.round(np.clip(0.3 * target + 0.7 * rng.random(200), 0, 1), 1)
    return target, predicted


def _class_rows(rng):
    target = np.append([0, 1, 2], rng.integers(3, size=197))
    predicted = rng.dirichlet(np.ones(3), size=200) + 0.3 * np.eye(3)[target]
    return target, predicted / predicted.sum(axis=1, keepdims=True)


def _number_rows(rng):
    target = rng.normal(size=200)
    return target, target + rng.normal(size=200)


@pytest.mark.parametrize(
    ("task", "rows", "reference"),
    [
        (BINARY, _event_rows, OF_EVENT.get),
        (MULTICLASS, _class_rows, _of_class),
        (REGRESSION, _number_rows, OF_NUMBER.get),
    ],
    ids=["binary", "multiclass", "regression"],
)
def test_every_metric_equals_scikit_learn_on_weights_ties_included(task, rows, reference):
    rng = np.random.default_rng(0)
    for _ in range(20):
        target, predicted = rows(rng)
        weight = rng.integers(1, 4, size=200).astype(float)
        for name, metric in task.metrics(CLASSES).items():
            expected = reference(name)(target, predicted, sample_weight=weight)
            assert metric.score(target, predicted, weight) == pytest.approx(expected, abs=1e-12), name


@pytest.mark.parametrize(
    ("task", "rows"),
    [(BINARY, _event_rows), (MULTICLASS, _class_rows), (REGRESSION, _number_rows)],
    ids=["binary", "multiclass", "regression"],
)
def test_weights_are_counts_of_rows(task, rows):
    rng = np.random.default_rng(1)
    target, predicted = rows(rng)
    weight = rng.integers(0, 3, size=200)
    repeated = np.repeat(np.arange(200), weight)
    once = np.ones(len(repeated))
    for name, metric in task.metrics(CLASSES).items():
        score = prepared(metric, target, predicted)
        expected = metric.score(target[repeated], predicted[repeated], once)
        assert score(weight.astype(float)) == pytest.approx(expected, abs=1e-12), name


def test_a_metric_given_as_a_plain_function_is_prepared_too():
    metric = Metric("mean", "mean", True, lambda target, predicted, weight: float(weight @ predicted))
    assert prepared(metric, np.zeros(2), np.array([1.0, 2.0]))(np.array([1.0, 3.0])) == 7


def test_undefined_scores_are_nan():
    one_class, predicted, once = np.zeros(4), np.linspace(0, 1, 4), np.ones(4)
    assert np.isnan(BINARY.metrics(CLASSES)["roc_auc"].score(one_class, predicted, once))
    assert np.isnan(BINARY.metrics(CLASSES)["average_precision"].score(one_class, predicted, once))
    assert np.isnan(BINARY.metrics(CLASSES)["log_loss"].score(one_class, predicted, 0 * once))
    assert np.isnan(REGRESSION.metrics(CLASSES)["r2"].score(one_class, predicted, once))
    without_class_two = np.array([0, 1, 0, 1])
    assert np.isnan(MULTICLASS.metrics(CLASSES)["roc_auc"].score(without_class_two, np.full((4, 3), 1 / 3), once))


def test_a_certain_and_wrong_probability_has_a_finite_loss():
    loss = BINARY.metrics(CLASSES)["log_loss"].score(np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.ones(2))
    assert 30 < loss < 40


@pytest.mark.parametrize("task", [BINARY, MULTICLASS, REGRESSION], ids=lambda task: task.name)
def test_a_task_offers_its_default_metric_and_linear_learner_first(task):
    first = {"binary_classification": "roc_auc", "multiclass_classification": "macro_f1", "regression": "rmse"}
    assert next(iter(task.metrics(CLASSES))) == first[task.name]
    assert task.learners[0] == ("ridge" if task.outcome(CLASSES) == "regression" else "logistic")
    assert all(name == metric.name for name, metric in task.metrics(CLASSES).items())


@pytest.mark.parametrize(
    ("values", "positive", "classes"),
    [
        ([0, 1, 1, None], None, ["0", "1"]),
        ([0.0, 1.0, float("nan")], None, ["0", "1"]),
        ([True, False], None, ["false", "true"]),
        ([1, 2, 2], 1, ["2", "1"]),
        (["yes", "no"], "yes", ["no", "yes"]),
        (["0", "1"], 1, ["0", "1"]),
    ],
)
def test_the_event_comes_last(values, positive, classes):
    target = pl.Series("y", values, strict=False)
    assert BINARY.classes(target, positive) == classes
    encoded = BINARY.encode(
        target.fill_nan(None).drop_nulls() if target.dtype.is_float() else target.drop_nulls(), classes
    )
    assert encoded.dtype == np.float64
    assert set(encoded) == {0.0, 1.0}


@pytest.mark.parametrize(
    ("values", "positive", "message"),
    [
        (
            ["no", "yes", "no"],
            None,
            "'y' holds 2 values with their rows: 'no' (2), 'yes' (1), and neither is 1 or true",
        ),
        (
            ["no", "yes"],
            True,
            "none is `positive: True`: name the event in use_case.yaml, for example `positive: 'yes'`",
        ),
        (["a", "b", "c"], "a", "use the task multiclass_classification"),
        ([1, 1], None, "'y' holds one class only, '1' in 2 rows"),
        ([None, None], None, "'y': all 2 values are null"),
        ([0.5, 1.0, 0.0], None, "1 of 3 values, such as 0.5, name no class: use the task regression"),
    ],
)
def test_a_binary_target_that_cannot_be_used_says_why(values, positive, message):
    with pytest.raises(TargetError) as refused:
        BINARY.classes(pl.Series("y", values), positive)
    assert message in str(refused.value)


def test_classes_stand_in_the_order_of_numbers_or_of_the_alphabet():
    assert MULTICLASS.classes(pl.Series("y", [10, 2, 1, None]), None) == ["1", "2", "10"]
    target = pl.Series("y", ["pear", "apple", "fig", "fig"], dtype=pl.Categorical)
    classes = MULTICLASS.classes(target, None)
    assert classes == ["apple", "fig", "pear"]
    assert MULTICLASS.encode(target, classes).tolist() == [2, 0, 1, 1]


def test_a_value_that_is_no_class_is_refused():
    with pytest.raises(TargetError, match=r"'y': 2 of 3 values are none of the classes \['a', 'b'\]: .*quarantine"):
        MULTICLASS.encode(pl.Series("y", ["a", None, "z"]), ["a", "b"])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["a", "b"], "'y' is String, not a number"),
        ([None, None], "all 2 values are null"),
        ([float("nan"), float("nan")], "all 2 values are null"),
        ([1.0, float("inf")], "1 of 2 values are null or infinite"),
        ([2, 2, 2], "'y' is 2.0 in all 3 rows"),
    ],
)
def test_a_regression_target_that_cannot_be_used_says_why(values, message):
    with pytest.raises(TargetError) as refused:
        REGRESSION.classes(pl.Series("y", values), None)
    assert message in str(refused.value)


def test_positive_belongs_to_the_binary_task():
    for task in (MULTICLASS, REGRESSION):
        with pytest.raises(TargetError, match="`positive: 1` belongs to the task binary_classification"):
            task.classes(pl.Series("y", [1, 2, 3]), 1)


def test_regression_reads_numbers_and_refuses_gaps():
    assert REGRESSION.classes(pl.Series("y", [1, 2, None]), None) == []
    assert REGRESSION.encode(pl.Series("y", [1, 2]), []).tolist() == [1.0, 2.0]
    with pytest.raises(TargetError, match="1 of 3 values are null or infinite; quarantine"):
        REGRESSION.encode(pl.Series("y", [1, 2, None]), [])
