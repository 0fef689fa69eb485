"""What a learner leaves behind: a checkpoint that training goes on from, and files that predict on a CPU."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.gpu import cases
from benchmarks.gpu.cases import FitCase
from benchmarks.gpu.measurement import Measurement, Setting, measured
from modeling.core.compute import Compute
from modeling.core.learner import Learner
from modeling.problems import learners

PROBLEMS = ("tabular", "text", "image", "recommendation", "molecule")
ROWS = 300
EPOCHS = 2
BOUND = 0.02
"""Of the difference between the device's predictions and those of the files on a CPU."""


class Interrupted(Exception):
    """Ends a fit from inside."""


def measurements(setting: Setting) -> Iterator[Measurement]:
    """mpnet's size takes the same paths as MiniLM's. Compiling, which may take longest, comes last."""
    every = [case for problem in PROBLEMS for case in cases.of(problem, setting)]
    short = [replace(case, parameters=case.parameters | {"epochs": EPOCHS}) for case in every]
    for case in short:
        if case.learner != "lightgbm" and "mpnet" not in case.name:
            yield Measurement(case.name, setting.device, partial(_kept, case, setting.compute()))
    for case in short:
        if case.learner == "tabm":
            compiled = replace(case, parameters=case.parameters | {"compile": True})
            yield Measurement(case.name, f"{setting.device}, compile", partial(_compiled, compiled, setting))


def _compiled(case: FitCase, setting: Setting) -> dict[str, float]:
    setting.need_gpu()
    return _kept(case, setting.compute())


def _kept(case: FitCase, compute: Compute) -> dict[str, float]:
    """`resumed_apart`, `loaded_apart`: how far predictions are from those of the model itself.

    Raises
    ------
    AssertionError: training did not resume, or the saved model predicts something else.
    """
    whole, figures = measured(lambda: case.fitted(compute, ROWS), compute.device)
    with TemporaryDirectory() as folder:
        resumed = _resumed(case, compute, Path(folder))
    with TemporaryDirectory() as folder:
        whole.save(Path(folder))
        loaded = type(whole).load(Path(folder))
        apart = {
            "resumed_apart": _apart(case, resumed, whole),
            "loaded_apart": _apart(case, loaded, whole),
        }
    assert apart["loaded_apart"] <= BOUND, f"the saved model predicts something else on a CPU: {apart}"
    return figures | apart


def _resumed(case: FitCase, compute: Compute, scratch: Path) -> Learner:
    """Interrupted after the first epoch, and fitted again."""

    def stop(line: str) -> None:
        if line.startswith("epoch"):
            raise Interrupted

    try:
        case.fitted(compute, ROWS, scratch=scratch, progress=stop)
    except Interrupted:
        pass
    else:
        raise AssertionError("nothing was interrupted: the learner reports no epoch")
    model, lines = learners.learner(case.learner)(), list[str]()
    again = case.fitting(compute, scratch=scratch, progress=lines.append)
    model.fit(case.train.rows(slice(0, ROWS)), case.valid, again)
    assert "resumed after epoch 1" in lines, f"training began anew: {lines}"
    return model


def _apart(case: FitCase, one: Learner, other: Learner) -> float:
    """The largest difference of two models' probabilities, or the share of places where their lists differ."""
    a, b = one.predict(case.valid), other.predict(case.valid)
    return float(np.mean(a != b)) if a.dtype.kind == "i" else float(np.abs(a - b).max())
