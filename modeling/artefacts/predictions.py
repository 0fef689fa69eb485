"""Predictions as folders.

Belongs here: their files, for programs and for people. Does not belong here: the value (`modeling.core.predictions`).

A folder of predictions::

    predictions.parquet   a row for each row that met the contract
    predictions.csv       the same for people: no cell begins a formula
    set_aside.parquet     a line for each rule that a row broke; set_aside.csv the same for people
    about.json            model version, digest and number of rows of the delivery
"""

import json
from pathlib import Path

import polars as pl
import polars.selectors as cs

from modeling.core.predictions import Predictions

FORMULA = r"^[=+\-@\t\r\n＝＋－＠]"
"""How a cell begins that a spreadsheet would run (OWASP, CSV injection)."""


def save(made: Predictions, folder: Path) -> None:
    """Write the files into an existing `folder`."""
    for name, frame in (("predictions", made.rows), ("set_aside", made.set_aside)):
        frame.write_parquet(folder / f"{name}.parquet")
        without_formulas(frame).write_csv(folder / f"{name}.csv")
    about = {"model_version": made.version, "delivery": made.delivery, "delivered": made.delivered}
    (folder / "about.json").write_text(json.dumps(about, indent=1), encoding="utf-8")


def load(folder: Path) -> Predictions:
    """The predictions that `save` wrote."""
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    rows, set_aside = (pl.read_parquet(folder / f"{name}.parquet") for name in ("predictions", "set_aside"))
    return Predictions(rows, set_aside, about["model_version"], about["delivery"], about["delivered"])


def without_formulas(frame: pl.DataFrame) -> pl.DataFrame:
    """The same with an apostrophe before every text, headings too, that a spreadsheet would take for a formula."""
    texts = frame.with_columns(cs.by_dtype(pl.Categorical, pl.Enum).cast(pl.String))
    marked = texts.with_columns(cs.string().str.replace(FORMULA, "'$0"))
    return marked.rename(dict(zip(frame.columns, pl.Series(frame.columns).str.replace(FORMULA, "'$0"), strict=True)))
