"""Which experiment next?

Belongs here: ways to try settings one after the other, given only what earlier trials showed, and how far each got.
Does not belong here: where predictions come from (`modeling.problems.optimisation.task`), or charts.

A pool of possible experiments is known beforehand; an outcome only once its experiment was tried. Larger is better.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.stats import norm
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

FIRST = 5
"""Trials before the process chooses: with fewer, it can't separate signal from noise."""
REFITTED = 10
"""Trials between two estimates of the kernel's parameters; the process itself follows every trial."""


@dataclass
class Experiments:
    """The pool, as a search may use it: an outcome is handed over when its experiment is tried, and that is counted.

    Attributes
    ----------
    outcomes: ``[n]``; a search reads none but those `measure` gave it.
    tried: what was tried so far, in order.
    """

    outcomes: np.ndarray
    tried: list[int] = field(default_factory=list)

    def measure(self, experiment: int) -> float:
        """Try an experiment.

        Raises
        ------
        ValueError: it was tried before.
        """
        if experiment in self.tried:
            raise ValueError(f"experiment {experiment} was tried before: a trial is spent on a new one")
        self.tried.append(experiment)
        return float(self.outcomes[experiment])

    def best_so_far(self) -> np.ndarray:
        """``[trials]``: the best outcome after each trial."""
        return np.maximum.accumulate(self.outcomes[self.tried])


Search = Callable[[Experiments, int, np.random.Generator], None]
"""Spends a number of trials on experiments."""


def ranked(expected: np.ndarray) -> Search:
    """Try what promises most, in the order of `expected` ``[n]``, and learn nothing on the way. Ties fall at random:
    equal promises make a random search."""

    def search(experiments: Experiments, trials: int, draw: np.random.Generator) -> None:
        for experiment in _by_promise(expected, draw)[:trials]:
            experiments.measure(experiment)

    return search


def guided(points: np.ndarray, expected: np.ndarray) -> Search:
    """Bayesian optimisation: after the `FIRST` most promising, try what a Gaussian process expects to improve most.

    `points` ``[n, d]`` are the settings as numbers of about unit size; `expected` ``[n]`` is the mean of the process
    before any trial, so it learns from every trial what a model's predictions get wrong. Equal values know nothing.

    Source: expected improvement, Mockus 1975; Jones, Schonlau and Welch 1998; Matérn 5/2, Snoek, Larochelle and Adams
    2012.
    """

    def search(experiments: Experiments, trials: int, draw: np.random.Generator) -> None:
        kernel: Any = ConstantKernel(1.0) * Matern(2.0, (0.1, 100.0), nu=2.5) + WhiteKernel(0.1, (1e-4, 1.0))
        tried = experiments.tried
        seen = [experiments.measure(experiment) for experiment in _by_promise(expected, draw)[: min(FIRST, trials)]]
        while len(tried) < trials:
            surprise = np.array(seen) - expected[tried]
            size = surprise.std() or 1.0
            optimizer = None if (len(tried) - FIRST) % REFITTED else "fmin_l_bfgs_b"
            process = _fitted(kernel, optimizer, points[tried], surprise / size)
            kernel = process.kernel_
            mean, spread = process.predict(points, return_std=True)
            gain = improvement(expected + size * mean, size * spread, max(seen))
            gain[tried] = -np.inf
            seen.append(experiments.measure(int(gain.argmax())))

    return search


def improvement(mean: np.ndarray, spread: np.ndarray, best: float) -> np.ndarray:
    """The expected improvement over `best` of outcomes that are normal with `mean` and `spread` (above 0)."""
    distance = (mean - best) / spread
    return spread * (distance * norm.cdf(distance) + norm.pdf(distance))


def trials_until(wanted: float, best_so_far: np.ndarray) -> int:
    """How many trials it took to reach `wanted`; one more than there were, where they did not suffice."""
    return int(np.searchsorted(best_so_far, wanted)) + 1


def _by_promise(expected: np.ndarray, draw: np.random.Generator) -> list[int]:
    """The experiments, the most promising first, equals at random."""
    return np.lexsort([draw.random(len(expected)), -expected]).tolist()


def _fitted(kernel: Any, optimizer: Any, points: np.ndarray, values: np.ndarray) -> Any:
    with warnings.catch_warnings():
        # A parameter at its bound says that the trials so far don't determine it.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return GaussianProcessRegressor(kernel, optimizer=optimizer).fit(points, values)
