"""Which settings are best?

Belongs here: a regression of outcomes on settings, and how fast the best settings are found with it and without. Does
not belong here: the ways to search (`modeling.problems.optimisation.search`), or features of settings (the use case's
`features`).

A row is an experiment. The model is judged as any regression; then every search gets the same number of trials on the
test rows, whose outcomes it learns one at a time, as a laboratory would. The best of them is known, so regret is exact.
"""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import polars as pl
import polars.selectors as cs
from pydantic import Field

from catalogue.definition import UseCase
from modeling.core.features import Derive, FeatureError, feature_columns
from modeling.core.intervals import interval, resampled
from modeling.core.metrics import mean
from modeling.core.record import Band, Chapter, Estimates, Interval, Line, LineChart, Listing
from modeling.core.table import Rows
from modeling.core.task import Judged, Settings
from modeling.core.validated_data import ValidatedData
from modeling.problems.tabular.regression import Regression

if TYPE_CHECKING:
    from modeling.core.feature_set import FeatureSet
    from modeling.problems.optimisation.search import Search

SETTINGS = "settings"
"""The shared table of a role: the factors of each of its rows, in their order."""
NEARLY = 0.95
"""Share of the way from the pool's mean outcome to its best that counts as nearly the best."""
MIDDLE = (10, 90)
"""Percentiles over repeats between which a band is drawn."""
GUIDED, MODEL, BLIND, COPIED, RANDOM = (
    "champion and Gaussian process",
    "champion's order",
    "Gaussian process alone",
    "best in the training data",
    "random",
)


class OptimisationSettings(Settings):
    factors: list[str] = Field(
        default=[], description="the columns one may set, together an experiment; default: all raw features"
    )
    goal: Literal["highest", "lowest"] = Field(default="highest", description="which outcome is the best")
    trials: int = Field(default=60, ge=2, description="experiments that every search may try")
    repeats: int = Field(default=10, ge=2, description="how often every search starts anew")


@dataclass(frozen=True)
class Optimisation(Regression):
    """The outcome of an experiment; predictions are its mean ``[n]``, in the target's unit."""

    settings: OptimisationSettings = field(default_factory=OptimisationSettings)

    name: ClassVar[str] = "optimisation"
    settings_type: ClassVar[type[Settings]] = OptimisationSettings

    def prepare(self, data: ValidatedData, use_case: UseCase, derive: Derive | None) -> "FeatureSet":
        """As any rows, each role with its settings beside them.

        Raises
        ------
        FeatureError: a factor is no column, or has gaps.
        """
        factors = self.settings.factors or feature_columns(data.frame.columns, use_case)
        _check(data.frame, factors)
        made = super().prepare(data, use_case, derive)
        settings = pl.DataFrame({"number": data.numbers}).with_columns(data.frame.select(factors))

        def with_settings(rows: Rows) -> Rows:
            known = pl.DataFrame({"number": rows.number}).join(settings, on="number", maintain_order="left")
            return replace(rows, table=replace(rows.table, shared={SETTINGS: known.select(factors)}))

        train, valid, test = (with_settings(rows) for rows in (made.train, made.valid, made.open_test()))
        return replace(made, train=train, valid=valid, open_test=lambda: test)

    def chapters(self, judged: Judged) -> list[Chapter]:
        trials = min(self.settings.trials, len(judged.test))
        found = self._searched(judged, trials)
        return [
            Chapter(
                title="Searching for the best settings",
                reading=f"How good the best experiment so far is, after each of {trials} trials among "
                f"{len(judged.test):,} possible experiments that the model was not trained on. A useful model gets "
                "there in fewer trials than trying at random, and than repeating what worked before.",
                term="Regret against the best outcome of the test rows, exact because all are known. A search learns "
                "an outcome when it tries it; nothing is trained anew but the Gaussian process (Matérn 5/2, expected "
                f"improvement), whose prior mean is the champion's prediction or a constant. {self.settings.repeats} "
                f"repeats; '{COPIED}' tries settings in the order of their mean outcome in training, the group aside.",
                exhibits=[_regret(found), _effort(found), _best_after(found)],
            )
        ]

    def _searched(self, judged: Judged, trials: int) -> "_Found":
        from modeling.problems.optimisation.search import Experiments

        sign = 1.0 if self.settings.goal == "highest" else -1.0
        pool = sign * judged.test.table.target
        best: dict[str, np.ndarray] = {}
        for name, search in self._searches(judged, sign).items():
            runs = [Experiments(pool) for _ in range(self.settings.repeats)]
            for seed, run in enumerate(runs):
                search(run, trials, np.random.default_rng(seed))
            best[name] = np.array([run.best_so_far() for run in runs])
        return _Found(sign, pool, best)

    def _searches(self, judged: Judged, sign: float) -> dict[str, "Search"]:
        from modeling.problems.optimisation.search import guided, ranked

        expected = sign * judged.answers[judged.champion]
        settings = judged.test.table.shared[SETTINGS]
        points = _points(settings)
        ignorant = np.full(len(expected), sign * judged.train.table.target.mean())
        group = judged.use_case.columns.group
        transferable = [name for name in settings.columns if name != group]
        return {
            GUIDED: guided(points, expected),
            MODEL: ranked(expected),
            BLIND: guided(points, ignorant),
            COPIED: ranked(sign * _mean_in_training(judged, transferable)),
            RANDOM: ranked(ignorant),
        }


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
        value = float(of_repeats.mean())
        if np.ptp(of_repeats) == 0:
            return Interval(value=value)
        return interval(value, resampled([mean(of_repeats)], None, len(of_repeats))[:, 0])


def _check(frame: pl.DataFrame, factors: list[str]) -> None:
    absent = [name for name in factors if name not in frame.columns]
    if absent:
        raise FeatureError(f"settings.factors: {absent} are no columns; the rows have {frame.columns}")
    gaps = {name: count for name in factors if (count := frame[name].null_count())}
    if gaps:
        raise FeatureError(f"settings.factors are empty in some rows ({gaps}): quarantine them in the contract")


def _points(settings: pl.DataFrame) -> np.ndarray:
    """float64 ``[n, d]``: numbers in standard deviations, every other value as a column of its own."""
    numbers = cs.numeric()
    scaled = settings.with_columns(((numbers - numbers.mean()) / numbers.std()).fill_nan(0))
    return scaled.to_dummies(~numbers).to_numpy().astype(np.float64)


def _mean_in_training(judged: Judged, factors: list[str]) -> np.ndarray:
    """``[n]``: the mean outcome of training rows with a test row's settings; of all, where there is none."""
    train, test = (rows.table.shared[SETTINGS] for rows in (judged.train, judged.test))
    outcome = train.with_columns(outcome=judged.train.table.target).group_by(factors).agg(pl.mean("outcome"))
    known = test.join(outcome, on=factors, how="left", maintain_order="left")["outcome"]
    return known.fill_null(float(judged.train.table.target.mean())).to_numpy()


def _regret(found: _Found) -> LineChart:
    trial = [float(number) for number in range(1, found.trials + 1)]
    regret = {name: found.pool.max() - best for name, best in found.best.items()}
    bands = {name: np.percentile(of, MIDDLE, axis=0) for name, of in regret.items() if np.ptp(of, axis=0).any()}
    low, high = MIDDLE
    return LineChart(
        title="Regret by number of trials",
        caption=f"Mean over repeats of the distance from the best outcome there is; the bands hold the repeats between "
        f"the {low}th and the {high}th percentile. A search without a band leaves nothing to chance.",
        x_title="trials",
        y_title="regret, in the target's unit",
        lines={name: Line(x=trial, y=of.mean(axis=0).tolist()) for name, of in regret.items()},
        bands={name: Band(x=trial, low=of[0].tolist(), high=of[1].tolist()) for name, of in bands.items()},
        steps=True,
    )


def _effort(found: _Found) -> Estimates:
    """How many trials each search took until nearly the best."""
    from modeling.problems.optimisation.search import trials_until

    top, middle = found.pool.max(), found.pool.mean()
    wanted = middle + NEARLY * (top - middle)
    taken = {name: np.array([trials_until(wanted, run) for run in best]) for name, best in found.best.items()}
    return Estimates(
        title=f"Trials until {NEARLY:.0%} of the best",
        caption=f"Mean over repeats until an outcome of {found.sign * wanted:.4g} or better, which is {NEARLY:.0%} of "
        f"the way from the mean of all experiments to the best. Where {found.trials} trials did not suffice they "
        f"count as {found.trials + 1}.",
        x_title="trials",
        estimates={name: found.mean(of.astype(np.float64)) for name, of in taken.items()},
    )


def _best_after(found: _Found) -> Listing:
    """The best outcome after some trials, and after all."""
    shown = [number for number in (5, 10, 20) if number < found.trials] + [found.trials]
    columns: dict[str, list[str | None] | list[int | None] | list[float | None]] = {"search": [*found.best]}
    for number in shown:
        columns[f"after {number} trials"] = [
            found.sign * float(best[:, number - 1].mean()) for best in found.best.values()
        ]
    best = found.sign * float(found.pool.max())
    return Listing(title=f"Best outcome so far, mean over repeats; the best there is: {best:.4g}", columns=columns)


TASK = Optimisation
