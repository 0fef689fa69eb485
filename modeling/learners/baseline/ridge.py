"""Ridge regression: the linear model every regressor must beat."""

from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from pydantic import PositiveFloat
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error
from sklearn.pipeline import Pipeline

from modeling.core.learner import Fitting, Outcome, Told
from modeling.core.table import Table
from modeling.learners import encoding
from modeling.learners import linear as _linear
from modeling.learners.checks import Knobs, check, read_knobs

STRENGTHS = (1000.0, 100.0, 10.0, 1.0, 0.1)


class RidgeKnobs(Knobs):
    """`alpha`: strength of the penalty; None: chosen on validation rows."""

    alpha: PositiveFloat | None = None


class Model:
    """scikit-learn's `Ridge` on quantile-scaled and one-hot columns."""

    outcomes: ClassVar[tuple[Outcome, ...]] = ("regression",)
    default_seconds: ClassVar[float] = 20
    extra: ClassVar[str | None] = None
    reads: ClassVar[str | None] = None

    _pipeline: Pipeline

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> Told:
        knobs = read_knobs(RidgeKnobs, fitting.parameters)
        check(self, train, valid, fitting)
        chosen = _linear.choose(
            lambda width: Ridge(),
            "alpha",
            (knobs.alpha,) if knobs.alpha else STRENGTHS,
            lambda model, rows: mean_squared_error(valid.target, model.predict(rows)),
            train,
            valid,
            fitting,
        )
        self._pipeline = chosen.pipeline
        return Told(parameters={"alpha": chosen.strength}, notes=chosen.notes)

    def predict(self, table: Table) -> np.ndarray:
        return self._pipeline.predict(_linear.inputs(table))

    def save(self, folder: Path) -> None:
        encoding.write(self._pipeline, folder / "ridge.skops")

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls()
        model._pipeline = encoding.read(folder / "ridge.skops")
        return model
