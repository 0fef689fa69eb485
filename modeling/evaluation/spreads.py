"""What rows, seeds and splits contribute to the champion's score and to its lifts.

Belongs here: handing the scores of each to `modeling.core.spread`. Does not belong here: that arithmetic, training with
seeds (`selection`) or on splits (`repeated_splits`).
"""

from collections.abc import Sequence
from math import inf

from modeling.core.metrics import Score
from modeling.core.record import Baseline, Champion, Estimate, Lift, Repeated, Spread
from modeling.core.spread import spread
from modeling.core.task import Metric


def spreads(
    metric: Metric, champion: Champion, lifts: dict[str, tuple[Lift, Baseline]], repeated: Repeated
) -> dict[str, Spread]:
    """Of the `score`, and of every lift by its name; `lifts` with what they are over."""
    sign = 1 if metric.greater_is_better else -1
    seeds = list(champion.seeds.values())
    splits = repeated.splits
    ends = (metric.score.lowest, metric.score.highest) if isinstance(metric.score, Score) else (-inf, inf)
    found = {"score": spread(champion.test[metric.name], seeds, _known([split.score for split in splits]), *ends)}
    for name, (lift, over) in lifts.items():
        of_seeds = [sign * (score - over.test[metric.name].value) for score in seeds]
        found[name] = spread(lift, of_seeds, _known([getattr(split, name) for split in splits]))
    return found


def _known(splits: Sequence[Estimate | None]) -> list[tuple[float, float]]:
    """Scores of splits with their variances, where both are known."""
    return [(one.value, one.standard_error**2) for one in splits if one and one.standard_error is not None]
