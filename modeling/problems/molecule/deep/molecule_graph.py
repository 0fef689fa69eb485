"""A message-passing network over a molecule's atoms and bonds."""

import json
import time
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import torch
from pydantic import Field
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from modeling.core.learner import FitSummary, Fitting, Outcome
from modeling.core.table import Table
from modeling.learners.checks import Hyperparameters, check_target, read_hyperparameters
from modeling.learners.progress import thinned
from modeling.learners.torch import training
from modeling.learners.torch.head import Head
from modeling.learners.torch.training import Batchable, Objective, Plan, outputs, session
from modeling.problems.molecule import molecules

CHUNK = 512
USUAL_ATOMS = 25
"""Sums over atoms are divided by it, to be of the size of a mean."""


class MoleculeGraphHyperparameters(Hyperparameters):
    """`width` of an atom's state, `layers` of messages; `epochs` at most, `patience` without a better validation
    loss."""

    width: int = Field(96, ge=1)
    layers: int = Field(3, ge=1)
    dropout: float = Field(0.2, ge=0, lt=1)
    learning_rate: float = Field(1e-3, gt=0)
    weight_decay: float = Field(1e-4, ge=0)
    batch: int = Field(64, ge=2)
    epochs: int = Field(60, ge=1)
    patience: int = Field(8, ge=1)


class MoleculeGraph:
    """Graph isomorphism layers with bonds (Xu et al. 2019; Hu et al. 2020), read out as mean and sum over the atoms,
    with the molecule's descriptors beside them (Yang et al. 2019)."""

    outcomes: ClassVar[tuple[Outcome, ...]] = ("binary",)
    default_seconds: ClassVar[float] = 30
    extra: ClassVar[str | None] = "molecules"
    reads: ClassVar[str | None] = "molecule"

    _knobs: MoleculeGraphHyperparameters
    _network: "MessagePassingNetwork"

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        start = time.monotonic()
        self._knobs = read_hyperparameters(MoleculeGraphHyperparameters, fitting.parameters)
        check_target(self, train, valid, fitting)
        head, settings, device = Head.of(train, fitting), self._knobs.model_dump(), fitting.compute.device
        rows = Batchable(_inputs(train), head.target(train)).to(device)
        judged = None if fitting.fixed else Batchable(_inputs(valid), head.target(valid)).to(device)
        with session(fitting, fitting.compute.threads):
            self._network = MessagePassingNetwork(rows.inputs[2].shape[1], self._knobs).to(device)
            trained = training.train(
                self._network,
                _optimiser(self._network, self._knobs),
                Objective(head.cross_entropy, head.cross_entropy),
                rows,
                judged,
                Plan("graph", settings, start, self._knobs.epochs, self._knobs.batch, self._knobs.patience, CHUNK),
                fitting,
            )
        return FitSummary(settings | {"epochs": trained.epochs}, thinned(trained.curve), trained.notes)

    def predict(self, table: Table) -> np.ndarray:
        device = next(self._network.parameters()).device
        inputs = tuple(tensor.to(device) for tensor in _inputs(table))
        logits = torch.cat([output.squeeze(-1) for output in outputs(self._network, inputs, CHUNK)])
        return logits.double().sigmoid().cpu().numpy()

    def save(self, folder: Path) -> None:
        save_file(self._network.state_dict(), folder / "weights.safetensors")
        (folder / "molecule_graph.json").write_text(json.dumps(self._knobs.model_dump()))

    @classmethod
    def load(cls, folder: Path) -> Self:
        weights = load_file(folder / "weights.safetensors")
        model = cls()
        model._knobs = MoleculeGraphHyperparameters(**json.loads((folder / "molecule_graph.json").read_text()))
        model._network = MessagePassingNetwork(len(weights["scaled.running_mean"]), model._knobs)
        model._network.load_state_dict(weights)
        return model


class MessagePassingNetwork(nn.Module):
    """Padded graphs and descriptors to a logit; padding is dropped before anything is computed."""

    def __init__(self, descriptors: int, hyperparameters: MoleculeGraphHyperparameters) -> None:
        super().__init__()
        width, layers = hyperparameters.width, range(hyperparameters.layers)
        self.atom = nn.ModuleList(nn.Embedding(size, width) for size in molecules.ATOM_SIZES)
        self.bond = nn.ModuleList(nn.Embedding(molecules.BOND_KINDS, width) for _ in layers)
        self.update = nn.ModuleList(_update(width, hyperparameters.dropout) for _ in layers)
        self.scaled = nn.BatchNorm1d(descriptors)
        self.readout = nn.Sequential(
            nn.Linear(2 * width + descriptors, width),
            nn.ReLU(),
            nn.Dropout(hyperparameters.dropout),
            nn.Linear(width, 1),
        )

    def forward(self, atoms: Tensor, bonds: Tensor, descriptors: Tensor) -> Tensor:
        """``[n, 1]`` of atoms ``[n, a, properties]``, bonds ``[n, b, 3]`` and descriptors ``[n, d]``."""
        real = atoms[..., 0] > 0
        molecule = real.nonzero()[:, 0]
        number = real.flatten().cumsum(0).sub(1).view_as(real)
        of_bond, slot = (bonds[..., 2] > 0).nonzero(as_tuple=True)
        source, target, kind = bonds[of_bond, slot].long().unbind(-1)
        source, target = number[of_bond, source], number[of_bond, target]

        state = torch.stack([one(codes) for one, codes in zip(self.atom, atoms[real].long().unbind(-1), strict=True)])
        state = state.sum(0)
        for bond, update in zip(self.bond, self.update, strict=True):
            message = functional.relu(state[source] + bond(kind))
            state = state + update(state + torch.zeros_like(state).index_add(0, target, message))
        total = state.new_zeros(len(atoms), state.shape[1]).index_add(0, molecule, state)
        mean = total / real.sum(1, keepdim=True)
        scaled = self.scaled(descriptors).clamp(-5, 5)
        return self.readout(torch.cat([mean, total / USUAL_ATOMS, scaled], dim=1))


def _optimiser(network: nn.Module, hyperparameters: MoleculeGraphHyperparameters) -> torch.optim.Optimizer:
    return torch.optim.AdamW(
        network.parameters(), hyperparameters.learning_rate, weight_decay=hyperparameters.weight_decay, fused=True
    )


def _update(width: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(width, 2 * width),
        nn.BatchNorm1d(2 * width),
        nn.ReLU(),
        nn.Linear(2 * width, width),
        nn.Dropout(dropout),
    )


def _inputs(table: Table) -> tuple[Tensor, Tensor, Tensor]:
    """int16 atoms ``[n, a, properties]`` and bonds ``[n, b, 3]``, padded with 0, and float32 descriptors ``[n, d]``."""
    texts = molecules.smiles(table)
    graphs = molecules.graphs(texts)
    atoms, bonds = (_padded([getattr(one, name) for one in graphs]) for name in ("atoms", "bonds"))
    return atoms, bonds, torch.from_numpy(molecules.stacked(molecules.descriptors, texts))


def _padded(parts: list[np.ndarray]) -> Tensor:
    return nn.utils.rnn.pad_sequence([torch.from_numpy(part) for part in parts], batch_first=True)


LEARNER = MoleculeGraph
