"""What the reports of plain rows show: who is there, and is the champion right about each of them on average?

Belongs here: the champion's mean prediction in each segment. Does not belong here: finding segments
(`modeling.problems.tabular.segments`).

Segments are found in the features of training rows alone; test rows are assigned to the nearest.
"""

from collections.abc import Mapping

import numpy as np

from modeling.core.intervals import estimated
from modeling.core.metrics import mean, unweighted
from modeling.core.record import Chapter, Estimates, Interval, Listing
from modeling.core.task import EvaluatedChampion, Metric
from modeling.problems.tabular.segments import Segments
from modeling.problems.tabular.settings import SegmentSettings


def segment_chapters(
    evaluated: EvaluatedChampion, settings: SegmentSettings, metrics: Mapping[str, Metric]
) -> list[Chapter]:
    """The chapter on segments; none where the settings name no number of them, or no feature is a number."""
    count = settings.segments
    if count is None or not evaluated.train.table.numeric_names:
        return []
    segments = Segments.fit(evaluated.train.table, count)
    metric = metrics[evaluated.use_case.metric or next(iter(metrics))]
    member = segments.of(evaluated.test.table)
    return [
        Chapter(
            title="Segments",
            reading="Rows that are alike, named by what sets them apart. Where the champion's mean prediction is close "
            "to what happened, a whole segment can be planned with.",
            term=f"k-means ({count} centres) on the numeric features of training rows, as normal quantiles; sizes and "
            "means are those of test rows. A name holds the features whose centre is farthest from everybody's mean.",
            exhibits=[_profile(evaluated, segments, member, metric), _gaps(evaluated, segments, member)],
        )
    ]


def _profile(evaluated: EvaluatedChampion, segments: Segments, member: np.ndarray, metric: Metric) -> Listing:
    truth, predicted = evaluated.units.truth, evaluated.answers[evaluated.champion]
    of_each = {title: member == number for number, title in enumerate(segments.titles)}
    of_each = {title: rows for title, rows in of_each.items() if rows.any()}
    scores = [unweighted(metric, truth[rows], predicted[rows]) for rows in of_each.values()]
    return Listing(
        title="Segments of the test rows",
        columns={
            "segment": [*of_each],
            "rows": [int(rows.sum()) for rows in of_each.values()],
            "share": [float(rows.mean()) for rows in of_each.values()],
            f"mean {evaluated.use_case.target}": [float(truth[rows].mean()) for rows in of_each.values()],
            "mean prediction": [float(predicted[rows].mean()) for rows in of_each.values()],
            metric.title: [score if np.isfinite(score) else None for score in scores],
        },
    )


def _gaps(evaluated: EvaluatedChampion, segments: Segments, member: np.ndarray) -> Estimates:
    gap = evaluated.answers[evaluated.champion] - evaluated.units.truth
    return Estimates(
        title="Mean prediction less mean outcome",
        caption="Test rows of each segment, with 95 % intervals. Zero: right on average.",
        x_title=f"predicted less observed {evaluated.use_case.target}",
        estimates={
            title: _mean(gap[member == number], _of(evaluated.units.group, member == number))
            for number, title in enumerate(segments.titles)
            if (member == number).any()
        },
        reference=0.0,
    )


def _of(group: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    return None if group is None else group[rows]


def _mean(values: np.ndarray, group: np.ndarray | None) -> Interval:
    return estimated(mean(values), len(values), group)
