"""How often 95 % intervals cover the truth: of few clusters, unequal ones, a dominant one, and rows that stand alone.

Run as `python -m benchmarks.coverage`, with the number of simulations a case (default 400); it takes some
minutes on one core and writes `docs/coverage.md`. Every simulation has its own seed, counted from 0.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import norm

from modeling.core.intervals import scored
from modeling.core.metrics import RANKING, SHARE, Score, mean, roc_auc
from modeling.core.task import Metric

PAGE = Path(__file__).parents[1] / "docs" / "coverage.md"
RESAMPLES = 400
ROWS = 300
CLUSTERS = (5, 7, 9, 11, 30)
ALONE = (30, 100, 1000)

Draw = Callable[[np.random.Generator, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Target and predictions ``[n]`` of rows in these clusters ``[n]``."""


@dataclass(frozen=True)
class World:
    """A score whose `truth` is known, over clusters that differ."""

    name: str
    metric: Metric
    truth: float
    draw: Draw


def _mean(effects: Callable[[np.random.Generator, int], np.ndarray]) -> Draw:
    def draw(rng: np.random.Generator, cluster: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values = effects(rng, cluster.max() + 1)[cluster] + rng.normal(size=len(cluster))
        return values, np.zeros(len(cluster))

    return draw


def _shares(rng: np.random.Generator, cluster: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    chance = rng.beta(9, 1, size=cluster.max() + 1)[cluster]
    return (rng.random(len(cluster)) < chance).astype(float), np.zeros(len(cluster))


_DISTANCE, _DIFFERS = 1.5, 0.7


def _ranks(rng: np.random.Generator, cluster: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    event = (rng.random(len(cluster)) < 0.4).astype(float)
    distance = rng.normal(_DISTANCE, _DIFFERS, size=cluster.max() + 1)[cluster]
    return event, event * distance + rng.normal(size=len(cluster))


AVERAGE = Metric("mean", "mean", True, Score(lambda target, _: mean(target)))
RIGHT = Metric("share", "share", True, SHARE(lambda target, _: mean(target)))
AUC = Metric("auc", "ROC AUC", True, RANKING(roc_auc.prepare))
WORLDS = (
    World("mean, normal effects", AVERAGE, 0.0, _mean(lambda rng, count: rng.normal(size=count))),
    World("mean, exponential effects", AVERAGE, 0.0, _mean(lambda rng, count: rng.exponential(size=count) - 1)),
    World("share of 90 %", RIGHT, 0.9, _shares),
    World("ROC AUC of 0.83", AUC, float(norm.cdf(_DISTANCE / np.sqrt(2 + _DIFFERS**2))), _ranks),
)


def equal(count: int) -> np.ndarray:
    """int64 ``[300]``: the clusters of rows in `count` clusters alike."""
    return _dealt(np.ones(count))


def unequal(count: int) -> np.ndarray:
    """Sizes whose logarithms spread by 0.8."""
    return _dealt(np.random.default_rng(5).lognormal(0, 0.8, count))


def dominant(count: int) -> np.ndarray:
    """60 % of the rows in the first, the others alike."""
    return _dealt(np.append(1.5 * (count - 1), np.ones(count - 1)))


def _dealt(sizes: np.ndarray) -> np.ndarray:
    return np.repeat(np.arange(len(sizes)), np.maximum(2, ROWS * sizes / sizes.sum()).astype(int))


@dataclass(frozen=True)
class Coverage:
    """Shares of simulations: whose plain percentile interval, and whose interval, covers the truth."""

    percentile: float
    interval: float


def coverage(world: World, cluster: np.ndarray, simulations: int, resamples: int = RESAMPLES) -> Coverage:
    """Of the clusters ``[n]`` of the rows of every simulation."""
    return Coverage(*np.mean([_covered(world, cluster, seed, resamples) for seed in range(simulations)], axis=0))


def _covered(world: World, cluster: np.ndarray, seed: int, resamples: int) -> tuple[bool, bool]:
    target, predicted = world.draw(np.random.default_rng(seed), cluster)
    found = scored({"score": world.metric}, target, {"model": predicted}, cluster, resamples)
    low, high = np.nanpercentile(found.draws["model", "score"], [2.5, 97.5])
    of = found.intervals("model")["score"]
    within = of.low is not None and of.high is not None and of.low <= world.truth <= of.high
    return bool(low <= world.truth <= high), within


def _lines(simulations: int) -> Iterator[str]:
    yield "| score | rows | clusters | percentile, % | interval, % |"
    yield "|---|---|---|---|---|"
    dealt = {
        "300, equal clusters": (equal, CLUSTERS),
        "300, unequal clusters": (unequal, CLUSTERS),
        "300, 60 % of them in one cluster": (dominant, CLUSTERS),
        "alone": (np.arange, ALONE),
    }
    for world in WORLDS:
        for rows, (deal, counts) in dealt.items():
            for count in counts:
                found = coverage(world, deal(count), simulations)
                yield (
                    f"| {world.name} | {rows} | {count:,} | {100 * found.percentile:.1f} | {100 * found.interval:.1f} |"
                )


PREFACE = """# How often the intervals cover the truth

Made by `python -m benchmarks.coverage {simulations}`: {simulations:,} simulations a case with seeds counted from 0, and
{resamples} resamples each. The standard error of a figure is {error:.1f} points.

*Percentile* is the middle 95 % of the resampled scores, as intervals were before; *interval* is what
`modeling.core.intervals` makes of the same resamples: a percentile interval widened for few clusters, or Wilson's with
the effective sample size for scores between 0 and 1. Clusters differ from each other by as much as the rows within one,
or more.

"""


def main() -> None:
    """Write the page."""
    simulations = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    error = 100 * np.sqrt(0.95 * 0.05 / simulations)
    preface = PREFACE.format(simulations=simulations, resamples=RESAMPLES, error=error)
    lines = []
    for line in _lines(simulations):
        print(line, flush=True)
        lines.append(line)
    PAGE.write_text(preface + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
