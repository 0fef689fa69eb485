"""What the learners share that know what orders are.

Belongs here: which columns say how recently, how often and for how much a customer bought. Does not belong here: what
is made of it (`rfm`, `bg_nbd`).
"""

import numpy as np

from modeling.core.learner import Hyperparameters, LearnerError
from modeling.core.table import Table


class OrderHyperparameters(Hyperparameters):
    """The columns' names. `recency`: days since the last order; `frequency`: orders so far, from 1; `monetary`: what
    they came to."""

    recency: str = "days_since_last"
    frequency: str = "orders"
    monetary: str = "spend"


def column(table: Table, name: str) -> np.ndarray:
    """float64 ``[n]``: one of the columns that a hyperparameter names.

    Raises
    ------
    LearnerError: there is no such number, or it has gaps.
    """
    if name not in table.numeric_names:
        raise LearnerError(
            f"there is no number {name!r} among the features {list(table.names)}: name the column under `parameters`"
        )
    values = table.column(name).astype(np.float64)
    if np.isnan(values).any():
        raise LearnerError(
            f"{name!r} is missing in {np.isnan(values).sum():,} of {len(values):,} rows: quarantine them"
        )
    return values
