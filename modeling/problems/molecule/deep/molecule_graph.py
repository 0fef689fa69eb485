"""A message-passing network over a molecule's atoms and bonds."""

import json
from pathlib import Path
from typing import Self

import numpy as np
import torch
from pydantic import Field
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from modeling.core.learner import FitSummary, Fitting, Hyperparameters, Learner
from modeling.core.table import Table
from modeling.learners.checks import check_target
from modeling.learners.torch import training
from modeling.learners.torch.head import Head
from modeling.learners.torch.training import Examples, Objective, Plan, outputs, session
from modeling.learners.work import TimeLimit, epochs
from modeling.problems.molecule import molecules

CHUNK = 512
SECONDS, MOST_EPOCHS = 15, 60
"""The budget on two ordinary cores, and most epochs."""
USUAL_ATOMS = 25
"""Sums over atoms are divided by it, to be of the size of a mean."""


class MoleculeGraphHyperparameters(Hyperparameters):
    """`width` of an atom's state, `layers` of messages; `epochs` at most (None: by the number of
    molecules), `patience` without a better validation loss."""

    width: int = Field(96, ge=1)
    layers: int = Field(3, ge=1)
    dropout: float = Field(0.2, ge=0, lt=1)
    learning_rate: float = Field(1e-3, gt=0)
    weight_decay: float = Field(1e-4, ge=0)
    batch: int = Field(64, ge=2)
    epochs: int | None = Field(None, ge=1)
    patience: int = Field(8, ge=1)


class MoleculeGraph(Learner):
    """Graph isomorphism layers with bonds (Xu et al. 2019; Hu et al. 2020), read out as mean and sum over the atoms,
    with the molecule's descriptors beside them (Yang et al. 2019)."""

    outcomes = ("binary",)
    hyperparameters = MoleculeGraphHyperparameters
    extra = "molecules"
    reads = "molecule"

    _chosen: MoleculeGraphHyperparameters
    _network: "MessagePassingNetwork"

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        """Train with early stopping by the cross-entropy of tuning rows."""
        limit = TimeLimit(fitting)
        self._chosen = chosen = _scheduled(MoleculeGraphHyperparameters.read(fitting.parameters), len(train))
        check_target(self, train, valid, fitting)
        head, settings, device = Head.of(train, fitting), chosen.model_dump(), fitting.compute.device
        assert chosen.epochs, "filled in above"
        examples = Examples(_inputs(train), head.target(train)).to(device)
        with session(fitting):
            self._network = MessagePassingNetwork(examples.inputs[2].shape[1], chosen).to(device)
            trained = training.train(
                self._network,
                training.adamw(self._network, chosen.learning_rate, chosen.weight_decay),
                Objective(head.cross_entropy, head.cross_entropy),
                examples,
                None if fitting.fixed else Examples(_inputs(valid), head.target(valid)).to(device),
                Plan("graph", settings, limit, chosen.epochs, chosen.batch, chosen.patience, CHUNK),
                fitting,
            )
        return trained.summary(settings)

    def predict(self, table: Table) -> np.ndarray:
        """float64 ``[n]``: the probability of the event."""
        logits = torch.cat([output.squeeze(-1) for output in outputs(self._network, _inputs(table), CHUNK)])
        return logits.double().sigmoid().cpu().numpy()

    def save(self, folder: Path) -> None:
        """Weights (`weights.safetensors`) and hyperparameters (`molecule_graph.json`)."""
        save_file(self._network.state_dict(), folder / "weights.safetensors")
        (folder / "molecule_graph.json").write_text(json.dumps(self._chosen.model_dump()))

    @classmethod
    def load(cls, folder: Path) -> Self:
        weights = load_file(folder / "weights.safetensors")
        model = cls()
        model._chosen = MoleculeGraphHyperparameters(**json.loads((folder / "molecule_graph.json").read_text()))
        model._network = MessagePassingNetwork(len(weights["scaled.running_mean"]), model._chosen)
        model._network.load_state_dict(weights)
        return model


class MessagePassingNetwork(nn.Module):
    """Padded graphs and descriptors to a logit; padding is dropped before anything is computed."""

    def __init__(self, descriptors: int, chosen: MoleculeGraphHyperparameters) -> None:
        super().__init__()
        width, layers = chosen.width, range(chosen.layers)
        self.atom = nn.ModuleList(nn.Embedding(size, width) for size in molecules.ATOM_SIZES)
        self.bond = nn.ModuleList(nn.Embedding(molecules.BOND_KINDS, width) for _ in layers)
        self.update = nn.ModuleList(_update(width, chosen.dropout) for _ in layers)
        self.scaled = nn.BatchNorm1d(descriptors)
        self.readout = nn.Sequential(
            nn.Linear(2 * width + descriptors, width),
            nn.ReLU(),
            nn.Dropout(chosen.dropout),
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


def _scheduled(chosen: MoleculeGraphHyperparameters, molecules: int) -> MoleculeGraphHyperparameters:
    """With `epochs` filled in. A weight takes six operations at every atom."""
    if chosen.epochs is not None:
        return chosen
    operations = 6 * USUAL_ATOMS * chosen.layers * 4 * chosen.width**2
    return chosen.model_copy(update={"epochs": epochs(SECONDS, molecules, operations, chosen.batch, MOST_EPOCHS)})


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
