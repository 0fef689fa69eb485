"""bfloat16 beside float32 on the same device: what it saves, and what it costs in the metric."""

from collections.abc import Iterator
from functools import partial

from benchmarks.gpu import cases
from benchmarks.gpu.measurement import Measurement, Setting

PROBLEMS = ("tabular", "text", "image", "recommendation", "molecule")
ONE_OF_A_KIND = ("tabm", "mlp", "text_encoder, mpnet, full", "image_encoder", "cnn", "sasrec", "molecule_graph")


def measurements(setting: Setting) -> Iterator[Measurement]:
    for case in (case for problem in PROBLEMS for case in cases.of(problem, setting)):
        if case.name in ONE_OF_A_KIND:
            for precision in ("bfloat16", "float32"):
                compute = setting.compute(precision=precision)
                yield Measurement(case.name, precision, partial(case.figures, compute))
