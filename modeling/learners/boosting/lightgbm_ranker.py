"""LightGBM's LambdaRank over what is popular, new, similar to a history and like it in tags and numbers.

It learns from the past as it will be used: at several moments within the training time, everything it knows of items is
counted from what lay before, and what users with a history took in the days after is what it learns to rank first.
Nothing of an answer is in its features.

Source: Burges 2010, "From RankNet to LambdaRank to LambdaMART".
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Self

import lightgbm as lgb
import numpy as np
import polars as pl
import polars.selectors as cs
from pydantic import Field
from safetensors.numpy import load_file, save_file
from sklearn.preprocessing import MultiLabelBinarizer

from modeling.learners.baseline.item_knn import nearest
from modeling.learners.checks import read_knobs
from modeling.learners.protocol import Fitting, LearnerError, Outcome, Told
from modeling.recommending import (
    AGE,
    HISTORY,
    ITEMS,
    TAGS,
    RecommenderKnobs,
    best_on,
    check_histories,
    flat,
    popular,
    popularity,
    ranked,
    taken,
)
from modeling.table import Table

HALF_LIVES = (3.0, 10.0, 30.0, 10_000.0)
NEIGHBOURS, SHRINKAGE = 200, 10.0
ROUNDS = (100, 50, 200)

Shown = tuple[np.ndarray, np.ndarray]
"""Features ``[m, f]`` of the items of one list, and labels ``[m]``."""


class RankerKnobs(RecommenderKnobs):
    """`rounds`: boosting rounds; None: chosen on validation users. `moments`: at how many a list is asked for, `days`
    apart, back from the end of the training time. `negatives`: items a user did not take, drawn for each list. The
    others are LightGBM's own: small trees, as there are only some hundred lists."""

    rounds: int | None = Field(None, ge=1)
    moments: int = Field(9, ge=1)
    days: float = Field(10.0, gt=0)
    negatives: int = Field(300, ge=1)
    learning_rate: float = Field(0.05, gt=0)
    num_leaves: int = Field(4, ge=2)
    min_data_in_leaf: int = Field(500, ge=1)
    feature_fraction: float = Field(0.6, gt=0, le=1)
    lambda_l2: float = Field(10.0, ge=0)


class Model:
    """All items are candidates; trees score each of them for each user."""

    outcomes: ClassVar[tuple[Outcome, ...]] = ("ranking",)
    default_seconds: ClassVar[float] = 30
    extra: ClassVar[str | None] = None
    reads: ClassVar[str | None] = "recommendation"

    _known: "_Known"
    _booster: lgb.Booster
    _popular: np.ndarray

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> Told:
        deadline = time.monotonic() + fitting.seconds
        knobs = read_knobs(RankerKnobs, fitting.parameters)
        check_histories(self, train, fitting)
        self._popular, half_life = popular(train, valid, knobs, deadline)
        self._known = _Known.of(train)
        lists = _training_lists(train, knobs, np.random.default_rng(fitting.seed))
        choices = ROUNDS if knobs.rounds is None else (knobs.rounds,)
        booster = lgb.train(_settings(knobs, fitting), _dataset(lists), max(choices))

        def shortened(rounds: int) -> np.ndarray:
            self._booster = lgb.Booster(model_str=booster.model_to_string(num_iteration=rounds))
            return self.predict(valid)

        rounds = best_on(valid, choices, shortened, deadline)
        self._booster = lgb.Booster(model_str=booster.model_to_string(num_iteration=rounds))
        told = knobs.model_dump() | {"half_life": half_life, "rounds": rounds}
        return Told(told, notes=[f"learned from {len(lists):,} lists within the training time"])

    def predict(self, table: Table) -> np.ndarray:
        return ranked(self._scores, self._popular, table)

    def save(self, folder: Path) -> None:
        self._booster.save_model(folder / "lightgbm.txt")
        self._known.save(folder)
        (folder / "popular.json").write_text(json.dumps(self._popular.tolist()))

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls()
        model._booster = lgb.Booster(model_file=folder / "lightgbm.txt")
        model._known = _Known.load(folder)
        model._popular = np.array(json.loads((folder / "popular.json").read_text()))
        return model

    def _scores(self, table: Table) -> np.ndarray:
        features = self._known.features(table)
        return np.asarray(self._booster.predict(features.reshape(-1, features.shape[-1]))).reshape(features.shape[:2])


@dataclass(frozen=True)
class _Known:
    """What is known of items at one moment.

    Attributes
    ----------
    alone: float32 ``[items, a]``: popularity by half-life, days since first and last taken.
    similar: float32 ``[items, items]``: shrunken cosine of the nearest.
    """

    alone: np.ndarray
    similar: np.ndarray

    @classmethod
    def of(cls, table: Table) -> Self:
        codes, age = flat(table.content[HISTORY])[0], flat(table.content[AGE])[0]
        span = np.nan_to_num(age.max(initial=0))
        first, last = np.full((2, table.shared[ITEMS].height), [[0.0], [span]])
        np.maximum.at(first, codes, age)
        np.minimum.at(last, codes, age)
        alone = [*(np.log1p(popularity(table, half_life)) for half_life in HALF_LIVES), first, last]
        histories = taken(table)
        similar = nearest((histories.T @ histories).tocsr(), NEIGHBOURS, SHRINKAGE).toarray()
        return cls(np.stack(alone, axis=1).astype(np.float32), similar)

    def features(self, table: Table) -> np.ndarray:
        """float32 ``[n, items, f]`` for the users of `table`."""
        histories, items = taken(table), table.shared[ITEMS]
        shape = len(table), items.height
        length = np.maximum(histories.sum(axis=1), 1).reshape(-1, 1)
        numbers = items.select(cs.numeric()).fill_null(strategy="mean")
        described = numbers.to_numpy().reshape(items.height, numbers.width)
        tags = _directions(items[TAGS])
        users = [
            histories @ self.similar / length,
            (histories @ tags) @ tags.T / length,
            *(np.abs(histories @ values[:, None] / length - values) for values in described.T),
            np.broadcast_to(length, shape),
            np.broadcast_to(histories @ self.alone[:, -3, None] / length, shape),
        ]
        of_items = np.hstack([self.alone, described])
        alone = np.broadcast_to(of_items, (len(table), *of_items.shape))
        return np.concatenate([alone, np.stack(users, axis=-1)], axis=-1).astype(np.float32)

    def save(self, folder: Path) -> None:
        save_file({"alone": self.alone, "similar": self.similar}, folder / "items.safetensors")

    @classmethod
    def load(cls, folder: Path) -> Self:
        return cls(**load_file(folder / "items.safetensors"))


def _directions(tags: pl.Series) -> np.ndarray:
    """float32 ``[items, tags]``: each item's tags as a vector of length one."""
    held = np.asarray(MultiLabelBinarizer().fit_transform(tags.to_list()), dtype=np.float32)
    return held / np.maximum(np.linalg.norm(held, axis=1, keepdims=True), 1)


def _training_lists(train: Table, knobs: RankerKnobs, random: np.random.Generator) -> list[Shown]:
    """A list of items for every moment and user with a history, 1 where the user took the item in the days after.

    Raises
    ------
    LearnerError: no user comes back within the training time.
    """
    lists = [
        one for number in range(1, knobs.moments + 1) for one in _lists_at(train, number * knobs.days, knobs, random)
    ]
    if not lists:
        raise LearnerError(
            f"no training user takes anything new within {knobs.moments} times {knobs.days:g} days of an earlier item: "
            "set the knobs `moments` and `days` to the pace of these users"
        )
    return lists


def _dataset(lists: list[Shown]) -> lgb.Dataset:
    features, labels = (np.concatenate(part) for part in zip(*lists, strict=True))
    return lgb.Dataset(features, labels, group=[len(label) for _, label in lists])


def _lists_at(train: Table, ago: float, knobs: RankerKnobs, random: np.random.Generator) -> Iterator[Shown]:
    """Features ``[m, f]`` and labels ``[m]`` of every user who had items `ago` days before the end of the training time
    and took new ones in the days after."""
    flat_rows = train.content.with_row_index("row").explode(HISTORY, AGE)
    before = flat_rows.filter(pl.col(AGE) >= ago).group_by("row").agg(HISTORY, pl.col(AGE) - ago)
    soon = (pl.col(AGE) < ago) & (pl.col(AGE) >= ago - knobs.days)
    after = flat_rows.filter(soon).group_by("row").agg(wanted=pl.col(HISTORY))
    back = before.join(after, on="row").sort("row")
    if back.is_empty():
        return
    known = _Known.of(replace(train.rows(before["row"].to_numpy()), content=before))
    features = known.features(replace(train.rows(back["row"].to_numpy()), content=back))
    for user, (had, wanted) in enumerate(back.select(HISTORY, "wanted").iter_rows()):
        positive = np.setdiff1d(wanted, had)
        others = np.setdiff1d(np.arange(features.shape[1]), [*had, *positive])
        drawn = random.choice(others, min(knobs.negatives, len(others)), replace=False)
        if len(positive) and len(drawn):
            shown = np.append(positive, drawn)
            yield features[user, shown], np.arange(len(shown)) < len(positive)


def _settings(knobs: RankerKnobs, fitting: Fitting) -> dict[str, object]:
    return knobs.model_dump(
        include={"learning_rate", "num_leaves", "min_data_in_leaf", "feature_fraction", "lambda_l2"}
    ) | {
        "objective": "lambdarank",
        "lambdarank_truncation_level": 20,
        "bagging_fraction": 0.5,
        "bagging_freq": 1,
        "seed": fitting.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": fitting.compute.threads,
        "verbosity": -1,
    }
