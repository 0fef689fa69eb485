"""Groups of like rows, and names that distinguish them.

Belongs here: finding segments among training rows, and which one a row belongs to. Does not belong here: what is shown
of them (`modeling.problems.tabular.chapters`), or groups by a single column, which the use case names (`slices`).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from sklearn.cluster import KMeans
from sklearn.preprocessing import QuantileTransformer

from modeling.core.table import Table

FEATURES_NAMED = 3
MARKED = 0.3
"""Standard deviations from everybody's mean, in normal quantiles, from which a feature belongs into a name."""
ALIKE = 0.8
"""Correlation from which a second feature would only repeat the first."""


@dataclass(frozen=True)
class Segments:
    """Centres of k-means among the numeric features ``[n, p]`` of training rows, each mapped to normal quantiles so
    that no heavy tail makes a segment of its own; a missing number lies in the middle.

    `middle` ``[p]`` is everybody's mean, `alike` ``[p, p]`` the absolute correlation of features.

    Source: Lloyd 1982, "Least squares quantization in PCM".
    """

    names: tuple[str, ...]
    scale: QuantileTransformer
    centres: KMeans
    middle: np.ndarray
    alike: np.ndarray

    @classmethod
    def fit(cls, train: Table, count: int) -> Self:
        """`count` segments by k-means; every number is mapped to a normal one by quantiles, a missing one to 0."""
        quantiles = min(1000, len(train))
        scale = QuantileTransformer(n_quantiles=quantiles, output_distribution="normal", random_state=0)
        points = np.nan_to_num(scale.fit_transform(train.numeric.astype(np.float64)))
        with np.errstate(invalid="ignore"):
            alike = np.abs(np.corrcoef(points, rowvar=False)).reshape(len(train.numeric_names), -1)
        centres = KMeans(count, random_state=0).fit(points)
        return cls(train.numeric_names, scale, centres, points.mean(axis=0), alike)

    def of(self, table: Table) -> np.ndarray:
        """int64 ``[n]``: the segment of each row, as a position in `titles`."""
        points = np.nan_to_num(self.scale.transform(table.numeric.astype(np.float64)))
        return np.asarray(self.centres.predict(points), dtype=np.int64)

    @cached_property
    def titles(self) -> list[str]:
        """What each segment is called: the features in which it is least like everybody."""
        apart = self.centres.cluster_centers_ - self.middle
        return [f"{number}. {self._title(of)}" for number, of in enumerate(apart, start=1)]

    def _title(self, apart: np.ndarray) -> str:
        named_by: list[int] = []
        for feature in np.argsort(-np.abs(apart), kind="stable"):
            new = all(self.alike[feature, other] < ALIKE for other in named_by)
            if new and abs(apart[feature]) >= MARKED and len(named_by) < FEATURES_NAMED:
                named_by.append(int(feature))
        words = [f"{'high' if apart[feature] > 0 else 'low'} {self.names[feature]}" for feature in named_by]
        return ", ".join(words) or "like everybody"
