"""How good is the champion on test rows that have no twin among the rows it could learn from?

Belongs here: the score of those rows. Does not belong here: finding the twins (`modeling.core.leakage`), or the score
of all rows (`judgement`).
"""

import numpy as np

from modeling.core.record import Slice, TwinRows
from modeling.core.table import Rows
from modeling.core.task import Metric
from modeling.evaluation.slices import scored_part


def without_twins(
    test: Rows, answers: np.ndarray, metric: Metric, twins: TwinRows | None, *, binary: bool
) -> Slice | None:
    """The metric on test rows that were examined and have no twin; None where none has one, or rows were not compared.

    `answers` ``[n, …]`` are the champion's.
    """
    if twins is None or not twins.with_twin:
        return None
    examined = np.ones(len(test), dtype=bool) if twins.examined is None else np.isin(test.number, twins.examined)
    member = examined & ~np.isin(test.number, twins.with_twin)
    return scored_part("rows", "without a twin in an earlier role", test, member, answers, metric, binary)
