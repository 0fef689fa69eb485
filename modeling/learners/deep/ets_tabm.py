"""Exponential smoothing, corrected by TabM across all series."""

from typing import ClassVar

from modeling.learners.correction import Correction
from modeling.learners.deep import tabm
from modeling.learners.protocol import Learner


class Model(Correction):
    """The knobs are those of `tabm`."""

    learner: ClassVar[type[Learner]] = tabm.Model
    default_seconds: ClassVar[float] = tabm.Model.default_seconds
