"""Exponential smoothing, corrected by TabM across all series."""

from typing import ClassVar

from modeling.core.learner import Learner
from modeling.learners.deep import tabm
from modeling.problems.forecasting.correction import Correction


class ETSTabM(Correction):
    """The hyperparameters are those of `tabm`."""

    learner: ClassVar[type[Learner]] = tabm.TabM
    default_seconds: ClassVar[float] = tabm.TabM.default_seconds


LEARNER = ETSTabM
