"""A linear model on words and pieces of words: what any network that reads must beat.

A support vector machine on TF-IDF (Joachims 1998), whose margins one temperature turns into probabilities (Guo et al.
2017, arXiv:1706.04599).
"""

import json
import time
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import PositiveFloat
from scipy.optimize import minimize_scalar
from scipy.special import expit, softmax
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import log_loss
from sklearn.pipeline import FeatureUnion
from sklearn.svm import LinearSVC

from modeling import texts
from modeling.learners import encoding
from modeling.learners.checks import Knobs, check_target, read_knobs
from modeling.learners.progress import throttled
from modeling.learners.protocol import Fitting, LearnerError, Outcome, Told
from modeling.table import Table

STRENGTHS = (1.0, 3.0, 0.3, 0.1)
"""The likeliest first, because the time may be up before the last."""
TEMPERATURES = (-3.0, 3.0)
"""Natural logarithms of the least and the largest."""
MOST_WORDS, MOST_PIECES = 60_000, 30_000
TOLERANCE = 0.01
"""Of the optimiser; ten times finer takes twice as long and answers the same."""


class TfidfKnobs(Knobs):
    """`C`: inverse strength of the penalty. `temperature`: what the margins are divided by. None: chosen on validation
    rows.
    """

    C: PositiveFloat | None = None
    temperature: PositiveFloat | None = None


class Model:
    """scikit-learn's `LinearSVC`, one class against the rest, on words, pairs of words and pieces of 3 to 5 letters."""

    outcomes: ClassVar[tuple[Outcome, ...]] = ("binary", "multiclass")
    default_seconds: ClassVar[float] = 20
    extra: ClassVar[str | None] = None
    reads: ClassVar[str | None] = "text"

    _columns: FeatureUnion
    _machine: LinearSVC
    _temperature: float

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> Told:
        start, say, notes = time.monotonic(), throttled(fitting.progress), []
        knobs = read_knobs(TfidfKnobs, fitting.parameters)
        check_target(self, train, valid, fitting)
        self._columns, read = _columns(train)
        if fitting.fixed:
            self._machine, self._temperature = _machine(knobs.C or 1.0, fitting.seed), knobs.temperature or 1.0
            self._machine.fit(read, train.target)
            return Told(parameters=knobs.model_dump())

        judged, lowest = self._columns.transform(texts.texts(valid)), float("inf")
        strengths, ready = (knobs.C,) if knobs.C else STRENGTHS, time.monotonic()
        for done, strength in enumerate(strengths):
            now = time.monotonic()
            if done and now - start + (now - ready) / done > fitting.seconds:
                notes.append(f"time was up after {done} of {len(strengths)} values of C")
                break
            machine = _machine(strength, fitting.seed).fit(read, train.target)
            temperature, loss = _tempered(machine.decision_function(judged), valid.target, knobs.temperature)
            say(f"C {strength:g}: validation loss {loss:.4f}")
            if loss < lowest:
                self._machine, self._temperature, lowest = machine, temperature, loss
        return Told(parameters={"C": self._machine.C, "temperature": self._temperature}, notes=notes)

    def predict(self, table: Table) -> np.ndarray:
        margins = self._machine.decision_function(self._columns.transform(texts.texts(table)))
        return _probability(margins, self._temperature)

    def leading(self, count: int) -> list[list[str]]:
        """The words and pairs of words that speak most for each class, the strongest first."""
        words = dict(self._columns.transformer_list)["words"].get_feature_names_out()
        weights = self._machine.coef_[:, : len(words)]
        each = weights if len(weights) > 1 else np.vstack([-weights, weights])
        return [[str(words[index]) for index in np.argsort(-row)[:count] if row[index] > 0] for row in each]

    def save(self, folder: Path) -> None:
        encoding.write(self._columns, folder / "columns.skops")
        encoding.write(self._machine, folder / "machine.skops")
        (folder / "tfidf.json").write_text(json.dumps({"temperature": self._temperature}))

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls()
        model._columns = encoding.read(folder / "columns.skops")
        model._machine = encoding.read(folder / "machine.skops")
        model._temperature = json.loads((folder / "tfidf.json").read_text())["temperature"]
        return model


def _columns(train: Table) -> tuple[FeatureUnion, Any]:
    """The vocabulary of the training texts, and these texts in it (sparse).

    Raises
    ------
    LearnerError: no word occurs in two of the texts.
    """
    often = {"sublinear_tf": True, "min_df": 2}
    columns = FeatureUnion(
        [
            ("words", TfidfVectorizer(**often, ngram_range=(1, 2), max_features=MOST_WORDS)),
            ("pieces", TfidfVectorizer(**often, analyzer="char_wb", ngram_range=(3, 5), max_features=MOST_PIECES)),
        ]
    )
    try:
        return columns, columns.fit_transform(texts.texts(train))
    except ValueError as error:
        what = f"no word occurs in two of the {len(train):,} training texts ({error})"
        raise LearnerError(f"{what}: check that `columns: {{text: …}}` names the texts") from error


def _machine(strength: float, seed: int) -> LinearSVC:
    return LinearSVC(C=strength, tol=TOLERANCE, random_state=seed)


def _tempered(margins: np.ndarray, target: np.ndarray, temperature: float | None) -> tuple[float, float]:
    """The temperature with the lowest log loss, and that loss."""
    classes = range(margins.shape[1] if margins.ndim == 2 else 2)

    def loss(logarithm: float) -> float:
        return float(log_loss(target, _probability(margins, np.exp(logarithm)), labels=classes))

    if temperature:
        return temperature, loss(np.log(temperature))
    found = minimize_scalar(loss, bounds=TEMPERATURES, method="bounded")
    return float(np.exp(found.x)), float(found.fun)


def _probability(margins: np.ndarray, temperature: float) -> np.ndarray:
    return softmax(margins / temperature, axis=1) if margins.ndim == 2 else expit(margins / temperature)
