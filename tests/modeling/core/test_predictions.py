"""What a model answers, in the words of its classes, and what people open of it."""

import numpy as np
import polars as pl
import pytest

from catalogue.definition import UseCase
from modeling.core.features import FeatureError
from modeling.core.predictions import answered
from modeling.problems import tasks

from ..small_data import card

BINARY = card(classes=["no", "yes"], threshold=0.3)


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
        "threshold": [BINARY.threshold] * 2,
    }


def test_named_classes_are_said_beside_the_values_that_other_systems_know():
    named = use_case("id").model_copy(update={"classes": {"yes": "defaults"}})
    found = answered(ROWS, np.arange(2), np.array([0.3, 0.29]), named, BINARY)
    assert found.columns == ["id", "probability_no", "probability_yes", "decision", "threshold", "decision_name"]
    assert found.select("decision", "decision_name").rows() == [("yes", "defaults"), ("no", "no")]


def test_of_more_classes_the_most_probable_is_named():
    said = card(classes=["red", "green", "blue"], threshold=None)
    found = answered(ROWS, np.arange(2), np.array([[0.2, 0.7, 0.1], [0.5, 0.2, 0.3]]), use_case("id"), said)
    assert found["decision"].to_list() == ["green", "red"] and found["probability_blue"].to_list() == [0.1, 0.3]


def test_without_identifiers_a_number_is_said_of_the_row_it_is_of():
    found = answered(ROWS, np.array([0, 5]), np.array([1.5, 2.5]), use_case(), card(classes=[], threshold=None))
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
