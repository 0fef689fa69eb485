"""Fits one learner and measures what it took.

Belongs here: wall time, peak memory and prediction speed around a fit. Does not belong here: how any learner learns
(`learners`).
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from modeling.core import memoisation
from modeling.core.candidate import Candidate, Cost
from modeling.core.compute import Compute
from modeling.core.feature_set import FeatureSet
from modeling.core.learner import Fitting, Learner
from modeling.core.table import Table

MEASURED_ROWS, REPEATS = 500, 3
SAMPLING_SECONDS = 0.05


def train(name: str, family: str, kind: type[Learner], features: FeatureSet, fitting: Fitting) -> Candidate:
    """A learner of `kind`, called `name`, of `family`, fitted to the training rows.

    Raises
    ------
    LearnerError: the rows can't be learned from.
    """
    learner = kind()
    started = time.perf_counter()
    with _peak_memory(fitting.compute) as used:
        summary = learner.fit(features.train.table, features.tune.table, fitting)
    seconds = time.perf_counter() - started
    rows = features.valid.table.rows(slice(0, MEASURED_ROWS))
    cost = Cost(seconds, used.peak_mb, _predictions_per_second(learner, rows, fitting.compute))
    return Candidate(name, family, learner, summary, cost, fitting)


def _predictions_per_second(learner: Learner, rows: Table, compute: Compute) -> float:
    """By the processor time of this process, so that others on the machine count little; on a GPU by the clock. The
    fastest of several repeats."""
    clock = time.perf_counter if compute.device == "cuda" else time.process_time

    def taken() -> float:
        with memoisation.afresh():
            started = clock()
            learner.predict(rows)
            return clock() - started

    return len(rows) / max(min(taken() for _ in range(REPEATS)), time.get_clock_info("process_time").resolution)


@dataclass
class _PeakMemory:
    peak_mb: float = 0.0


@contextmanager
def _peak_memory(compute: Compute) -> Iterator[_PeakMemory]:
    """Fills in the highest memory seen inside the block: the device's own count on a GPU, else the process's resident
    memory, sampled 20 times a second."""
    used = _PeakMemory()
    if compute.device == "cuda":
        import torch

        torch.cuda.reset_peak_memory_stats()
        yield used
        used.peak_mb = torch.cuda.max_memory_allocated() / 2**20
        return
    process, done = psutil.Process(), threading.Event()

    def sample() -> None:
        while True:
            used.peak_mb = max(used.peak_mb, process.memory_info().rss / 2**20)
            if done.wait(SAMPLING_SECONDS):
                return

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield used
    finally:
        done.set()
        thread.join()
