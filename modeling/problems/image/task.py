"""What does this image show?

Belongs here: what is special about classes of images: metrics, near twins, patches as parts. Does not belong here:
reading the target (`modeling.core.classification`), decoding, hashing and taking images apart
(`modeling.problems.image.images`), or what reports show (`modeling.problems.image.chapters`).
"""

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from catalogue.definition import UseCase
from modeling.core.classification import ClassificationTask
from modeling.core.features import FeatureError
from modeling.core.leakage import Likeness, Vectors, within
from modeling.core.record import Chapter
from modeling.core.task import EvaluatedChampion, Metric, Settings, by_name
from modeling.problems.image import images
from modeling.problems.image.metrics import SENSITIVITY

MOST_APART = 77
"""Bits, 15 % of a hash, by which the hashes of twins differ at most. Chest X-rays of 28 pixels differ from their copies
(compressed, brighter, enlarged, shifted by a pixel) by 13 % at most, and from other X-rays by 30 % or more."""


@dataclass(frozen=True)
class ImageClassification(ClassificationTask[Settings]):
    """Images are what is classified."""

    name: ClassVar[str] = "image_classification"
    learners: ClassVar[tuple[str, ...]] = ("pixels", "image_lightgbm", "cnn", "image_encoder")
    extra: ClassVar[str | None] = "vision"

    def metrics(self, classes: list[str]) -> dict[str, Metric]:
        """Those of classification; for two classes the sensitivity too."""
        usual = super().metrics(classes)
        return usual | by_name(SENSITIVITY) if len(classes) == 2 else usual

    def likeness(self, frame: pl.DataFrame, use_case: UseCase) -> Likeness:
        """The perceptual hashes of the images."""
        hashes = images.spectral_hashes(frame[_column(use_case)])
        bits = int(within(hashes, "sqeuclidean", MOST_APART))
        return Vectors(hashes, "sqeuclidean", bits, f"perceptual hashes within {bits} of {images.HASH_BITS} bits")

    def occluder(self, use_case: UseCase) -> images.PatchOccluder:
        """Cells of a grid over the image."""
        return images.PatchOccluder(_column(use_case))

    def chapters(self, evaluated: EvaluatedChampion) -> list[Chapter]:
        """Example images with what the answer hangs on; for two classes the operating point too."""
        from modeling.problems.image.chapters import chapters

        return chapters(evaluated, self.occluder(evaluated.use_case))


def _column(use_case: UseCase) -> str:
    """The column that holds the images.

    Raises
    ------
    FeatureError: none is named.
    """
    if use_case.columns.image is None:
        raise FeatureError(f"{use_case.key}: no column of images is named; write `columns: {{image: …}}`")
    return use_case.columns.image


TASK = ImageClassification
