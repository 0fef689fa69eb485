"""Who is there, and is the champion right about each of them on average?

Belongs here: segments of training rows, names that tell them apart, and the champion's mean prediction in each. Does
not belong here: groups by a single column, which the use case names (`slices`).

Segments are found in the features of training rows alone; validation and test rows are assigned to the nearest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
from pydantic import Field

from modeling.core.intervals import interval, resampled
from modeling.core.metrics import mean, unweighted
from modeling.core.record import Chapter, Estimates, Interval, Listing
from modeling.core.table import Table
from modeling.core.task import Judged, Metric, Settings

if TYPE_CHECKING:
    from sklearn.cluster import KMeans
    from sklearn.preprocessing import QuantileTransformer

FEATURES_NAMED = 3
MARKED = 0.3
"""Standard deviations from everybody's mean, in normal quantiles, from which a feature belongs into a name."""
ALIKE = 0.8
"""Correlation from which a second feature would only repeat the first."""


class SegmentSettings(Settings):
    segments: int | None = Field(
        default=None, ge=2, le=12, description="how many segments of like rows the report tells apart; default: none"
    )


@dataclass(frozen=True)
class Segments:
    """Centres of k-means among the numeric features ``[n, p]`` of training rows, each mapped to normal quantiles so
    that no heavy tail makes a segment of its own; a missing number lies in the middle.

    `middle` ``[p]`` is everybody's mean, `alike` ``[p, p]`` the absolute correlation of features.

    Source: Lloyd 1982, "Least squares quantization in PCM".
    """

    names: tuple[str, ...]
    scale: "QuantileTransformer"
    centres: "KMeans"
    middle: np.ndarray
    alike: np.ndarray

    @classmethod
    def fit(cls, train: Table, count: int) -> Self:
        from sklearn.cluster import KMeans
        from sklearn.preprocessing import QuantileTransformer

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
        told: list[int] = []
        for feature in np.argsort(-np.abs(apart), kind="stable"):
            new = all(self.alike[feature, other] < ALIKE for other in told)
            if new and abs(apart[feature]) >= MARKED and len(told) < FEATURES_NAMED:
                told.append(int(feature))
        words = [f"{'high' if apart[feature] > 0 else 'low'} {self.names[feature]}" for feature in told]
        return ", ".join(words) or "like everybody"


def segment_chapters(judged: Judged, settings: Settings, metrics: Mapping[str, Metric]) -> list[Chapter]:
    """The chapter on segments, where the settings ask for it and there are numbers to find them in."""
    count = settings.segments if isinstance(settings, SegmentSettings) else None
    if count is None or not judged.train.table.numeric_names:
        return []
    segments = Segments.fit(judged.train.table, count)
    metric = metrics[judged.use_case.metric or next(iter(metrics))]
    member = segments.of(judged.test.table)
    return [
        Chapter(
            title="Segments",
            reading="Rows that are alike, named by what sets them apart. Where the champion's mean prediction is close "
            "to what happened, a whole segment can be planned with.",
            term=f"k-means ({count} centres) on the numeric features of training rows, as normal quantiles; sizes and "
            "means are those of test rows. A name holds the features whose centre is farthest from everybody's mean.",
            exhibits=[_profile(judged, segments, member, metric), _gaps(judged, segments, member)],
        )
    ]


def _profile(judged: Judged, segments: Segments, member: np.ndarray, metric: Metric) -> Listing:
    truth, predicted = judged.units.truth, judged.answers[judged.champion]
    of_each = {title: member == number for number, title in enumerate(segments.titles)}
    of_each = {title: rows for title, rows in of_each.items() if rows.any()}
    scores = [unweighted(metric, truth[rows], predicted[rows]) for rows in of_each.values()]
    return Listing(
        title="Segments of the test rows",
        columns={
            "segment": [*of_each],
            "rows": [int(rows.sum()) for rows in of_each.values()],
            "share": [float(rows.mean()) for rows in of_each.values()],
            f"mean {judged.use_case.target}": [float(truth[rows].mean()) for rows in of_each.values()],
            "mean prediction": [float(predicted[rows].mean()) for rows in of_each.values()],
            metric.title: [score if np.isfinite(score) else None for score in scores],
        },
    )


def _gaps(judged: Judged, segments: Segments, member: np.ndarray) -> Estimates:
    gap = judged.answers[judged.champion] - judged.units.truth
    return Estimates(
        title="Mean prediction less mean outcome",
        caption="Test rows of each segment, with 95 % intervals. Zero: right on average.",
        x_title=f"predicted less observed {judged.use_case.target}",
        estimates={
            title: _mean(gap[member == number], _of(judged.units.group, member == number))
            for number, title in enumerate(segments.titles)
            if (member == number).any()
        },
        reference=0.0,
    )


def _of(group: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    return None if group is None else group[rows]


def _mean(values: np.ndarray, group: np.ndarray | None) -> Interval:
    return interval(float(values.mean()), resampled([mean(values)], group, len(values))[:, 0])
