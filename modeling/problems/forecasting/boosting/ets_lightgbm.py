"""Exponential smoothing, corrected by LightGBM across all series."""

from typing import ClassVar

from modeling.core.learner import Learner
from modeling.learners.boosting import lightgbm
from modeling.problems.forecasting.correction import Correction


class Model(Correction):
    """The knobs are those of `lightgbm`."""

    learner: ClassVar[type[Learner]] = lightgbm.Model
    default_seconds: ClassVar[float] = lightgbm.Model.default_seconds
