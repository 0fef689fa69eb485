"""A linear model on words and pieces of words: what any network that reads must beat.

A support vector machine on TF-IDF (Joachims 1998), whose margins one temperature turns into probabilities (Guo et al.
2017, arXiv:1706.04599).
"""

import json
from pathlib import Path
from typing import Any, Self

import numpy as np
from pydantic import PositiveFloat
from scipy.optimize import minimize_scalar
from scipy.special import expit, softmax
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import log_loss
from sklearn.pipeline import FeatureUnion
from sklearn.svm import LinearSVC

from modeling.core.learner import FitSummary, Fitting, Hyperparameters, Learner, LearnerError
from modeling.core.table import Table
from modeling.learners.checks import check_target
from modeling.learners.progress import throttled
from modeling.learners.work import TimeLimit
from modeling.problems.text import texts

STRENGTHS = (1.0, 3.0, 0.3, 0.1)
"""The likeliest first: the time limit may cut the others."""
TEMPERATURES = (-3.0, 3.0)
"""Natural logarithms of the least and the largest."""
MOST_WORDS, MOST_PIECES = 60_000, 30_000
TOLERANCE = 0.01
"""Of the optimiser; ten times finer takes twice as long and answers the same."""


class TfidfHyperparameters(Hyperparameters):
    """`C`: inverse strength of the penalty. `temperature`: what the margins are divided by. None: chosen on tuning
    rows.
    """

    C: PositiveFloat | None = None
    temperature: PositiveFloat | None = None


class TFIDF(Learner):
    """scikit-learn's `LinearSVC`, one class against the rest, on words, pairs of words and pieces of 3 to 5 letters."""

    outcomes = ("binary", "multiclass")
    deterministic = True
    hyperparameters = TfidfHyperparameters
    reads = "text"

    _columns: FeatureUnion
    _weights: np.ndarray
    _offsets: np.ndarray
    _temperature: float

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        limit, say = TimeLimit(fitting), throttled(fitting.progress)
        chosen = TfidfHyperparameters.read(fitting.parameters)
        check_target(self, train, valid, fitting)
        self._columns, inputs = _columns(train)
        if fitting.fixed:
            machine = _machine(chosen.C or 1.0).fit(inputs, train.target)
            self._keep(machine, chosen.temperature or 1.0)
            return FitSummary(parameters=chosen.model_dump())

        valid_inputs, best, lowest = self._columns.transform(texts.texts(valid)), STRENGTHS[0], float("inf")
        strengths = (chosen.C,) if chosen.C else STRENGTHS
        for done, strength in enumerate(strengths):
            if done and limit.stops(f"{done} of {len(strengths)} values of C"):
                break
            machine = _machine(strength).fit(inputs, train.target)
            temperature, loss = _tempered(machine.decision_function(valid_inputs), valid.target, chosen.temperature)
            say(f"C {strength:g}: validation loss {loss:.4f}")
            if loss < lowest:
                self._keep(machine, temperature)
                best, lowest = strength, loss
        return FitSummary(parameters={"C": best, "temperature": self._temperature}, cut=limit.cut)

    def _keep(self, machine: LinearSVC, temperature: float) -> None:
        self._weights, self._offsets, self._temperature = machine.coef_, np.atleast_1d(machine.intercept_), temperature

    def predict(self, table: Table) -> np.ndarray:
        """float64 probability of the event ``[n]``, or of each class ``[n, classes]``."""
        margins = self._columns.transform(texts.texts(table)) @ self._weights.T + self._offsets
        return _probability(margins if len(self._weights) > 1 else margins[:, 0], self._temperature)

    def leading(self, count: int) -> list[list[str]]:
        """The words and pairs of words that speak most for each class, the strongest first."""
        words = dict(self._columns.transformer_list)["words"].get_feature_names_out()
        weights = self._weights[:, : len(words)]
        each = weights if len(weights) > 1 else np.vstack([-weights, weights])
        return [[str(words[index]) for index in np.argsort(-row)[:count] if row[index] > 0] for row in each]

    def save(self, folder: Path) -> None:
        """Terms and temperature (`tfidf.json`), weights and inverse document frequencies (`weights.npz`)."""
        parts = dict(self._columns.transformer_list)
        terms = {name: part.get_feature_names_out().tolist() for name, part in parts.items()}
        rarity = {name: part.idf_ for name, part in parts.items()}
        facts = {"temperature": self._temperature, "terms": terms}
        (folder / "tfidf.json").write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")
        np.savez(folder / "weights.npz", allow_pickle=False, weights=self._weights, offsets=self._offsets, **rarity)

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls()
        facts = json.loads((folder / "tfidf.json").read_text(encoding="utf-8"))
        with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
            model._weights, model._offsets = arrays["weights"], arrays["offsets"]
            model._temperature = facts["temperature"]
            model._columns = _union(facts["terms"])
            for name, part in model._columns.transformer_list:
                part.idf_ = arrays[name]
        return model


def _columns(train: Table) -> tuple[FeatureUnion, Any]:
    """The vocabulary of the training texts, and these texts in it (sparse).

    Raises
    ------
    LearnerError: no word occurs in two of the texts.
    """
    columns = _union({})
    try:
        return columns, columns.fit_transform(texts.texts(train))
    except ValueError as error:
        what = f"no word occurs in two of the {len(train):,} training texts ({error})"
        raise LearnerError(f"{what}: check that `columns: {{text: …}}` names the texts") from error


def _union(terms: dict[str, list[str]]) -> FeatureUnion:
    """Words and pieces as columns; those in `terms`, or as many as often occur in what it is fitted to."""
    often = {"sublinear_tf": True, "min_df": 2}
    words = TfidfVectorizer(**often, ngram_range=(1, 2), max_features=MOST_WORDS, vocabulary=terms.get("words"))
    pieces = TfidfVectorizer(
        **often, analyzer="char_wb", ngram_range=(3, 5), max_features=MOST_PIECES, vocabulary=terms.get("pieces")
    )
    return FeatureUnion([("words", words), ("pieces", pieces)])


def _machine(strength: float) -> LinearSVC:
    return LinearSVC(C=strength, tol=TOLERANCE, random_state=0)


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


LEARNER = TFIDF
