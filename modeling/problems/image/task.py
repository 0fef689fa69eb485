"""What does this image show?

Belongs here: what is scored and shown of a classifier of images: two classes, of which one is the event, or more. Does
not belong here: decoding, hashing and taking images apart (`modeling.problems.image.images`), or the arithmetic of the
metrics (`modeling.core.metrics`).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import polars as pl

from catalogue.definition import UseCase
from modeling.core.features import FeatureError
from modeling.core.metrics import FALSE_ALARMS, sensitivity_at_specificity
from modeling.core.task import Judged, Metric
from modeling.problems.classes import ClassTask
from modeling.problems.image import images
from modeling.problems.tabular.multiclass_classification import by_name

if TYPE_CHECKING:
    from modeling.core.record import Chapter, Interval, Pictures

SPECIFICITY = 1 - FALSE_ALARMS
SECONDS = 10.0
"""What the saliency of the examples may take, by the champion's predictions per second."""
FEWEST_EXAMPLES, MOST_EXAMPLES = 2, 6
"""Of each cell of the confusion matrix."""
THUMBNAIL = 80
"""Pixels a side."""
SENSITIVITY = Metric(
    "sensitivity_at_specificity", f"sensitivity at specificity {SPECIFICITY:g}", True, sensitivity_at_specificity
)


@dataclass(frozen=True)
class ImageClassification(ClassTask):
    """Images are what is classified."""

    name: ClassVar[str] = "image_classification"
    learners: ClassVar[tuple[str, ...]] = ("pixels", "image_lightgbm", "cnn", "image_encoder")
    extra: ClassVar[str | None] = "vision"

    def metrics(self, classes: list[str]) -> dict[str, Metric]:
        usual = super().metrics(classes)
        return usual | by_name(SENSITIVITY) if len(classes) == 2 else usual

    def twin(self, frame: pl.DataFrame, use_case: UseCase) -> pl.Series:
        return images.perceptual_hash(frame[_column(use_case)])

    def occluder(self, use_case: UseCase) -> images.PatchOccluder:
        return images.PatchOccluder(_column(use_case))

    def chapters(self, judged: Judged) -> list["Chapter"]:
        chapters = [_examples(judged, self.occluder(judged.use_case))]
        return [_operating_point(judged), *chapters] if len(judged.classes) == 2 else chapters


def _column(use_case: UseCase) -> str:
    """The column that holds the images.

    Raises
    ------
    FeatureError: none is named.
    """
    if use_case.columns.image is None:
        raise FeatureError(f"{use_case.key}: no column of images is named; write `columns: {{image: …}}`")
    return use_case.columns.image


def _operating_point(judged: Judged) -> "Chapter":
    """Sensitivity at a fixed specificity: read off the test's ROC curve, and as a threshold set beforehand gives it."""
    from modeling.core.intervals import scored
    from modeling.core.record import Chapter, Estimates

    metrics = by_name(SENSITIVITY)
    scores = scored(metrics, judged.units.truth, judged.answers, judged.units.group)
    read = {name: scores.intervals(name).get(SENSITIVITY.name) for name in judged.answers}
    estimates = {f"{name}: sensitivity": interval for name, interval in read.items() if interval}
    return Chapter(
        title=f"Sensitivity at specificity {SPECIFICITY:g}",
        reading=f"Of 100 events, how many are found when {round(100 * FALSE_ALARMS)} of 100 others are called by "
        "mistake? The last two lines are what a user gets who sets the threshold before seeing the test.",
        term=f"The lowest threshold with at least {SPECIFICITY:g} specificity on the test rows themselves (a point of "
        "the ROC curve); below, the threshold that has it on validation rows, applied to the test rows. Intervals: "
        "percentile bootstrap of whole groups, 95 %.",
        exhibits=[
            Estimates(
                title="Found, at the same rate of false alarms",
                caption=f"The line marks {SPECIFICITY:g}, the specificity asked for.",
                x_title="share",
                estimates=estimates | _set_beforehand(judged),
                reference=SPECIFICITY,
            )
        ],
    )


def _set_beforehand(judged: Judged) -> dict[str, "Interval"]:
    """Sensitivity and specificity on the test of the threshold with the specificity asked for on validation rows."""
    from modeling.core.intervals import interval, resampled

    others = judged.validation[judged.valid.table.target == 0]
    called = judged.answers[judged.champion] > np.quantile(others, SPECIFICITY, method="higher")
    event = judged.units.truth == 1

    def sensitivity(weight: np.ndarray) -> float:
        return float(np.average(called[event], weights=weight[event])) if weight[event].any() else np.nan

    def specificity(weight: np.ndarray) -> float:
        return float(np.average(~called[~event], weights=weight[~event])) if weight[~event].any() else np.nan

    once = np.ones(len(event))
    draws = resampled([sensitivity, specificity], judged.units.group, len(event))
    return {
        "threshold from validation: sensitivity": interval(sensitivity(once), draws[:, 0]),
        "threshold from validation: specificity": interval(specificity(once), draws[:, 1]),
    }


def _examples(judged: Judged, occluder: images.PatchOccluder) -> "Chapter":
    """Test images by cell of the confusion matrix, with what each answer hangs on."""
    from modeling.core.record import Chapter

    called, cells = _called(judged)
    answer = judged.answers[judged.champion]
    certainty = answer.max(axis=1) if answer.ndim == 2 else np.where(called == 1, answer, 1 - answer)
    count = _affordable(judged, len(cells))
    chosen = {
        title: rows[np.argsort(-certainty[rows], kind="stable")][:count]
        for title, mask in cells.items()
        if len(rows := np.flatnonzero(mask))
    }
    return Chapter(
        title="What it got right and wrong",
        reading="The most certain answers of each kind. Beside each image, red marks where the answer comes from: "
        "without that patch the model would be less sure. Red outside the object in question means that the model has "
        "learned something else.",
        term=f"Occlusion (Zeiler & Fergus 2014): each patch of a {images.GRID} × {images.GRID} grid is replaced by the "
        "image's mean, and red shows how much the probability of the model's own answer falls, relative to the image's "
        "strongest patch.",
        exhibits=[_pictures(judged, occluder, title, rows, called) for title, rows in chosen.items()],
    )


def _called(judged: Judged) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The class each test row is called ``[n]``, two classes by the threshold that cost least on validation rows; and
    the cells of the confusion matrix, as masks."""
    from modeling.evaluation.decision import cheapest_threshold

    truth, answer = judged.units.truth, judged.answers[judged.champion]
    if answer.ndim == 2:
        called = answer.argmax(axis=1)
        return called, {"Recognised": called == truth, "Confused": called != truth}
    threshold = cheapest_threshold(judged.valid.table.target, judged.validation, judged.use_case.costs)
    called, event = answer >= threshold, truth == 1
    cells = {
        "Events found": called & event,
        "Events missed": ~called & event,
        "False alarms": called & ~event,
        "Others left alone": ~called & ~event,
    }
    return called.astype(np.int64), cells


def _affordable(judged: Judged, cells: int) -> int:
    """Examples of each cell; an ensemble is taken to be as slow as all candidates together."""
    members = [one for one in judged.candidates if one.name == judged.champion] or judged.candidates
    seconds = sum(1 / one.cost.predictions_per_second for one in members) * (images.GRID**2 + 1)
    return int(np.clip(SECONDS / (seconds * cells), FEWEST_EXAMPLES, MOST_EXAMPLES))


def _pictures(
    judged: Judged, occluder: images.PatchOccluder, title: str, rows: np.ndarray, called: np.ndarray
) -> "Pictures":
    from modeling.core.record import Picture, Pictures
    from modeling.evaluation.occlusion import effects_of

    table, classes = judged.test.table.rows(rows), judged.classes
    answer = judged.answers[judged.champion][rows]
    probability = answer.max(axis=1) if answer.ndim == 2 else answer
    of = "" if answer.ndim == 2 else f" of {classes[1]}"
    pictures = []
    for position, (file, effects) in enumerate(
        zip(images.files(table), effects_of(occluder, judged.model, table), strict=True)
    ):
        true, said = classes[int(table.target[position])], classes[called[rows[position]]]
        pictures.append(
            Picture(
                png=images.beside_saliency(file, effects, THUMBNAIL),
                caption=f"{true}, called {said}: probability{of} {probability[position]:.0%}",
                text=f"An image of class {true}, called {said}; the answer hangs most on "
                f"{occluder.parts(file)[int(effects.argmax())]} of {images.GRID} × {images.GRID} patches.",
            )
        )
    return Pictures(title=title, caption="Left the image, right what the answer hangs on.", pictures=pictures)


TASK = ImageClassification
