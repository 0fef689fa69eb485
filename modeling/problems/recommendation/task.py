"""Which items will a user take next?

Belongs here: the settings, metrics and chapters of recommendation. Does not belong here: making histories
(`modeling.problems.recommendation.histories`), lists and the arithmetic of their scores
(`modeling.problems.recommendation.ranking`).

All items that training knows are ranked, for every user who takes a new one in the role's window: no negatives are
sampled, no user is left out. Who has no history gets what is popular; a learner that reads profiles may narrow it down
to what is popular with people alike.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from catalogue.definition import UseCase
from modeling.core.features import Derive
from modeling.core.intervals import interval, resampled
from modeling.core.learner import Outcome
from modeling.core.metrics import Prepared, Score, mean
from modeling.core.recipe import Recipe
from modeling.core.record import Chapter, Estimates, Interval, Line, LineChart, Listing
from modeling.core.row_task import BaseTask
from modeling.core.task import Judged, Metric, Settings
from modeling.core.validated_data import ValidatedData
from modeling.problems.recommendation.histories import HistoryRecipe
from modeling.problems.recommendation.ranking import HISTORY, ITEMS, NO_ITEM, TITLE, hits, ndcg, popularity, recall
from modeling.problems.tabular.multiclass_classification import by_name

if TYPE_CHECKING:
    from modeling.core.feature_set import FeatureSet

PLACES = 10
USERS_SHOWN, ITEMS_SHOWN = 4, 5


class RecommendationSettings(Settings):
    title: str | None = Field(default=None, description="the column with the item's name; default: its identifier")
    tags: str | None = Field(default=None, description="the item's tags or genres: words between spaces, commas or |")
    numbers: list[str] = Field(default=[], description="columns with numbers that describe the item")
    profile: list[str] = Field(
        default=[], description="columns with levels that describe the user, known before they take anything"
    )
    repeats: bool = Field(default=False, description="whether an item may be recommended to who already has it")


def _ndcg(truth: np.ndarray, lists: np.ndarray) -> Prepared:
    return mean(ndcg(truth, lists, PLACES))


@dataclass(frozen=True)
class Recommendation(BaseTask):
    """Interactions ``(user, item, time)``; the units are users, the answers lists ``[u, 50]`` of item codes."""

    settings: RecommendationSettings = field(default_factory=RecommendationSettings)

    name: ClassVar[str] = "recommendation"
    unit: ClassVar[str] = "users"
    settings_type: ClassVar[type[Settings]] = RecommendationSettings
    recipe_type: ClassVar[type[Recipe]] = HistoryRecipe
    trivial: ClassVar[str] = "popularity"
    learners: ClassVar[tuple[str, ...]] = ("ease", "item_knn", "lightgbm_ranker", "sasrec")
    blends: ClassVar[bool] = False

    def outcome(self, classes: list[str]) -> Outcome:
        return "ranking"

    def metrics(self, classes: list[str]) -> dict[str, Metric]:
        return by_name(
            Metric("ndcg_10", "NDCG@10", True, Score(_ndcg)),
            Metric("recall_10", "recall@10", True, Score(lambda truth, lists: mean(recall(truth, lists, 10)))),
            Metric("recall_50", "recall@50", True, Score(lambda truth, lists: mean(recall(truth, lists, 50)))),
        )

    def prepare(self, data: ValidatedData, use_case: UseCase, derive: Derive | None) -> "FeatureSet":
        from modeling.problems.recommendation.histories import prepare

        return prepare(data, use_case, self.settings, derive)

    def chapters(self, judged: Judged) -> list[Chapter]:
        return [_examples(judged), _beyond_accuracy(judged), _by_history(judged)]


def _examples(judged: Judged) -> Chapter:
    """The users with the longest, the shortest and two histories between."""
    history, titles = judged.test.table.content[HISTORY], judged.test.table.shared[ITEMS][TITLE]
    known = np.flatnonzero((history.list.len() > 0).to_numpy())
    by_length = known[np.argsort(history.list.len().to_numpy()[known], kind="stable")]
    shown = by_length[np.linspace(0, len(by_length) - 1, min(USERS_SHOWN, len(by_length))).astype(int)]
    lists, truth = judged.answers[judged.champion], judged.units.truth
    found = hits(truth, lists)
    listings = [
        Listing(
            title=f"A user with {len(history[row]):,} items, who took {int((truth[row] != NO_ITEM).sum()):,} new ones",
            columns={
                "latest items": [*reversed(titles.gather(history[row].tail(ITEMS_SHOWN)).to_list())]
                + [None] * max(ITEMS_SHOWN - len(history[row]), 0),
                "recommended": titles.gather(lists[row, :ITEMS_SHOWN][lists[row, :ITEMS_SHOWN] != NO_ITEM]).to_list(),
                "taken": ["yes" if hit else "no" for hit in found[row, :ITEMS_SHOWN]],
            },
        )
        for row in dict.fromkeys(shown.tolist())
        if (lists[row, :ITEMS_SHOWN] != NO_ITEM).all()
    ]
    return Chapter(
        title="Lists for a few users",
        reading="What the user took last, the head of the list that the champion makes of it, and whether the user "
        "took the item in the test window.",
        term="Test users at equal steps of the length of their history, from the shortest to the longest.",
        exhibits=[*listings],
    )


def _beyond_accuracy(judged: Judged) -> Chapter:
    """What part of the catalogue the first places show, how rare it is, and how this differs between learners."""
    popular = popularity(judged.train.table, np.inf)
    rank = np.argsort(np.argsort(-popular, kind="stable"), kind="stable") + 1
    rarity = -np.log2(np.maximum(popular, 1) / len(judged.train))
    first = {name: lists[:, :PLACES][lists[:, :PLACES] != NO_ITEM] for name, lists in judged.answers.items()}
    taken = judged.units.truth[judged.units.truth != NO_ITEM]
    shown = first | {"what users took": taken}
    quantiles = np.linspace(0, 1, 101)
    return Chapter(
        title="How much of the catalogue is shown",
        reading="A recommender that shows everyone the same few items can score well and sell nothing new. The line of "
        "what users took is the yardstick: a list far above it pushes what is popular anyway.",
        term=f"Of the first {PLACES} places of all test lists: coverage is the share of items shown at all, novelty "
        "the mean of -log2 of the share of training users with the item (Vargas & Castells 2011).",
        exhibits=[
            Listing(
                title="Coverage and novelty",
                columns={
                    "of": list(shown),
                    "coverage": [len(np.unique(codes)) / len(popular) for codes in shown.values()],
                    "novelty, bits": [float(rarity[codes].mean()) for codes in shown.values()],
                },
            ),
            LineChart(
                title="Popularity of what is shown",
                caption=f"How much of what is shown belongs to the most popular items of {len(popular):,}.",
                x_title="share of the catalogue, most popular first",
                y_title="share of what is shown",
                lines={
                    name: Line(
                        x=quantiles.tolist(), y=[float((rank[codes] <= at * len(rank)).mean()) for at in quantiles]
                    )
                    for name, codes in shown.items()
                },
            ),
        ],
    )


def _by_history(judged: Judged) -> Chapter:
    """NDCG of the champion and the trivial learner by how many items a user had."""
    length = judged.test.table.content[HISTORY].list.len().to_numpy()
    edges = np.unique(np.quantile(length[length > 0], [0, 0.5, 1])).tolist() if (length > 0).any() else []
    groups = {"no history": length == 0} | {
        f"{int(low):,} to {int(high):,} items": (length >= low)
        & (length <= high if high == edges[-1] else length < high)
        for low, high in pairwise(edges)
    }
    compared = dict.fromkeys([judged.champion, Recommendation.trivial])
    estimates = {
        f"{name}, {group}": _mean_with_interval(ndcg(judged.units.truth[member], judged.answers[name][member], PLACES))
        for group, member in groups.items()
        for name in compared
        if member.any()
    }
    return Chapter(
        title="Who is served how well",
        reading="Without a history all that can be shown is what is popular, or popular with people of the same "
        "profile: taste begins with the first items.",
        term=f"Mean NDCG@{PLACES} of test users by the length of their history, with 95 % bootstrap intervals by user.",
        exhibits=[
            Estimates(
                title="NDCG by length of history",
                caption="; ".join(f"{group}: {int(member.sum()):,} users" for group, member in groups.items()),
                x_title=f"NDCG@{PLACES}",
                estimates=estimates,
            )
        ],
    )


def _mean_with_interval(values: np.ndarray) -> Interval:
    return interval(float(values.mean()), resampled([mean(values)], None, len(values))[:, 0])


TASK = Recommendation
