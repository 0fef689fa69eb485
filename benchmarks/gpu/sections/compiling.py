"""torch.compile beside eager execution, for the learner that offers it: what the first epoch pays, what later ones gain.

The last batch of an epoch is a shorter one, which compiled code must take too.
"""

from collections.abc import Iterator
from functools import partial

from benchmarks.gpu.measurement import Measurement, Setting, measured
from benchmarks.gpu.networks import tabm
from benchmarks.gpu.sections import loop


def measurements(setting: Setting) -> Iterator[Measurement]:
    for precision in ("bfloat16", "float32"):
        for variant in ("compile", "eager"):
            yield Measurement(f"TabM, {precision}", variant, partial(_epochs, setting, precision, variant))


def _epochs(setting: Setting, precision: str, variant: str) -> dict[str, float]:
    """Of a later epoch, and `first_epoch_seconds`."""
    setting.need_gpu()
    parts = tabm(loop.rows(setting), setting)
    if variant == "compile":
        parts.network.compile()
    _, first = measured(lambda: loop.epoch(parts, setting, precision), setting.device)
    _, later = measured(lambda: loop.epoch(parts, setting, precision), setting.device)
    return later | {"first_epoch_seconds": first["seconds"]}
