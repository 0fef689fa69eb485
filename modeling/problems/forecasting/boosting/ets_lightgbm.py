"""Exponential smoothing, corrected by LightGBM across all series."""

from modeling.learners.boosting import lightgbm
from modeling.problems.forecasting.correction import Correction


class ETSLightGBM(Correction):
    """The hyperparameters are those of `lightgbm`."""

    learner = lightgbm.LightGBM
    hyperparameters = lightgbm.LightGBM.hyperparameters


LEARNER = ETSLightGBM
