"""Which delivery a row of a table came with.

Belongs here: naming rows as people find them, by file and line, and the share of each delivery that is set aside. Does
not belong here: which files there are and what is in them (`resources.sources`), or judging a row (`verdict`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from resources.contracts.clauses import words

MAX_QUARANTINE = 0.5
"""Largest share of the rows, of the table or of a delivery in it, that may be set aside before all is refused."""
CHANCE = 0.05
"""A few bad rows may come together by chance: a delivery of a row or two shows nothing."""
MOST_DELIVERIES = 3
"""That a message names."""


def _numbered(rows: list[int]) -> str:
    return f"rows {words(rows)}"


@dataclass(frozen=True)
class Delivery:
    """Rows of a table that came together and lie together.

    Attributes
    ----------
    name: what people call it. rows: how many they are.
    places: of rows, counted from 0 within it, says where people find them: `lines 2, 7`.
    """

    name: str
    rows: int
    places: Callable[[list[int]], str] = _numbered


def places(rows: list[int], deliveries: Sequence[Delivery]) -> str:
    """Where people find rows of a table: in which deliveries, the one that holds most for its size first; by their
    numbers where it is not known how the table was delivered."""
    if not deliveries:
        return _numbered(rows)
    found = sorted(_within(rows, deliveries), key=lambda one: len(one[1]) / one[0].rows, reverse=True)
    named = [f"{delivery.name}, {delivery.places(within)}" for delivery, within in found[:MOST_DELIVERIES]]
    more = len(found) - len(named)
    return "; ".join([*named, *([f"and {more:,} more files"] if more else [])])


def bad(rows: list[int], deliveries: Sequence[Delivery]) -> tuple[Delivery, int] | None:
    """The worst delivery of which more than `MAX_QUARANTINE` is set aside, beyond what chance explains, with the number
    of those rows; None where none is. rows: the numbers of those set aside."""
    from scipy.stats import binomtest

    worst = max(_within(rows, deliveries), key=lambda one: len(one[1]) / one[0].rows, default=None)
    if worst is None:
        return None
    delivery, count = worst[0], len(worst[1])
    over = binomtest(count, delivery.rows, MAX_QUARANTINE, alternative="greater").pvalue < CHANCE
    return (delivery, count) if over else None


def _within(rows: list[int], deliveries: Sequence[Delivery]) -> Iterator[tuple[Delivery, list[int]]]:
    """The deliveries that hold any of the rows, each with their numbers in it."""
    numbers = np.sort(np.array(rows, dtype=np.int64))
    ends = list(accumulate(delivery.rows for delivery in deliveries))
    for delivery, end, part in zip(
        deliveries, ends, np.split(numbers, np.searchsorted(numbers, ends))[:-1], strict=True
    ):
        if len(part):
            yield delivery, (part - (end - delivery.rows)).tolist()
