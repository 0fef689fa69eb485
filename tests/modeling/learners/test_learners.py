"""What every learner must do, whatever its family; then what is special to one."""

import json
import subprocess
import sys
import time
from dataclasses import replace
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
import skops.io
from safetensors.numpy import load_file

from modeling.core.compute import Compute
from modeling.core.learner import FitSummary, Fitting, Learner, LearnerError, Outcome
from modeling.core.table import MISSING, Table
from modeling.learners import scikit_file, work
from modeling.learners.boosting.lightgbm import CELL_OPERATIONS, MOST_SECONDS, MOST_TRIALS, SECONDS, USUAL_ROUNDS
from modeling.learners.work import OPERATIONS_PER_SECOND, affordable
from modeling.problems import learners

CLASSES: dict[Outcome, int] = {"binary": 2, "multiclass": 3, "regression": 0}
SMALL: dict[str, dict[str, Any]] = {
    "lightgbm": {"trials": 2, "rounds": 60, "min_data_in_leaf": 5},
    "mlp": {"epochs": 8, "learning_rate": 0.01},
    "tabm": {"epochs": 8, "k": 4, "width": 32, "embedding": 4, "bins": 8, "batch": 64, "learning_rate": 0.01},
}
"""Limits that no clock decides, so that a fit is the same every time."""
SAFE = {".txt", ".json", ".safetensors", ".skops"}
TRIVIAL = "trivial"
PLAIN = [name for name in learners.families() if learners.learner(name).reads is None]
"""Learners of numbers and codes; those that read something else have tests of their own."""
EVERY = [
    pytest.param(name, outcome, id=f"{name}-{outcome}")
    for name in PLAIN
    for outcome in learners.learner(name).outcomes
    if outcome in CLASSES
]


def made(outcome: Outcome, rows: int = 500, seed: int = 0) -> Table:
    """A table whose target follows a bent number and a code, with a constant, an empty and a gappy column."""
    rng = np.random.default_rng(seed)
    numeric = rng.normal(size=(rows, 5)).astype(np.float32)
    numeric[:, 2] = 7
    numeric[:, 3] = np.nan
    numeric[rng.random(rows) < 0.2, 4] = np.nan
    codes = rng.integers(2, 5, size=(rows, 2)).astype(np.int32)
    codes[rng.random(rows) < 0.1, 1] = MISSING
    signal = 2 * numeric[:, 0] + np.abs(numeric[:, 1]) + (codes[:, 0] - 3) + 0.3 * rng.normal(size=rows)
    target = {
        "binary": (signal > 0.8).astype(np.float64),
        "multiclass": np.digitize(signal, [-0.5, 2.0]).astype(np.int64),
        "regression": signal.astype(np.float64) * 50 + 1000,
    }[outcome]
    return Table(numeric, codes, target, ("a", "b", "constant", "empty", "gappy"), ("x", "y"), (5, 5))


def fitting(name: str, outcome: Outcome, **changes: Any) -> Fitting:
    circumstances = Fitting(
        outcome,
        classes=CLASSES[outcome],
        parameters=SMALL.get(name, {}),
        compute=Compute(threads=1),
    )
    return replace(circumstances, **changes)


def fitted(name: str, outcome: Outcome, **changes: Any) -> tuple[Learner, FitSummary]:
    model = learners.learner(name)()
    return model, model.fit(made(outcome), made(outcome, 300, seed=1), fitting(name, outcome, **changes))


@cache
def usual(name: str, outcome: Outcome) -> tuple[Learner, FitSummary]:
    """A fit with nothing special, for tests that only read it."""
    return fitted(name, outcome)


def loss(outcome: Outcome, target: np.ndarray, predicted: np.ndarray) -> float:
    if outcome == "regression":
        return float(np.mean((target - predicted) ** 2))
    of_class = np.column_stack([1 - predicted, predicted]) if outcome == "binary" else predicted
    return float(-np.log(of_class[np.arange(len(target)), target.astype(int)].clip(1e-9)).mean())


@pytest.mark.parametrize(("name", "outcome"), EVERY)
class TestEveryLearner:
    def test_learns(self, name: str, outcome: Outcome) -> None:
        test = made(outcome, 300, seed=2)
        reached, trivial = (
            loss(outcome, test.target, usual(learner, outcome)[0].predict(test)) for learner in (name, TRIVIAL)
        )
        assert reached == trivial if name == TRIVIAL else reached < 0.7 * trivial

    def test_predictions_have_the_promised_shape_and_range(self, name: str, outcome: Outcome) -> None:
        predicted = usual(name, outcome)[0].predict(made(outcome, 50, seed=2))
        assert predicted.dtype == np.float64
        assert predicted.shape == ((50, 3) if outcome == "multiclass" else (50,))
        assert np.isfinite(predicted).all()
        if outcome != "regression":
            assert predicted.min() >= 0
            assert predicted.max() <= 1
        if outcome == "multiclass":
            assert np.allclose(predicted.sum(1), 1, atol=1e-5)

    def test_same_seed_same_model(self, name: str, outcome: Outcome) -> None:
        test = made(outcome, 50, seed=2)
        (first, summary), (second, again) = usual(name, outcome), fitted(name, outcome)
        assert summary == again
        assert np.array_equal(first.predict(test), second.predict(test))

    def test_saved_model_predicts_the_same(self, name: str, outcome: Outcome, tmp_path: Path) -> None:
        model, _ = usual(name, outcome)
        test = made(outcome, 50, seed=2)
        model.save(tmp_path)
        assert np.array_equal(type(model).load(tmp_path).predict(test), model.predict(test))
        assert {path.suffix for path in tmp_path.iterdir()} <= SAFE

    def test_meets_what_training_did_not_show(self, name: str, outcome: Outcome) -> None:
        """Unseen codes, values in columns that were constant or empty, gaps where there were none."""
        model, _ = usual(name, outcome)
        strange = made(outcome, 50, seed=2)
        strange.numeric[:, 2:4] = 1e6
        strange.numeric[:, 0] = np.nan
        strange.categorical[:, 0] = 9
        predicted = model.predict(strange)
        assert np.isfinite(predicted).all()

    def test_its_summary_is_enough_to_train_again(self, name: str, outcome: Outcome) -> None:
        test = made(outcome, 300, seed=2)
        _, summary = usual(name, outcome)
        assert json.loads(json.dumps(summary.parameters)) == summary.parameters
        assert learners.learner(name).hyperparameters.read(summary.parameters), "what it reads is what it declares"
        assert len(summary.curve) <= 200
        empty = made(outcome, 1).rows(np.array([], dtype=int))
        again, other = learners.learner(name)(), learners.learner(name)()
        choice = fitting(name, outcome, parameters=summary.parameters, fixed=True)
        assert again.fit(made(outcome), empty, choice).parameters == summary.parameters
        other.fit(made(outcome), empty, replace(choice, seed=11))
        assert np.allclose(again.predict(test), usual(name, outcome)[0].predict(test), rtol=1e-3, atol=1e-3)
        if name != TRIVIAL:
            trivial = loss(outcome, test.target, usual(TRIVIAL, outcome)[0].predict(test))
            assert loss(outcome, test.target, other.predict(test)) < 0.7 * trivial

    def test_an_absent_class_is_named(self, name: str, outcome: Outcome) -> None:
        if outcome == "regression":
            pytest.skip("regression has no classes")
        table = made(outcome)
        model = learners.learner(name)()
        one = replace(table, target=np.ones_like(table.target))
        with pytest.raises(LearnerError, match=r"all 500 training rows are of class 1.*at least two classes"):
            model.fit(one, table, fitting(name, outcome))
        if outcome == "multiclass":
            two = replace(table, target=np.minimum(table.target, 1))
            with pytest.raises(LearnerError, match="class 2 of 3 has no row among the 500 training rows"):
                model.fit(two, table, fitting(name, outcome))

    def test_refuses_rows_it_cannot_learn_from(self, name: str, outcome: Outcome) -> None:
        table, model = made(outcome), learners.learner(name)()
        none = table.rows(np.array([], dtype=int))
        with pytest.raises(LearnerError, match="there are no training rows"):
            model.fit(none, table, fitting(name, outcome))
        with pytest.raises(LearnerError, match="there are no tuning rows"):
            model.fit(table, none, fitting(name, outcome))
        gap = table.target.astype(np.float64)
        gap[:3] = np.nan
        with pytest.raises(LearnerError, match="target is missing in 3 of 500 training rows"):
            model.fit(replace(table, target=gap), table, fitting(name, outcome))

    def test_an_unknown_hyperparameter_is_named_with_the_known_ones(self, name: str, outcome: Outcome) -> None:
        known = next(iter(usual(name, outcome)[1].parameters), "")
        with pytest.raises(LearnerError, match=rf"unknown hyperparameter 'depth'\. Known hyperparameters:.*{known}"):
            fitted(name, outcome, parameters={"depth": 3})


@pytest.mark.parametrize("name", dict.fromkeys(param.values[0] for param in EVERY if param.values[0] != TRIVIAL))
class TestEveryLearnerButTheTrivial:
    def any_outcome(self, name: str) -> Outcome:
        return learners.learner(name).outcomes[0]

    def test_no_feature_varies(self, name: str) -> None:
        outcome = self.any_outcome(name)
        table = made(outcome)
        still = replace(table, numeric=np.full_like(table.numeric, 2), categorical=np.full_like(table.categorical, 3))
        with pytest.raises(LearnerError, match="none of the 7 features has two different values in the 500 training"):
            learners.learner(name)().fit(still, table, fitting(name, outcome))

    @pytest.mark.parametrize("kind", ["numeric", "categorical"])
    def test_one_kind_of_column_is_enough(self, name: str, kind: str, tmp_path: Path) -> None:
        outcome = self.any_outcome(name)
        table = only(made(outcome), kind)
        model = learners.learner(name)()
        model.fit(table, table, fitting(name, outcome))
        model.save(tmp_path)
        assert np.array_equal(type(model).load(tmp_path).predict(table), model.predict(table))


def only(table: Table, kind: str) -> Table:
    if kind == "numeric":
        return replace(table, categorical=table.categorical[:, :0], categorical_names=(), cardinalities=())
    return replace(table, numeric=table.numeric[:, :0], numeric_names=())


def test_a_learner_refuses_an_outcome_it_does_not_predict() -> None:
    with pytest.raises(LearnerError, match="predicts regression, not binary"):
        fitted("ridge", "binary")


def test_a_hyperparameter_out_of_range_is_refused_with_its_value() -> None:
    with pytest.raises(LearnerError, match=r"hyperparameter 'dropout'.*less than 1.*got 1\.5"):
        fitted("mlp", "binary", parameters={"dropout": 1.5})


def test_cross_entropy_is_refused_for_regression() -> None:
    with pytest.raises(LearnerError, match="cross_entropy is for classes"):
        fitted("mlp", "regression", parameters={"loss": "cross_entropy"})


def test_the_reference_network_is_the_default() -> None:
    _, summary = fitted("mlp", "binary", parameters={"epochs": 1})
    assert summary.parameters == {
        "hidden": [128, 64],
        "dropout": 0.5,
        "initialisation": "glorot_uniform",
        "loss": None,
        "optimiser": "adam",
        "learning_rate": 1e-3,
        "l1": 0.0,
        "l2": 0.0,
        "batch": 32,
        "epochs": 1,
    }


@pytest.mark.parametrize(
    "hyperparameters",
    [
        {"optimiser": "sgd", "learning_rate": 0.1},
        {"optimiser": "adamw", "l2": 0.01},
        {"loss": "mse"},
        {"l1": 1e-4, "l2": 1e-4},
        {"initialisation": "he_normal"},
    ],
    ids=str,
)
@pytest.mark.parametrize("outcome", ["binary", "multiclass"])
def test_every_kind_of_hyperparameter_still_learns(hyperparameters: dict, outcome: Outcome) -> None:
    test = made(outcome, 300, seed=2)
    model, _ = fitted("mlp", outcome, parameters=SMALL["mlp"] | hyperparameters)
    trivial, _ = usual(TRIVIAL, outcome)
    assert loss(outcome, test.target, model.predict(test)) < 0.8 * loss(outcome, test.target, trivial.predict(test))


def test_a_strong_penalty_shrinks_the_weights(tmp_path: Path) -> None:
    sizes = []
    for name, l1 in (("free", 0.0), ("penalised", 0.1)):
        folder = tmp_path / name
        folder.mkdir()
        fitted("mlp", "binary", parameters=SMALL["mlp"] | {"l1": l1})[0].save(folder)
        sizes.append(np.abs(load_file(folder / "weights.safetensors")["0.weight"]).sum())
    assert sizes[1] < 0.3 * sizes[0]


def test_lightgbm_tunes_a_large_table_on_a_sample_and_says_so() -> None:
    _, summary = fitted("lightgbm", "binary", parameters=SMALL["lightgbm"] | {"tuning_rows": 200})
    assert summary.notes == ["tuned on 200 rows; the best fitted on all 500"]
    assert summary.parameters["trials"] == 2


def test_tabm_says_when_it_trains_on_a_sample() -> None:
    _, summary = fitted("tabm", "binary", parameters=SMALL["tabm"] | {"rows": 200})
    assert summary.notes == ["cpu: 200 of 500 rows, k=4, width 32"]


@pytest.mark.parametrize(
    ("name", "done"),
    [
        ("logistic", "1 of 4 values of C"),
        ("mlp", "1 of 100 epochs"),
        ("tabm", "1 of 200 epochs"),
        ("lightgbm", "1 rounds"),
    ],
)
def test_a_fit_beyond_its_time_limit_gives_a_model_and_says_what_it_lacks(name: str, done: str) -> None:
    model, summary = fitted(name, "binary", time_limit=1e-3, parameters={})
    assert np.isfinite(model.predict(made("binary", 50, seed=2))).all()
    assert summary.cut == f"the time limit of 0 s stopped it after {done}"


@pytest.mark.parametrize("name", ["logistic", "mlp", "tabm", "lightgbm"])
def test_a_fit_within_its_time_limit_says_nothing_of_it(name: str) -> None:
    assert usual(name, "binary")[1].cut == ""


@pytest.mark.parametrize("name", ["mlp", "tabm"])
def test_a_network_is_saved_under_the_keys_of_earlier_versions(name: str, tmp_path: Path) -> None:
    usual(name, "binary")[0].save(tmp_path)
    assert {"head", "knobs"} <= json.loads((tmp_path / f"{name}.json").read_text()).keys()


def test_a_saved_pipeline_with_a_foreign_type_is_refused(tmp_path: Path) -> None:
    model, _ = fitted("ridge", "regression")
    model.save(tmp_path)
    skops.io.dump(Path("/tmp"), tmp_path / "ridge.skops")
    with pytest.raises(scikit_file.ScikitFileError, match="pathlib"):
        learners.learner("ridge").load(tmp_path)


ON_ONE_CORE = """
import os, sys
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from tests.modeling.learners.test_learners import NUMERICAL, fitted, made
for name in NUMERICAL:
    sys.stdout.write(fitted(name, "binary")[0].predict(made("binary", 300, seed=2)).tobytes().hex() + "\\n")
"""
NUMERICAL = ("lightgbm", "logistic", "mlp", "tabm")


@pytest.mark.slow
def test_a_process_bound_to_one_core_learns_the_same() -> None:
    command = [sys.executable, "-c", ON_ONE_CORE]
    answers = subprocess.run(command, cwd=Path(__file__).parents[3], check=True, capture_output=True, text=True)
    for name, answer in zip(NUMERICAL, answers.stdout.split(), strict=True):
        here = usual(name, "binary")[0].predict(made("binary", 300, seed=2))
        assert np.array_equal(np.frombuffer(bytes.fromhex(answer)), here), name


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_change_no_tree(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """On rows enough that LightGBM shares them among its threads."""
    monkeypatch.setattr("modeling.learners.boosting.lightgbm.CELLS_A_THREAD", 1)
    train, valid = made("binary", 30_000), made("binary", 300, seed=1)
    parameters = {"trials": 1, "rounds": 20}
    answers = []
    for number in (1, threads):
        model = learners.learner("lightgbm")()
        model.fit(train, valid, fitting("lightgbm", "binary", parameters=parameters, compute=Compute(threads=number)))
        answers.append(model.predict(valid))
    assert np.array_equal(*answers)


def test_a_large_table_is_boosted_to_its_early_stop_on_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that jumps stands for rows that take long: what is tuned on a sample is fitted on all until it stops."""
    readings = count()
    monkeypatch.setattr(time, "monotonic", lambda: float(next(readings)))
    parameters = {"tuning_rows": 100, "patience": 10, "min_data_in_leaf": 5}
    _, summary = fitted("lightgbm", "binary", parameters=parameters)
    shown = [row["step"] for row in summary.curve]
    assert summary.notes == ["tuned on 100 rows; the best fitted on all 500"]
    assert summary.cut == ""
    assert shown[-1] == summary.parameters["rounds"] + 10 > 20


@pytest.mark.parametrize(
    ("rows", "columns", "trials"), [(1000, 10, 8), (30_000, 25, 3), (50_000, 20, 2), (50_000, 400, 1)]
)
def test_a_larger_table_is_tuned_in_fewer_trials(rows: int, columns: int, trials: int) -> None:
    assert affordable(SECONDS, rows * columns * CELL_OPERATIONS * USUAL_ROUNDS, fewest=1, most=MOST_TRIALS) == trials


def test_trials_whose_loss_goes_on_falling_take_no_more_rounds_than_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sum of two squares without noise can be learned better for hundreds of rounds; so many are affordable here that
    the usual number of trials would end within them."""
    squares = replace(
        made("regression", 800), numeric=np.random.default_rng(0).uniform(-1, 1, (800, 5)).astype(np.float32)
    )
    squares = replace(squares, target=(squares.numeric[:, :2].astype(float) ** 2).sum(1))
    rounds, train = [], lgb.train
    monkeypatch.setattr(lgb, "train", lambda *a, **k: rounds.append(train(*a, **k)) or rounds[-1])
    affords = 1200
    monkeypatch.setattr(work, "EFFORT", affords * 600 * 7 * CELL_OPERATIONS / (MOST_SECONDS * OPERATIONS_PER_SECOND))
    model = learners.learner("lightgbm")()
    roles = (squares.rows(np.arange(600)), squares.rows(np.arange(600, 800)))
    summary = model.fit(*roles, fitting("lightgbm", "regression", parameters={"rounds": 800, "min_data_in_leaf": 5}))
    beyond_best = 50 * sum(booster.best_iteration > 0 for booster in rounds)
    assert sum(booster.current_iteration() for booster in rounds) + beyond_best == affords
    assert summary.notes == ["3 of 8 trials: the loss fell for so many rounds that they took the budget"]
    assert summary.parameters["trials"] == 3
