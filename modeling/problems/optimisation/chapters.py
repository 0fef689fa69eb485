"""What the reports of optimisation show: how fast the best settings are found with the model and without.

Every search gets the same number of trials on the test rows, whose outcomes it learns one at a time, as a laboratory
would. The best of them is known, so regret is exact. Does not belong here: the ways to search
(`modeling.problems.optimisation.search`).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
import polars.selectors as cs
from scipy.stats import sem, t

from modeling.core.digits import number
from modeling.core.intervals import estimated
from modeling.core.metrics import mean
from modeling.core.record import Band, Chapter, Estimates, Interval, Line, LineChart, Listing
from modeling.core.task import EvaluatedChampion
from modeling.problems.optimisation.search import Experiments, Search, guided, ranked, trials_until
from modeling.problems.optimisation.settings import SETTINGS, OptimisationSettings

NEARLY = 0.95
"""Share of the way from the pool's mean outcome to its best that counts as nearly the best."""
GUIDED, MODEL, BLIND, COPIED, RANDOM = (
    "champion and Gaussian process",
    "champion's order",
    "Gaussian process alone",
    "best in the training data",
    "random",
)


@dataclass(frozen=True)
class _Found:
    """What the searches found; larger is better, `sign` turns it back.

    Attributes
    ----------
    pool: ``[n]`` every possible outcome.
    best: search -> ``[repeats, trials]``, the best outcome so far.
    """

    sign: float
    pool: np.ndarray
    best: dict[str, np.ndarray]

    @property
    def trials(self) -> int:
        return next(iter(self.best.values())).shape[1]

    def mean(self, of_repeats: np.ndarray) -> Interval:
        """The mean over repeats, with its interval; none where every repeat is alike."""
        return estimated(mean(of_repeats), len(of_repeats), None)


def chapters(evaluated: EvaluatedChampion, settings: OptimisationSettings) -> list[Chapter]:
    """The one chapter: every search spends the trials that the settings grant."""
    trials = min(settings.trials, len(evaluated.test))
    found = _searched(evaluated, settings, trials)
    return [
        Chapter(
            title="Searching for the best settings",
            reading=f"How good the best experiment so far is, after each of {trials} trials among "
            f"{len(evaluated.test):,} possible experiments that the model was not trained on. A useful model gets "
            "there in fewer trials than trying at random, and than repeating what worked before.",
            term="Regret against the best outcome of the test rows, exact because all are known. A search learns "
            "an outcome when it tries it; nothing is trained anew but the Gaussian process (Matérn 5/2, expected "
            f"improvement), whose prior mean is the champion's prediction or a constant. {settings.repeats} "
            f"repeats; '{COPIED}' tries settings in the order of their mean outcome in training, the group aside.",
            exhibits=[_regret(found), _effort(found), _best_after(found)],
        )
    ]


def _searched(evaluated: EvaluatedChampion, settings: OptimisationSettings, trials: int) -> _Found:
    sign = 1.0 if settings.goal == "highest" else -1.0
    pool = sign * evaluated.test.table.target
    best: dict[str, np.ndarray] = {}
    for name, search in _searches(evaluated, sign).items():
        runs = [Experiments(pool) for _ in range(settings.repeats)]
        for seed, run in enumerate(runs):
            search(run, trials, np.random.default_rng(seed))
        best[name] = np.array([run.best_so_far() for run in runs])
    return _Found(sign, pool, best)


def _searches(evaluated: EvaluatedChampion, sign: float) -> dict[str, Search]:
    expected = sign * evaluated.answers[evaluated.champion]
    settings = evaluated.test.table.shared[SETTINGS]
    points = _points(settings)
    ignorant = np.full(len(expected), sign * evaluated.train.table.target.mean())
    group = evaluated.use_case.columns.group
    transferable = [name for name in settings.columns if name != group]
    return {
        GUIDED: guided(points, expected),
        MODEL: ranked(expected),
        BLIND: guided(points, ignorant),
        COPIED: ranked(sign * _mean_in_training(evaluated, transferable)),
        RANDOM: ranked(ignorant),
    }


def _points(settings: pl.DataFrame) -> np.ndarray:
    """float64 ``[n, d]``: numbers in standard deviations, every other value as a column of its own."""
    numbers = cs.numeric()
    scaled = settings.with_columns(((numbers - numbers.mean()) / numbers.std()).fill_nan(0))
    return scaled.to_dummies(~numbers).to_numpy().astype(np.float64)


def _mean_in_training(evaluated: EvaluatedChampion, factors: list[str]) -> np.ndarray:
    """``[n]``: the mean outcome of training rows with a test row's settings; of all, where there is none."""
    train, test = (rows.table.shared[SETTINGS] for rows in (evaluated.train, evaluated.test))
    outcome = train.with_columns(outcome=evaluated.train.table.target).group_by(factors).agg(pl.mean("outcome"))
    known = test.join(outcome, on=factors, how="left", maintain_order="left")["outcome"]
    return known.fill_null(float(evaluated.train.table.target.mean())).to_numpy()


def _regret(found: _Found) -> LineChart:
    trial = [float(number) for number in range(1, found.trials + 1)]
    regret = {name: found.pool.max() - best for name, best in found.best.items()}
    return LineChart(
        title="Regret by number of trials",
        caption="Mean over starts of the distance from the best outcome there is, with its 95 % interval (Student's t, "
        "over starts). A search without a band leaves nothing to chance.",
        x_title="trials",
        y_title="regret, in the target's unit",
        lines={name: Line(x=trial, y=of.mean(axis=0).tolist()) for name, of in regret.items()},
        bands={name: _band(trial, of) for name, of in regret.items() if np.ptp(of, axis=0).any()},
        steps=True,
    )


def _band(trial: list[float], regret: np.ndarray) -> Band:
    """The 95 % interval of the mean of ``[starts, trials]`` at each trial; no regret is below zero."""
    half = t.ppf(0.975, len(regret) - 1) * sem(regret, axis=0)
    middle = regret.mean(axis=0)
    return Band(x=trial, low=(middle - half).clip(0).tolist(), high=(middle + half).tolist())


def _effort(found: _Found) -> Estimates:
    """How many trials each search took until nearly the best."""
    top, middle = found.pool.max(), found.pool.mean()
    wanted = middle + NEARLY * (top - middle)
    taken = {name: np.array([trials_until(wanted, run) for run in best]) for name, best in found.best.items()}
    return Estimates(
        title=f"Trials until {NEARLY:.0%} of the best",
        caption=f"Mean over repeats until an outcome of {number(found.sign * wanted)} or better, which is {NEARLY:.0%} "
        f"of the way from the mean of all experiments to the best. Where {found.trials} trials did not suffice they "
        f"count as {found.trials + 1}.",
        x_title="trials",
        estimates={name: found.mean(of.astype(np.float64)) for name, of in taken.items()},
    )


def _best_after(found: _Found) -> Listing:
    """The best outcome after some trials, and after all."""
    shown = [trials for trials in (5, 10, 20) if trials < found.trials] + [found.trials]
    columns: dict[str, list[str | None] | list[int | None] | list[float | None]] = {"search": [*found.best]}
    for trials in shown:
        columns[f"after {trials} trials"] = [
            found.sign * float(best[:, trials - 1].mean()) for best in found.best.values()
        ]
    best = found.sign * float(found.pool.max())
    return Listing(title=f"Best outcome so far, mean over repeats; the best there is: {number(best)}", columns=columns)
