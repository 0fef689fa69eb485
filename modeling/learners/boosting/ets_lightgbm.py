"""Exponential smoothing, corrected by LightGBM across all series."""

from typing import ClassVar

from modeling.learners.boosting import lightgbm
from modeling.learners.correction import Correction
from modeling.learners.protocol import Learner


class Model(Correction):
    """The knobs are those of `lightgbm`."""

    learner: ClassVar[type[Learner]] = lightgbm.Model
    default_seconds: ClassVar[float] = lightgbm.Model.default_seconds
