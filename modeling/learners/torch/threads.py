"""How a network computes on a CPU: with the same number of threads everywhere, and the same however busy they are.

Belongs here: the number, and setting both for a while. Sums are rounded by how they are shared among threads, so a
number that followed the machine would give each machine a model of its own; and where threads add to one place in the
order in which they come, each run.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

THREADS = 2


@contextmanager
def threads(count: int = THREADS) -> Iterator[None]:
    """torch computes with `count` threads, whatever the machine has; afterwards with as many as before."""
    before = torch.get_num_threads()
    if before == count:
        yield
        return
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def deterministic() -> Iterator[None]:
    """No thread adds to what another one adds to, as the gradient of an index does otherwise; afterwards as before."""
    enabled, warns = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    settings: Any = torch.utils.deterministic
    fills = settings.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True, warn_only=True)
    settings.fill_uninitialized_memory = False  # takes a tenth of the time, and nothing reads it
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(enabled, warn_only=warns)
        settings.fill_uninitialized_memory = fills
