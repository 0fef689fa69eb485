"""LightGBM on what a pretrained network, left as it is, reads in a text, and on the row's own numbers and codes."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from pydantic import Field

from modeling.core.learner import FitSummary, Fitting, Outcome
from modeling.core.table import Table
from modeling.learners.boosting import lightgbm
from modeling.learners.checks import check_target, read_hyperparameters
from modeling.learners.torch.training import session
from modeling.problems.text import language, texts
from modeling.problems.text.language import Encoder, LanguageHyperparameters


class TextLightGBMHyperparameters(LanguageHyperparameters, lightgbm.LightGBMHyperparameters):
    """The first trial has small trees that see a third of the columns each: an embedding's hundreds of numbers say much
    the same.
    """

    learning_rate: float = Field(0.1, gt=0)
    num_leaves: int = Field(15, ge=2)
    feature_fraction: float = Field(0.3, gt=0, le=1)


class TextLightGBM:
    """The learner `lightgbm`, with the embedding of the text as further columns."""

    outcomes: ClassVar[tuple[Outcome, ...]] = ("binary", "multiclass")
    default_seconds: ClassVar[float] = 40
    extra: ClassVar[str | None] = "text"
    reads: ClassVar[str | None] = "text"

    _encoder: Encoder
    _trees: lightgbm.LightGBM

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        start, compute = time.monotonic(), fitting.compute
        hyperparameters = read_hyperparameters(TextLightGBMHyperparameters, fitting.parameters).settled(compute)
        check_target(self, train, valid, fitting)
        both = (*texts.texts(train), *texts.texts(valid))
        with session(fitting, compute.threads):
            self._encoder = language.opened(hyperparameters, fitting.weights, both[: len(train)], compute.device)
            embedded = language.embeddings(self._encoder, both)
        spent = time.monotonic() - start
        fitting.progress(f"{len(both):,} texts embedded in {spent:.0f} s")
        of_trees = replace(
            fitting,
            seconds=max(fitting.seconds - spent, 1.0),
            parameters=hyperparameters.model_dump(include=set(lightgbm.LightGBMHyperparameters.model_fields)),
        )
        self._trees = lightgbm.LightGBM()
        told = self._trees.fit(_beside(train, embedded[: len(train)]), _beside(valid, embedded[len(train) :]), of_trees)
        read = hyperparameters.model_dump(include=set(LanguageHyperparameters.model_fields))
        return FitSummary(
            read | told.parameters, told.curve, [f"not trained: {hyperparameters.told(compute)}", *told.notes]
        )

    def predict(self, table: Table) -> np.ndarray:
        embedded = language.embeddings(self._encoder, texts.texts(table))
        return self._trees.predict(_beside(table, embedded))

    def save(self, folder: Path) -> None:
        self._trees.save(folder)
        self._encoder.save(folder / "encoder")
        (folder / "text.json").write_text(json.dumps({"length": self._encoder.length}))

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls()
        length = json.loads((folder / "text.json").read_text())["length"]
        model._encoder = Encoder.load(folder / "encoder", length)
        model._trees = lightgbm.LightGBM.load(folder)
        return model


def _beside(table: Table, embedded: np.ndarray) -> Table:
    """The rows with the embedding ``[n, width]`` as numbers beside their own."""
    names = (f"embedding {number}" for number in range(embedded.shape[1]))
    numeric = np.hstack([table.numeric, embedded])
    return replace(table, numeric=numeric, numeric_names=(*table.numeric_names, *names))


LEARNER = TextLightGBM
