"""What mends probabilities that don't mean what they say.

Belongs here: the calibrators, as values that are stored as JSON and applied wherever a champion predicts; each is
monotone, so that it changes no ranking (an isotonic one makes ties). Does not belong here: fitting one, or deciding
whether it is worth it (`modeling.evaluation.recalibration`).

Source: Platt 1999 (sigmoid); Zadrozny & Elkan 2002 (isotonic); Guo et al. 2017 (temperature).
"""

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, TypeAdapter

from modeling.core.record import Record

EDGE = 1e-12
"""Probabilities are kept this far from 0 and 1 before their logarithm is taken."""


class Platt(Record):
    """A logistic regression on the log odds, which are stretched by a positive `slope` and moved by `intercept`."""

    kind: Literal["platt"] = "platt"
    slope: float
    intercept: float

    def applied(self, predicted: np.ndarray) -> np.ndarray:
        """Recalibrated probabilities of the event ``[n]``."""
        from scipy.special import expit

        return expit(self.slope * log_odds(predicted) + self.intercept)


class Isotonic(Record):
    """A rising line through the knots (`predicted`, `observed`), level outside."""

    kind: Literal["isotonic"] = "isotonic"
    predicted: list[float]
    observed: list[float]

    def applied(self, predicted: np.ndarray) -> np.ndarray:
        """Recalibrated probabilities of the event ``[n]``."""
        return np.interp(predicted, self.predicted, self.observed)


class Temperature(Record):
    """Log probabilities divided by one `temperature`: above 1 they become less sure."""

    kind: Literal["temperature"] = "temperature"
    temperature: float

    def applied(self, predicted: np.ndarray) -> np.ndarray:
        """Recalibrated probabilities of each class ``[n, classes]``."""
        from scipy.special import softmax

        return softmax(np.log(np.clip(predicted, EDGE, None)) / self.temperature, axis=1)


Calibrator = Platt | Isotonic | Temperature
_STORED: TypeAdapter[Calibrator] = TypeAdapter(Annotated[Calibrator, Field(discriminator="kind")])


def read_calibrator(content: Any) -> Calibrator | None:
    """The calibrator whose `model_dump` this is; None of None."""
    return None if content is None else _STORED.validate_python(content)


def log_odds(predicted: np.ndarray) -> np.ndarray:
    """Of probabilities ``[n]``, finite."""
    from scipy.special import logit

    return logit(np.clip(predicted, EDGE, 1 - EDGE))
