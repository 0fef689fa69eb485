"""How many CPU threads a network computes with: the same everywhere.

Belongs here: the number, and setting it for a while. Sums are rounded by how they are shared among threads, so a number
that followed the machine would give each machine a model of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager

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
