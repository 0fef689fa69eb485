"""What comparing a delivery costs, how often it raises a false alarm, and what it says of the flights.

Run as `python -m benchmarks.drift cost`, `… alarms` or `… flights`; the figures of
`docs/decisions/0010-drift-before-publishing.md` are from two cores. `flights` fetches 30 MB: the model learned from
January to September, the delivery is November and December.
"""

import resource
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from catalogue.definition import UseCase
from modeling.core.hashing import row_hashes
from modeling.core.validated_data import ValidatedData
from modeling.drift.comparison import compare
from modeling.drift.record import DriftComparison
from modeling.drift.reference import Reference
from modeling.problems import tasks

ROWS, COLUMNS = 1_000_000, 20
SIZES, SEEDS, LEARNED = (5, 20, 50, 100, 500, 2_000), 50, (200, 2_000)
FEATURES = COLUMNS - 2


def table(rows: int, seed: int) -> pl.DataFrame:
    """An identifier, a target, and columns of many shapes: normal, skewed, mostly zero, counts, gaps, levels."""
    draw = np.random.default_rng(seed)
    shapes = (
        lambda: draw.normal(size=rows),
        lambda: draw.lognormal(3, 2, rows),
        lambda: draw.exponential(size=rows) * (draw.random(rows) < 0.1),
        lambda: draw.integers(0, 5, rows),
        lambda: np.where(draw.random(rows) < 0.3, np.nan, draw.normal(size=rows)),
        lambda: draw.choice(["red", "green", "blue"], rows, p=[0.7, 0.2, 0.1]),
        lambda: np.char.add("level ", draw.zipf(1.5, rows).clip(max=5_000).astype(str)),
    )
    columns = {f"x{number}": pl.Series(shapes[number % len(shapes)]()) for number in range(FEATURES)}
    return pl.DataFrame({"id": np.arange(rows) + seed * 10**8, **columns, "y": draw.integers(0, 2, rows)})


def definition() -> UseCase:
    return UseCase.model_validate(
        {
            "title": "benchmark",
            "task": "binary_classification",
            "source": {"files": {"path": "*.csv"}, "licence": "-", "citation": "-"},
            "target": "y",
            "columns": {"identifier": ["id"]},
        }
    ).placed("bench/drift", Path())


def data(frame: pl.DataFrame) -> ValidatedData:
    return ValidatedData(frame, np.arange(frame.height), [], "benchmark", frame.height)


def reference(frame: pl.DataFrame, use_case: UseCase) -> Reference:
    return Reference.of(data(frame), tasks.task(use_case).prepare(data(frame), use_case, None), use_case)


def compared(old: pl.DataFrame, new: pl.DataFrame, kept: Reference) -> DriftComparison:
    return compare(data(pl.concat([old, new])), definition(), kept, lambda rows: "not measured")


def cost() -> None:
    """A million rows learned from, a million delivered."""
    old, new = table(ROWS, 1), table(ROWS, 2)
    features = tasks.task(definition()).prepare(data(old), definition(), None)
    print(f"before: {_peak():,.0f} MB at most so far")
    started = time.process_time()
    kept = Reference.of(data(old), features, definition())
    print(f"reference of {ROWS:,} × {COLUMNS}: {time.process_time() - started:.1f} s of processor, {_peak():,.0f} MB")
    started = time.process_time()
    found = compared(old, new, kept)
    print(
        f"{found.delivered:,} new rows compared: {time.process_time() - started:.1f} s of processor, {_peak():,.0f} MB"
    )
    print([check.message for check in found.checks])


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def alarms() -> None:
    """Deliveries of what did not change: how many failed a check."""
    for learned in LEARNED:
        old = table(learned, 0)
        kept = reference(old, definition())
        for rows in SIZES:
            failed: Counter[str] = Counter()
            for seed in range(1, SEEDS + 1):
                found = compared(old, table(rows, seed), kept)
                failed.update(check.name for check in found.checks if not check.passed)
            print(f"{learned:,} learned, {rows:,} delivered: of {SEEDS} deliveries {dict(failed) or 'none'} failed")


def flights() -> None:
    """November and December beside January to September, and September beside January to August."""
    from assets.raw_data import snapshot
    from pipelines.vocabulary import read_catalogue
    from resources.sources import Cache
    from resources.store.state import State

    use_case = read_catalogue().use_cases["transport/delay_prediction"]
    frame = snapshot(use_case, Cache.from_environment(State().cache), print)
    month = frame["scheduled"].dt.month()
    for first, last in ((11, 12), (9, 9)):
        learned = frame.filter(month < min(first, 10))
        split = use_case.split.model_copy(update={"valid_from": date(2013, min(first, 10), 1)})
        kept = reference(frame, use_case.model_copy(update={"split": split}).placed(use_case.key, Path()))
        kept = replace(kept, hashes=np.sort(row_hashes(learned)))
        snapshot_now = pl.concat([learned, frame.filter(month.is_between(first, last))])
        found = compare(data(snapshot_now), use_case, kept, lambda rows: "not measured")
        print(f"\nmonths before {min(first, 10)} learned, {first} to {last} delivered: {found.delivered:,} rows")
        for check in found.checks:
            print(f"{'passed' if check.passed else 'FAILED'} {check.name}: {check.message}")
        for column in found.columns[:10]:
            print(
                f"{column.name}: effect {column.effect:.2f}, chance {column.chance:.2f}, index {column.stability:.2f}"
            )


if __name__ == "__main__":
    {"cost": cost, "alarms": alarms, "flights": flights}[sys.argv[1]]()
