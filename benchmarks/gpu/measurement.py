"""How anything is measured: clock, peak memory, energy, and what becomes of a measurement that can't be made.

Belongs here: measuring one call, and turning its outcome into a row. Does not belong here: what is called (`sections`).
"""

import os
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import torch

from benchmarks.gpu.row import MeasuredRow
from modeling.core.compute import Compute

REPEATS, REPEAT_SECONDS = 3, 3.0
"""A call is repeated up to so often while all of them took less than this."""
MILLIJOULES_PER_KWH = 3.6e9
REASON = 300
"""Characters of an error at most."""
OURS = ("assets", "benchmarks", "catalogue", "modeling", "pipelines", "resources")

Device = Literal["cpu", "cuda"]
Precision = Literal["float32", "bfloat16"]


class NotRun(Exception):
    """A measurement needs what is not here; the message says what."""


@dataclass(frozen=True)
class Setting:
    """Where to measure. `quick`: at sizes that show that everything works, and nothing else. `folder`: for files."""

    device: Device
    quick: bool
    folder: Path

    def compute(self, device: Device | None = None, precision: Precision | None = None) -> Compute:
        """As the pipeline would choose it, unless said otherwise."""
        threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        device = device or self.device
        usual: Precision = "bfloat16" if device == "cuda" and torch.cuda.is_bf16_supported() else "float32"
        return Compute(device, precision or usual, threads, device, "the check of a GPU")

    def need_gpu(self) -> None:
        """
        Raises
        ------
        NotRun: the check runs on a CPU.
        """
        if self.device != "cuda":
            raise NotRun("needs a GPU")


@dataclass(frozen=True)
class Measurement:
    """One row to be: `run` returns its figures, `seconds` among them."""

    case: str
    variant: str
    run: Callable[[], dict[str, float]]


def row(section: str, measurement: Measurement) -> MeasuredRow:
    """The outcome of `measurement`, whatever it is."""
    try:
        return MeasuredRow(section, measurement.case, measurement.variant, figures=measurement.run())
    except Exception as error:  # noqa: BLE001 - one failure must not end the check
        return replace(failure(section, error), case=measurement.case, variant=measurement.variant)


def failure(section: str, error: Exception) -> MeasuredRow:
    """`not run` where a package or a GPU is missing, else `failed`."""
    if isinstance(error, NotRun):
        return MeasuredRow(section, status="not run", reason=str(error))
    if isinstance(error, ModuleNotFoundError) and str(error.name).partition(".")[0] not in OURS:
        return MeasuredRow(section, status="not run", reason=f"needs {error.name}")
    return MeasuredRow(section, status="failed", reason=" ".join(repr(error).split())[:REASON])


def measured(run: Callable[[], Any], device: Device) -> tuple[Any, dict[str, float]]:
    """What `run` returned, and its figures: the median of `seconds`; `peak_mb`, on a CPU of the whole process; on a GPU
    `kwh`, where the driver counts it."""
    _reset_peak(device)
    before, seconds, result = millijoules(device), [], None
    while len(seconds) < REPEATS and sum(seconds) < REPEAT_SECONDS:
        started = time.perf_counter()
        result = run()
        synchronise(device)
        seconds.append(time.perf_counter() - started)
    figures = {"seconds": statistics.median(seconds), "peak_mb": _peak_mb(device), "kwh": None}
    if before is not None:
        figures["kwh"] = (millijoules(device) - before) / len(seconds) / MILLIJOULES_PER_KWH
    return result, {name: value for name, value in figures.items() if value is not None}


def synchronise(device: Device) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def millijoules(device: Device) -> Any:
    """What the GPU has used since its driver was loaded; None on a CPU, or where NVML can't say."""
    counter = energy_counter() if device == "cuda" else "a CPU"
    return None if isinstance(counter, str) else counter()


@cache
def energy_counter() -> Callable[[], int] | str:
    """Reads the energy (mJ) of the GPU that torch uses; or why it can't be read."""
    try:
        import pynvml
    except ModuleNotFoundError:
        return "needs nvidia-ml-py"
    try:
        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(0).uuid}")
        pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except pynvml.NVMLError as error:
        return f"NVML: {error}"
    return lambda: pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)


def _reset_peak(device: Device) -> None:
    if device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    else:
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")


def _peak_mb(device: Device) -> float | None:
    """Since `_reset_peak`; on a CPU what Linux keeps as the process's highest resident memory (proc(5))."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    with suppress(OSError, StopIteration):
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 2**10
    return None
