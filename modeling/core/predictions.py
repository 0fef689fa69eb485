"""Predictions for rows without a target, as a value.

Belongs here: what a model answers, in the words of its classes, and the folder it is kept in. Does not belong here: the
contract in front of the rows (`resources.serving.predictor`).

A folder of predictions::

    predictions.parquet   a row for each row that met the contract
    predictions.csv       the same for people: no cell begins a formula
    set_aside.parquet     a line for each rule that a row broke; set_aside.csv the same for people
    about.json            model version, digest and number of rows of the delivery
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl
import polars.selectors as cs

from catalogue.definition import UseCase
from modeling.core.features import FeatureError

FORMULA = r"^[=+\-@\t\r\n＝＋－＠]"
"""How a cell begins that a spreadsheet would run (OWASP, CSV injection)."""
ROW, PREDICTION, DECISION, VERSION, DELIVERY = "row", "prediction", "decision", "model_version", "delivery"
PROBABILITY = "probability_"


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

    def save(self, folder: Path) -> None:
        for name, frame in (("predictions", self.rows), ("set_aside", self.set_aside)):
            frame.write_parquet(folder / f"{name}.parquet")
            without_formulas(frame).write_csv(folder / f"{name}.csv")
        about = {"model_version": self.version, "delivery": self.delivery, "delivered": self.delivered}
        (folder / "about.json").write_text(json.dumps(about, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        rows, set_aside = (pl.read_parquet(folder / f"{name}.parquet") for name in ("predictions", "set_aside"))
        return cls(rows, set_aside, about["model_version"], about["delivery"], about["delivered"])


def answered(
    frame: pl.DataFrame, numbers: np.ndarray, predicted: np.ndarray, use_case: UseCase, about: dict[str, Any]
) -> pl.DataFrame:
    """A row for each of `frame`: its identifiers, or where none is declared its number in the delivery (`row`), and
    what the model `about` predicted.

    Of classes `probability_<class>` each and the `decision`: at the published threshold of two, else the most probable.
    Of anything else the `prediction`: a number in the target's unit; for survival the risk.

    Raises
    ------
    FeatureError: an identifier is called like one of these.
    """
    identifiers = (
        frame.select(use_case.columns.identifier) if use_case.columns.identifier else pl.DataFrame({ROW: numbers})
    )
    answers = _of_classes(predicted, about) if about["classes"] else pl.DataFrame({PREDICTION: predicted})
    taken = set(identifiers.columns) & {*answers.columns, VERSION, DELIVERY}
    if taken:
        raise FeatureError(f"the identifiers {sorted(taken)} are called like a column of the predictions: rename them")
    return pl.concat([identifiers, answers], how="horizontal")


def _of_classes(predicted: np.ndarray, about: dict[str, Any]) -> pl.DataFrame:
    classes, threshold = about["classes"], about["threshold"]
    probability = np.column_stack([1 - predicted, predicted]) if predicted.ndim == 1 else predicted
    chosen = probability.argmax(axis=1) if threshold is None else (probability[:, 1] >= threshold).astype(int)
    named = {f"{PROBABILITY}{name}": probability[:, code] for code, name in enumerate(classes)}
    return pl.DataFrame(
        named | {DECISION: np.array(classes, dtype=object)[chosen]}, schema_overrides={DECISION: pl.String}
    )


def without_formulas(frame: pl.DataFrame) -> pl.DataFrame:
    """The same with an apostrophe before every text, headings too, that a spreadsheet would take for a formula."""
    texts = frame.with_columns(cs.by_dtype(pl.Categorical, pl.Enum).cast(pl.String))
    marked = texts.with_columns(cs.string().str.replace(FORMULA, "'$0"))
    return marked.rename(dict(zip(frame.columns, pl.Series(frame.columns).str.replace(FORMULA, "'$0"), strict=True)))
