"""What the task `recommendation` and its learners share: histories as a matrix, ranked lists, and their scores.

Belongs here: the names of the columns a history is made of, the step from scores of items to lists, the arithmetic of
ranking metrics. Does not belong here: making histories from interactions
(`modeling.problems.recommendation.histories`), or a learner.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import polars as pl
from pydantic import PositiveFloat

from modeling.core.learner import Fitting, Hyperparameters, Learner, LearnerError
from modeling.core.table import Table
from modeling.learners.work import TimeLimit

if TYPE_CHECKING:
    from scipy.sparse import csr_array

USER, HISTORY, AGE, EXCLUDED = "user", "history", "age", "excluded"
"""Columns of `Table.content`, a row a user: the codes of the user's items, oldest first; how many days ago each was
taken; the codes that may not be recommended."""
ITEMS = "items"
"""The table of `Table.shared` with a row an item, in the order of the codes: `item`, `title`, `tags` and numbers."""
ITEM, TITLE, TAGS = "item", "title", "tags"
LENGTH = 50
"""Items in a list."""
PLACES = 10
"""The first places of a list, by which it is scored first of all."""
NO_ITEM = -1
"""Fills lists and targets that are shorter than others."""
USERS_AT_ONCE = 1000

HALF_LIVES = (10_000.0, 100.0, 30.0, 10.0, 3.0)
"""In days; the first counts every interaction the same."""

Choice = TypeVar("Choice", bound=Hashable)
Scores = Callable[[Table], np.ndarray]
"""Scores ``[n, items]`` of all items for the users of a table; higher is better."""


class RecommenderHyperparameters(Hyperparameters):
    """`half_life`: days after which an interaction counts half in what is popular; None: chosen on tuning users."""

    half_life: PositiveFloat | None = None


def check_histories(learner: Learner, train: Table, fitting: Fitting) -> None:
    """Refuse what no recommender can learn from.

    Raises
    ------
    LearnerError: the learner does not rank; the table holds no histories; no user has two items.
    """
    if fitting.outcome not in learner.outcomes:
        raise LearnerError(f"this learner predicts {' or '.join(learner.outcomes)}, not {fitting.outcome}")
    if HISTORY not in train.content.columns:
        raise LearnerError(f"the rows hold no histories, only {train.content.columns}: use the task recommendation")
    if not (train.content[HISTORY].list.len() > 1).any():
        raise LearnerError(
            f"none of the {len(train):,} training users has two items: move the split's first moment to a later one"
        )


def taken(table: Table, column: str = HISTORY) -> "csr_array":
    """float32 ``[n, items]``: 1 where the user's list holds the item."""
    from scipy.sparse import csr_array

    codes, ends = flat(table.content[column])
    matrix = csr_array(
        (np.ones(len(codes), dtype=np.float32), codes, np.append(0, ends)), (len(table), table.shared[ITEMS].height)
    )
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix


def flat(lists: pl.Series) -> tuple[np.ndarray, np.ndarray]:
    """All values one after the other, and where each list ends."""
    return lists.explode(empty_as_null=False).to_numpy(writable=True), lists.list.len().cum_sum().to_numpy().astype(
        np.int64
    )


def popularity(table: Table, half_life: float) -> np.ndarray:
    """float64 ``[items]``: how often each item was taken; one taken `half_life` days ago counts half."""
    codes, _ = flat(table.content[HISTORY])
    weight = 0.5 ** (flat(table.content[AGE])[0] / half_life)
    return np.bincount(codes, weight, minlength=table.shared[ITEMS].height).astype(np.float64)


def ranked(scores: Scores, popular: np.ndarray, table: Table) -> np.ndarray:
    """int64 ``[n, LENGTH]``: the codes of the items that score highest, best first, without the excluded ones.

    What is more `popular` ``[items]`` decides between equal scores, as those of a user without a history mostly are. A
    list that runs out of items ends in `NO_ITEM`.
    """
    parts = (table.rows(slice(start, start + USERS_AT_ONCE)) for start in range(0, len(table), USERS_AT_ONCE))
    lists = [_ranked(scores(part), popular, part) for part in parts]
    return np.concatenate(lists) if lists else np.empty((0, LENGTH), dtype=np.int64)


def _ranked(scores: np.ndarray, popular: np.ndarray, table: Table) -> np.ndarray:
    scores = scores.astype(np.float64)
    scores[taken(table, EXCLUDED).nonzero()] = -np.inf
    by_popularity = np.argsort(-popular, kind="stable")
    order = by_popularity[np.argsort(-scores[:, by_popularity], axis=1, kind="stable")[:, :LENGTH]]
    allowed = np.isfinite(np.take_along_axis(scores, order, axis=1))
    lists = np.full((len(table), LENGTH), NO_ITEM, dtype=np.int64)
    lists[:, : order.shape[1]] = np.where(allowed, order, NO_ITEM)
    return lists


def hits(truth: np.ndarray, lists: np.ndarray) -> np.ndarray:
    """bool ``[u, length]``: whether the item at a place of the list is among the user's ``[u, k]``."""
    span = max(truth.max(initial=0), lists.max(initial=0)) + 1
    first = np.arange(len(truth))[:, None] * span
    wanted = (truth + first)[truth != NO_ITEM]
    return np.isin(lists + first, wanted) & (lists != NO_ITEM)


def ndcg(truth: np.ndarray, lists: np.ndarray, places: int) -> np.ndarray:
    """``[u]``: normalised discounted cumulative gain of the first `places`, every wanted item worth the same.

    Source: Järvelin & Kekäläinen 2002.
    """
    discount = 1 / np.log2(np.arange(2, places + 2))
    best = np.append(0, np.cumsum(discount))[np.minimum((truth != NO_ITEM).sum(axis=1), places)]
    return hits(truth, lists[:, :places]) @ discount / best


def recall(truth: np.ndarray, lists: np.ndarray, places: int) -> np.ndarray:
    """``[u]``: the share of the wanted items that the first `places` hold."""
    return hits(truth, lists[:, :places]).sum(axis=1) / (truth != NO_ITEM).sum(axis=1)


def best_on(valid: Table, choices: Sequence[Choice], lists: Callable[[Choice], np.ndarray], limit: TimeLimit) -> Choice:
    """The choice whose `lists` of the tuning users score best by NDCG@10; the first is always tried, the others
    within the time limit. A single one is taken unseen."""
    if len(choices) == 1:
        return choices[0]
    scores: dict[Choice, float] = {}
    for choice in choices:
        if scores and limit.stops(f"{len(scores)} of {len(choices)} choices on tuning users"):
            break
        scores[choice] = float(ndcg(valid.target, lists(choice), 10).mean())
    return max(scores, key=scores.__getitem__)


def popular(
    train: Table, valid: Table, chosen: RecommenderHyperparameters, limit: TimeLimit
) -> tuple[np.ndarray, float]:
    """`popularity` ``[items]`` with the half-life that suits tuning users best, unless one is given."""

    def lists(half_life: float) -> np.ndarray:
        counts = popularity(train, half_life)
        return ranked(lambda part: np.tile(counts, (len(part), 1)), counts, valid)

    half_life = best_on(valid, HALF_LIVES if chosen.half_life is None else (chosen.half_life,), lists, limit)
    return popularity(train, half_life), half_life
