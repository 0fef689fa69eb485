"""LightGBM on what a pretrained network, left as it is, reads in a text, and on the row's own numbers and codes."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import Field

from modeling.core.learner import Fitting
from modeling.core.table import Table
from modeling.learners.boosting.lightgbm import LightGBMHyperparameters
from modeling.learners.encoder_trees import Encoded, EncoderTrees
from modeling.learners.torch.training import session
from modeling.problems.text import language, texts
from modeling.problems.text.language import Encoder, LanguageHyperparameters


class TextLightGBMHyperparameters(LanguageHyperparameters, LightGBMHyperparameters):
    """The first trial has small trees that see a third of the columns each: an embedding's hundreds of numbers say much
    the same.
    """

    learning_rate: float = Field(0.1, gt=0)
    num_leaves: int = Field(15, ge=2)
    feature_fraction: float = Field(0.3, gt=0, le=1)


class TextLightGBM(EncoderTrees):
    """The learner `lightgbm`, with the embedding of the text as further columns."""

    outcomes = ("binary", "multiclass")
    hyperparameters = TextLightGBMHyperparameters
    extra = "text"
    reads = "text"

    _encoder: Encoder

    def _fit_encoder(self, chosen: TextLightGBMHyperparameters, tables: Sequence[Table], fitting: Fitting) -> Encoded:
        """All texts are embedded at once: those of like length share a batch."""
        chosen, compute = chosen.settled(fitting.compute), fitting.compute
        read = [texts.texts(table) for table in tables]
        with session(fitting):
            self._encoder = language.opened(chosen, fitting.weights, read[0], compute.device)
            embedded = language.embeddings(self._encoder, [text for part in read for text in part])
        ends = np.cumsum([len(table) for table in tables[:-1]])
        return Encoded(chosen, np.split(embedded, ends), [f"not trained: {chosen.description(compute)}"])

    def _encode(self, table: Table) -> np.ndarray:
        return language.embeddings(self._encoder, texts.texts(table))

    def _save_encoder(self, folder: Path) -> None:
        self._encoder.save(folder / "encoder")
        (folder / "text.json").write_text(json.dumps({"length": self._encoder.length}))

    def _load_encoder(self, folder: Path) -> None:
        length = json.loads((folder / "text.json").read_text())["length"]
        self._encoder = Encoder.load(folder / "encoder", length)


LEARNER = TextLightGBM
