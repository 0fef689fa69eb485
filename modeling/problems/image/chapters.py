"""What the reports of classified images show: the operating point, and examples with what each answer hangs on.

Does not belong here: decoding and taking images apart (`modeling.problems.image.images`), or which metrics are scored
(`modeling.problems.image.task`).
"""

import numpy as np

from modeling.core.intervals import scored, share
from modeling.core.metrics import FALSE_ALARMS
from modeling.core.record import Chapter, Estimates, Interval, Picture, Pictures
from modeling.core.task import EvaluatedChampion, by_name
from modeling.evaluation.occlusion import effects_of
from modeling.problems.image import images
from modeling.problems.image.metrics import SENSITIVITY, SPECIFICITY

EXAMPLES = 4
"""Of each cell of the confusion matrix."""
THUMBNAIL = 80
"""Pixels a side."""


def chapters(evaluated: EvaluatedChampion, occluder: images.PatchOccluder) -> list[Chapter]:
    """The chapters, in their order; the operating point is that of two classes."""
    examples = _examples(evaluated, occluder)
    return [_operating_point(evaluated), examples] if len(evaluated.classes) == 2 else [examples]


def _operating_point(evaluated: EvaluatedChampion) -> Chapter:
    """Sensitivity at a fixed specificity: read off the test's ROC curve, and as a threshold set beforehand gives it."""
    metrics = by_name(SENSITIVITY)
    scores = scored(metrics, evaluated.units.truth, evaluated.answers, evaluated.units.group)
    read = {name: scores.intervals(name).get(SENSITIVITY.name) for name in evaluated.answers}
    estimates = {f"{name}: sensitivity": interval for name, interval in read.items() if interval}
    return Chapter(
        title=f"Sensitivity at specificity {SPECIFICITY:g}",
        reading=f"Of 100 events, how many are found when {round(100 * FALSE_ALARMS)} of 100 others are called by "
        "mistake? The last two lines are what a user gets who sets the threshold before seeing the test.",
        term=f"The lowest threshold with at least {SPECIFICITY:g} specificity on the test rows themselves (a point of "
        "the ROC curve); below, the threshold that has it on validation rows, applied to the test rows. Intervals: "
        "bootstrap of whole groups, 95 %.",
        exhibits=[
            Estimates(
                title="Found, at the same rate of false alarms",
                caption=f"The line marks {SPECIFICITY:g}, the required specificity.",
                x_title="share",
                estimates=estimates | _set_beforehand(evaluated),
                reference=SPECIFICITY,
            )
        ],
    )


def _set_beforehand(evaluated: EvaluatedChampion) -> dict[str, Interval]:
    """Sensitivity and specificity on the test of the threshold with the required specificity on validation rows."""
    others = evaluated.validation[evaluated.valid.table.target == 0]
    called = evaluated.answers[evaluated.champion] > np.quantile(others, SPECIFICITY, method="higher")
    event = evaluated.units.truth == 1
    group = evaluated.units.group
    found = {"sensitivity": share(called, event, group), "specificity": share(~called, ~event, group)}
    return {f"threshold from validation: {name}": value for name, value in found.items() if value is not None}


def _examples(evaluated: EvaluatedChampion, occluder: images.PatchOccluder) -> Chapter:
    """Test images by cell of the confusion matrix, with what each answer hangs on."""
    called, cells = _called(evaluated)
    answer = evaluated.answers[evaluated.champion]
    certainty = answer.max(axis=1) if answer.ndim == 2 else np.where(called == 1, answer, 1 - answer)
    chosen = {
        title: rows[np.argsort(-certainty[rows], kind="stable")][:EXAMPLES]
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
        exhibits=[_pictures(evaluated, occluder, title, rows, called) for title, rows in chosen.items()],
    )


def _called(evaluated: EvaluatedChampion) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The class each test row is called ``[n]``, two classes by the threshold that cost least on validation rows; and
    the cells of the confusion matrix, as masks."""
    truth, answer = evaluated.units.truth, evaluated.answers[evaluated.champion]
    if answer.ndim == 2:
        called = answer.argmax(axis=1)
        return called, {"Recognised": called == truth, "Confused": called != truth}
    called, event = answer >= evaluated.threshold, truth == 1
    cells = {
        "Events found": called & event,
        "Events missed": ~called & event,
        "False alarms": called & ~event,
        "Others left alone": ~called & ~event,
    }
    return called.astype(np.int64), cells


def _pictures(
    evaluated: EvaluatedChampion, occluder: images.PatchOccluder, title: str, rows: np.ndarray, called: np.ndarray
) -> Pictures:
    table, classes = evaluated.test.table.rows(rows), evaluated.classes
    answer = evaluated.answers[evaluated.champion][rows]
    probability = answer.max(axis=1) if answer.ndim == 2 else answer
    of = "" if answer.ndim == 2 else f" of {classes[1]}"
    pictures = []
    for position, (file, effects) in enumerate(
        zip(images.files(table), effects_of(occluder, evaluated.model, table), strict=True)
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
