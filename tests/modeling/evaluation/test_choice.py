"""The choice of a champion on validation rows."""

import numpy as np
import pytest

from modeling.core.metrics import rmse
from modeling.core.task import Metric, Units
from modeling.evaluation.choice import choose
from modeling.evaluation.experiment import EvaluationError

RMSE = Metric("rmse", "RMSE", False, rmse)


def test_the_rows_without_a_usable_answer_are_counted():
    answers = np.zeros(600)
    answers[[5, 70, 599]] = np.nan, np.inf, -np.inf
    with pytest.raises(EvaluationError, match=r"^mlp predicts NaN or infinite for 3 of 600 validation rows"):
        choose({"mlp": answers}, Units(np.zeros(600), None), {"rmse": RMSE}, RMSE, trivial="trivial", blends=False)
