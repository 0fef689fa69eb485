"""What a large table costs: LightGBM, tuned and fitted to its early stop on 1,500,000 rows of 20 columns.

Run as `python -m benchmarks.large_table [rows]`. Prints seconds, rounds, and what the time limit cut (nothing, or the
figures are worth nothing).
"""

import sys
import time

import numpy as np

from modeling.core.compute import Compute
from modeling.core.learner import Fitting
from modeling.core.table import Table
from modeling.learners.boosting.lightgbm import LightGBM

ROWS, COLUMNS, TUNED = 1_500_000, 20, 100_000


def made(rows: int, seed: int) -> Table:
    """Rows whose event depends on half of the columns, by sums and products."""
    rng = np.random.default_rng(seed)
    numeric = rng.normal(size=(rows, COLUMNS)).astype(np.float32)
    signal = numeric[:, :5].sum(axis=1) + numeric[:, 5] * numeric[:, 6] + np.abs(numeric[:, 7])
    target = (signal + 2 * rng.normal(size=rows) > 1).astype(np.float64)
    names = tuple(f"x{number}" for number in range(COLUMNS))
    return Table(numeric, np.empty((rows, 0), np.int32), target, names, (), ())


def main(rows: int) -> None:
    """One fit."""
    train, tune = made(rows, 0), made(TUNED, 1)
    learner, started = LightGBM(), time.perf_counter()
    summary = learner.fit(train, tune, Fitting("binary", 2, compute=Compute(threads=2), progress=print))
    seconds = time.perf_counter() - started
    trials, rounds, cut = summary.parameters["trials"], summary.parameters["rounds"], summary.cut or "nothing"
    print(f"{rows:,} rows × {COLUMNS}: {seconds:.0f} s, {trials} trials, {rounds:,} rounds, cut: {cut}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
