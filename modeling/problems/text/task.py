"""What is a text about, or what does it say?

Belongs here: what is special about classes of texts: near twins, words as parts, and what readers look at. Does not
belong here: reading the target (`classes`), texts themselves (`modeling.problems.text.texts`), or learners.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import polars as pl

from catalogue.definition import UseCase
from modeling.core import metrics
from modeling.core.features import FeatureError
from modeling.core.task import Judged, Metric, Occluder
from modeling.problems.classes import ClassTask
from modeling.problems.tabular.multiclass_classification import by_name
from modeling.problems.text import texts

if TYPE_CHECKING:
    from modeling.core.record import Chapter, Estimates, Interval, Listing

CONFUSIONS, LEADING, CLASSES = 12, 12, 20
"""Most pairs of classes, words of a class, and classes that are shown."""
RESAMPLES = 200
ACCURACY = Metric("accuracy", "accuracy", True, metrics.accuracy)
MACRO_F1 = Metric("macro_f1", "macro F1", True, metrics.macro_f1)


@dataclass(frozen=True)
class TextClassification(ClassTask):
    """Texts are what is classified."""

    name: ClassVar[str] = "text_classification"
    learners: ClassVar[tuple[str, ...]] = ("tfidf", "text_lightgbm", "text_encoder")
    extra: ClassVar[str | None] = "text"

    def metrics(self, classes: list[str]) -> dict[str, Metric]:
        return by_name(MACRO_F1, ACCURACY) | super().metrics(classes)

    def twin(self, frame: pl.DataFrame, use_case: UseCase) -> pl.Series:
        return texts.folded(frame, _columns(use_case))

    def occluder(self, use_case: UseCase) -> Occluder:
        """Words of the first column of text."""
        return texts.WordOccluder(_columns(use_case)[0])

    def chapters(self, judged: Judged) -> list["Chapter"]:
        return [_errors(judged), _strengths(judged), *_words(judged)]


def _columns(use_case: UseCase) -> list[str]:
    """The columns that hold the texts.

    Raises
    ------
    FeatureError: none is named.
    """
    if not use_case.columns.text:
        raise FeatureError(f"{use_case.key}: no column of texts is named; write `columns: {{text: […]}}`")
    return use_case.columns.text


def _errors(judged: Judged) -> "Chapter":
    from modeling.core.record import Chapter

    return Chapter(
        title="What it takes for what",
        reading="Which classes are taken for which, most often first, and the text it was surest of and wrong about. "
        "Where a reader would hesitate too, the classes overlap; where not, the model lacks something.",
        term="Test rows off the diagonal of the confusion matrix, by pair, each with its most confident error.",
        exhibits=[_confusions(judged)],
    )


def _confusions(judged: Judged) -> "Listing":
    from modeling.core.record import Listing

    predicted = judged.answers[judged.champion]
    rows = pl.DataFrame(
        {
            "truth": judged.units.truth.astype(np.int64),
            "taken": metrics.called(predicted),
            "belief": _belief(predicted),
            "text": texts.texts(judged.test.table),
        }
    )
    wrong = rows.filter(pl.col("truth") != pl.col("taken")).sort("belief", descending=True)
    pairs = wrong.group_by("truth", "taken", maintain_order=True).agg(pl.len(), pl.first("belief", "text"))
    shown = pairs.sort("len", descending=True, maintain_order=True).head(CONFUSIONS)
    return Listing(
        title="Classes taken for others",
        columns={
            "is": [judged.classes[code] for code in shown["truth"]],
            "taken for": [judged.classes[code] for code in shown["taken"]],
            "texts": shown["len"].to_list(),
            "surest error": [texts.excerpt(text) for text in shown["text"]],
            "its probability": shown["belief"].to_list(),
        },
    )


def _belief(predicted: np.ndarray) -> np.ndarray:
    """The probability ``[n]`` of the class that is called."""
    return predicted.max(axis=1) if predicted.ndim == 2 else np.maximum(predicted, 1 - predicted)


def _strengths(judged: Judged) -> "Chapter":
    from modeling.core.record import Chapter
    from modeling.evaluation.slices import levels

    words = pl.Series("words", texts.texts(judged.test.table)).str.count_matches(texts.WORD.pattern)
    return Chapter(
        title="Where it reads well",
        reading="How many texts of a class are recognised, and whether short or long texts are harder. Wide intervals "
        "belong to classes with few texts.",
        term=f"Recall of the {CLASSES} most frequent classes, and accuracy by quarter of the number of words, on the "
        "test; 95 % bootstrap intervals, by cluster where rows belong together.",
        exhibits=[
            _estimates("Recall by class", "share of the class that is recognised", _measured(judged, _members(judged))),
            _estimates("Accuracy by length", "accuracy, by number of words", _measured(judged, levels(words))),
        ],
    )


def _members(judged: Judged) -> Iterator[tuple[str, np.ndarray]]:
    """The most frequent classes of the test and their rows (bool ``[n]``)."""
    truth = judged.units.truth.astype(np.int64)
    rows = np.bincount(truth, minlength=len(judged.classes))
    for code in np.argsort(-rows, kind="stable")[: min(CLASSES, np.count_nonzero(rows))]:
        yield judged.classes[code], truth == code


def _measured(judged: Judged, parts: Iterable[tuple[str, np.ndarray]]) -> "dict[str, Interval]":
    """The share of each part's rows that the champion calls right, by the part's name."""
    from modeling.core.intervals import scored

    predicted, units = judged.answers[judged.champion], judged.units
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


def _estimates(title: str, x_title: str, estimates: "dict[str, Interval]") -> "Estimates":
    from modeling.core.record import Estimates

    return Estimates(title=title, caption="Texts in brackets.", x_title=x_title, estimates=estimates)


def _words(judged: Judged) -> "list[Chapter]":
    """The words the linear model goes by; nothing where it was no candidate."""
    from modeling.core.record import Chapter, Listing
    from modeling.problems.text.baseline import tfidf

    linear = [candidate.learner for candidate in judged.candidates if isinstance(candidate.learner, tfidf.TFIDF)]
    if not linear:
        return []
    leading = zip(judged.classes, linear[0].leading(LEADING), strict=True)
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


TASK = TextClassification
