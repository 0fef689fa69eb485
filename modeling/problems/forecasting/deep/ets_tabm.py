"""Exponential smoothing, corrected by TabM across all series."""

from typing import ClassVar

from modeling.core.learner import Learner
from modeling.learners.deep import tabm
from modeling.problems.forecasting.correction import Correction


class Model(Correction):
    """The knobs are those of `tabm`."""

    learner: ClassVar[type[Learner]] = tabm.Model
    default_seconds: ClassVar[float] = tabm.Model.default_seconds
