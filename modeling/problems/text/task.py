"""What is a text about, or what does it say?

Belongs here: what is special about classes of texts: metrics, near twins, words as parts. Does not belong here: reading
the target (`modeling.core.classification`), texts themselves (`modeling.problems.text.texts`), or what reports show
(`modeling.problems.text.chapters`).
"""

from dataclasses import dataclass
from typing import ClassVar

import polars as pl
import polars.selectors as cs

from catalogue.definition import UseCase
from modeling.core.classification import ClassificationTask
from modeling.core.features import FeatureError
from modeling.core.leakage import Likeness, Vectors, within
from modeling.core.metrics import accuracy, macro_f1
from modeling.core.record import Chapter
from modeling.core.task import EvaluatedChampion, Metric, Occluder, Settings, by_name
from modeling.problems.text import resemblance, texts

MOST_APART = 0.3
"""Cosine distance of near twins, at most: every fourth word or so may be another. Of texts whose words were dealt anew
among them, none of 12,447 came as near to another as 0.5."""


@dataclass(frozen=True)
class TextClassification(ClassificationTask[Settings]):
    """Texts are what is classified."""

    name: ClassVar[str] = "text_classification"
    learners: ClassVar[tuple[str, ...]] = ("tfidf", "text_lightgbm", "text_encoder")
    extra: ClassVar[str | None] = "text"

    def metrics(self, classes: list[str]) -> dict[str, Metric]:
        """Those of classification, macro F1 and accuracy first."""
        first = by_name(Metric("macro_f1", "macro F1", True, macro_f1), Metric("accuracy", "accuracy", True, accuracy))
        return first | super().metrics(classes)

    def likeness(self, frame: pl.DataFrame, use_case: UseCase) -> Likeness:
        """The shingles of the texts, without figures and names."""
        joined = frame.select(
            pl.concat_str(cs.by_name(*_columns(use_case)), separator="\n", ignore_nulls=True)
        ).to_series()
        vectors = resemblance.vectors(joined.fill_null("").to_list())
        closest = within(vectors, "cosine", MOST_APART)
        return Vectors(
            vectors, "cosine", closest, f"shingles without figures and names, cosine of {1 - closest:.2f} or more"
        )

    def occluder(self, use_case: UseCase) -> Occluder:
        """Words of the first column of text."""
        return texts.WordOccluder(_columns(use_case)[0])

    def chapters(self, evaluated: EvaluatedChampion) -> list[Chapter]:
        """The pairs of classes that are confused, strengths by class, and the words a linear learner goes by."""
        from modeling.problems.text.chapters import chapters

        return chapters(evaluated)


def _columns(use_case: UseCase) -> list[str]:
    """The columns that hold the texts.

    Raises
    ------
    FeatureError: none is named.
    """
    if not use_case.columns.text:
        raise FeatureError(f"{use_case.key}: no column of texts is named; write `columns: {{text: […]}}`")
    return use_case.columns.text


TASK = TextClassification
