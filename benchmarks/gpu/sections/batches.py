"""Ever larger batches until the GPU's memory ends: the largest that trains, and the fastest."""

import time
from collections.abc import Callable, Iterator
from functools import partial

import torch

from benchmarks.gpu import networks
from benchmarks.gpu.measurement import Measurement, Setting, synchronise
from benchmarks.gpu.networks import BareNetwork

FIRST: dict[str, tuple[Callable[[Setting], BareNetwork], int]] = {
    "TabM": (networks.tabm, 1024),
    "text encoder, mpnet, 256 tokens": (networks.text, 32),
    "image encoder, 224 pixels": (networks.image, 32),
}
"""By name: the network and the first batch."""
SECONDS = 8.0
"""A network's: no larger batch is begun later."""


def measurements(setting: Setting) -> Iterator[Measurement]:
    for name, (made, first) in FIRST.items():
        yield Measurement(name, "bfloat16", partial(_largest, setting, made, first))


def _largest(setting: Setting, made: Callable[[Setting], BareNetwork], first: int) -> dict[str, float]:
    """Of the `fastest_batch`; `memory_ended` is 0 where time, or what a kernel can index, ended first."""
    setting.need_gpu()
    bare = made(setting)
    optimizer = bare.optimizer()
    torch.cuda.reset_peak_memory_stats()
    rates, memory_ended = doubled(lambda batch: rows_per_second(bare, optimizer, batch, setting), first)
    fastest = max(rates, key=rates.__getitem__)
    return {
        "seconds": fastest / rates[fastest],
        "peak_mb": torch.cuda.max_memory_allocated() / 2**20,
        "largest_batch": max(rates),
        "fastest_batch": fastest,
        "rows_per_second": rates[fastest],
        "memory_ended": float(memory_ended),
    }


def doubled(rate: Callable[[int], float], batch: int) -> tuple[dict[int, float], bool]:
    """The rate of every batch that fits, and whether it was memory that the next one lacked.

    Raises
    ------
    RuntimeError: not even the first one can be trained.
    """
    rates: dict[int, float] = {}
    began = time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        try:
            rates[batch] = rate(batch)
        except RuntimeError as error:
            if not rates:
                raise
            return rates, isinstance(error, torch.cuda.OutOfMemoryError)
        batch *= 2
    return rates, False


def rows_per_second(bare: BareNetwork, optimizer: torch.optim.Optimizer, batch: int, setting: Setting) -> float:
    """Of the second of two steps on one batch."""
    rows = bare.rows(batch).to(setting.device)
    bare.network.train()

    def step() -> float:
        started = time.perf_counter()
        with torch.autocast(setting.device, torch.bfloat16):
            value = bare.loss(bare.network(*rows.inputs), rows.target)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        synchronise(setting.device)
        return time.perf_counter() - started

    step()
    return batch / step()
