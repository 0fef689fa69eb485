"""The judgement as a whole: who may know what when, what is chosen, what is recorded and published."""

import json
from dataclasses import replace
from typing import ClassVar

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from catalogue.definition import UseCase
from modeling.core import record
from modeling.core.candidate import Candidate, Cost
from modeling.core.feature_set import Datasheet, FeatureSet
from modeling.core.features import FeatureRecipe
from modeling.core.learner import FitSummary, Fitting
from modeling.core.splits import ROLES
from modeling.core.table import Rows, Table
from modeling.core.validated_data import ValidatedData
from modeling.evaluation.evaluate import evaluate
from modeling.evaluation.experiment import EvaluationError, EvaluationRun, Experiment
from modeling.problems import tasks
from modeling.problems.tabular.binary_classification import BinaryClassification

from ..small_data import PROVENANCE

NUMBER = "number"
"""A feature that holds the row's number, so that a learner can tell which rows it was handed."""


class Reads:
    """Predicts what one column says. Keeps the numbers of the rows it was fitted on."""

    outcomes = ("binary", "multiclass", "regression")
    deterministic = False
    fitted_on: ClassVar[set[int]] = set()
    seeds: ClassVar[list[int]] = []
    fixed: ClassVar[list[bool]] = []

    def fit(self, train, valid, fitting):
        self.column = fitting.parameters["column"]
        self.noise = fitting.parameters.get("noise_by_seed", 0.0)
        self.seed = fitting.seed
        for table in (train, valid):
            Reads.fitted_on.update(table.column(NUMBER).astype(int).tolist())
        Reads.seeds.append(fitting.seed)
        Reads.fixed.append(fitting.fixed)
        return FitSummary(parameters=dict(fitting.parameters), notes=["trained on half of the rows"])

    def predict(self, table):
        noise = self.noise * np.random.default_rng(self.seed).normal(size=len(table))
        return np.clip(table.column(self.column).astype(np.float64) + noise, 0.001, 0.999)


class Constant:
    """Predicts the training mean, or the classes' shares."""

    outcomes = ("binary", "multiclass", "regression")
    deterministic = True

    def fit(self, train, valid, fitting):
        if fitting.outcome == "multiclass":
            self.said = np.bincount(train.target, minlength=fitting.classes) / len(train)
        else:
            self.said = train.target.mean()
        return FitSummary(parameters={})

    def predict(self, table):
        return np.tile(self.said, (len(table), 1)) if np.ndim(self.said) else np.full(len(table), float(self.said))


class OneHot(Reads):
    """Predicts the class a column names, more or less."""

    def predict(self, table):
        likely = np.abs(table.column(self.column)[:, None] - np.arange(3)) < 0.5
        return (likely + 0.2) / (likely + 0.2).sum(axis=1, keepdims=True)


class Scaled(Reads):
    """Predicts twice a column."""

    def predict(self, table):
        return 2.0 * table.column(self.column).astype(np.float64)


@pytest.fixture(autouse=True)
def _forget():
    Reads.fitted_on, Reads.seeds, Reads.fixed = set(), [], []


def _rows(columns: dict[str, np.ndarray], target: np.ndarray, start: int, group=None, **sliced) -> Rows:
    number = np.arange(start, start + len(target))
    numeric = np.column_stack([*columns.values(), number]).astype(np.float32)
    table = Table(numeric, np.empty((len(target), 0), np.int32), target, (*columns, NUMBER), (), ())
    return Rows(table, number, group, pl.DataFrame(sliced))


def _split(make, sizes=(600, 100, 600, 900), seed=0):
    rng = np.random.default_rng(seed)
    starts = np.cumsum([0, *sizes[:-1]])
    return [make(rng, role, n, int(start)) for role, n, start in zip(ROLES, sizes, starts, strict=True)]


def _events(rng, role, n, start):
    """`steady` is always fair; `flatters` is perfect on validation rows and noise on test rows; `level` is a group."""
    target = (rng.random(n) < 0.35).astype(float)
    noise = rng.random((4, n))
    columns = {
        "steady": 0.4 * target + 0.6 * noise[0],
        "other": 0.4 * target + 0.6 * noise[1],
        "flatters": noise[2] if role == "test" else 0.9 * target + 0.1 * noise[2],
        "useless": noise[3],
    }
    return _rows(columns, target, start, level=rng.choice(["a", "b"], n))


def _candidate(name, learner, train, tune, outcome="binary", classes=2, speed=1e6, **parameters) -> Candidate:
    fitting = Fitting(outcome=outcome, classes=classes, parameters=parameters)
    told = learner.fit(train.table, tune.table, fitting)
    cost = Cost(seconds=2.0, peak_memory_mb=100.0, predictions_per_second=speed)
    return Candidate(name, "boosting", learner, told, cost, fitting)


def _use_case(task="binary_classification", evidence="real", **settings) -> UseCase:
    source = {"files": {"path": "*.csv"}, "licence": "CC0", "citation": "nobody", "evidence": evidence}
    return UseCase.model_validate({"title": "Will it?", "task": task, "source": source, "target": "y"} | settings)


def _run(accesses=1) -> EvaluationRun:
    return EvaluationRun(PROVENANCE, record_access=lambda: accesses, progress=lambda _: None)


def _experiment(use_case, roles, candidates, classes=("0", "1"), leakage=(), open_test=None) -> Experiment:
    train, tune, valid, test = roles
    data = ValidatedData(pl.DataFrame(), np.arange(0), [], "abc", sum(map(len, roles)))
    datasheet = Datasheet.of(
        data, use_case, [len(rows) for rows in roles], {"0": 0.65, "1": 0.35}, list(leakage), classes
    )
    features = FeatureSet(FeatureRecipe(["steady"]), datasheet, train, tune, valid, open_test or (lambda: test))
    return Experiment(use_case, tasks.task(use_case), data, features, candidates)


def _judge(*arguments, accesses=1, **named):
    return evaluate(_experiment(*arguments, **named), _run(accesses))


def _binary(roles, **columns):
    train, tune, *_ = roles
    named = {name: _candidate(name, Reads(), train, tune, column=column) for name, column in columns.items()}
    return [_candidate("trivial", Constant(), train, tune), *named.values()]


def test_validation_chooses_the_champion_though_the_test_likes_another():
    roles = _split(_events)
    judged = _judge(_use_case(), roles, _binary(roles, logistic="steady", mlp="flatters")).evaluation
    assert judged.champion.learner == "mlp"
    assert judged.champion.test["roc_auc"].value < 0.6 < 0.7 < judged.simple.test["roc_auc"].value
    assert judged.lift_over_simple.value < 0 and judged.lift_over_simple.decisive
    assert "600 validation rows" in judged.champion.chosen_by and judged.champion.best == "mlp"


def test_what_is_decisively_worse_than_the_simple_model_is_never_published():
    roles = _split(_events)
    judged = _judge(_use_case(), roles, _binary(roles, logistic="steady", mlp="flatters")).evaluation
    gates = {gate.name: gate for gate in judged.gates}
    worse = gates["gain_over_simple"]
    assert not worse.passed and worse.high < 0 and worse.message.endswith(": worse")
    assert not judged.published and judged.verdict.outcome == "held back"
    assert worse.message in judged.verdict.reason


def test_the_test_is_opened_once_after_everything_is_trained_and_no_learner_is_fitted_on_it():
    roles = _split(_events)
    candidates = _binary(roles, logistic="steady", mlp="useless")
    progress, fits_at_opening = [], []

    def open_test():
        fits_at_opening.append(len(Reads.seeds))
        return roles[3]

    experiment = _experiment(_use_case(), roles, candidates, open_test=open_test)
    judgement = evaluate(experiment, replace(_run(), progress=progress.append))
    assert fits_at_opening == [len(Reads.seeds)] == [2 + 1 + 2]
    assert not Reads.fitted_on & set(roles[3].number.tolist())
    assert progress.index("opening the sealed test") > progress.index("training logistic again with seed 2")
    assert progress.index("opening the sealed test") > progress.index("ranking features")
    assert judgement.champion.weights == judgement.evaluation.champion.members


def test_what_test_rows_hold_changes_nothing_that_was_chosen():
    """The same judgement on a test turned upside down: only measurements differ."""
    roles = _split(_events)
    upside_down = Rows(
        replace(roles[3].table, target=1 - roles[3].table.target), roles[3].number, None, roles[3].slices
    )
    candidates = _binary(roles, logistic="steady", lightgbm="other", mlp="useless")
    one, other = (
        _judge(_use_case(), roles, candidates, open_test=lambda rows=rows: rows).evaluation
        for rows in (roles[3], upside_down)
    )
    assert one.champion.members == other.champion.members
    assert one.decision.threshold == other.decision.threshold
    assert one.explanation.importances == other.explanation.importances
    assert one.champion.test["roc_auc"].value == pytest.approx(1 - other.champion.test["roc_auc"].value)


def test_an_ensemble_that_is_better_on_validation_is_champion():
    roles = _split(_events)
    candidates = _binary(roles, logistic="steady", lightgbm="other", mlp="useless")
    judgement = _judge(_use_case(), roles, candidates)
    judged = judgement.evaluation
    assert judged.champion.learner == "ensemble"
    assert judged.champion.members.keys() >= {"logistic", "lightgbm"}
    assert judgement.champion.learners.keys() == judged.champion.members.keys()
    assert sum(judged.champion.members.values()) == pytest.approx(1)
    assert judged.lift_over_simple.decisive and judged.lift_over_simple.value > 0
    assert "the ensemble's answers are cross-fitted" in judged.champion.chosen_by
    (together,) = [one for one in judged.candidates if one.learner == "ensemble"]
    assert together.champion and together.family == "ensemble"
    assert together.seconds == 2.0 * len(judged.champion.members)
    assert together.parameters == judged.champion.members
    assert judged.champion.predictions_per_second == pytest.approx(1e6 / len(judged.champion.members))


def test_an_ensemble_of_one_is_no_candidate():
    roles = _split(_events)
    judged = _judge(_use_case(), roles, _binary(roles, logistic="flatters", mlp="useless")).evaluation
    assert [one.learner for one in judged.candidates] == ["trivial", "logistic", "mlp"]


def test_only_champion_and_baselines_are_scored_on_the_test():
    roles = _split(_events)
    judged = _judge(
        _use_case(), roles, _binary(roles, logistic="steady", lightgbm="useless", mlp="flatters")
    ).evaluation
    assert {one.learner: one.test is not None for one in judged.candidates} == {
        "trivial": True,
        "logistic": True,
        "lightgbm": False,
        "mlp": True,
    }


def test_where_nothing_is_better_the_trivial_model_is_champion_and_held_back():
    roles = _split(_events)
    judged = _judge(_use_case(metric="log_loss"), roles, _binary(roles, mlp="useless")).evaluation
    assert judged.champion.learner == "trivial" and not judged.published
    assert judged.verdict.reason == (
        "Nothing tried was shown to be better than trivial where the champion was chosen; use trivial."
    )
    alone = _judge(_use_case(), roles, _binary(roles)).evaluation
    assert (alone.champion.learner, alone.simple, alone.lift.value) == ("trivial", None, 0)
    assert not alone.published


def test_the_champion_is_trained_with_three_seeds_and_its_parameters_fixed():
    roles = _split(_events)
    train, tune, *_ = roles
    mlp = _candidate("mlp", Reads(), train, tune, column="steady", noise_by_seed=0.3)
    judged = _judge(_use_case(), roles, [*_binary(roles), mlp]).evaluation
    assert Reads.seeds == [0, 0, 1, 2], "chosen, tried with more rows, and two other seeds"
    assert Reads.fixed == [False, True, True, True]
    assert list(judged.champion.seeds) == [0, 1, 2]
    assert judged.champion.seeds[0] == pytest.approx(judged.champion.test["roc_auc"].value)
    assert len(set(judged.champion.seeds.values())) == 3


def test_a_champion_that_no_seed_changes_is_not_trained_again_with_another(monkeypatch):
    monkeypatch.setattr(Reads, "deterministic", True)
    roles = _split(_events)
    judged = _judge(_use_case(), roles, _binary(roles, logistic="steady")).evaluation
    assert list(judged.champion.seeds) == [0]
    assert set(Reads.seeds) == {0}


def test_the_other_seeds_follow_the_one_of_the_first_training():
    roles = _split(_events)
    candidates = [replace(one, fitting=replace(one.fitting, seed=5)) for one in _binary(roles, logistic="steady")]
    assert list(_judge(_use_case(), roles, candidates).evaluation.champion.seeds) == [5, 6, 7]


def test_groups_widen_the_intervals_and_are_counted():
    def in_groups(rng, role, n, start):
        rows = _events(rng, role, n, start)
        target = np.repeat(rows.table.target[::30], 30)
        steady = np.repeat(np.clip(0.4 * target[::30] + 0.6 * rng.random(n // 30), 0, 1), 30)
        return _rows({"steady": steady, "useless": rng.random(n)}, target, start, group=np.arange(n) // 30)

    roles = _split(in_groups, sizes=(600, 90, 600, 900))
    apart = [Rows(rows.table, rows.number, None, rows.slices) for rows in roles]
    grouped, alone = (
        _judge(_use_case(), these, _binary(these, logistic="steady")).evaluation for these in (roles, apart)
    )
    assert (grouped.groups, alone.groups) == (30, None)
    wide, narrow = (judged.champion.test["roc_auc"] for judged in (grouped, alone))
    assert wide.value == narrow.value
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_a_model_that_meets_its_gates_is_published_by_default_with_a_lift_only():
    roles = _split(_events)
    judged = _judge(_use_case(), roles, _binary(roles, logistic="steady")).evaluation
    asked = ["min_lift_over_baseline", "work_complete", "no_leakage", "evidence_is_real"]
    assert [gate.name for gate in judged.gates] == asked
    assert judged.published and judged.verdict.outcome == "published"
    assert judged.verdict.reason.startswith("All gates are met by logistic, the simple model")


def test_a_gain_over_the_simple_model_that_the_test_does_not_show_is_said_and_published():
    """Better on validation rows by far, and on test rows the same but for noise."""

    def rows(rng, role, n, start):
        target = (rng.random(n) < 0.35).astype(float)
        steady = 0.4 * target + 0.6 * rng.random(n)
        lucky = steady + (0.3 * target if role != "test" else 0) + 0.01 * rng.random(n)
        return _rows({"steady": steady, "lucky": np.clip(lucky, 0, 1), "useless": rng.random(n)}, target, start)

    roles = _split(rows)
    judged = _judge(_use_case(), roles, _binary(roles, logistic="steady", mlp="lucky")).evaluation
    assert judged.champion.learner == "mlp"
    assert judged.published and judged.verdict.outcome == "gain not shown"
    assert "not shown that mlp beats logistic" in judged.verdict.reason
    assert any("gain over logistic is not decisive" in fact for fact in judged.verdict.facts)


def test_a_fit_that_a_clock_cut_holds_publication_back(monkeypatch):
    roles = _split(_events)
    candidates = _binary(roles, logistic="steady", mlp="useless")
    cut = replace(candidates[-1], summary=replace(candidates[-1].summary, cut="3 of 20 rounds"))
    judged = _judge(_use_case(), roles, [*candidates[:-1], cut]).evaluation
    assert not judged.published
    assert "mlp: 3 of 20 rounds: a faster machine would decide otherwise" in judged.verdict.reason


def test_leakage_and_unreal_evidence_keep_a_model_back():
    roles = _split(_events)
    finding = record.LeakageFinding(
        name="duplicates", passed=False, severity="error", message="3 rows in train and test"
    )
    harmless = finding.model_copy(update={"severity": "warning", "message": "one column nearly solves it"})
    candidates = _binary(roles, logistic="steady")
    leaked = _judge(_use_case(), roles, candidates, leakage=[finding]).evaluation
    assert not leaked.published
    assert "duplicates: 3 rows in train and test" in [gate.message for gate in leaked.gates]
    warned = _judge(_use_case(), roles, candidates, leakage=[harmless]).evaluation
    assert warned.published and "one column nearly solves it" in warned.limits
    simulated = _judge(_use_case(evidence="simulated"), roles, candidates).evaluation
    assert not simulated.published
    assert "the data are simulated: a demonstration, not for use" in [gate.message for gate in simulated.gates]


def test_the_limits_say_what_is_not_shown():
    roles = _split(_events)
    seen = "The gate was set with test scores in view."
    use_case = _use_case(limits=["One country."], columns={"time": "day"}, evidence="perturbed", seen_of_test=[seen])
    judged = _judge(use_case, roles, _binary(roles, mlp="flatters"), accesses=3).evaluation
    limits = judged.limits
    assert limits[:2] == ["One country.", f"Seen of the sealed test: {seen}"] and judged.seen_of_test == [seen]
    said = "\n".join(limits)
    assert "The data are perturbed" in said
    assert "opened 2 times or more before" in said
    assert "The lift over trivial is not decisive: its 95 % interval, " in said and "includes zero" in said
    assert "split at random although 'day' orders them" in said
    assert "mlp: trained on half of the rows" in said


def test_the_record_survives_json_without_nan():
    roles = _split(_events)
    judged = _judge(_use_case(), roles, _binary(roles, logistic="steady", mlp="other")).evaluation
    text = judged.model_dump_json()
    json.loads(text, parse_constant=pytest.fail)
    assert "NaN" not in text
    assert record.Evaluation.model_validate_json(text) == judged
    assert judged.seconds > 3 * 2.0
    assert sum(map(sum, judged.confusion)) == 900
    assert {part.level for part in judged.slices} == {"a", "b"}


def test_classes_are_named_for_readers_and_stay_as_they_are_for_programs(monkeypatch):
    shown = []
    monkeypatch.setattr(BinaryClassification, "chapters", lambda self, evaluated: shown.append(evaluated.classes) or [])
    roles = _split(_events)
    use_case = _use_case(classes={"1": "ripe"}, limits=[])
    judged = _judge(use_case, roles, _binary(roles, logistic="steady")).evaluation
    assert (judged.classes, judged.called) == (["0", "1"], ["0", "ripe"])
    assert shown == [["0", "ripe"]]


def test_several_classes_end_to_end():
    def rows(rng, role, n, start):
        target = rng.integers(3, size=n)
        shown = np.where(rng.random(n) < 0.8, target, rng.integers(3, size=n))
        return _rows({"shown": shown, "useless": rng.random(n)}, target, start, level=rng.integers(0, 100, n))

    roles = _split(rows)
    train, tune, *_ = roles
    candidates = [
        _candidate("trivial", Constant(), train, tune, "multiclass", 3),
        _candidate("logistic", OneHot(), train, tune, "multiclass", 3, column="shown"),
    ]
    judged = _judge(_use_case("multiclass_classification"), roles, candidates, ("x", "y", "z")).evaluation
    assert judged.metric == "macro_f1"
    assert judged.champion.test.keys() == {"macro_f1", "accuracy", "log_loss", "roc_auc"}
    assert judged.lift.decisive and judged.lift.low > 0.4
    assert len(judged.confusion) == 3 and sum(map(sum, judged.confusion)) == 900
    assert judged.calibration and judged.decision is None and judged.curves == {}
    assert judged.explanation.importances[0].feature == "shown" and judged.explanation.holds
    assert len(judged.slices) == 4 and all(part.positives is None and part.metric for part in judged.slices)
    assert record.Evaluation.model_validate_json(judged.model_dump_json()) == judged


def test_regression_end_to_end():
    def rows(rng, role, n, start):
        half = rng.normal(size=n)
        return _rows({"half": half, "useless": rng.random(n)}, 2 * half + 0.5 * rng.normal(size=n), start)

    roles = _split(rows)
    train, tune, *_ = roles
    candidates = [
        _candidate("trivial", Constant(), train, tune, "regression", 0),
        _candidate("ridge", Reads(), train, tune, "regression", 0, column="half"),
        _candidate("lightgbm", Scaled(), train, tune, "regression", 0, column="half"),
    ]
    gates = {"min_metric": 0.6, "max_calibration_error": 0.1}
    judged = _judge(_use_case("regression", gates=gates), roles, candidates, ()).evaluation
    assert (judged.metric, judged.greater_is_better, judged.champion.learner) == ("rmse", False, "lightgbm")
    assert judged.champion.test["rmse"].value == pytest.approx(0.5, abs=0.05)
    assert judged.lift.value > 1 and judged.lift.decisive
    assert judged.simple.learner == "ridge"
    assert judged.curves.keys() == {"residual_quantiles", "residual_p10", "residual_p50", "residual_p90"}
    assert judged.calibration is judged.decision is judged.confusion is None
    gates = {gate.name: gate for gate in judged.gates}
    assert gates["min_metric"].passed and "at most 0.6 is asked" in gates["min_metric"].message
    assert not gates["max_calibration_error"].passed
    assert record.Evaluation.model_validate_json(judged.model_dump_json()) == judged


def test_what_cannot_be_judged_says_why():
    roles = _split(_events)
    train, tune, valid, _ = roles
    candidates = _binary(roles, logistic="steady")

    with pytest.raises(
        EvaluationError, match=r"metric 'auc' is none of binary_classification's: write one of roc_auc, "
    ):
        _judge(_use_case(metric="auc"), roles, candidates)
    with pytest.raises(EvaluationError, match=r"\['logistic'\] lack 'trivial'"):
        _judge(_use_case(), roles, candidates[1:])

    holes = replace(valid.table, numeric=np.full_like(valid.table.numeric, np.nan))
    with pytest.raises(EvaluationError, match="logistic predicts NaN or infinite for 600 of 600 validation rows"):
        _judge(_use_case(), [train, tune, replace(valid, table=holes), roles[3]], candidates)

    one_class = [replace(rows, table=replace(rows.table, target=np.zeros(len(rows)))) for rows in roles]
    with pytest.raises(EvaluationError, match="ROC AUC is undefined on the 600 validation rows, which hold 1 distinct"):
        _judge(_use_case(), one_class, candidates)
    with pytest.raises(EvaluationError, match="ROC AUC is undefined on the 900 test rows, which hold 1 distinct"):
        _judge(_use_case(), [train, tune, valid, one_class[3]], candidates)


def test_a_record_of_before_that_calls_test_accesses_openings_is_read():
    roles = _split(_events)
    judged = _judge(_use_case(), roles, _binary(roles, logistic="steady"), accesses=2).evaluation
    content = judged.model_dump(mode="json")
    content["openings"] = content.pop("test_accesses")
    assert record.Evaluation.model_validate_json(json.dumps(content)) == judged
    assert "openings" not in judged.model_dump()


# more rows


class Learns(Reads):
    """Reads a column the better, the more rows it was fitted to: its noise falls as one over their number."""

    def fit(self, train, valid, fitting):
        summary = super().fit(train, valid, fitting)
        self.noise = fitting.parameters["noise"] * (600 / len(train)) ** fitting.parameters["power"]
        return summary


def _learning(roles, power: float):
    train, tune, *_ = roles
    learns = _candidate("mlp", Learns(), train, tune, column="steady", noise=0.5, power=power)
    return [_candidate("trivial", Constant(), train, tune), learns]


def test_a_champion_that_gains_by_more_rows_is_trained_on_all_but_the_sealed_ones():
    roles = _split(_events, sizes=(600, 600, 600, 900))
    judgement = evaluate(_experiment(_use_case(learners=["mlp"]), roles, _learning(roles, power=2.0)), _run())
    (step,) = [step for step in judgement.evaluation.champion.steps if step.name == "refit"]
    assert step.taken and step.advantage.shown
    assert step.message.endswith("trained on all 1,800 rows but the sealed ones")
    assert judgement.champion.learners["mlp"].noise == pytest.approx(0.5 / 9)
    assert not Reads.fitted_on & set(roles[3].number.tolist())


def test_a_champion_that_does_not_gain_stays_as_it_was_chosen():
    roles = _split(_events, sizes=(600, 600, 600, 900))
    candidates = _learning(roles, power=-0.5)
    judgement = evaluate(_experiment(_use_case(learners=["mlp"]), roles, candidates), _run())
    (step,) = [step for step in judgement.evaluation.champion.steps if step.name == "refit"]
    assert not step.taken and step.advantage.value < 0 and step.message.endswith("not refitted")
    assert judgement.champion.learners["mlp"] is candidates[1].learner


def test_rows_that_refer_to_tables_of_their_own_are_not_stacked():
    roles = _split(_events)
    apart = [
        replace(rows, table=replace(rows.table, shared={"items": pl.DataFrame({"item": [number]})}))
        for number, rows in enumerate(roles)
    ]
    judged = _judge(_use_case(), apart, _binary(apart, logistic="steady")).evaluation
    (step,) = [step for step in judged.champion.steps if step.name == "refit"]
    assert step.message == "not refitted: rows of each role refer to tables of their own"


# probabilities


def test_a_champion_that_promises_too_much_is_mended_where_it_predicts():
    """The column holds twice the true log odds; the model folder, the answers and the threshold follow the mended ones.

    The calibration slope of the mended champion is 1 by construction, of the column 0.5.
    """

    def rows(rng, role, n, start):
        odds = rng.normal(-0.5, 1.5, n)
        target = (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(float)
        return _rows({"sure": 1 / (1 + np.exp(-2 * odds)), "useless": rng.random(n)}, target, start)

    roles = _split(rows, sizes=(600, 100, 2000, 2000))
    judgement = _judge(_use_case(), roles, _binary(roles, logistic="sure"))
    judged = judgement.evaluation
    (step,) = [step for step in judged.champion.steps if step.name == "recalibration"]
    assert step.taken and judgement.champion.calibrator is not None
    assert judged.calibration.slope.low < 1 < judged.calibration.slope.high
    told = judgement.champion.predict(roles[3].table)
    np.testing.assert_array_equal(judgement.answers["champion"], told)
    assert not np.allclose(told, roles[3].table.column("sure"), atol=0.02)


# answers to the sealed test


def test_the_answers_to_the_test_are_kept_unit_by_unit():
    roles = _split(_events)
    judgement = _judge(_use_case(), roles, _binary(roles, logistic="steady", mlp="flatters"))
    test, kept = roles[3], judgement.answers
    assert kept.columns == ["row", "truth", "champion", "trivial", "simple"]
    np.testing.assert_array_equal(kept["row"], test.number)
    np.testing.assert_array_equal(kept["truth"], test.table.target)
    np.testing.assert_allclose(kept["simple"], np.clip(test.table.column("steady"), 0.001, 0.999))
    (auc,) = [one.test["roc_auc"].value for one in judgement.evaluation.candidates if one.learner == "logistic"]
    assert roc_auc_score(kept["truth"], kept["simple"]) == pytest.approx(auc)


# repeated splits


def _dealt(roles):
    """Each row a block of its own."""
    return [replace(rows, block=rows.number) for rows in roles]


def test_splits_are_repeated_inside_the_unsealed_rows_and_show_in_the_spread():
    roles = _dealt(_split(_events))
    judged = _judge(_use_case(), roles, _binary(roles, logistic="useless", mlp="steady")).evaluation
    assert [split.held_out for split in judged.repeated.splits] == [pytest.approx(600, abs=1)] * 5
    assert len({split.score.value for split in judged.repeated.splits}) == 5
    for split in judged.repeated.splits:
        assert split.lift.value == pytest.approx(split.score.value - 0.5), "the trivial model's ROC AUC is one half"
        assert split.learned + split.held_out <= 1300
    assert not Reads.fitted_on & set(roles[3].number.tolist())
    assert judged.spreads.keys() == {"score", "lift", "lift_over_simple"}
    test = judged.champion.test["roc_auc"]
    assert judged.spreads["score"].high - judged.spreads["score"].low >= test.high - test.low


def test_a_split_of_the_datas_own_is_not_repeated():
    roles = _dealt(_split(_events))
    use_case = _use_case(split={"by": "column", "column": "role"})
    judged = _judge(use_case, roles, _binary(roles, logistic="steady")).evaluation
    assert (judged.repeated.splits, judged.repeated.note) == ([], "not repeated: the split is the data's own")
    assert judged.spreads["score"].splits is None
