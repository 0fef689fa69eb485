"""A linear model on raw pixels: what any network that sees must beat."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
from pydantic import Field

from modeling.core.learner import FitSummary, Fitting, Learner
from modeling.core.table import Table
from modeling.learners.baseline import logistic
from modeling.learners.checks import check_target
from modeling.problems.image import images


class PixelHyperparameters(logistic.LogisticHyperparameters):
    """`side`: images are squeezed to that many pixels a side."""

    side: int = Field(24, ge=2)


class Pixels(Learner):
    """The learner `logistic` with a column a pixel and colour."""

    outcomes = ("binary", "multiclass")
    deterministic = True
    hyperparameters = PixelHyperparameters
    extra = "vision"
    reads = "image"

    _linear: logistic.Logistic
    _side: int
    _colour: bool

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        """Fit `Logistic` to the pixels of images of `side` × `side`."""
        chosen = PixelHyperparameters.read(fitting.parameters)
        check_target(self, train, valid, fitting)
        self._side, self._colour = chosen.side, images.coloured(images.files(train))
        self._linear = logistic.Logistic()
        of_linear = replace(fitting, parameters={"C": chosen.C})
        summary = self._linear.fit(self._pixels(train), self._pixels(valid), of_linear)
        return replace(summary, parameters={"side": chosen.side} | summary.parameters)

    def predict(self, table: Table) -> np.ndarray:
        """float64 probability of the event ``[n]``, or of each class ``[n, classes]``."""
        return self._linear.predict(self._pixels(table))

    def save(self, folder: Path) -> None:
        """The regression, and size and colour of the images (`pixels.json`)."""
        self._linear.save(folder)
        (folder / "pixels.json").write_text(json.dumps({"side": self._side, "colour": self._colour}))

    @classmethod
    def load(cls, folder: Path) -> Self:
        model, facts = cls(), json.loads((folder / "pixels.json").read_text())
        model._linear, model._side, model._colour = logistic.Logistic.load(folder), facts["side"], facts["colour"]
        return model

    def _pixels(self, table: Table) -> Table:
        pixels = images.pixels(images.files(table), self._side, colour=self._colour)
        numeric = pixels.reshape(len(table), math.prod(pixels.shape[1:])).astype(np.float32)
        return Table(
            numeric=numeric,
            categorical=np.empty((len(table), 0), dtype=np.int32),
            target=table.target,
            numeric_names=tuple(f"pixel {number}" for number in range(numeric.shape[1])),
            categorical_names=(),
            cardinalities=(),
        )


LEARNER = Pixels
