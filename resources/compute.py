"""Chooses the device and the precision, and says why.

Belongs here: the choice, as a Dagster resource, and how many runs a machine carries at a time. Does not belong here:
what a learner does with a device (`modeling`).
"""

import os
from pathlib import Path

from dagster import ConfigurableResource

from modeling.core.compute import Compute
from resources.limited_process import machine_memory

GPU = "gpu"
POOLS = frozenset({GPU})
"""Of what there is one a machine: runs that hold a slot of a pool wait for each other."""
MEMORY_OF_A_JOB = 4 * 2**30
"""Bytes that are left to each use case; of the shipped ones none took more than 2.4 GiB."""


def has_gpu() -> bool:
    """Whether a CUDA device is here, without importing what would use it."""
    return os.environ.get("CUDA_VISIBLE_DEVICES") not in ("", "-1") and any(Path("/dev").glob("nvidia[0-9]*"))


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def jobs_carried() -> int:
    """How many use cases this machine carries side by side: one a core, as far as the memory reaches; one on a GPU."""
    return 1 if has_gpu() else max(1, min(cores(), machine_memory() // MEMORY_OF_A_JOB))


class ComputeResource(ConfigurableResource):
    """The machine's accelerator when it has one; no configuration needed. `device` is for tests and for sharing."""

    device: str = ""

    def choose(self) -> Compute:
        """The device to train on. Imports torch."""
        import torch

        threads = cores()
        if self.device == "cpu" or not torch.cuda.is_available():
            reason = "configured" if self.device == "cpu" else "no CUDA device is visible"
            return Compute("cpu", "float32", threads, f"CPU, {threads} threads", reason)
        name = torch.cuda.get_device_name()
        if torch.cuda.is_bf16_supported():
            return Compute("cuda", "bfloat16", threads, name, "a CUDA device with bfloat16 is visible")
        return Compute("cuda", "float32", threads, name, "a CUDA device without bfloat16 is visible")
