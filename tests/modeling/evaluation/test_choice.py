"""The choice of a champion on choosing units."""

import numpy as np
import pytest

from modeling.core.digits import number
from modeling.core.metrics import rmse
from modeling.core.task import Metric, Units
from modeling.evaluation.choice import ENSEMBLE, ChampionChoice, ChoosingUnits, choose
from modeling.evaluation.experiment import EvaluationError

RMSE = Metric("rmse", "RMSE", False, rmse)
ROWS = 600


def _chosen(errors: dict[str, np.ndarray], blends: bool = False, prefer="parsimony") -> ChampionChoice:
    """Of candidates that answer with these errors, the cheapest first."""
    choosing = ChoosingUnits(errors, Units(np.zeros(ROWS), None), f"{ROWS} validation rows")
    return choose(choosing, {"rmse": RMSE}, RMSE, trivial="trivial", blends=blends, prefer=prefer)


def _errors(rng: np.random.Generator, **scale: float) -> dict[str, np.ndarray]:
    return {name: size * rng.normal(size=ROWS) for name, size in scale.items()}


def test_the_rows_without_a_usable_answer_are_counted():
    answers = np.zeros(ROWS)
    answers[[5, 70, 599]] = np.nan, np.inf, -np.inf
    with pytest.raises(EvaluationError, match=r"^mlp predicts NaN or infinite for 3 of 600 validation rows"):
        _chosen({"mlp": answers})


def test_what_hardly_differs_is_settled_by_cost_and_accuracy_may_be_preferred():
    simple = np.random.default_rng(0).normal(size=ROWS)
    noise = 0.3 * np.random.default_rng(1).normal(size=ROWS)
    nearly = (simple + noise) * 0.999 * np.sqrt(np.mean(simple**2) / np.mean((simple + noise) ** 2))
    errors = {"trivial": 5 * simple, "ridge": simple, "mlp": nearly}
    assert _chosen(errors).champion == "ridge"
    best = _chosen(errors, prefer="accuracy")
    assert best.champion == best.contest.best == "mlp"
    assert best.chosen_by.startswith("best expected RMSE of 3 candidates on 600 validation rows, as `prefer: accuracy`")


def test_the_sentence_states_the_rule_and_every_advantage():
    choice = _chosen(_errors(np.random.default_rng(0), trivial=3.0, ridge=2.0, mlp=1.0))
    assert choice.champion == "mlp"
    assert choice.chosen_by.startswith(
        "cheapest of 3 candidates that the best expected RMSE on 600 validation rows, that of mlp, does not beat by "
        "more than one standard error of the paired difference; behind mlp by (standard error in brackets): trivial "
    )
    for name in ("trivial", "ridge"):
        ahead = choice.contest.ahead[name]
        assert f"{name} {number(ahead.value)} ({number(ahead.standard_error)})" in choice.chosen_by


def test_the_trivial_model_wins_where_nothing_is_better():
    choice = _chosen(_errors(np.random.default_rng(0), trivial=1.0, ridge=2.0, mlp=3.0))
    assert choice.champion == choice.contest.best == "trivial"


def test_an_ensemble_is_the_dearest_and_its_answers_are_cross_fitted():
    rng = np.random.default_rng(0)
    errors = _errors(rng, trivial=3.0, ridge=1.0, mlp=1.0)
    choice = _chosen(errors, blends=True)
    assert choice.champion == ENSEMBLE, "the mean of two independent errors is sqrt(2) smaller"
    assert list(choice.contest.ahead)[-1] == ENSEMBLE
    assert choice.validation[ENSEMBLE]["rmse"] == pytest.approx(1 / np.sqrt(2), abs=0.06)
    same_units_reused = sum(weight * errors[name] for name, weight in choice.members.items())
    assert not np.array_equal(choice.answers, same_units_reused)
