"""Where interrupted training left off, in one safetensors file.

Belongs here: writing, finding and removing a checkpoint. Does not belong here: what training does with it
(`training`).
"""

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

FORMAT = 2
"""Of the file. One of another format is not read: training starts anew."""


@dataclass
class TrainingState:
    """How far training got."""

    epoch: int = 0
    best_epoch: int = 0
    lowest: float = float("inf")
    curve: list[dict[str, float]] = field(default_factory=list)


class Checkpoint:
    """The checkpoint of one fit; one with another fingerprint is not its own. Without a folder nothing is kept."""

    def __init__(self, folder: Path | None, name: str, fingerprint: str) -> None:
        self._path = folder / f"{name}.safetensors" if folder else None
        self._fingerprint = fingerprint

    def write(
        self, state: TrainingState, network: nn.Module, best: dict[str, Tensor], optimizer: torch.optim.Optimizer
    ) -> None:
        """The tensors and `state`, to a temporary name first: a file of this name is always whole, and there for good
        when this returns."""
        if self._path is None:
            return
        tensors = _flat({"network": network.state_dict(), "best": best, "optimizer": _moments(optimizer)})
        scalars = {"fingerprint": self._fingerprint, "state": json.dumps(asdict(state))}
        unfinished = self._path.with_suffix(".unfinished")
        save_file(tensors, unfinished, metadata=scalars)
        _sync(unfinished)
        unfinished.replace(self._path)
        _sync(self._path.parent)

    def restore(
        self, network: nn.Module, optimizer: torch.optim.Optimizer
    ) -> tuple[TrainingState, dict[str, Tensor]] | None:
        """Bring `network` and `optimizer` to where they were; the state and the best weights, or None without any."""
        if self._path is None or not self._path.exists():
            return None
        try:
            with safe_open(self._path, "pt") as file:
                scalars = file.metadata()
                if scalars["fingerprint"] != self._fingerprint:
                    return None
                tensors = {name: file.get_tensor(name) for name in file.offset_keys()}
        except SafetensorError:  # as a power cut leaves it
            return None
        network.load_state_dict(_part(tensors, "network"))
        _restore_moments(optimizer, _part(tensors, "optimizer"))
        return TrainingState(**json.loads(scalars["state"])), _part(tensors, "best")

    def remove(self) -> None:
        """Training is done."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def fingerprint(settings: dict[str, Any], network: nn.Module, rows: Iterable[Tensor]) -> str:
    """Digest of all that decides how training goes: settings (JSON types), the network's initial weights, the rows."""
    digest = hashlib.sha256(f"{FORMAT} {json.dumps(settings, sort_keys=True)}".encode())
    for tensor in chain(network.state_dict().values(), rows):
        digest.update(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _sync(path: Path) -> None:
    """Have a file's content, or the names in a folder, on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


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
