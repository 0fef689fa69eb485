"""One other tool on one table. Runs in the environment of the other tools, so it imports nothing of ours.

Belongs here: how each tool is asked, as its own documentation says. Does not belong here: scoring its answers
(`compare`), or anything of ours.

Run as `python peer.py TOOL FOLDER`; FOLDER holds the rows and what is asked (`ours`). Each tool gets every row that is
not sealed and may do with it what it likes, in the seconds and on the cores that ours took.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

Task = dict[str, Any]
Predict = Callable[[pd.DataFrame], np.ndarray]
SEED = 0
TRIALS = 50
HELD_OUT = 0.2
"""Of LightGBM with Optuna: trials, and the share of the rows that scores them."""


def autogluon(presets: str) -> Callable[[pd.DataFrame, Task], Predict]:
    """AutoGluon's own choice of models, bags and stacks."""

    def fit(train: pd.DataFrame, task: Task) -> Predict:
        tabular = import_module("autogluon.tabular")
        metric = {"rmse": "root_mean_squared_error"}.get(task["metric"], task["metric"])
        predictor = tabular.TabularPredictor(
            label=task["target"], problem_type=task["problem"], eval_metric=metric, path=task["scratch"], verbosity=1
        )
        predictor.fit(train, presets=presets, time_limit=task["seconds"], num_cpus=task["cores"], num_gpus=0)
        if task["problem"] == "regression":
            return lambda rows: predictor.predict(rows).to_numpy()
        return lambda rows: predictor.predict_proba(rows)[_labels(predictor.class_labels, task)].to_numpy()

    return fit


def flaml(train: pd.DataFrame, task: Task) -> Predict:
    """FLAML's cost-frugal search over its learners."""
    automl = import_module("flaml").AutoML()
    automl.fit(
        train.drop(columns=task["target"]),
        train[task["target"]],
        task="regression" if task["problem"] == "regression" else "classification",
        metric=task["metric"],
        time_budget=task["seconds"],
        n_jobs=task["cores"],
        seed=SEED,
        verbose=0,
    )
    return _predictions(automl, automl.classes_ if task["problem"] != "regression" else None, task)


def lightgbm_optuna(train: pd.DataFrame, task: Task) -> Predict:
    """LightGBM, tuned on a fifth of the rows by Optuna, then fitted to all of them: what a person does by hand."""
    import lightgbm as lgb
    import optuna
    from sklearn.model_selection import train_test_split

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    rows, target = _numbers(train.drop(columns=task["target"])), _codes(train, task)
    stratify = None if task["problem"] == "regression" else target
    if task["time"]:
        order = np.argsort(train[task["time"]].to_numpy(), kind="stable")
        fitted, held_out = np.split(order, [int(len(order) * (1 - HELD_OUT))])
    else:
        fitted, held_out = train_test_split(
            np.arange(len(rows)), test_size=HELD_OUT, random_state=SEED, stratify=stratify
        )
    fixed = {
        "objective": task["problem"],
        "metric": {"roc_auc": "auc", "log_loss": "multi_logloss"}.get(task["metric"], task["metric"]),
        "num_class": len(task["classes"]) if task["problem"] == "multiclass" else 1,
        "num_threads": task["cores"],
        "seed": SEED,
        "bagging_freq": 1,
        "verbosity": -1,
    }
    data = lgb.Dataset(rows.iloc[fitted], target[fitted], free_raw_data=False)
    scoring = lgb.Dataset(rows.iloc[held_out], target[held_out], reference=data, free_raw_data=False)

    def score(trial: optuna.Trial) -> float:
        parameters = {
            "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.2, log=True),
            "num_leaves": trial.suggest_int("num_leaves", 8, 256, log=True),
            "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 1, 200, log=True),
            "feature_fraction": trial.suggest_float("feature_fraction", 0.4, 1.0),
            "bagging_fraction": trial.suggest_float("bagging_fraction", 0.4, 1.0),
            "lambda_l2": trial.suggest_float("lambda_l2", 1e-3, 100.0, log=True),
            "feature_pre_filter": False,
        }
        stop = lgb.early_stopping(50, verbose=False)
        booster = lgb.train(fixed | parameters, data, 3000, valid_sets=[scoring], callbacks=[stop])
        trial.set_user_attr("rounds", booster.best_iteration)
        (found,) = booster.best_score["valid_0"].values()
        return -found if fixed["metric"] == "auc" else found

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=SEED))
    study.optimize(score, n_trials=TRIALS, timeout=task["seconds"] * (1 - HELD_OUT))
    rounds = int(study.best_trial.user_attrs["rounds"] / (1 - HELD_OUT))
    every_row = lgb.Dataset(rows, target, params={"feature_pre_filter": False})
    booster = lgb.train(fixed | study.best_params, every_row, rounds)
    categories = {name: rows[name].cat.categories for name in rows.select_dtypes("category")}
    return lambda asked: np.asarray(booster.predict(_numbers(asked, categories)))


def pytabkit(name: str) -> Callable[[pd.DataFrame, Task], Predict]:
    """A network with pytabkit's tuned defaults, stopped on a fifth of the rows."""

    def fit(train: pd.DataFrame, task: Task) -> Predict:
        kind = "Regressor" if task["problem"] == "regression" else "Classifier"
        model = getattr(import_module("pytabkit"), f"{name}_{kind}")(
            device="cpu", random_state=SEED, n_threads=task["cores"]
        )
        rows = _dates_as_numbers(train.drop(columns=task["target"]))
        model.fit(rows, train[task["target"]], time_to_fit_in_seconds=int(task["seconds"]))
        predict = _predictions(model, getattr(model, "classes_", None), task)
        return lambda asked: predict(_dates_as_numbers(asked))

    return fit


TOOLS: dict[str, Callable[[pd.DataFrame, Task], Predict]] = {
    "autogluon_medium": autogluon("medium_quality"),
    "autogluon_good": autogluon("good_quality"),
    "autogluon_best": autogluon("best_quality"),
    "flaml": flaml,
    "lightgbm_optuna": lightgbm_optuna,
    "tabm": pytabkit("TabM_D"),
    "realmlp": pytabkit("RealMLP_TD"),
}


def _predictions(model: Any, classes: Any, task: Task) -> Predict:
    if task["problem"] == "regression":
        return lambda rows: np.asarray(model.predict(rows)).ravel()
    order = [list(map(str, classes)).index(name) for name in task["classes"]]
    return lambda rows: np.asarray(model.predict_proba(rows))[:, order]


def _labels(known: list[Any], task: Task) -> list[Any]:
    by_name = {str(label): label for label in known}
    return [by_name[name] for name in task["classes"]]


def _codes(train: pd.DataFrame, task: Task) -> np.ndarray:
    target = train[task["target"]]
    if task["problem"] == "regression":
        return target.to_numpy()
    return pd.Categorical(target.astype(str), categories=task["classes"]).codes


def _numbers(rows: pd.DataFrame, categories: dict[str, Any] | None = None) -> pd.DataFrame:
    """Text as categories, dates as days."""
    rows = _dates_as_numbers(rows)
    for name in rows.columns:
        if not pd.api.types.is_numeric_dtype(rows[name]):
            known = categories[name] if categories else pd.Categorical(rows[name]).categories
            rows[name] = pd.Categorical(rows[name], categories=known)
    return rows


def _dates_as_numbers(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows.copy()
    for name in rows.select_dtypes("datetime"):
        rows[name] = (rows[name] - pd.Timestamp(0)).dt.days
    return rows


def main(tool: str, folder: Path) -> None:
    """Write `TOOL.parquet`, an answer a row, and `TOOL.json`, what they cost, into `folder`."""
    train, test = pd.read_parquet(folder / "train.parquet"), pd.read_parquet(folder / "test.parquet")
    task = json.loads((folder / "task.json").read_text())
    with TemporaryDirectory() as scratch:
        task["scratch"] = scratch
        started = time.perf_counter()
        predict = TOOLS[tool](train, task)
        fitted = time.perf_counter()
        answers = predict(test)
        answered = time.perf_counter()
    if task["problem"] == "binary" and answers.ndim == 2:
        answers = answers[:, 1]
    columns = answers.T if answers.ndim == 2 else [answers]
    pd.DataFrame({f"answer_{number}": column for number, column in enumerate(columns)}).to_parquet(
        folder / f"{tool}.parquet", index=False
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    cost = {"seconds": fitted - started, "seconds_to_predict": answered - fitted, "peak_memory_gib": peak}
    (folder / f"{tool}.json").write_text(json.dumps(cost, indent=1))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
