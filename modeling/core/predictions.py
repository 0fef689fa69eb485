"""Predictions for rows without a target, as a value.

Belongs here: what a model answers, in the words of its classes. Does not belong here: the contract in front of the rows
(`resources.serving.predictor`), or the folder that predictions are kept in (`modeling.artefacts.predictions`).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from catalogue.definition import UseCase
from modeling.core.features import FeatureError
from modeling.core.model import ModelCard

ROW, PREDICTION, DECISION, VERSION, DELIVERY = "row", "prediction", "decision", "model_version", "delivery"
DECISION_NAME, PROBABILITY, THRESHOLD = "decision_name", "probability_", "threshold"
REMARKS, ERROR = "remarks", "error"
NAMES = frozenset({ROW, PREDICTION, DECISION, DECISION_NAME, THRESHOLD, REMARKS, ERROR, VERSION, DELIVERY})
"""Columns of predictions, beside `probability_<class>`."""


def is_taken(name: str) -> bool:
    """Whether predictions have, or may have, a column of this name, so that no identifier can be called so."""
    return name in NAMES or name.startswith(PROBABILITY)


@dataclass(frozen=True)
class Predictions:
    """What a published model answers to a delivery.

    Attributes
    ----------
    rows: as `answered` gives them, with the columns `remarks`, `model_version` and `delivery`.
    set_aside: of each row that broke a rule of the contract, or holds a value that can't be read, `row` (its number in
        the delivery, from 0), `rule`, `column` and `value`; it has no prediction.
    version: of the model. delivery: the content digest of the delivery. delivered: its rows.
    """

    rows: pl.DataFrame
    set_aside: pl.DataFrame
    version: str
    delivery: str
    delivered: int


def answered(
    frame: pl.DataFrame, numbers: np.ndarray, predicted: np.ndarray, use_case: UseCase, card: ModelCard
) -> pl.DataFrame:
    """A row for each of `frame`: its identifiers, or where none is declared its number in the delivery (`row`), and
    what the model of `card` predicted ``[n, …]``.

    Of classes `probability_<class>` each and the `decision`: of two at the published `threshold`, else the most
    probable. Both hold the target's own values, which the systems that read predictions know; where the use case names
    its classes for people, `decision_name` says the decision in their words.
    Of anything else the `prediction`: a number in the target's unit; for survival the risk.

    Raises
    ------
    FeatureError: an identifier is called like one of these.
    """
    identifiers = identified(frame, numbers, use_case)
    answers = _of_classes(predicted, card) if card.classes else pl.DataFrame({PREDICTION: predicted})
    if use_case.classes:
        answers = answers.with_columns(pl.col(DECISION).replace(use_case.classes).alias(DECISION_NAME))
    taken = set(identifiers.columns) & {*answers.columns, REMARKS, ERROR, VERSION, DELIVERY}
    if taken:
        raise FeatureError(f"the identifiers {sorted(taken)} are called like a column of the predictions: rename them")
    return pl.concat([identifiers, answers], how="horizontal")


def identified(frame: pl.DataFrame, numbers: np.ndarray, use_case: UseCase) -> pl.DataFrame:
    """The identifiers of the rows of `frame`, or where none is declared their numbers, in the column `row`."""
    names = use_case.columns.identifier
    return pl.DataFrame([frame[name] for name in names]) if names else pl.DataFrame({ROW: numbers})


def _of_classes(predicted: np.ndarray, card: ModelCard) -> pl.DataFrame:
    classes, threshold = card.classes, card.threshold
    probability = np.column_stack([1 - predicted, predicted]) if predicted.ndim == 1 else predicted
    chosen = probability.argmax(axis=1) if threshold is None else (probability[:, 1] >= threshold).astype(int)
    named = {f"{PROBABILITY}{name}": probability[:, code] for code, name in enumerate(classes)}
    decided = {DECISION: np.array(classes, dtype=object)[chosen]}
    answers = pl.DataFrame(named | decided, schema_overrides={DECISION: pl.String})
    return answers if threshold is None else answers.with_columns(pl.lit(threshold).alias(THRESHOLD))
