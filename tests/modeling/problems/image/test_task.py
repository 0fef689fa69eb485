"""What the task of classifying images asks of a target, scores, and shows."""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from catalogue.definition import UseCase
from modeling.core.candidate import Candidate, Cost
from modeling.core.features import FeatureError
from modeling.core.learner import FitSummary, Fitting
from modeling.core.record import Chapter, Estimates, Pictures
from modeling.core.table import Table
from modeling.core.task import EvaluatedChampion, Settings, TargetError
from modeling.problems.image import images
from modeling.problems.image.metrics import SENSITIVITY
from modeling.problems.image.task import ImageClassification

from ...small_data import validated
from .tiny_image_classification import CONTENT, frame

TASK = ImageClassification(Settings())


def use_case(**changes: Any) -> UseCase:
    return UseCase.model_validate(CONTENT | changes).placed("shop/shapes", Path("shop/shapes"))


class TestTarget:
    def test_two_values_are_an_event_and_its_absence(self) -> None:
        classes = TASK.classes(pl.Series("y", [1, 0, 1]), None)
        assert classes == ["0", "1"]
        assert TASK.outcome(classes) == "binary"
        assert SENSITIVITY.name in TASK.metrics(classes)
        assert TASK.encode(pl.Series("y", [1, 0, 1]), classes).tolist() == [1, 0, 1]

    def test_two_names_need_to_know_which_is_the_event(self) -> None:
        target = pl.Series("y", ["sound", "cracked"])
        assert TASK.classes(target, "cracked") == ["sound", "cracked"]
        with pytest.raises(TargetError, match=r"name the event in use_case.yaml, for example `positive: 'sound'`"):
            TASK.classes(target, None)

    def test_more_are_classes(self) -> None:
        classes = TASK.classes(pl.Series("y", ["a", "b", "c"]), None)
        assert TASK.outcome(classes) == "multiclass"
        assert next(iter(TASK.metrics(classes))) == "macro_f1"
        assert SENSITIVITY.name not in TASK.metrics(classes)


def test_without_a_column_of_images_it_says_what_to_write() -> None:
    with pytest.raises(FeatureError, match=r"shop/shapes: no column of images is named; write `columns: \{image: …\}`"):
        TASK.occluder(use_case(columns={"identifier": ["number"]}))


def test_an_image_in_two_roles_is_found_though_it_was_saved_differently() -> None:
    raw = frame()
    smaller = [_again(file) for file in raw["photo"]]
    twice = pl.concat([raw, raw.with_columns(photo=pl.Series(smaller), number=pl.col("number") + raw.height)])
    features = TASK.prepare(validated(twice), use_case(), None)
    found = {finding.name: finding for finding in features.datasheet.leakage}
    assert not found["near_duplicates_across_roles"].passed
    assert "have a near twin in an earlier role" in found["near_duplicates_across_roles"].message


def _again(file: bytes) -> bytes:
    """The same pixels, otherwise compressed."""
    buffer = io.BytesIO()
    Image.open(io.BytesIO(file)).convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


@dataclass(frozen=True)
class Centre:
    """Calls an image by how bright its middle is."""

    def predict(self, table: Table) -> np.ndarray:
        middle = images.pixels(images.files(table), 6, colour=False)[:, 0, 2:4, 2:4].mean(axis=(1, 2))
        return np.asarray(middle / 255, dtype=np.float64)


@pytest.fixture(scope="module")
def chapters() -> list[Chapter]:
    definition = use_case()
    features = TASK.prepare(validated(frame()), definition, None)
    test, model = features.open_test(), Centre()
    learner: Any = model
    candidate = Candidate("centre", "deep", learner, FitSummary({}), Cost(1, 1, 5000), Fitting("binary", 2))
    return TASK.chapters(
        EvaluatedChampion(
            use_case=definition,
            classes=features.classes,
            train=features.train,
            valid=features.valid,
            test=test,
            units=TASK.units(test),
            candidates=[candidate],
            champion="centre",
            model=model,
            answers={"centre": model.predict(test.table)},
            validation=model.predict(features.valid.table),
            threshold=0.5,
        )
    )


def exhibits(chapter: Chapter, kind: Callable[..., Any]) -> list[Any]:
    return [exhibit for exhibit in chapter.exhibits if isinstance(exhibit, kind)]


def test_sensitivity_is_shown_with_a_threshold_that_was_set_beforehand(chapters: list[Chapter]) -> None:
    (shown,) = exhibits(chapters[0], Estimates)
    assert list(shown.estimates) == [
        "centre: sensitivity",
        "threshold from validation: sensitivity",
        "threshold from validation: specificity",
    ]
    assert all(0 <= of.low <= of.value <= of.high <= 1 for of in shown.estimates.values())


def test_examples_come_by_cell_of_the_confusion_matrix_with_their_saliency(chapters: list[Chapter]) -> None:
    shown = exhibits(chapters[1], Pictures)
    assert {strip.title for strip in shown} <= {"Events found", "Events missed", "False alarms", "Others left alone"}
    assert len(shown) >= 2
    for strip in shown:
        assert 1 <= len(strip.pictures) <= 6
        for picture in strip.pictures:
            drawn = Image.open(io.BytesIO(base64.b64decode(picture.png)))
            assert drawn.size == (160, 80)
            assert len(picture.png) < 20_000
            assert picture.text.startswith("An image of class")


def test_the_answer_hangs_on_the_patches_the_model_reads(chapters: list[Chapter]) -> None:
    found = [strip for strip in exhibits(chapters[1], Pictures) if strip.title == "Events found"]
    middle = {f"row {row}, column {column}" for row in (3, 4) for column in (3, 4)}
    for strip in found:
        assert all(any(patch in picture.text for patch in middle) for picture in strip.pictures)
