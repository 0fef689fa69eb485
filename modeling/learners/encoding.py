"""How a linear model or a plain network sees a `Table`: one matrix, scaled and one-hot, without missing values.

Belongs here: the encoding that the linear learners and the reference network share. Does not belong here: how raw
columns become a `Table` (`modeling.core.features`), how it is stored (`scikit_file`), or encodings of one learner
alone.
"""

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer

from modeling.core.table import Table
from modeling.learners.checks import varies

FEW = 16
"""A numeric column with at most this many values is one-hot encoded as well: it may be a code or a count."""
MOST = 256
"""Most columns one feature becomes; its rarest levels share one."""


def encoder(train: Table, seed: int) -> ColumnTransformer:
    """Fitted on `Table.matrix` ``[n, p + q]``; transforms it to ``[n, width]``, sparse where that is smaller.

    Numeric columns are mapped to normal quantiles, which no outlier or heavy tail can upset, and a missing value to the
    median, with an indicator beside it. Codes are one-hot; a level with fewer than 10 rows, or never seen, shares the
    column of the rare. Constant and empty columns are left out.
    """
    numeric = [index for index, column in enumerate(train.numeric.T) if varies(column)]
    gaps = np.isnan(train.numeric)
    gappy = np.flatnonzero(gaps.any(axis=0) & ~gaps.all(axis=0)).tolist()
    few = [index for index in numeric if 2 < len(np.unique(train.numeric[:, index])) <= FEW]
    codes = list(range(len(train.numeric_names), len(train.names)))
    quantiles = QuantileTransformer(n_quantiles=min(1000, len(train)), output_distribution="normal", random_state=seed)
    one_hot = OneHotEncoder(min_frequency=10, max_categories=MOST, handle_unknown="infrequent_if_exist")
    steps = [
        ("scaled", make_pipeline(quantiles, SimpleImputer(strategy="constant", fill_value=0)), numeric),
        ("missing", MissingIndicator(features="all"), gappy),
        ("one_hot", one_hot, few + codes),
    ]
    return ColumnTransformer([step for step in steps if step[2]]).fit(train.matrix)
