"""How much of the training rows a network sees when it can't afford all.

Belongs here: the draw. Does not belong here: how many rows are affordable (each learner knows its own cost).
"""

import numpy as np

from modeling.core.table import Table


def sample(train: Table, rows: int | None, seed: int) -> Table:
    """At most `rows` rows at random, in their order; None: all."""
    if rows is None or rows >= len(train):
        return train
    return train.rows(np.random.default_rng(seed).choice(len(train), rows, replace=False, shuffle=False))
