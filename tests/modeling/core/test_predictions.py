"""What a model answers, in the words of its classes, and what people open of it."""

import numpy as np
import polars as pl
import pytest

from catalogue.definition import UseCase
from modeling.core.features import FeatureError
from modeling.core.predictions import Predictions, answered, without_formulas
from modeling.problems import tasks

BINARY = {"classes": ["no", "yes"], "threshold": 0.3}


def use_case(*identifiers: str) -> UseCase:
    source = {"files": {"path": "*.csv"}, "licence": "CC0", "citation": "-"}
    content = {"title": "?", "task": "regression", "source": source, "target": "y"}
    return UseCase.model_validate(content | {"columns": {"identifier": list(identifiers)}})


ROWS = pl.DataFrame({"id": ["a", "b"], "x": [1, 2]})


def test_of_two_classes_the_decision_is_made_at_the_published_threshold():
    found = answered(ROWS, np.arange(2), np.array([0.3, 0.29]), use_case("id"), BINARY)
    assert found.to_dict(as_series=False) == {
        "id": ["a", "b"],
        "probability_no": [0.7, 0.71],
        "probability_yes": [0.3, 0.29],
        "decision": ["yes", "no"],
    }


def test_of_more_classes_the_most_probable_is_named():
    about = {"classes": ["red", "green", "blue"], "threshold": None}
    found = answered(ROWS, np.arange(2), np.array([[0.2, 0.7, 0.1], [0.5, 0.2, 0.3]]), use_case("id"), about)
    assert found["decision"].to_list() == ["green", "red"] and found["probability_blue"].to_list() == [0.1, 0.3]


def test_without_identifiers_a_number_is_said_of_the_row_it_is_of():
    found = answered(ROWS, np.array([0, 5]), np.array([1.5, 2.5]), use_case(), {"classes": [], "threshold": None})
    assert found.to_dict(as_series=False) == {"row": [0, 5], "prediction": [1.5, 2.5]}


def test_an_identifier_called_like_a_prediction_is_refused():
    with pytest.raises(FeatureError, match=r"identifiers \['decision'\] are called like"):
        answered(ROWS.rename({"id": "decision"}), np.arange(2), np.array([0.3, 0.2]), use_case("decision"), BINARY)


def test_the_tasks_that_predict_answer_row_by_row():
    names = {name for name in tasks.names() if tasks.predicts(name)}
    assert names == {
        "binary_classification",
        "multiclass_classification",
        "regression",
        "survival",
        "optimisation",
        "text_classification",
        "image_classification",
        "molecule_classification",
    }


def test_people_find_no_formula_and_numbers_stay_numbers():
    frame = pl.DataFrame({"=name": ["=1+1", "+1", "-1", "@x", "\tx", "a=b", None], "n": [-1, 2, 3, 4, 5, 6, 7]})
    found = without_formulas(frame)
    assert found.columns == ["'=name", "n"] and found["n"].to_list() == frame["n"].to_list()
    assert found["'=name"].to_list() == ["'=1+1", "'+1", "'-1", "'@x", "'\tx", "a=b", None]


def test_predictions_come_back_as_they_went(tmp_path):
    aside = pl.DataFrame({"row": [3], "rule": ["r"], "column": ["x"], "value": ["-1"]})
    made = Predictions(ROWS.with_columns(id=pl.lit("=1+1")), aside, "v1", "d" * 64, 3)
    made.save(tmp_path)
    found = Predictions.load(tmp_path)
    assert (tmp_path / "predictions.csv").read_text().splitlines() == ["id,x", "'=1+1,1", "'=1+1,2"]
    assert found.rows.equals(made.rows) and found.set_aside.equals(aside)
    assert (found.version, found.delivery, found.delivered) == ("v1", "d" * 64, 3)
