"""The device a learner trains on, as a value.

Belongs here: the record that learners receive and artefacts store, and how linear algebra computes. Does not belong
here: choosing the device (`resources.compute`).
"""

from dataclasses import dataclass
from typing import Literal

from threadpoolctl import threadpool_limits

one_blas_thread = threadpool_limits.wrap(limits=1, user_api="blas")
"""Decorates what must give the same figures on any number of cores: BLAS sums in another order with other threads, and
on a busy machine its threads wait for each other."""


@dataclass(frozen=True)
class Compute:
    """Where and how precisely to train, and why that was chosen."""

    device: Literal["cpu", "cuda"] = "cpu"
    precision: Literal["float32", "bfloat16"] = "float32"
    threads: int = 1
    name: str = "CPU"
    reason: str = "default"
