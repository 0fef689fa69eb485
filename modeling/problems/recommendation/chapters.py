"""What the reports of recommendation show: lists of a few users, the catalogue's coverage, users by history.

Does not belong here: the arithmetic of ranking scores (`modeling.problems.recommendation.ranking`), or which metrics
are scored (`modeling.problems.recommendation.task`).
"""

from itertools import pairwise

import numpy as np

from modeling.core.intervals import Range, estimated
from modeling.core.metrics import mean
from modeling.core.record import Chapter, Estimates, Interval, Line, LineChart, Listing
from modeling.core.task import EvaluatedChampion
from modeling.problems.recommendation.ranking import HISTORY, ITEMS, NO_ITEM, PLACES, TITLE, hits, ndcg, popularity

USERS_SHOWN, ITEMS_SHOWN = 4, 5


def chapters(evaluated: EvaluatedChampion, trivial: str) -> list[Chapter]:
    """The chapters, in their order; `trivial` is the learner that the champion is shown beside."""
    return [_examples(evaluated), _beyond_accuracy(evaluated), _by_history(evaluated, trivial)]


def _examples(evaluated: EvaluatedChampion) -> Chapter:
    """The users with the longest, the shortest and two histories between."""
    history, titles = evaluated.test.table.content[HISTORY], evaluated.test.table.shared[ITEMS][TITLE]
    known = np.flatnonzero((history.list.len() > 0).to_numpy())
    by_length = known[np.argsort(history.list.len().to_numpy()[known], kind="stable")]
    shown = by_length[np.linspace(0, len(by_length) - 1, min(USERS_SHOWN, len(by_length))).astype(int)]
    lists, truth = evaluated.answers[evaluated.champion], evaluated.units.truth
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


def _beyond_accuracy(evaluated: EvaluatedChampion) -> Chapter:
    """What part of the catalogue the first places show, how rare it is, and how this differs between learners."""
    popular = popularity(evaluated.train.table, np.inf)
    rank = np.argsort(np.argsort(-popular, kind="stable"), kind="stable") + 1
    rarity = -np.log2(np.maximum(popular, 1) / len(evaluated.train))
    first = {name: lists[:, :PLACES][lists[:, :PLACES] != NO_ITEM] for name, lists in evaluated.answers.items()}
    taken = evaluated.units.truth[evaluated.units.truth != NO_ITEM]
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


def _by_history(evaluated: EvaluatedChampion, trivial: str) -> Chapter:
    """NDCG of the champion and the trivial learner by how many items a user had."""
    length = evaluated.test.table.content[HISTORY].list.len().to_numpy()
    edges = np.unique(np.quantile(length[length > 0], [0, 0.5, 1])).tolist() if (length > 0).any() else []
    groups = {"no history": length == 0} | {
        f"{int(low):,} to {int(high):,} items": (length >= low)
        & (length <= high if high == edges[-1] else length < high)
        for low, high in pairwise(edges)
    }
    compared = dict.fromkeys([evaluated.champion, trivial])
    estimates = {
        f"{name}, {group}": _mean_with_interval(
            ndcg(evaluated.units.truth[member], evaluated.answers[name][member], PLACES)
        )
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
    return estimated(mean(values), len(values), None, Range(0.0, 1.0, len(values)))
