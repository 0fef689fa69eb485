"""A champion that is too good to be true has to be explained before it is published."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from catalogue.definition import UseCase
from modeling.core.metrics import roc_auc
from modeling.core.record import Baseline, Importance, Interval, TwinRows
from modeling.core.table import Rows
from modeling.core.task import Metric
from modeling.evaluation.gates import gates
from modeling.evaluation.seen_groups import seen_groups
from modeling.evaluation.suspicion import suspicion
from modeling.evaluation.without_twins import without_twins

from ..evaluation_records import binary, explanation
from ..small_data import parts, prepared, use_case

AUC = Metric("roc_auc", "ROC AUC", True, roc_auc)


def scored(definition: UseCase | None = None, trivial: float = 0.6, **scores: float):
    """The finding about a champion with these test scores, which hangs on `flag` and a little on `sold`."""
    record = binary()
    test = {name: Interval(value=value) for name, value in scores.items()}
    leading = [Importance(feature=name, loss=loss, spread=0.0) for name, loss in (("flag", 0.4), ("sold.month", 0.05))]
    record = record.model_copy(
        update={
            "champion": record.champion.model_copy(update={"test": test}),
            "baseline": Baseline(learner="trivial", test={"accuracy": Interval(value=trivial)}),
            "explanation": explanation().model_copy(update={"importances": leading}),
            "features": ["flag", "sold", "age"],
        }
    )
    return suspicion(definition or use_case(), record)


@pytest.mark.parametrize(
    "scores",
    [{"roc_auc": 0.97, "accuracy": 0.98}, {"r2": 0.99}, {"roc_auc": 0.8}, {"accuracy": 0.995, "trivial": 0.99}],
)
def test_good_champions_are_no_suspects(scores):
    assert scored(**scores).passed


@pytest.mark.parametrize("scores", [{"roc_auc": 0.995}, {"r2": 0.9995}, {"accuracy": 0.995}])
def test_a_nearly_perfect_champion_is_held_back_and_what_it_hangs_on_is_asked_about(scores):
    finding = scored(**scores)
    assert not finding.passed and finding.severity == "error"
    assert finding.examples == ["flag", "sold.month"]
    assert "is 'flag', 'sold.month' known at the moment of prediction?" in finding.message
    published = binary(leakage=[finding])
    assert not next(gate for gate in gates(use_case().gates, published, "ROC AUC") if gate.name == "no_leakage").passed


def test_a_statement_of_when_features_are_known_lets_it_pass_with_a_warning():
    stated = {"identifier": ["id"], "known_at": {"flag": "before", "sold": "at"}}
    finding = scored(use_case(columns=stated), roc_auc=0.995)
    assert not finding.passed and finding.severity == "warning"
    assert "the use case states that 'flag', 'sold.month' is known in time" in finding.message
    partly = {"identifier": ["id"], "known_at": {"flag": "before", "sold": "after"}}
    assert scored(use_case(columns=partly), roc_auc=0.995).severity == "error"


def tested(rows: int = 400) -> tuple[Rows, np.ndarray]:
    """Test rows, and answers that are right of the first half and chance of the second."""
    features = prepared(parts(1600), split={"by": "random", "valid": 0.2, "test": 0.25})
    test = features.open_test()
    draw = np.random.default_rng(0)
    answers = np.where(np.arange(rows) < rows // 2, test.table.target, draw.random(rows))
    return test, answers


def test_the_score_without_twins_is_that_of_the_other_rows():
    test, answers = tested()
    twins = TwinRows(with_twin=test.number[:200].tolist())
    found = without_twins(test, answers, AUC, twins, binary=True)
    assert found and found.metric and found.rows == 200
    assert found.metric.value == pytest.approx(roc_auc_score(test.table.target[200:], answers[200:]))
    of_some = TwinRows(with_twin=test.number[:200].tolist(), examined=test.number[:350].tolist())
    found = without_twins(test, answers, AUC, of_some, binary=True)
    assert found and found.rows == 150


def test_without_twins_nothing_is_scored_apart():
    test, answers = tested()
    assert without_twins(test, answers, AUC, TwinRows(with_twin=[]), binary=True) is None
    assert without_twins(test, answers, AUC, None, binary=True) is None


def test_returning_and_new_groups_are_scored_apart():
    """Of 1,000 parts in 40 lots the last 150 are of new lots."""
    frame = parts(1000).with_columns(
        lot=pl.when(pl.col("id") >= 850).then(pl.format("new {}", pl.col("id") % 15)).otherwise("lot")
    )
    columns = {"identifier": ["id"], "group": "lot", "time": "made"}
    features = prepared(frame, columns=columns, split={"by": "time", "valid": 0.2, "test": 0.3})
    test = features.open_test()
    answers = test.table.numeric[:, 0].astype(float)
    returning, new = seen_groups(features, test, answers, AUC, "lot", binary=True)
    assert (returning.level, returning.rows, new.level, new.rows) == ("seen before the test", 150, "new", 150)
    assert new.metric and new.metric.value == pytest.approx(roc_auc_score(test.table.target[150:], answers[150:]))


def test_where_no_group_returns_there_is_nothing_apart():
    frame = parts(1000).with_columns(lot=pl.format("lot {}", pl.col("id") // 20))
    features = prepared(frame, columns={"identifier": ["id"], "group": "lot"}, split={"by": "group"})
    test = features.open_test()
    assert seen_groups(features, test, test.table.numeric[:, 0], AUC, "lot", binary=True) == []
    alone = replace(test, group=None)
    assert seen_groups(features, alone, test.table.numeric[:, 0], AUC, None, binary=True) == []
