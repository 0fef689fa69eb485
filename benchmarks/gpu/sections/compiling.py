"""torch.compile beside eager execution, for the learner that offers it: what the first epoch pays, what others gain.

The last batch of an epoch is a shorter one, which compiled code must take too.
"""

import time
from collections.abc import Iterator
from functools import partial

from benchmarks.gpu.measurement import Measurement, Precision, Setting, measured, synchronise
from benchmarks.gpu.networks import tabm
from benchmarks.gpu.sections import loop


def measurements(setting: Setting) -> Iterator[Measurement]:
    for precision in ("bfloat16", "float32"):
        for variant in ("eager", "compile"):
            yield Measurement(f"TabM, {precision}", variant, partial(_epochs, setting, precision, variant))


def _epochs(setting: Setting, precision: Precision, variant: str) -> dict[str, float]:
    """Of a later epoch, and `first_epoch_seconds`."""
    setting.need_gpu()
    bare = tabm(setting)
    rows = bare.rows(loop.count(setting))
    if variant == "compile":
        bare.network.compile()
    started = time.perf_counter()
    loop.epoch(bare, rows, setting, precision)
    synchronise(setting.device)
    first = time.perf_counter() - started
    _, later = measured(lambda: loop.epoch(bare, rows, setting, precision), setting.device)
    return later | {"first_epoch_seconds": first}
