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
DECISION_NAME, PROBABILITY = "decision_name", "probability_"


@dataclass(frozen=True)
class Predictions:
    """What a published model answers to a delivery.

    Attributes
    ----------
    rows: as `answered` gives them, with the columns `model_version` and `delivery`.
    set_aside: of each row that broke a rule of the contract `row` (its number in the delivery, from 0), `rule`,
        `column` and `value`; it has no prediction.
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

    Of classes `probability_<class>` each and the `decision`: at the published threshold of two, else the most probable.
    Both hold the target's own values, which the systems that read predictions know; where the use case names its
    classes for people, `decision_name` says the decision in their words.
    Of anything else the `prediction`: a number in the target's unit; for survival the risk.

    Raises
    ------
    FeatureError: an identifier is called like one of these.
    """
    identifiers = (
        frame.select(use_case.columns.identifier) if use_case.columns.identifier else pl.DataFrame({ROW: numbers})
    )
    answers = _of_classes(predicted, card) if card.classes else pl.DataFrame({PREDICTION: predicted})
    if use_case.classes:
        answers = answers.with_columns(pl.col(DECISION).replace(use_case.classes).alias(DECISION_NAME))
    taken = set(identifiers.columns) & {*answers.columns, VERSION, DELIVERY}
    if taken:
        raise FeatureError(f"the identifiers {sorted(taken)} are called like a column of the predictions: rename them")
    return pl.concat([identifiers, answers], how="horizontal")


def _of_classes(predicted: np.ndarray, card: ModelCard) -> pl.DataFrame:
    classes, threshold = card.classes, card.threshold
    probability = np.column_stack([1 - predicted, predicted]) if predicted.ndim == 1 else predicted
    chosen = probability.argmax(axis=1) if threshold is None else (probability[:, 1] >= threshold).astype(int)
    named = {f"{PROBABILITY}{name}": probability[:, code] for code, name in enumerate(classes)}
    return pl.DataFrame(
        named | {DECISION: np.array(classes, dtype=object)[chosen]}, schema_overrides={DECISION: pl.String}
    )
