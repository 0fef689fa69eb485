"""The project's training loop, all rows on the device, beside the usual one over a DataLoader: the same TabM."""

from collections.abc import Iterator
from functools import partial

from torch.optim import Optimizer
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.gpu.measurement import Measurement, Precision, Setting, measured
from benchmarks.gpu.networks import BareNetwork, tabm
from modeling.core.learner import Fitting
from modeling.learners.torch import training
from modeling.learners.torch.training import Examples, Objective, Plan, session
from modeling.learners.work import TimeLimit

CASE = "TabM"
BATCH = 256
ROWS, QUICK_ROWS = 50_003, 300


def measurements(setting: Setting) -> Iterator[Measurement]:
    """An epoch each, after one that is not measured. Compiling, which may take longest, comes last."""
    yield Measurement(CASE, "device, bfloat16", partial(_on_device, setting, "bfloat16"))
    yield Measurement(CASE, "device, float32", partial(_on_device, setting, "float32"))
    for workers in (4, 0):
        yield Measurement(CASE, f"DataLoader, {workers} workers, float32", partial(_over_loader, setting, workers))
    yield Measurement(CASE, "device, compile, bfloat16", partial(_on_device, setting, "bfloat16", compiled=True))


def count(setting: Setting) -> int:
    """How many rows: no multiple of a batch."""
    return QUICK_ROWS if setting.quick else ROWS


def epoch(bare: BareNetwork, rows: Examples, setting: Setting, precision: Precision) -> None:
    """One epoch of `modeling.learners.torch.training`, moving the rows to the device included."""
    fitting = Fitting("binary", 2, compute=setting.compute(precision=precision), fixed=True)
    plan = Plan("loop", {}, TimeLimit(fitting), epochs=1, batch=BATCH, patience=None, chunk=BATCH)
    objective = Objective(bare.loss, bare.loss)
    with session(fitting):
        on_device = rows.to(setting.device)
        training.train(bare.network, bare.optimizer(), objective, on_device, None, plan, fitting)


def _on_device(setting: Setting, precision: Precision, *, compiled: bool = False) -> dict[str, float]:
    bare = tabm(setting)
    if compiled:
        setting.need_gpu()
        bare.network.compile()
    rows = bare.rows(count(setting))
    epoch(bare, rows, setting, precision)
    _, figures = measured(lambda: epoch(bare, rows, setting, precision), setting.device)
    return figures | {"rows_per_second": count(setting) / figures["seconds"]}


def _over_loader(setting: Setting, workers: int) -> dict[str, float]:
    """Batches collated from single rows by processes of their own, in pinned memory on a GPU's machine."""
    bare = tabm(setting)
    rows = bare.rows(count(setting))
    loader = DataLoader(
        TensorDataset(*rows.inputs, rows.target),
        BATCH,
        shuffle=True,
        num_workers=workers,
        pin_memory=setting.device == "cuda",
        persistent_workers=workers > 0,
    )
    optimizer = bare.optimizer()
    _once(bare, optimizer, loader, setting)
    _, figures = measured(lambda: _once(bare, optimizer, loader, setting), setting.device)
    return figures | {"rows_per_second": count(setting) / figures["seconds"]}


def _once(bare: BareNetwork, optimizer: Optimizer, loader: DataLoader, setting: Setting) -> None:
    bare.network.train()
    for batch in loader:
        *inputs, target = (tensor.to(setting.device, non_blocking=True) for tensor in batch)
        value = bare.loss(bare.network(*inputs), target)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
