"""LightGBM, tuned by Optuna in as many trials as the table's size affords.

Classes are not weighted: the objective is log loss, whose optimum is the true probability, so an unweighted fit stays
calibrated and the costs of a use case decide the threshold afterwards. Weights would buy recall with wrong
probabilities and leave the ranking about the same.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import lightgbm as lgb
import numpy as np
import optuna
from lightgbm.callback import CallbackEnv, EarlyStopException
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from pydantic import Field

from modeling.core.learner import FitSummary, Fitting, Hyperparameters, Learner, Outcome
from modeling.core.table import Table
from modeling.learners import tree_file
from modeling.learners.censoring import AtRisk
from modeling.learners.checks import check
from modeling.learners.progress import thinned, throttled
from modeling.learners.work import TimeLimit, affordable

METRICS: dict[Outcome, str] = {
    "binary": "binary_logloss",
    "multiclass": "multi_logloss",
    "regression": "l2",
    "survival": "partial_likelihood",
}
SPACE: dict[str, BaseDistribution] = {
    "learning_rate": FloatDistribution(0.02, 0.1, log=True),
    "num_leaves": IntDistribution(7, 127, log=True),
    "min_data_in_leaf": IntDistribution(5, 300, log=True),
    "feature_fraction": FloatDistribution(0.3, 1.0),
    "bagging_fraction": FloatDistribution(0.5, 1.0),
    "lambda_l2": FloatDistribution(1e-3, 30.0, log=True),
    "cat_smooth": FloatDistribution(1.0, 100.0, log=True),
}
CAUTIOUS = {"num_leaves": 15, "min_data_in_leaf": 100, "feature_fraction": 0.4, "lambda_l2": 10.0}
"""The second trial: for noisy tables, where the defaults' rich trees overfit. Then Optuna takes over."""
SECONDS, MOST_TRIALS = 10, 8
"""The budget of the trials on two ordinary cores, and how many at most: more find the noise of a small table."""
CELL_OPERATIONS, USUAL_ROUNDS = 1500, 100
"""What one cell of a table costs in a round, and how many rounds a trial usually takes."""
MOST_SECONDS = 15
"""As `SECONDS`, where the loss goes on falling for many more rounds: later trials share what the first one left."""

CELLS_A_THREAD = 1_000_000
"""Of fewer, threads wait longer for each other than they compute. The trees are the same with any number of them."""


class LightGBMHyperparameters(Hyperparameters):
    """The first trial's values, and the limits of the search.

    `trials`: how many; None: by the table's size. `rounds`: most boosting rounds (with `fixed`: exactly). `patience`:
    rounds without a better validation loss. `tuning_rows`: a larger training set is tuned on that many rows, and fitted
    on all. The others are LightGBM's own; the defaults are the tuned ones of Holzmüller et al. 2024
    (https://arxiv.org/abs/2407.04491), with a shorter patience.
    """

    space: ClassVar[dict[str, BaseDistribution]] = SPACE

    trials: int | None = Field(None, ge=1)
    rounds: int = Field(2000, ge=1)
    patience: int = Field(50, ge=1)
    tuning_rows: int = Field(50_000, ge=1)
    learning_rate: float = Field(0.04, gt=0)
    num_leaves: int = Field(50, ge=2)
    min_data_in_leaf: int = Field(40, ge=1)
    min_sum_hessian_in_leaf: float = Field(1e-3, ge=0)
    feature_fraction: float = Field(1.0, gt=0, le=1)
    bagging_fraction: float = Field(0.75, gt=0, le=1)
    lambda_l2: float = Field(1e-3, ge=0)
    cat_smooth: float = Field(10.0, ge=0)


OWN = set(LightGBMHyperparameters.model_fields) - {"trials", "rounds", "patience", "tuning_rows"}
"""The hyperparameters that LightGBM itself knows."""


@dataclass(frozen=True)
class FittedBooster:
    """A booster, the hyperparameters it was fitted with (its best round as their `rounds`), the validation loss it
    reached, and the losses of every round."""

    booster: lgb.Booster
    chosen: LightGBMHyperparameters
    loss: float
    curve: list[dict[str, float]]


class LightGBM(Learner):
    """Gradient-boosted trees with native categorical splits and early stopping on tuning rows."""

    outcomes = ("binary", "multiclass", "regression", "survival")
    hyperparameters = LightGBMHyperparameters

    _booster: lgb.Booster

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        """As `fit_with`, with the hyperparameters that `fitting` sets."""
        return self.fit_with(LightGBMHyperparameters.read(fitting.parameters), train, valid, fitting)

    def fit_with(self, chosen: LightGBMHyperparameters, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        """As `fit`, for a learner whose hyperparameters have other defaults, another space, or more to them."""
        check(self, train, valid, fitting)
        limit, fitting = TimeLimit(fitting), _with_useful_threads(fitting, train)
        if fitting.fixed:
            fitted, notes = _boost(_dataset(train, fitting), None, chosen, fitting, limit), []
        else:
            fitted, notes = _tuned(train, valid, chosen, fitting, limit)
        self._booster = lgb.Booster(model_str=fitted.booster.model_to_string(num_iteration=fitted.chosen.rounds))
        return FitSummary(fitted.chosen.model_dump(), thinned(fitted.curve), notes, limit.cut)

    def predict(self, table: Table) -> np.ndarray:
        """float64 ``[n]`` or ``[n, classes]``, in the scale of the objective: probabilities, numbers or risks."""
        return np.asarray(self._booster.predict(table.matrix), dtype=np.float64)

    def save(self, folder: Path) -> None:
        """The trees as `lightgbm.txt`, LightGBM's own text format."""
        tree_file.write(self._booster, folder / "lightgbm.txt")

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls()
        model._booster = tree_file.read(folder / "lightgbm.txt")
        return model


def _with_useful_threads(fitting: Fitting, train: Table) -> Fitting:
    useful = max(len(train) * len(train.names) // CELLS_A_THREAD, 1)
    return replace(fitting, compute=replace(fitting.compute, threads=min(fitting.compute.threads, useful)))


def _tuned(
    train: Table, valid: Table, chosen: LightGBMHyperparameters, fitting: Fitting, limit: TimeLimit
) -> tuple[FittedBooster, list[str]]:
    """The best of the trials, on all training rows until its validation loss stops falling."""
    rows = min(len(train), chosen.tuning_rows)
    trials, most_rounds = _affordable(rows, train, chosen, fitting)
    chosen = chosen.model_copy(update={"trials": trials})
    if rows == len(train):
        best = _search(train, valid, chosen, most_rounds, fitting, limit)
        return best, _fewer(best, trials, limit)
    notes = []
    if trials != 1:
        sample = np.random.default_rng(fitting.seed).choice(len(train), rows, replace=False, shuffle=False)
        best = _search(train.rows(sample), valid, chosen, most_rounds, fitting, limit)
        chosen = best.chosen.model_copy(update={"rounds": chosen.rounds})
        notes = [f"tuned on {rows:,} rows; the best fitted on all {len(train):,}", *_fewer(best, trials, limit)]
    every_row = _dataset(train, fitting)
    return _boost(every_row, _dataset(valid, fitting, every_row), chosen, fitting, limit), notes


def _fewer(best: FittedBooster, trials: int, limit: TimeLimit) -> list[str]:
    """Why there were fewer trials than usual, where no clock is to blame."""
    made = best.chosen.trials
    if made == trials or limit.cut:
        return []
    return [f"{made} of {trials} trials: the loss fell for so many rounds that they took the budget"]


def _affordable(rows: int, train: Table, chosen: LightGBMHyperparameters, fitting: Fitting) -> tuple[int, int]:
    """How many trials, and how many rounds in all of them, the budget affords: a round costs its cells, once for every
    class. Trials that are asked for are made whole."""
    if chosen.trials:
        return chosen.trials, chosen.trials * chosen.rounds
    trees = fitting.classes if fitting.outcome == "multiclass" else 1
    each = rows * len(train.names) * trees * CELL_OPERATIONS
    trials = affordable(SECONDS, each * USUAL_ROUNDS, fewest=1, most=MOST_TRIALS)
    return trials, affordable(MOST_SECONDS, each, fewest=1, most=trials * chosen.rounds)


def _search(
    train: Table, valid: Table, chosen: LightGBMHyperparameters, most_rounds: int, fitting: Fitting, limit: TimeLimit
) -> FittedBooster:
    """The best of `chosen.trials` trials, or of those that end within `most_rounds` rounds in all; the first is as
    given, and never cut short."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = {name: of for name, of in chosen.space.items() if name != "cat_smooth" or train.categorical_names}
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=fitting.seed))
    given = chosen.model_dump(include=set(space))
    study.enqueue_trial(given)
    study.enqueue_trial(given | CAUTIOUS)
    train_set = _dataset(train, fitting)
    valid_set = _dataset(valid, fitting, train_set)
    say, best = throttled(fitting.progress), None
    assert chosen.trials, "filled in before"
    number, rounds, left = 0, chosen.rounds, most_rounds
    while number < chosen.trials and rounds > 0:
        if number and limit.stops(f"{number} of {chosen.trials} trials"):
            break
        number, trial = number + 1, study.ask(space)
        fitted = _boost(
            train_set, valid_set, chosen.model_copy(update={**trial.params, "rounds": rounds}), fitting, limit
        )
        study.tell(trial, fitted.loss)
        best = fitted if best is None or fitted.loss < best.loss else best
        say(f"trial {number} of {chosen.trials}: validation loss {fitted.loss:.4f}, best {best.loss:.4f}")
        left -= len(fitted.curve)
        rounds = min(chosen.rounds, left)
    assert best is not None, "the first trial always runs"
    return replace(best, chosen=best.chosen.model_copy(update={"trials": number}))


def _boost(
    train: lgb.Dataset, valid: lgb.Dataset | None, chosen: LightGBMHyperparameters, fitting: Fitting, limit: TimeLimit
) -> FittedBooster:
    """One booster: with `valid` until its loss stops falling, else for `chosen.rounds`."""
    parameters = _settings(fitting) | chosen.model_dump(include=OWN)
    metric, scored = METRICS[fitting.outcome], None
    if fitting.outcome == "survival":
        parameters["objective"], scored = _partial_likelihood([train, valid] if valid else [train], metric)
    if valid is None:
        return FittedBooster(lgb.train(parameters, train, chosen.rounds), chosen, math.nan, [])
    history: dict[str, Any] = {}
    booster = lgb.train(
        parameters,
        train,
        chosen.rounds,
        valid_sets=[train, valid],
        valid_names=["train", "valid"],
        feval=scored,
        callbacks=[lgb.record_evaluation(history), _EarlyStopping(chosen.patience, limit)],
    )
    losses = {role: [_rounded(loss) for loss in history[role][metric]] for role in ("train", "valid")}
    rounds = int(np.argmin(losses["valid"])) + 1
    steps = enumerate(zip(losses["train"], losses["valid"], strict=True), start=1)
    curve = [{"step": step, "train": train_loss, "valid": valid_loss} for step, (train_loss, valid_loss) in steps]
    return FittedBooster(booster, chosen.model_copy(update={"rounds": rounds}), min(losses["valid"]), curve)


def _partial_likelihood(data: list[lgb.Dataset], name: str) -> tuple[Callable, Callable]:
    """Objective and metric that LightGBM lacks: the risk is a log hazard ratio, as in Cox 1972."""
    at_risk = {id(rows): AtRisk(np.asarray(rows.get_label())) for rows in data}

    def objective(risk: np.ndarray, rows: lgb.Dataset) -> tuple[np.ndarray, np.ndarray]:
        return at_risk[id(rows)].derivatives(risk)

    def metric(risk: np.ndarray, rows: lgb.Dataset) -> tuple[str, float, bool]:
        return name, at_risk[id(rows)].loss(risk), False

    return objective, metric


@dataclass(eq=False)
class _EarlyStopping:
    """A LightGBM callback that ends boosting after `patience` rounds without a better validation loss, or where the
    time limit has passed; after the round's losses are recorded."""

    patience: int
    limit: TimeLimit
    order: int = 30
    lowest: float = math.inf
    best: int = 0

    def __call__(self, env: CallbackEnv) -> None:
        results = env.evaluation_result_list or []
        (loss,) = (_rounded(result[2]) for result in results if result[0] == "valid")
        if loss < self.lowest:
            self.lowest, self.best = loss, env.iteration
        if env.iteration - self.best >= self.patience or self.limit.stops(f"{env.iteration + 1:,} rounds"):
            raise EarlyStopException(self.best, results)


def _rounded(loss: float) -> float:
    """To ten digits: threads add a loss up in an order of their own, and neither stopping nor tuning may follow it."""
    return float(f"{loss:.10g}")


def _settings(fitting: Fitting) -> dict[str, Any]:
    """What is the same in every trial. Equal seeds give equal trees, with any number of threads."""
    own = fitting.outcome == "survival"
    return {
        "objective": "none" if own else fitting.outcome,
        "metric": "none" if own else METRICS[fitting.outcome],
        "num_class": fitting.classes if fitting.outcome == "multiclass" else 1,
        "bagging_freq": 1,
        "feature_pre_filter": False,
        "seed": fitting.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": fitting.compute.threads,
        "verbosity": -1,
    }


def _dataset(table: Table, fitting: Fitting, reference: lgb.Dataset | None = None) -> lgb.Dataset:
    """Numbers only, as `Table` guarantees: LightGBM 4.7 ends the process when text reaches it."""
    first = len(table.numeric_names)
    return lgb.Dataset(
        table.matrix,
        table.target,
        reference=reference,
        categorical_feature=list(range(first, len(table.names))),
        params=_settings(fitting),
    )


LEARNER = LightGBM
