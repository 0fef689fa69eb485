"""Every learner of a problem on the GPU, as the pipeline would run it there, and on the CPU: the same fit."""

from collections.abc import Iterator
from functools import partial

from benchmarks.gpu import cases
from benchmarks.gpu.cases import FitCase
from benchmarks.gpu.measurement import Measurement, NotRun, Setting

ON_CPU_ONLY = ("lightgbm",)


def measurements(setting: Setting, problem: str) -> Iterator[Measurement]:
    """The GPU first: a slow CPU must not use up its time."""
    found = cases.of(problem, setting)
    for case in found:
        yield Measurement(case.name, "cuda", partial(_on_gpu, case, setting))
    for case in found:
        yield Measurement(case.name, "cpu", partial(case.figures, setting.compute("cpu")))


def _on_gpu(case: FitCase, setting: Setting) -> dict[str, float]:
    setting.need_gpu()
    if case.learner in ON_CPU_ONLY:
        raise NotRun("runs on a CPU wherever it is")
    return case.figures(setting.compute())
