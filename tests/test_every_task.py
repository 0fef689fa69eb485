"""What holds for every task: no role leaks into another, it learns, and what it made can be kept and read.

A task brings its own rows: `modeling/problems/<problem>/tiny_<task>.py` has `frame()`, some hundred raw rows one can
learn from, and `CONTENT`, a use case over them.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from itertools import combinations, count
from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl
import pytest

from assets.evaluation import judged_model, provenance
from assets.features import FINDINGS
from assets.installation import required_extras
from assets.models import MODEL_ASSETS, candidate, named_learners
from assets.validated_data import accepted_data
from catalogue import extras
from catalogue.definition import UseCase
from modeling.artefacts.evaluated_model import EvaluatedModel
from modeling.artefacts.feature_set import ReferencedFeatures
from modeling.artefacts.storage import load, save
from modeling.core.candidate import Candidate, Candidates
from modeling.core.compute import Compute
from modeling.core.feature_set import FeatureSet
from modeling.core.features import FeatureRecipe
from modeling.core.model import Model
from modeling.core.predictions import PREDICTION, PROBABILITY
from modeling.core.record import Evaluation
from modeling.core.task import Task
from modeling.core.validated_data import ValidatedData
from modeling.drift.comparison import compare
from modeling.drift.performance import performance
from modeling.drift.record import DriftComparison, Performance
from modeling.drift.reference import Reference, has_labels
from modeling.evaluation.experiment import EvaluationRun, Experiment, Serving
from modeling.problems import tasks
from resources import contracts
from resources.serving.predictor import Published
from resources.store.state import State

from .golden import comparison, results


@dataclass(frozen=True)
class Made:
    """A tiny use case and everything made of it."""

    raw: pl.DataFrame
    experiment: Experiment
    evaluated: EvaluatedModel

    @property
    def use_case(self) -> UseCase:
        return self.experiment.use_case

    @property
    def task(self) -> Task:
        return self.experiment.task

    @property
    def features(self) -> FeatureSet:
        return self.experiment.features

    @property
    def candidates(self) -> Sequence[Candidate]:
        return self.experiment.candidates


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> State:
    return State(folder=str(tmp_path_factory.mktemp("home")))


@pytest.fixture(params=tasks.names())
def made(request: pytest.FixtureRequest, home: State) -> Made:
    _skip_without_extras(request.param)
    return made_of(request.param, home)


def _skip_without_extras(task: str) -> None:
    lacking = [extra for extra in required_extras(_use_case(_tiny(task))) if extras.missing(extra)]
    if lacking:
        pytest.skip(f"needs {extras.install_command(lacking)}")


def _tiny(task: str) -> ModuleType:
    (path,) = Path(__file__).parent.glob(f"modeling/problems/*/tiny_{task}.py")
    return import_module(f".modeling.problems.{path.parent.name}.{path.stem}", __package__)


def _use_case(tiny: ModuleType) -> UseCase:
    return UseCase.model_validate(tiny.CONTENT).placed(f"tiny/{tiny.CONTENT['task']}", Path("tiny"))


@cache
def made_of(task_name: str, home: State) -> Made:
    """Everything that the stages make of a task's tiny use case."""
    tiny = _tiny(task_name)
    raw, use_case = tiny.frame(), _use_case(tiny)
    task = tasks.task(use_case)
    verdict = contracts.validate(raw, use_case)
    verdict.raise_if_blocked()
    data = accepted_data(raw, verdict)
    features = task.prepare(data, use_case, None)
    names = [name for model in MODEL_ASSETS for name in named_learners(use_case, model.family)]
    compute = Compute(threads=1)
    candidates = [candidate(name, use_case, features, compute, home, print) for name in names]
    experiment = Experiment(use_case, task, data, features, candidates)
    return Made(raw, experiment, judged_model(experiment, _run(experiment)))


def _run(experiment: Experiment, serving: Serving | None = None) -> EvaluationRun:
    return EvaluationRun(provenance(experiment, "the test"), lambda: 1, print, serving)


def test_no_role_leaks_into_another(made: Made) -> None:
    roles = [made.features.train, made.features.tune, made.features.valid, made.features.open_test()]
    numbers = [set(rows.number.tolist()) for rows in roles]
    assert all(numbers) and not any(one & other for one, other in combinations(numbers, 2))
    found = made.features.datasheet.leakage
    assert {one.name for one in found} == set(FINDINGS) - {"look_ahead"}
    assert not [one.message for one in found if one.severity == "error" and not one.passed]


@pytest.mark.slow
def test_neither_clock_nor_threads_change_what_is_learned(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each reading of the clock is a second after the one before, as on a machine that does nothing else for long."""
    readings = count()
    monkeypatch.setattr(time, "monotonic", lambda: float(next(readings)))
    train, tune, valid = (rows.table for rows in (made.features.train, made.features.tune, made.features.valid))
    for fitted in made.experiment.candidates:
        again = type(fitted.learner)()
        summary = again.fit(train, tune, replace(fitted.fitting, compute=Compute(threads=2), scratch=None))
        assert summary == fitted.summary, fitted.name
        np.testing.assert_array_equal(again.predict(valid), fitted.learner.predict(valid), fitted.name)


def test_something_learned_beats_the_trivial_learner_on_validation_rows(made: Made) -> None:
    judged = made.evaluated.evaluation
    scores = {one.learner: one.validation[judged.metric] for one in judged.candidates}
    best = max if judged.greater_is_better else min
    assert best(scores, key=scores.__getitem__) != made.task.trivial, scores


def test_features_and_candidates_are_the_same_after_keeping(made: Made, tmp_path: Path) -> None:
    (tmp_path / "features").mkdir()
    save(ReferencedFeatures(made.features, None), tmp_path / "features")
    kept = load(FeatureSet, tmp_path / "features")
    assert kept.digest() == made.features.digest()
    save(Candidates([*made.candidates]), tmp_path / "candidates")
    for loaded in load(Candidates, tmp_path / "candidates").fitted:
        (before,) = [one for one in made.candidates if one.name == loaded.name]
        answers = made.task.answers(loaded.learner, kept.valid)
        np.testing.assert_array_equal(answers, made.task.answers(before.learner, made.features.valid), loaded.name)


def test_a_delivery_is_compared_with_what_was_learned_from(made: Made) -> None:
    found = compared(made)
    assert (found.delivery, found.compared > 0) == ("append", True)
    assert found.performance is not None or "performance" in found.not_measured
    if made.task.by_row and has_labels(made.use_case):
        assert found.label is not None and found.performance is not None


def compared(made: Made) -> DriftComparison:
    """A delivery of the same rows, half of them twice, beside what was learned from; predicted by a model that learned
    from none of them."""

    def perform(rows: pl.DataFrame) -> Performance | str:
        stranger = replace(made.evaluated.model, learned=np.empty(0, dtype=np.uint64))
        return performance(made.use_case, made.raw, rows, None, made.evaluated.evaluation, stranger)

    reference = Reference.of(_validated(made.raw), made.features, made.use_case)
    again = made.raw.head(made.raw.height // 2)
    return compare(_validated(pl.concat([made.raw, again])), made.use_case, reference, perform)


def _validated(frame: pl.DataFrame) -> ValidatedData:
    return ValidatedData(frame, np.arange(frame.height), [], "the test", frame.height)


def test_the_model_folder_predicts_raw_rows_alone(made: Made, tmp_path: Path) -> None:
    save(made.evaluated.model, tmp_path)
    model = load(Model, tmp_path)
    if not isinstance(model.recipe, FeatureRecipe):
        predicted = model.predict(made.raw)
        no_opinion = made.evaluated.evaluation.champion.learner == made.task.trivial
        assert len(predicted) and (np.isfinite(predicted).all() or no_opinion)
        return
    rows = made.features.valid
    predicted = model.predict(made.raw.drop(made.use_case.target)[rows.number.tolist()])
    np.testing.assert_allclose(predicted, made.evaluated.model.champion.predict(rows.table), rtol=1e-6)


def test_rows_without_a_target_are_predicted_behind_the_contract(made: Made) -> None:
    if not tasks.predicts(made.task.name):
        return
    rows = made.raw.drop(made.use_case.target)
    found = Published("before", made.evaluated.model, made.use_case).predictions(rows)
    kept = [number for number in range(rows.height) if number not in set(found.set_aside["row"])]
    expected = made.evaluated.model.predict(rows[kept])
    answered = found.rows[
        PREDICTION if PREDICTION in found.rows.columns else f"{PROBABILITY}{made.features.classes[-1]}"
    ]
    np.testing.assert_array_equal(answered, expected if expected.ndim == 1 else expected[:, -1])


def test_a_champion_is_held_against_the_model_that_serves(made: Made, tmp_path: Path) -> None:
    save(made.evaluated.model, tmp_path)
    serving = Serving("before", load(Model, tmp_path), same_features=True, derive=None)
    challenged = judged_model(made.experiment, _run(made.experiment, serving)).evaluation.challenge
    assert challenged and challenged.lift, challenged
    assert challenged.units == made.evaluated.evaluation.units
    assert challenged.lift.value == pytest.approx(0, abs=1e-6) and not challenged.lift.decisive


@pytest.mark.parametrize(("task", "gate"), [("forecasting", "ranges_keep_promise"), ("portfolio", "above_luck")])
def test_what_a_task_asks_itself_is_among_its_gates(task: str, gate: str, home: State) -> None:
    _skip_without_extras(task)
    judged = made_of(task, home).evaluated.evaluation
    asked = {found.name: found.passed for found in judged.gates}
    assert gate in asked or judged.champion.learner == judged.baseline.learner
    assert judged.published <= asked.get(gate, True)


def test_the_report_holds_what_was_measured(made: Made) -> None:
    from modeling.reports import use_case as report

    judged = made.evaluated.evaluation
    assert Evaluation.model_validate_json(judged.model_dump_json()) == judged
    page = report.render(judged)
    assert made.use_case.title in page.html and all(chapter.title in page.markdown for chapter in judged.chapters)
    assert judged.units > 1 and judged.lift.low is not None


def test_no_result_changes_unless_its_stage_says_so(made: Made) -> None:
    found = comparison.complaints(made.task.name, results.of_stages(made, compared(made)))
    assert not found, "\n".join(found)
