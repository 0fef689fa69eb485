"""What the reports of classified texts show: confused classes, recall by class and length, leading words.

Does not belong here: texts themselves (`modeling.problems.text.texts`), or which metrics are scored
(`modeling.problems.text.task`).
"""

from collections.abc import Iterable, Iterator

import numpy as np
import polars as pl

from modeling.core.intervals import scored
from modeling.core.metrics import accuracy, called
from modeling.core.record import Chapter, Estimates, Interval, Listing
from modeling.core.task import EvaluatedChampion, Metric
from modeling.evaluation.slices import levels
from modeling.problems.text import texts
from modeling.problems.text.baseline import tfidf

CONFUSIONS, LEADING, CLASSES = 12, 12, 20
"""Most pairs of classes, words of a class, and classes that are shown."""
RESAMPLES = 200
ACCURACY = Metric("accuracy", "accuracy", True, accuracy)


def chapters(evaluated: EvaluatedChampion) -> list[Chapter]:
    """The chapters, in their order; without words where no linear learner was a candidate."""
    return [_errors(evaluated), _strengths(evaluated), *_words(evaluated)]


def _errors(evaluated: EvaluatedChampion) -> Chapter:
    return Chapter(
        title="What it takes for what",
        reading="Which classes are taken for which, most often first, and the text it was surest of and wrong about. "
        "Where a reader would hesitate too, the classes overlap; where not, the model lacks something.",
        term="Test rows off the diagonal of the confusion matrix, by pair, each with its most confident error.",
        exhibits=[_confusions(evaluated)],
    )


def _confusions(evaluated: EvaluatedChampion) -> Listing:
    predicted = evaluated.answers[evaluated.champion]
    rows = pl.DataFrame(
        {
            "truth": evaluated.units.truth.astype(np.int64),
            "taken": called(predicted),
            "belief": _belief(predicted),
            "text": texts.texts(evaluated.test.table),
        }
    )
    wrong = rows.filter(pl.col("truth") != pl.col("taken")).sort("belief", descending=True)
    pairs = wrong.group_by("truth", "taken", maintain_order=True).agg(pl.len(), pl.first("belief", "text"))
    shown = pairs.sort("len", descending=True, maintain_order=True).head(CONFUSIONS)
    return Listing(
        title="Classes taken for others",
        columns={
            "is": [evaluated.classes[code] for code in shown["truth"]],
            "taken for": [evaluated.classes[code] for code in shown["taken"]],
            "texts": shown["len"].to_list(),
            "surest error": [texts.excerpt(text) for text in shown["text"]],
            "its probability": shown["belief"].to_list(),
        },
    )


def _belief(predicted: np.ndarray) -> np.ndarray:
    """The probability ``[n]`` of the class that is called."""
    return predicted.max(axis=1) if predicted.ndim == 2 else np.maximum(predicted, 1 - predicted)


def _strengths(evaluated: EvaluatedChampion) -> Chapter:
    words = pl.Series("words", texts.texts(evaluated.test.table)).str.count_matches(texts.WORD.pattern)
    return Chapter(
        title="Where it reads well",
        reading="How many texts of a class are recognised, and whether short or long texts are harder. Wide intervals "
        "belong to classes with few texts.",
        term=f"Recall of the {CLASSES} most frequent classes, and accuracy by quarter of the number of words, on the "
        "test; 95 % bootstrap intervals, by cluster where rows belong together.",
        exhibits=[
            _estimates(
                "Recall by class", "share of the class that is recognised", _measured(evaluated, _members(evaluated))
            ),
            _estimates("Accuracy by length", "accuracy, by number of words", _measured(evaluated, levels(words))),
        ],
    )


def _members(evaluated: EvaluatedChampion) -> Iterator[tuple[str, np.ndarray]]:
    """The most frequent classes of the test and their rows (bool ``[n]``)."""
    truth = evaluated.units.truth.astype(np.int64)
    rows = np.bincount(truth, minlength=len(evaluated.classes))
    for code in np.argsort(-rows, kind="stable")[: min(CLASSES, np.count_nonzero(rows))]:
        yield evaluated.classes[code], truth == code


def _measured(evaluated: EvaluatedChampion, parts: Iterable[tuple[str, np.ndarray]]) -> dict[str, Interval]:
    """The share of each part's rows that the champion calls right, by the part's name."""
    predicted, units = evaluated.answers[evaluated.champion], evaluated.units
    return {
        f"{name} ({member.sum():,})": scored(
            {ACCURACY.name: ACCURACY},
            units.truth[member],
            {name: predicted[member]},
            None if units.group is None else units.group[member],
            RESAMPLES,
        ).intervals(name)[ACCURACY.name]
        for name, member in parts
    }


def _estimates(title: str, x_title: str, estimates: dict[str, Interval]) -> Estimates:
    return Estimates(title=title, caption="Texts in brackets.", x_title=x_title, estimates=estimates)


def _words(evaluated: EvaluatedChampion) -> list[Chapter]:
    """The words the linear model goes by; nothing where it was no candidate."""
    linear = [candidate.learner for candidate in evaluated.candidates if isinstance(candidate.learner, tfidf.TFIDF)]
    if not linear:
        return []
    leading = zip(evaluated.classes, linear[0].leading(LEADING), strict=True)
    words = {name: ", ".join(words) for name, words in leading}
    return [
        Chapter(
            title="Words that speak for each class",
            reading="What a model goes by that only counts words. Names, dates or layout among them are traces of how "
            "the texts were collected, and will not hold elsewhere.",
            term="Words and pairs of words with the largest weights of the linear candidate, learned on training rows.",
            exhibits=[Listing(title="Leading words", columns={"class": list(words), "words": list(words.values())})],
        )
    ]
