"""What rows, seeds and splits contribute to the champion's score and to its lifts.

Belongs here: handing the scores of each to `modeling.core.spread`. Does not belong here: that arithmetic, training with
seeds (`selection`) or on splits (`repeated_splits`).
"""

from collections.abc import Sequence

from modeling.core.record import Baseline, Champion, Estimate, Interval, Lift, Repeated, Spread
from modeling.core.spread import spread
from modeling.core.task import Metric


def spreads(
    metric: Metric, champion: Champion, lifts: dict[str, tuple[Lift, Baseline]], repeated: Repeated
) -> dict[str, Spread]:
    """Of the `score`, and of every lift by its name; `lifts` with what they are over."""
    sign = 1 if metric.greater_is_better else -1
    seeds = list(champion.seeds.values())
    splits = repeated.splits
    found = {"score": _spread(champion.test[metric.name], seeds, [split.score for split in splits])}
    for name, (lift, over) in lifts.items():
        of_seeds = [sign * (score - over.test[metric.name].value) for score in seeds]
        found[name] = _spread(lift, of_seeds, [getattr(split, name) for split in splits])
    return found


def _spread(interval: Interval, seeds: Sequence[float], splits: Sequence[Estimate | None]) -> Spread:
    known = [(one.value, one.standard_error**2) for one in splits if one and one.standard_error is not None]
    return spread(interval, seeds, known)
