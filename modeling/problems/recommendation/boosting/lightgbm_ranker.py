"""LightGBM's LambdaRank over what is popular, new, popular with people of the same profile, similar to a history and
like it in tags and numbers.

It learns from the past as it will be used: at several moments within the training time, everything it knows of items is
counted from what lay before, and what users took in the days after, with a history or without, is what it learns to
rank first. Nothing of an answer is in its features.

Source: Burges 2010, "From RankNet to LambdaRank to LambdaMART".
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Self

import lightgbm as lgb
import numpy as np
import polars as pl
from pydantic import Field

from modeling.core.learner import FitSummary, Fitting, Learner, LearnerError
from modeling.core.table import Table
from modeling.learners import tree_file
from modeling.learners.work import TimeLimit
from modeling.problems.recommendation.item_features import KnownItems
from modeling.problems.recommendation.ranking import (
    AGE,
    HISTORY,
    RecommenderHyperparameters,
    best_on,
    check_histories,
    flat,
    popular,
    ranked,
)

PRIORS = (0.0, 0.3, 1.0, 3.0)

Shown = tuple[np.ndarray, np.ndarray]
"""Features ``[m, f]`` of the items of one list, and labels ``[m]``."""


class RankerHyperparameters(RecommenderHyperparameters):
    """`boosters`: how many score together, each of so many `rounds`; one alone depends on its seed. `moments`: how
    many lists a user has, `days` apart, back from the end of the training time. `negatives`: items a user did not
    take, drawn for each list. `prior`: how much of the logarithm of what is popular lately is added to the scores;
    None: chosen on tuning users. The others are LightGBM's own: small trees, as there are only some hundred lists.
    """

    boosters: int = Field(5, ge=1)
    rounds: int = Field(100, ge=1)
    prior: float | None = Field(None, ge=0)
    moments: int = Field(11, ge=1)
    days: float = Field(10.0, gt=0)
    negatives: int = Field(150, ge=1)
    learning_rate: float = Field(0.1, gt=0)
    num_leaves: int = Field(8, ge=2)
    min_data_in_leaf: int = Field(200, ge=1)
    feature_fraction: float = Field(0.6, gt=0, le=1)
    lambda_l2: float = Field(10.0, ge=0)


class LightGBMRanker(Learner):
    """All items are candidates; trees score each of them for each user."""

    outcomes = ("ranking",)
    hyperparameters = RankerHyperparameters
    reads = "recommendation"

    _known: KnownItems
    _boosters: list[lgb.Booster]
    _popular: np.ndarray
    _prior: float

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        limit = TimeLimit(fitting)
        chosen = RankerHyperparameters.read(fitting.parameters)
        check_histories(self, train, fitting)
        self._popular, half_life = popular(train, valid, chosen, limit)
        self._known = KnownItems.of(train)
        lists = _training_lists(train, chosen, np.random.default_rng(fitting.seed))
        data = _dataset(lists)
        self._boosters = [
            lgb.train(_settings(chosen, fitting, number), data, chosen.rounds) for number in range(chosen.boosters)
        ]

        def with_prior(prior: float) -> np.ndarray:
            self._prior = prior
            return self.predict(valid)

        priors = PRIORS if chosen.prior is None else (chosen.prior,)
        self._prior = best_on(valid, priors, with_prior, limit)
        parameters = chosen.model_dump() | {"half_life": half_life, "prior": self._prior}
        notes = [f"learned from {len(lists):,} lists within the training time"]
        return FitSummary(parameters, notes=notes, cut=limit.cut)

    def predict(self, table: Table) -> np.ndarray:
        """int64 ``[n, k]``: the codes of the best items of each user, best first."""
        return ranked(self._scores, self._popular, table)

    def save(self, folder: Path) -> None:
        """Each booster as LightGBM text, what is known of items and users, and popularity (`popularity.json`)."""
        for number, booster in enumerate(self._boosters):
            tree_file.write(booster, folder / f"lightgbm_{number}.txt")
        self._known.save(folder)
        facts = {"popular": self._popular.tolist(), "prior": self._prior}
        (folder / "popularity.json").write_text(json.dumps(facts))

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls()
        model._boosters = [tree_file.read(path) for path in sorted(folder.glob("lightgbm_*.txt"))]
        model._known = KnownItems.load(folder)
        facts = json.loads((folder / "popularity.json").read_text())
        model._popular, model._prior = np.array(facts["popular"]), facts["prior"]
        return model

    def _scores(self, table: Table) -> np.ndarray:
        features = self._known.features(table)
        rows = features.reshape(-1, features.shape[-1])
        scores = np.mean([np.asarray(booster.predict(rows)) for booster in self._boosters], axis=0)
        return scores.reshape(features.shape[:2]) + self._prior * np.log1p(self._popular)


def _training_lists(train: Table, chosen: RankerHyperparameters, random: np.random.Generator) -> list[Shown]:
    """A list of items for every moment and user who took new ones in the days after, 1 where the user did.

    Raises
    ------
    LearnerError: there is no such user.
    """
    lists = [
        one for number in range(1, chosen.moments + 1) for one in _lists_at(train, number * chosen.days, chosen, random)
    ]
    if not lists:
        raise LearnerError(
            f"no training user takes anything new in the {chosen.moments} times {chosen.days:g} days "
            "before the end: "
            "set the hyperparameters `moments` and `days` to the pace of these users"
        )
    return lists


def _dataset(lists: list[Shown]) -> lgb.Dataset:
    features, labels = (np.concatenate(part) for part in zip(*lists, strict=True))
    return lgb.Dataset(features, labels, group=[len(label) for _, label in lists])


def _lists_at(train: Table, ago: float, chosen: RankerHyperparameters, random: np.random.Generator) -> Iterator[Shown]:
    """Features ``[m, f]`` and labels ``[m]`` of every user who took new items in the days that begin `ago` days before
    the end of the training time, among the items known by then."""
    flat_rows = train.content.with_row_index("row").explode(HISTORY, AGE)
    before = flat_rows.filter(pl.col(AGE) >= ago).group_by("row").agg(HISTORY, pl.col(AGE) - ago).sort("row")
    soon = (pl.col(AGE) < ago) & (pl.col(AGE) >= ago - chosen.days)
    after = flat_rows.filter(soon).group_by("row").agg(wanted=pl.col(HISTORY)).sort("row")
    if before.is_empty() or after.is_empty():
        return
    past = replace(train.rows(before["row"].to_numpy()), content=before)
    active = after.join(before, on="row", how="left", maintain_order="left").with_columns(
        pl.col(HISTORY, AGE).fill_null([])
    )
    features = KnownItems.of(past).features(replace(train.rows(after["row"].to_numpy()), content=active))
    known = np.unique(flat(before[HISTORY])[0])
    for user, (had, wanted) in enumerate(active.select(HISTORY, "wanted").iter_rows()):
        fresh = np.setdiff1d(known, had)
        positive, others = np.intersect1d(fresh, wanted), np.setdiff1d(fresh, wanted)
        drawn = random.choice(others, min(chosen.negatives, len(others)), replace=False)
        if len(positive) and len(drawn):
            shown = np.append(positive, drawn)
            yield features[user, shown], np.arange(len(shown)) < len(positive)


def _settings(chosen: RankerHyperparameters, fitting: Fitting, number: int) -> dict[str, object]:
    return chosen.model_dump(
        include={"learning_rate", "num_leaves", "min_data_in_leaf", "feature_fraction", "lambda_l2"}
    ) | {
        "objective": "lambdarank",
        "lambdarank_truncation_level": 10,
        "bagging_fraction": 0.5,
        "bagging_freq": 1,
        "seed": fitting.seed * chosen.boosters + number,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": fitting.compute.threads,
        "verbosity": -1,
    }


LEARNER = LightGBMRanker
