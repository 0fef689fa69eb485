"""How well predictions meet times that may be cut short.

Belongs here: concordance of a risk and Brier scores of a survival curve, weighted by counts like every metric. Does not
belong here: other scores (`metrics`), or estimators of survival and censoring (`modeling.learners.censoring`).

On rows of weight one every score equals scikit-survival's, ties included; they are repeated here because a bootstrap
scores the same predictions a thousand times, and theirs takes seconds once.
"""

from dataclasses import dataclass
from functools import partial
from typing import Self

import numpy as np

from modeling.core.metrics import Prepared, Score
from modeling.learners.censoring import AtRisk, seen, times


@partial(Score, lowest=0.0, highest=1.0)
def harrell(target: np.ndarray, risk: np.ndarray) -> Prepared:
    """The share of comparable pairs in which the row with the earlier event has the higher risk; equal risks count half
    (Harrell et al. 1982). A pair is comparable if its earlier time is an event's."""
    pairs = _Pairs.sorted(target, risk)
    return lambda weight: pairs.concordance(weight, weight[pairs.event])


def uno(horizon: float) -> Score:
    """Harrell's share with pairs weighted by the inverse probability of being observed, events before `horizon` only
    (Uno et al. 2011): it does not depend on how observation happened to end. That probability is estimated from the
    rows scored."""

    def prepare(target: np.ndarray, risk: np.ndarray) -> Prepared:
        pairs, at_risk = _Pairs.sorted(target, risk), AtRisk(target)
        time = times(target)[pairs.event]
        early = time < horizon

        def score(weight: np.ndarray) -> float:
            observed = at_risk.censoring(weight).at(time)
            inverse = np.divide(1.0, observed, out=np.zeros(len(time)), where=early & (observed > 0))
            return pairs.concordance(weight, weight[pairs.event] * inverse**2)

        return score

    return Score(prepare, lowest=0.0, highest=1.0)


def integrated_brier(time: np.ndarray) -> Score:
    """The mean over `time` ``[t]``, ascending, of the squared error of the predicted chance ``[n, t]`` to be without
    the event by then, weighted by the inverse probability of being observed (Graf et al. 1999)."""

    def prepare(target: np.ndarray, survival: np.ndarray) -> Prepared:
        ended, at_risk = times(target)[:, None], AtRisk(target)
        failed = survival**2 * ((ended <= time) & seen(target)[:, None])
        survived = (1 - survival) ** 2 * (ended > time)

        def score(weight: np.ndarray) -> float:
            censoring = at_risk.censoring(weight)
            of_row, of_time = censoring.at(ended[:, 0]), censoring.at(time)
            known = np.divide(weight, of_row, out=np.zeros(len(weight)), where=of_row > 0)
            if not weight.any() or not of_time.all():
                return np.nan
            error = (known @ failed + weight @ survived / of_time) / weight.sum()
            return float(np.trapezoid(error, time) / np.ptp(time))

        return score

    return Score(prepare, lowest=0.0)


@dataclass(frozen=True)
class _Pairs:
    """Every comparable pair, in a form that sums weights over all pairs of n rows in ``O(n log n)``.

    The rows stand from the longest observed to the shortest, so that those that outlast an event are a prefix. On level
    l of a merge sort tree, blocks of ``2^l`` rows are sorted by risk. A prefix is at most one whole block of each
    level, and a binary search in a block finds its lower risks. The searches depend on the predictions alone and are
    made once; new weights need new running totals only.

    Attributes
    ----------
    event: ``[e]`` the rows whose event was seen. order: ``[levels, n]`` the rows as they stand on each level.
    asking: ``[q]`` which event a block belongs to. start, lower, not_above, end: ``[q]`` positions in the running
    totals of all levels, one after the other: of the block's start, the end of its lower risks, the end of its lower or
    equal ones, and its end.
    """

    event: np.ndarray
    order: np.ndarray
    asking: np.ndarray
    start: np.ndarray
    lower: np.ndarray
    not_above: np.ndarray
    end: np.ndarray

    @classmethod
    def sorted(cls, target: np.ndarray, risk: np.ndarray) -> Self:
        rows, event = len(target), seen(target)
        standing = np.lexsort((event, -times(target)))
        rank = np.unique(risk, return_inverse=True)[1][standing]
        place = np.flatnonzero(event[standing])
        outlasting = _first_of_equal(target[standing])[place]

        order, blocks = [], []
        for level in range(rows.bit_length()):
            key = (np.arange(rows) >> level) * rows + rank
            sorter = np.argsort(key, kind="stable")
            order.append(standing[sorter])
            (asking,) = np.nonzero((outlasting >> level) & 1)
            block = (outlasting[asking] >> (level + 1)) << 1
            sought = block * rows + rank[place[asking]]
            lower, not_above = (np.searchsorted(key[sorter], sought, side=side) for side in ("left", "right"))
            positions = np.stack([block << level, lower, not_above, (block + 1) << level]) + level * (rows + 1)
            blocks.append(np.vstack([asking, positions]))
        return cls(standing[place], np.array(order), *np.hstack(blocks))

    def concordance(self, weight: np.ndarray, of_event: np.ndarray) -> float:
        """The weighted share of pairs in order: a pair weighs its event's `of_event` ``[e]`` times the other row's
        `weight` ``[n]``. NaN without a pair."""
        levels, rows = self.order.shape
        total = np.zeros((levels, rows + 1))
        np.cumsum(weight.take(self.order), axis=1, out=total[:, 1:])
        start, lower, not_above, end = (total.take(at) for at in (self.start, self.lower, self.not_above, self.end))
        each = of_event[self.asking]
        pairs = each @ (end - start)
        return float(each @ ((lower + not_above) / 2 - start) / pairs) if pairs > 0 else np.nan


def _first_of_equal(ordered: np.ndarray) -> np.ndarray:
    """``[n]``: for each of the values, equal ones side by side, where the first equal to it stands."""
    changes = np.append(True, ordered[1:] != ordered[:-1])
    return np.maximum.accumulate(np.where(changes, np.arange(len(ordered)), 0))
