"""Exponential smoothing, corrected by TabM across all series."""

from modeling.learners.deep import tabm
from modeling.problems.forecasting.correction import Correction


class ETSTabM(Correction):
    """The hyperparameters are those of `tabm`."""

    learner = tabm.TabM
    hyperparameters = tabm.TabM.hyperparameters


LEARNER = ETSTabM
