"""Chooses the device and the precision, and says why.

Belongs here: the choice, as a Dagster resource, and the pools of runs that share a device. Does not belong here: what
a learner does with it (`modeling`).
"""

import os

from dagster import ConfigurableResource

from modeling.core.compute import Compute

GPU = "gpu"
POOLS = frozenset({GPU})
"""Of what there is one a machine: runs that hold a slot of a pool wait for each other."""


class ComputeResource(ConfigurableResource):
    """The machine's accelerator when it has one; no configuration needed. `device` is for tests and for sharing."""

    device: str = ""

    def choose(self) -> Compute:
        """The device to train on. Imports torch."""
        import torch

        threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        if self.device == "cpu" or not torch.cuda.is_available():
            reason = "configured" if self.device == "cpu" else "no CUDA device is visible"
            return Compute("cpu", "float32", threads, f"CPU, {threads} threads", reason)
        name = torch.cuda.get_device_name()
        if torch.cuda.is_bf16_supported():
            return Compute("cuda", "bfloat16", threads, name, "a CUDA device with bfloat16 is visible")
        return Compute("cuda", "float32", threads, name, "a CUDA device without bfloat16 is visible")
