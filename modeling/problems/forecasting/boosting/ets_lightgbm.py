"""Exponential smoothing, corrected by LightGBM across all series."""

from typing import ClassVar

from modeling.core.learner import Learner
from modeling.learners.boosting import lightgbm
from modeling.problems.forecasting.correction import Correction


class ETSLightGBM(Correction):
    """The hyperparameters are those of `lightgbm`."""

    learner: ClassVar[type[Learner]] = lightgbm.LightGBM
    default_seconds: ClassVar[float] = lightgbm.LightGBM.default_seconds


LEARNER = ETSLightGBM
