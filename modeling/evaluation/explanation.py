"""Which features the champion leans on, and whether that ranking holds.

Belongs here: permutation importance on validation rows, its stability over training seeds, the deletion test on test
rows. Does not belong here: explanations that need to know the learner, or drawing.

Source: Breiman 2001 (permutation importance); Samek et al. 2017 (deletion). A ranking that is read off the same rows it
is tested on always looks right, so the deletion test uses rows the ranking never saw.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.stats import rankdata

from modeling.core.record import Explanation, Importance
from modeling.core.table import Table
from modeling.core.task import Metric, Predictor

PREDICTIONS = 300_000
"""What importance and deletion test may take together."""
FEWEST_ROWS, MOST_ROWS = 300, 5000
DELETED_SHARE = 0.2
_SHUFFLES, _SHUFFLES_OF_LEADING = 2, 5
_LEADING = 10
_DELETIONS = 10
_ROWS_AT_ONCE = 20_000
_Z = 1.96
"""Half the width of a 95 % interval, in standard errors."""
_MOST_CLASSES = 100
"""A target with more distinct values is sampled as a number."""


@dataclass(frozen=True)
class Ranking:
    """Importances, largest first, and the mean rank correlation of the importances of models trained with other seeds;
    None with fewer than two such models, or where nothing matters to one."""

    importances: list[Importance]
    stability: float | None


def affordable_rows(features: int, models: int) -> int:
    """How many rows `rank` and `deletion_test` may predict each time to stay within `PREDICTIONS`."""
    ranking = models * (1 + features * _SHUFFLES) + _LEADING * (_SHUFFLES_OF_LEADING - _SHUFFLES)
    passes = ranking + 1 + 2 * _DELETIONS
    return int(np.clip(PREDICTIONS / passes, FEWEST_ROWS, MOST_ROWS))


def rank(models: Sequence[Predictor], table: Table, metric: Metric, rows: int, seed: int = 0) -> Ranking:
    """Importance of every feature to the first of `models`, on at most `rows` rows of `table`; the others, trained
    with other seeds, show how stable it is. The leading features are shuffled more often than the rest."""
    rng = np.random.default_rng(seed)
    probes = [_Probe(model, table, metric, rows, rng) for model in models]
    losses = [probe.losses_of_each(table.names, _SHUFFLES) for probe in probes]
    of_champion = losses[0]
    leading = sorted(of_champion, key=lambda name: -of_champion[name].mean())[:_LEADING]
    for name, more in probes[0].losses_of_each(leading, _SHUFFLES_OF_LEADING - _SHUFFLES).items():
        of_champion[name] = np.append(of_champion[name], more)
    importances = [_importance(name, [of_model[name] for of_model in losses]) for name in of_champion]
    means = [np.array([lost.mean() for lost in of_model.values()]) for of_model in losses]
    return Ranking(_tiered(sorted(importances, key=lambda importance: -importance.loss)), _stability(means))


def _importance(feature: str, losses: Sequence[np.ndarray]) -> Importance:
    """Of `losses`, a model each ``[shuffles]``, the champion first. Its mean varies with the shuffles and the seed."""
    of_champion = losses[0]
    shuffling = np.mean([lost.var(ddof=1) for lost in losses]) / len(of_champion)
    seeds = np.var([lost.mean() for lost in losses], ddof=1) if len(losses) > 1 else 0.0
    loss, half = float(of_champion.mean()), float(_Z * np.sqrt(shuffling + seeds))
    spread = float(of_champion.std(ddof=1))
    return Importance(feature=feature, loss=loss, spread=spread, low=loss - half, high=loss + half)


def _tiered(importances: Sequence[Importance]) -> list[Importance]:
    """`importances` with their tiers: intervals that overlap, one with the next, are one tier, the largest first."""
    tier, lowest, tiers = 0, np.inf, {}
    for importance in sorted(importances, key=lambda importance: -importance.high):
        if importance.high < lowest:
            tier, lowest = tier + 1, np.inf
        lowest = min(lowest, importance.low)
        tiers[importance.feature] = tier
    return [importance.model_copy(update={"tier": tiers[importance.feature]}) for importance in importances]


def deletion_test(
    ranking: Ranking, model: Predictor, table: Table, metric: Metric, rows: int, seed: int = 0
) -> Explanation:
    """Shuffle the leading fifth of the features (at least one) together, ten times, and ten times as many of the others
    drawn at random; the ranking holds if on average the first loses more. Uses at most `rows` rows of `table`."""
    rng = np.random.default_rng(seed)
    probe = _Probe(model, table, metric, rows, rng)
    features = [importance.feature for importance in ranking.importances]
    deleted = max(1, int(DELETED_SHARE * len(features)))
    leading, others = features[:deleted], features[deleted:]
    of_leading = float(probe.losses([leading] * _DELETIONS).mean())
    drawn = [rng.choice(others, deleted, replace=False).tolist() for _ in range(_DELETIONS)] if others else []
    of_random = float(probe.losses(drawn).mean()) if drawn else 0.0
    return Explanation(
        importances=ranking.importances,
        deleted=deleted,
        deletion_top=of_leading,
        deletion_random=of_random,
        holds=of_leading > of_random,
        stability=ranking.stability,
    )


class _Probe:
    """Measures what a model loses on a sample of rows when features are shuffled."""

    def __init__(self, model: Predictor, table: Table, metric: Metric, rows: int, rng: np.random.Generator) -> None:
        self._model, self._table, self._metric, self._rng = model, table, metric, rng
        index, self._weight = _sample(table.target, rows, rng)
        self._rows = table.rows(index)
        (self._before,) = self._scores([self._rows])

    def losses_of_each(self, features: Sequence[str], times: int) -> dict[str, np.ndarray]:
        """Feature -> the metric lost ``[times]`` when it alone is shuffled."""
        lost = self.losses([[name] for name in features for _ in range(times)])
        return dict(zip(features, lost.reshape(len(features), times), strict=True))

    def losses(self, shuffled: Sequence[Sequence[str]]) -> np.ndarray:
        """The metric lost ``[len(shuffled)]`` with each set of features shuffled; positive when they helped.

        Several sets are predicted at once: a call costs more than a few hundred rows do.
        """
        together = max(1, _ROWS_AT_ONCE // len(self._rows))
        batches = [shuffled[start : start + together] for start in range(0, len(shuffled), together)]
        after = [score for batch in batches for score in self._scores([self._shuffled(names) for names in batch])]
        sign = 1 if self._metric.greater_is_better else -1
        return sign * (self._before - np.array(after))

    def _shuffled(self, features: Sequence[str]) -> Table:
        shuffled = self._rows
        for name in features:
            values = self._rng.choice(self._table.column(name), len(self._rows), replace=False)
            shuffled = shuffled.with_column(name, values)
        return shuffled

    def _scores(self, tables: Sequence[Table]) -> list[float]:
        """The metric of tables that hold the probe's rows, some of their columns shuffled."""
        predicted = np.split(self._model.predict(Table.stacked(tables)), len(tables))
        return [self._metric.score(self._rows.target, of_table, self._weight) for of_table in predicted]


def _sample(target: np.ndarray, rows: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """At most `rows` indices, as many of each class of a few as there are, and the rows each stands for."""
    if len(target) <= rows:
        return np.arange(len(target)), np.ones(len(target))
    classes, member = np.unique(target, return_inverse=True)
    if len(classes) > _MOST_CLASSES:
        return rng.choice(len(target), rows, replace=False), np.full(rows, len(target) / rows)
    parts = [np.flatnonzero(member == number) for number in range(len(classes))]
    taken = [rng.permutation(part)[: max(1, rows // len(classes))] for part in parts]
    weight = [np.full(len(some), len(part) / len(some)) for part, some in zip(parts, taken, strict=True)]
    return np.concatenate(taken), np.concatenate(weight)


def _stability(importances: Sequence[np.ndarray]) -> float | None:
    ranks = [rankdata(importance) for importance in importances]
    if len(ranks) < 2 or any(np.ptp(rank) == 0 for rank in ranks):
        return None
    return float(np.mean([np.corrcoef(one, other)[0, 1] for one, other in combinations(ranks, 2)]))
