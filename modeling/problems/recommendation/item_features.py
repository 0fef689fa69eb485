"""What is known of items at one moment, and what of it describes an item to a user.

Belongs here: the features that a ranker of items reads. Does not belong here: learning to rank them
(`boosting.lightgbm_ranker`), or histories and lists as every recommender needs them (`ranking`).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl
import polars.selectors as cs
from safetensors.numpy import load_file, save_file
from sklearn.preprocessing import MultiLabelBinarizer

from modeling.core.table import Table
from modeling.problems.recommendation.baseline.item_knn import nearest
from modeling.problems.recommendation.ranking import AGE, HISTORY, ITEMS, TAGS, flat, taken

HALF_LIVES = (3.0, 10.0, 30.0, 10_000.0)
PROFILE_HALF_LIVES = (30.0, 10_000.0)
FIRST_VISIT = 1.0
"""Days after a user's first item in which they are new: then people take other items than when they come back."""
PROFILE_USERS = 20.0
"""What people of one profile take is drawn towards what all take by as many users."""
LEAST_SHARE = 1e-3
"""Of the most popular item: items below are alike."""
NO_VISIT = 100.0
"""The days since their last item of who has none, and of who was away for longer."""
NEIGHBOURS, SHRINKAGE = 200, 10.0


@dataclass(frozen=True)
class KnownItems:
    """What is known of items at one moment.

    Attributes
    ----------
    alone: float32 ``[items, a]``: popularity by half-life, with new users, with returning ones, and of all time; days
        since first and last taken.
    by_level: float32 ``[levels, items, h]``: by how much more people of a profile's level take the item, by half-life;
        the levels of all profile columns one after the other.
    similar: float32 ``[items, items]``: shrunken cosine of the nearest.
    """

    alone: np.ndarray
    by_level: np.ndarray
    similar: np.ndarray

    @classmethod
    def of(cls, table: Table) -> Self:
        """Counted from the histories of the users of `table`."""
        (codes, ends), age = flat(table.content[HISTORY]), flat(table.content[AGE])[0]
        items = table.shared[ITEMS].height
        span = np.nan_to_num(age.max(initial=0))
        first, last = np.full((2, items), [[0.0], [span]])
        np.maximum.at(first, codes, age)
        np.minimum.at(last, codes, age)
        begun = np.repeat(table.content[AGE].list.max().fill_null(0).to_numpy(), np.diff(ends, prepend=0))
        new = begun - age < FIRST_VISIT
        counted = [(half_life, None) for half_life in HALF_LIVES]
        counted += [(10.0, new), (10_000.0, new), (10.0, ~new), (30.0, ~new)]
        shares = [
            _share(np.bincount(codes, 0.5 ** (age / half_life) * (1 if of is None else of), minlength=items))
            for half_life, of in counted
        ]
        histories = taken(table)
        similar = nearest((histories.T @ histories).tocsr(), NEIGHBOURS, SHRINKAGE).toarray()
        by_level = np.stack([_by_level(table, half_life) for half_life in PROFILE_HALF_LIVES], axis=-1)
        return cls(np.stack([*shares, first, last], axis=1).astype(np.float32), by_level, similar)

    def features(self, table: Table) -> np.ndarray:
        """float32 ``[n, items, f]`` for the users of `table`."""
        histories, items = taken(table), table.shared[ITEMS]
        shape = len(table), items.height
        length = histories.sum(axis=1).reshape(-1, 1)
        per_item = 1 / np.maximum(length, 1)
        numbers = items.select(cs.numeric()).fill_null(strategy="mean")
        described = numbers.to_numpy().reshape(items.height, numbers.width)
        tags = _directions(items[TAGS])
        similar = histories @ self.similar
        away = table.content[AGE].list.min().fill_null(NO_VISIT).clip(0, NO_VISIT).to_numpy().reshape(-1, 1)
        users = [
            similar * per_item,
            similar * np.sqrt(per_item),
            (histories @ tags) @ tags.T * per_item,
            *(histories @ values[:, None] * per_item - values for values in described.T),
            *(np.broadcast_to(of_user, shape) for of_user in (length, away)),
            np.broadcast_to(histories @ self.alone[:, len(HALF_LIVES) - 1, None] * per_item, shape),
        ]
        of_items = np.hstack([self.alone, described])
        alone = np.broadcast_to(of_items, (len(table), *of_items.shape))
        alike = [self.by_level[codes] for codes in _levels(table).T]
        together = sum(alike, np.zeros((*shape, len(PROFILE_HALF_LIVES))))
        return np.concatenate([alone, np.stack(users, axis=-1), *alike, together], axis=-1, dtype=np.float32)

    def save(self, folder: Path) -> None:
        """As `items.safetensors`."""
        arrays = {"alone": self.alone, "by_level": self.by_level, "similar": self.similar}
        save_file(arrays, folder / "items.safetensors")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote."""
        return cls(**load_file(folder / "items.safetensors"))


def _share(counts: np.ndarray) -> np.ndarray:
    """The logarithm of counts as shares of the largest: the same at moments of which more or less is known."""
    return np.log(counts / max(counts.max(), 1e-9) + LEAST_SHARE)


def _levels(table: Table) -> np.ndarray:
    """int64 ``[n, q]``: the codes of the profile, counted on from one column to the next."""
    return table.categorical + np.cumsum([0, *table.cardinalities])[:-1]


def _by_level(table: Table, half_life: float) -> np.ndarray:
    """float32 ``[levels, items]``: the logarithm of the share of a level's users who have an item over everyone's.

    A user last seen `half_life` days ago counts half.
    """
    weight = 0.5 ** (table.content[AGE].list.min().fill_null(np.inf).to_numpy() / half_life)
    member = np.zeros((len(table), sum(table.cardinalities)))
    np.put_along_axis(member, _levels(table), weight[:, None], axis=1)
    everyone = (weight @ taken(table)) / max(weight.sum(), 1e-9) + 1e-9
    people = member.sum(axis=0)[:, None] + PROFILE_USERS
    return np.log((member.T @ taken(table) + PROFILE_USERS * everyone) / people / everyone).astype(np.float32)


def _directions(tags: pl.Series) -> np.ndarray:
    """float32 ``[items, tags]``: each item's tags as a vector of length one."""
    held = np.asarray(MultiLabelBinarizer().fit_transform(tags.to_list()), dtype=np.float32)
    return held / np.maximum(np.linalg.norm(held, axis=1, keepdims=True), 1)
