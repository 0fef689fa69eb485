"""Predictions as folders: what programs read back, and what people open in a spreadsheet."""

import polars as pl

from modeling.artefacts.predictions import without_formulas
from modeling.artefacts.storage import load, save
from modeling.core.predictions import Predictions


def test_people_find_no_formula_and_numbers_stay_numbers():
    frame = pl.DataFrame({"=name": ["=1+1", "+1", "-1", "@x", "\tx", "a=b", None], "n": [-1, 2, 3, 4, 5, 6, 7]})
    found = without_formulas(frame)
    assert found.columns == ["'=name", "n"] and found["n"].to_list() == frame["n"].to_list()
    assert found["'=name"].to_list() == ["'=1+1", "'+1", "'-1", "'@x", "'\tx", "a=b", None]


def test_predictions_come_back_as_they_went(tmp_path):
    aside = pl.DataFrame({"row": [3], "rule": ["r"], "column": ["x"], "value": ["-1"]})
    made = Predictions(pl.DataFrame({"id": ["=1+1", "=1+1"], "x": [1, 2]}), aside, "v1", "d" * 64, 3)
    save(made, tmp_path)
    found = load(Predictions, tmp_path)
    assert (tmp_path / "predictions.csv").read_text().splitlines() == ["id,x", "'=1+1,1", "'=1+1,2"]
    assert found.rows.equals(made.rows) and found.set_aside.equals(aside)
    assert (found.version, found.delivery, found.delivered) == ("v1", "d" * 64, 3)
