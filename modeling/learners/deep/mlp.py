"""The reference network: two dense layers with heavy dropout, as in the article this project started from."""

import json
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
import torch
from pydantic import Field
from safetensors.torch import load_file, save_file
from sklearn.compose import ColumnTransformer
from torch import Tensor, nn

from modeling.core.learner import STORED, FitSummary, Fitting, Hyperparameters, Learner, LearnerError
from modeling.core.table import Table
from modeling.learners import encoding, scikit_file, work
from modeling.learners.checks import check
from modeling.learners.torch import training
from modeling.learners.torch.head import Head
from modeling.learners.torch.training import Examples, Loss, Objective, Plan, outputs, session

CHUNK = 8192
SECONDS, MOST_EPOCHS = 5, 100
"""The budget on two ordinary cores, and what the reference network is trained for at most."""
THREADS = 1
"""A batch of 32 is too small to share: a second thread would only wait for the first."""
INITIALISERS = {
    "glorot_uniform": nn.init.xavier_uniform_,
    "glorot_normal": nn.init.xavier_normal_,
    "he_uniform": nn.init.kaiming_uniform_,
    "he_normal": nn.init.kaiming_normal_,
    "orthogonal": nn.init.orthogonal_,
}


class MLPHyperparameters(Hyperparameters):
    """The defaults are the reference network, as Keras would train it.

    `hidden`: widths of the ReLU layers, each followed by `dropout`. `loss`: None is cross-entropy for classes,
    squared error for regression and the partial likelihood for survival, where `batch` is the risk set and should hold
    many events. `l1`, `l2`: penalty on the weight matrices, in the loss; with `adamw`, `l2` is the decoupled weight
    decay instead (Loshchilov & Hutter 2019). `epochs`: at most (None: by the size of table and network); the best on
    tuning rows is kept.
    """

    hidden: tuple[Annotated[int, Field(ge=1)], ...] = (128, 64)
    dropout: float = Field(0.5, ge=0, lt=1)
    initialisation: Literal["glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "orthogonal"] = (
        "glorot_uniform"
    )
    loss: Literal["cross_entropy", "mse"] | None = None
    optimiser: Literal["adam", "adamw", "sgd"] = "adam"
    learning_rate: float = Field(1e-3, gt=0)
    l1: float = Field(0.0, ge=0)
    l2: float = Field(0.0, ge=0)
    batch: int = Field(32, ge=1)
    epochs: int | None = Field(None, ge=1)


class MLP(Learner):
    """Dense 128 ReLU, dropout 0.5, dense 64 ReLU, dropout 0.5; sigmoid, softmax or linear output."""

    outcomes = ("binary", "multiclass", "regression", "survival")
    hyperparameters = MLPHyperparameters

    _columns: ColumnTransformer
    _head: Head
    _chosen: MLPHyperparameters
    _network: nn.Sequential

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        """Train with early stopping by the loss of tuning rows; numbers are scaled, codes one-hot."""
        limit = work.TimeLimit(fitting)
        chosen = MLPHyperparameters.read(fitting.parameters)
        check(self, train, valid, fitting)
        self._head = Head.of(train, fitting)
        self._columns = encoding.encoder(train, fitting.seed)
        device, loss = fitting.compute.device, _loss(chosen, self._head)
        examples = self._examples(train).to(device)
        self._chosen = chosen = _scheduled(chosen, *examples.inputs[0].shape)
        settings = chosen.model_dump(mode="json")
        assert chosen.epochs, "filled in above"
        with session(fitting, THREADS):
            self._network = _network(examples.inputs[0].shape[1], self._head.width, chosen).to(device)
            trained = training.train(
                self._network,
                _optimiser(self._network, chosen),
                Objective(_penalised(loss, self._network, chosen), loss),
                examples,
                None if fitting.fixed else self._examples(valid).to(device),
                Plan("mlp", settings, limit, chosen.epochs, chosen.batch, patience=None, chunk=CHUNK),
                fitting,
            )
        return trained.summary(settings)

    def predict(self, table: Table) -> np.ndarray:
        """float64 ``[n]``, or ``[n, classes]`` for classes."""
        return self._head.predictions(outputs(self._network, (self._inputs(table),), CHUNK))

    def save(self, folder: Path) -> None:
        """Encoder (`columns.skops`), weights (`weights.safetensors`), and what builds the network (`mlp.json`)."""
        scikit_file.write(self._columns, folder / "columns.skops")
        save_file(self._network.state_dict(), folder / "weights.safetensors")
        facts = {"head": asdict(self._head), STORED: self._chosen.model_dump(mode="json")}
        (folder / "mlp.json").write_text(json.dumps(facts))

    @classmethod
    def load(cls, folder: Path) -> Self:
        facts, weights = json.loads((folder / "mlp.json").read_text()), load_file(folder / "weights.safetensors")
        model = cls()
        model._columns = scikit_file.read(folder / "columns.skops")
        model._head, model._chosen = Head(**facts["head"]), MLPHyperparameters(**facts[STORED])
        model._network = _network(weights["0.weight"].shape[1], model._head.width, model._chosen)
        model._network.load_state_dict(weights)
        return model

    def _examples(self, table: Table) -> Examples:
        return Examples((self._inputs(table),), self._head.target(table))

    def _inputs(self, table: Table) -> Tensor:
        """float32 ``[n, width]``."""
        matrix = self._columns.transform(table.matrix)
        dense = matrix if isinstance(matrix, np.ndarray) else matrix.toarray()
        return torch.from_numpy(dense.astype(np.float32))


def _scheduled(chosen: MLPHyperparameters, rows: int, inputs: int) -> MLPHyperparameters:
    """With `epochs` filled in. A weight takes six operations an example: two forward, four backward."""
    if chosen.epochs is not None:
        return chosen
    widths = (inputs, *chosen.hidden)
    weights = sum(before * after for before, after in pairwise(widths))
    return chosen.model_copy(update={"epochs": work.epochs(SECONDS, rows, 6 * weights, chosen.batch, MOST_EPOCHS)})


def _network(inputs: int, width: int, chosen: MLPHyperparameters) -> nn.Sequential:
    layers: list[nn.Module] = []
    for size in chosen.hidden:
        layers += [nn.Linear(inputs, size), nn.ReLU(), nn.Dropout(chosen.dropout)]
        inputs = size
    network = nn.Sequential(*layers, nn.Linear(inputs, width))
    for layer in _dense(network):
        INITIALISERS[chosen.initialisation](layer.weight)
        nn.init.zeros_(layer.bias)
    return network


def _dense(network: nn.Module) -> list[nn.Linear]:
    return [layer for layer in network.modules() if isinstance(layer, nn.Linear)]


def _optimiser(network: nn.Module, chosen: MLPHyperparameters) -> torch.optim.Optimizer:
    """Settings as in Keras, whose Adam has an epsilon of 1e-7."""
    if chosen.optimiser == "sgd":
        return torch.optim.SGD(network.parameters(), chosen.learning_rate)
    if chosen.optimiser == "adamw":
        return torch.optim.AdamW(
            network.parameters(), chosen.learning_rate, eps=1e-7, weight_decay=chosen.l2, fused=True
        )
    return torch.optim.Adam(network.parameters(), chosen.learning_rate, eps=1e-7, fused=True)


def _loss(chosen: MLPHyperparameters, head: Head) -> Loss:
    if chosen.loss == "cross_entropy" and head.outcome == "regression":
        raise LearnerError("hyperparameter 'loss': cross_entropy is for classes; a regression target takes mse")
    if chosen.loss == "mse" and head.outcome == "survival":
        raise LearnerError("hyperparameter 'loss': mse has no meaning for times that are cut short; leave it out")
    return head.squared_error if chosen.loss == "mse" else head.cross_entropy


def _penalised(loss: Loss, network: nn.Module, chosen: MLPHyperparameters) -> Loss:
    l2 = 0.0 if chosen.optimiser == "adamw" else chosen.l2
    if not chosen.l1 and not l2:
        return loss
    weights = [layer.weight for layer in _dense(network)]

    def penalised(output: Tensor, target: Tensor) -> Tensor:
        penalties = [chosen.l1 * weight.abs().sum() + l2 * weight.square().sum() for weight in weights]
        return loss(output, target) + torch.stack(penalties).sum()

    return penalised


LEARNER = MLP
