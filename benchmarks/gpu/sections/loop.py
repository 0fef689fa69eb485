"""The project's training loop, all rows on the device, beside the usual one over a DataLoader: the same TabM and rows."""

import time
from collections.abc import Iterator
from functools import partial

from torch.utils.data import DataLoader, TensorDataset

from benchmarks.gpu.measurement import Measurement, Setting, measured
from benchmarks.gpu.networks import BATCH, Parts, members_loss, tabm
from modeling.core.learner import Fitting
from modeling.learners.torch import training
from modeling.learners.torch.training import Objective, Plan, session

CASE = "TabM"
ROWS, QUICK_ROWS = 50_003, 300


def measurements(setting: Setting) -> Iterator[Measurement]:
    """An epoch each, after one that is not measured."""
    yield Measurement(CASE, "device, compile, bfloat16", partial(_on_device, setting, "bfloat16", compiled=True))
    yield Measurement(CASE, "device, bfloat16", partial(_on_device, setting, "bfloat16"))
    yield Measurement(CASE, "device, float32", partial(_on_device, setting, "float32"))
    for workers in (4, 0):
        yield Measurement(CASE, f"DataLoader, {workers} workers, float32", partial(_over_loader, setting, workers))


def _on_device(setting: Setting, precision: str, *, compiled: bool = False) -> dict[str, float]:
    parts = tabm(rows(setting), setting)
    if compiled:
        setting.need_gpu()
        parts.network.compile()
    epoch(parts, setting, precision)
    _, figures = measured(lambda: epoch(parts, setting, precision), setting.device)
    return _per_row(figures, parts)


def epoch(parts: Parts, setting: Setting, precision: str) -> None:
    """One epoch of `modeling.learners.torch.training`, moving the rows to the device included."""
    fitting = Fitting("binary", 2, 600, compute=setting.compute(precision=precision), fixed=True)
    plan = Plan("loop", {}, time.monotonic(), epochs=1, batch=BATCH, patience=None, chunk=BATCH)
    objective = Objective(members_loss, members_loss)
    with session(fitting, fitting.compute.threads):
        on_device = parts.rows.to(setting.device)
        training.train(parts.network, parts.optimizer(), objective, on_device, None, plan, fitting)


def _over_loader(setting: Setting, workers: int) -> dict[str, float]:
    parts = tabm(rows(setting), setting)
    gpu = setting.device == "cuda"
    data = TensorDataset(*parts.rows.inputs, parts.rows.target)
    loader = DataLoader(data, BATCH, shuffle=True, num_workers=workers, pin_memory=gpu, persistent_workers=workers > 0)
    optimizer = parts.optimizer()

    def once() -> None:
        parts.network.train()
        for batch in loader:
            numeric, codes, target = (tensor.to(setting.device, non_blocking=True) for tensor in batch)
            loss = members_loss(parts.network(numeric, codes), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    once()
    _, figures = measured(once, setting.device)
    return _per_row(figures, parts)


def rows(setting: Setting) -> int:
    return QUICK_ROWS if setting.quick else ROWS


def _per_row(figures: dict[str, float], parts: Parts) -> dict[str, float]:
    return figures | {"rows_per_second": len(parts.rows.target) / figures["seconds"]}
