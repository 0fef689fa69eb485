"""The training loop of every network: whole data on the device, best epoch restored, resumable.

Belongs here: epochs, batches, patience, precision, and where the time limit cuts. Does not belong here: networks (a
learner each), what their last layer means (`head`), the checkpoint's file (`checkpoint`).

All randomness of an epoch follows from the seed and the epoch's number, so training that resumes at an epoch goes on
exactly as it would have.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from modeling.core.learner import FitSummary, Fitting, LearnerError
from modeling.learners.progress import thinned, throttled
from modeling.learners.torch.checkpoint import Checkpoint, TrainingState, fingerprint
from modeling.learners.torch.threads import THREADS, deterministic, threads
from modeling.learners.work import TimeLimit

Loss = Callable[[Tensor, Tensor], Tensor]
CLOCK_EVERY = 20
"""Batches between two readings of the clock."""
CHECKPOINT_SECONDS = 2.0
"""Between two checkpoints, at least."""


@dataclass(frozen=True)
class Examples:
    """Inputs ``[n, ...]`` of the network and the target ``[n]``."""

    inputs: tuple[Tensor, ...]
    target: Tensor

    def to(self, device: str) -> "Examples":
        """The same on `device`."""
        return Examples(tuple(tensor.to(device) for tensor in self.inputs), self.target.to(device))


@dataclass(frozen=True)
class Objective:
    """Two maps of (output, target) to a mean: what training lowers, and what picks the best epoch."""

    loss: Loss
    score: Loss


@dataclass(frozen=True)
class Plan:
    """How to train.

    Attributes
    ----------
    name, settings: identify a fit's checkpoint; JSON types.
    limit: the fit's safety net.
    epochs: at most; the best is kept.
    batch: examples of one step.
    patience: epochs without a better validation loss; None: all of them.
    chunk: examples scored at once.
    """

    name: str
    settings: dict[str, Any]
    limit: TimeLimit
    epochs: int
    batch: int
    patience: int | None
    chunk: int


@dataclass(frozen=True)
class TrainingResult:
    """`epochs` until the best, the losses of every epoch, and what the time limit cut."""

    epochs: int
    curve: list[dict[str, float]]
    cut: str

    def summary(self, parameters: dict[str, Any], *notes: str) -> FitSummary:
        """Of a fit with `parameters`, whose number of epochs is the best one's."""
        return FitSummary(parameters | {"epochs": self.epochs}, thinned(self.curve), [*notes], self.cut)


@contextmanager
def session(fitting: Fitting, count: int = THREADS) -> Iterator[None]:
    """Seeded, with so many CPU threads, on a CPU the same every time; torch's global state is as before afterwards."""
    on_gpu = fitting.compute.device == "cuda"
    devices = [torch.cuda.current_device()] if on_gpu else []
    with torch.random.fork_rng(devices), threads(count), nullcontext() if on_gpu else deterministic():
        torch.manual_seed(fitting.seed)
        yield


def train(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    objective: Objective,
    examples: Examples,
    valid: Examples | None,
    plan: Plan,
    fitting: Fitting,
) -> TrainingResult:
    """Train `network` in place and leave it at its best epoch.

    Without `valid` every epoch of the plan is run and the last one kept.

    Raises
    ------
    LearnerError: the validation loss was never finite.
    """
    checkpoint = _checkpoint(network, examples, valid, plan, fitting)
    restored = checkpoint.restore(network, optimizer)
    state, best = restored if restored else (TrainingState(), _copy(network))
    if restored:
        fitting.progress(f"resumed after epoch {state.epoch}")
    say, saved = throttled(fitting.progress), -math.inf

    while state.epoch < plan.epochs and not _out_of_patience(state, plan):
        loss = _epoch(network, optimizer, objective.loss, examples, plan, fitting, state.epoch)
        if loss is None:
            break
        state.epoch += 1
        score = loss if valid is None else _mean_score(network, objective.score, valid, plan.chunk)
        if valid is None or score < state.lowest:
            state.lowest, state.best_epoch, best = score, state.epoch, _copy(network)
        state.curve.append({"step": state.epoch, "train": loss} | ({} if valid is None else {"valid": score}))
        if time.monotonic() - saved > CHECKPOINT_SECONDS:
            checkpoint.write(state, network, best, optimizer)
            saved = time.monotonic()
        say(f"epoch {state.epoch} of {plan.epochs}: loss {score:.4f}, best {state.lowest:.4f} at {state.best_epoch}")

    if not math.isfinite(state.lowest):
        raise LearnerError("the loss was never finite: lower learning_rate")
    network.load_state_dict(best)
    checkpoint.remove()
    return TrainingResult(state.best_epoch, state.curve, plan.limit.cut)


def adamw(network: nn.Module, learning_rate: float, weight_decay: float) -> torch.optim.Optimizer:
    """AdamW (Loshchilov & Hutter 2019) over all weights, in one kernel a step."""
    return torch.optim.AdamW(network.parameters(), learning_rate, weight_decay=weight_decay, fused=True)


def device_of(network: nn.Module) -> torch.device:
    """Where the network's weights are."""
    return next(network.parameters()).device


def outputs(network: nn.Module, inputs: tuple[Tensor, ...], chunk: int) -> Iterator[Tensor]:
    """The network's outputs, `chunk` rows at a time, in float32, on its device."""
    network.eval()
    device = device_of(network)
    for parts in zip(*(tensor.split(chunk) for tensor in inputs), strict=True):
        with torch.inference_mode(), threads():
            output = network(*(part.to(device) for part in parts))
        yield output


def _mean_score(network: nn.Module, score: Loss, examples: Examples, chunk: int) -> float:
    targets = examples.target.split(chunk)
    pairs = zip(outputs(network, examples.inputs, chunk), targets, strict=True)
    return float(sum(score(output, target) * len(target) for output, target in pairs)) / len(examples.target)


def _epoch(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss: Loss,
    examples: Examples,
    plan: Plan,
    fitting: Fitting,
    number: int,
) -> float | None:
    """One pass over `examples` in a random order; the mean loss, or None where the time limit cut it.

    The first epoch always ends.
    """
    torch.manual_seed(fitting.seed * 1_000_003 + number + 1)
    network.train()
    device, count = examples.target.device, len(examples.target)
    total = torch.zeros((), device=device)
    half = torch.autocast(device.type, torch.bfloat16, enabled=fitting.compute.precision == "bfloat16")
    for step, index in enumerate(torch.randperm(count, device=device).split(plan.batch)):
        if number and step % CLOCK_EVERY == 0 and plan.limit.stops(f"{number} of {plan.epochs} epochs"):
            return None
        with half:
            value = loss(network(*(tensor[index] for tensor in examples.inputs)).float(), examples.target[index])
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        total += value.detach() * len(index)
    return float(total) / count


def _checkpoint(
    network: nn.Module, examples: Examples, valid: Examples | None, plan: Plan, fitting: Fitting
) -> Checkpoint:
    if fitting.scratch is None:
        return Checkpoint(None, plan.name, "")
    settings = plan.settings | {"seed": fitting.seed, "precision": fitting.compute.precision}
    tensors = [*examples.inputs, examples.target, *([*valid.inputs, valid.target] if valid else [])]
    return Checkpoint(fitting.scratch, plan.name, fingerprint(settings, network, tensors))


def _out_of_patience(state: TrainingState, plan: Plan) -> bool:
    return plan.patience is not None and state.epoch - state.best_epoch >= plan.patience


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}
