"""The device a learner trains on, as a value.

Belongs here: the record that learners receive and artefacts store. Does not belong here: choosing the device
(`resources.compute`).
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Compute:
    """Where and how precisely to train, and why that was chosen."""

    device: Literal["cpu", "cuda"] = "cpu"
    precision: Literal["float32", "bfloat16"] = "float32"
    threads: int = 1
    name: str = "CPU"
    reason: str = "default"
