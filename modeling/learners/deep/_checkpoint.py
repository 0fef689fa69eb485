"""Where interrupted training left off, in one safetensors file.

Belongs here: writing, finding and removing a checkpoint. Does not belong here: what training does with it
(`_training`).
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from modeling.learners.protocol import Fitting
from modeling.table import Table


@dataclass
class State:
    """How far training got. `seconds` is the part of the time budget that is used."""

    epoch: int = 0
    best_epoch: int = 0
    lowest: float = float("inf")
    seconds: float = 0.0
    curve: list[dict[str, float]] = field(default_factory=list)


class Checkpoint:
    """The checkpoint of one fit: of these rows, parameters and seed, and of no other."""

    def __init__(self, name: str, train: Table, valid: Table, fitting: Fitting) -> None:
        self._path = fitting.scratch / f"{name}.safetensors" if fitting.scratch else None
        self._fingerprint = _fingerprint(train, valid, fitting) if self._path else ""

    def write(
        self, state: State, network: nn.Module, best: dict[str, Tensor], optimizer: torch.optim.Optimizer
    ) -> None:
        """The tensors and `state`, to a temporary name first: a file of this name is always whole."""
        if self._path is None:
            return
        tensors = _flat({"network": network.state_dict(), "best": best, "optimizer": _moments(optimizer)})
        scalars = {"fingerprint": self._fingerprint, "state": json.dumps(asdict(state))}
        unfinished = self._path.with_suffix(".unfinished")
        save_file(tensors, unfinished, metadata=scalars)
        unfinished.replace(self._path)

    def restore(self, network: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[State, dict[str, Tensor]] | None:
        """Bring `network` and `optimizer` to where they were; the state and the best weights. None: nothing to resume."""
        if self._path is None or not self._path.exists():
            return None
        with safe_open(self._path, "pt", device=str(next(network.parameters()).device)) as file:
            scalars = file.metadata()
            if scalars["fingerprint"] != self._fingerprint:
                return None
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        network.load_state_dict(_part(tensors, "network"))
        _restore_moments(optimizer, _part(tensors, "optimizer"))
        return State(**json.loads(scalars["state"])), _part(tensors, "best")

    def remove(self) -> None:
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def _fingerprint(train: Table, valid: Table, fitting: Fitting) -> str:
    digest = hashlib.sha256()
    for table in (train, valid):
        for array in (table.numeric, table.categorical, table.target):
            digest.update(str(array.shape).encode())
            digest.update(array.tobytes())
    how: list[Any] = [
        fitting.outcome,
        fitting.classes,
        fitting.seconds,
        fitting.seed,
        fitting.parameters,
        fitting.fixed,
    ]
    digest.update(json.dumps([*how, asdict(fitting.compute)], sort_keys=True).encode())
    return digest.hexdigest()


def _flat(groups: dict[str, dict[str, Tensor]]) -> dict[str, Tensor]:
    return {f"{group}/{name}": tensor for group, tensors in groups.items() for name, tensor in tensors.items()}


def _part(tensors: dict[str, Tensor], group: str) -> dict[str, Tensor]:
    prefix = f"{group}/"
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _moments(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimizer's tensors as `<parameter>.<name>`; its settings are the learner's, and not stored."""
    state = optimizer.state_dict()["state"]
    return {f"{index}.{name}": value for index, values in state.items() for name, value in values.items()}


def _restore_moments(optimizer: torch.optim.Optimizer, moments: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in moments.items():
        index, _, name = key.partition(".")
        state.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
