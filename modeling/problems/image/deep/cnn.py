"""A small convolutional network, trained from scratch: what images teach without what other images taught before."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Self

import numpy as np
import torch
from pydantic import Field
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from modeling.core.learner import STORED, FitSummary, Fitting, Hyperparameters, Learner
from modeling.core.table import Table
from modeling.learners import work
from modeling.learners.checks import check_target
from modeling.learners.torch import training
from modeling.learners.torch.head import Head
from modeling.learners.torch.sample import sample
from modeling.learners.torch.training import Examples, Objective, Plan, outputs, session
from modeling.problems.image import images
from modeling.problems.image.augmentation import Augment, Flips

CHUNK = 256
LARGEST = {"cpu": 64, "cuda": 224}
"""Most pixels a side where `side` is None."""
SECONDS = 10
"""The budget of a fit on two ordinary cores."""
EPOCHS_WANTED, MOST_EPOCHS = 8, 60
"""Passes that the budget must pay for, which is what the subsample on a CPU follows from; and most."""


class CNNHyperparameters(Hyperparameters):
    """`widths`: channels of the blocks, each two convolutions of which the second halves the picture. `side`: images
    are squeezed to that many pixels a side; None: their own, by device at most. `rows`: train on at most that many;
    None: all on a GPU, else by the side. `flips`, `shift`: changes to training images. `epochs`: at most
    (None: by rows and side); the best on tuning rows is kept.
    """

    widths: tuple[Annotated[int, Field(ge=1)], ...] = (16, 32, 64, 128)
    side: int | None = Field(None, ge=8)
    rows: int | None = Field(None, ge=1)
    flips: Flips = "horizontal"
    shift: float = Field(0.05, ge=0, lt=0.5)
    learning_rate: float = Field(2e-3, gt=0)
    weight_decay: float = Field(0.01, ge=0)
    dropout: float = Field(0.2, ge=0, lt=1)
    batch: int = Field(64, ge=1)
    epochs: int | None = Field(None, ge=1)
    patience: int = Field(10, ge=1)


class CNN(Learner):
    """Blocks of convolutions with batch normalisation, the mean over what is left of the picture, a dense layer."""

    outcomes = ("binary", "multiclass")
    hyperparameters = CNNHyperparameters
    extra = "vision"
    reads = "image"

    _head: Head
    _chosen: CNNHyperparameters
    _colour: bool
    _network: nn.Sequential

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        """Train on as many rows and at the side that the device affords, with early stopping on tuning rows."""
        limit = work.TimeLimit(fitting)
        chosen = CNNHyperparameters.read(fitting.parameters)
        check_target(self, train, valid, fitting)
        files, device = images.files(train), fitting.compute.device
        self._colour = images.coloured(files)
        side = chosen.side or min(max(images.usual_side(files), 8), LARGEST[device])
        self._chosen = chosen = _affordable(chosen.model_copy(update={"side": side}), len(train), fitting)
        sampled = sample(train, chosen.rows, fitting.seed)
        self._head = Head.of(sampled, fitting)
        settings = chosen.model_dump(mode="json")
        assert chosen.epochs, "filled in above"
        with session(fitting):
            self._network = _network(chosen, self._colour, self._head.width).to(device)
            trained = training.train(
                self._network,
                training.adamw(self._network, chosen.learning_rate, chosen.weight_decay),
                Objective(self._loss, self._loss),
                self._examples(sampled).to(device),
                None if fitting.fixed else self._examples(valid).to(device),
                Plan("cnn", settings, limit, chosen.epochs, chosen.batch, chosen.patience, CHUNK),
                fitting,
            )
        note = f"{device}: {len(sampled):,} of {len(train):,} rows, {side} pixels a side"
        return trained.summary(settings, note)

    def predict(self, table: Table) -> np.ndarray:
        """float64 probability of the event ``[n]``, or of each class ``[n, classes]``."""
        return self._head.predictions(outputs(self._network, (self._inputs(table),), CHUNK))

    def save(self, folder: Path) -> None:
        """Weights (`weights.safetensors`), and what builds the network (`cnn.json`)."""
        save_file(self._network.state_dict(), folder / "weights.safetensors")
        facts = {"head": asdict(self._head), STORED: self._chosen.model_dump(), "colour": self._colour}
        (folder / "cnn.json").write_text(json.dumps(facts))

    @classmethod
    def load(cls, folder: Path) -> Self:
        facts = json.loads((folder / "cnn.json").read_text())
        model = cls()
        model._head, model._colour = Head(**facts["head"]), facts["colour"]
        model._chosen = CNNHyperparameters(**facts[STORED])
        model._network = _network(model._chosen, model._colour, model._head.width)
        model._network.load_state_dict(load_file(folder / "weights.safetensors"))
        return model

    def _examples(self, table: Table) -> Examples:
        return Examples((self._inputs(table),), self._head.target(table))

    def _inputs(self, table: Table) -> Tensor:
        """uint8 ``[n, channels, side, side]``."""
        assert self._chosen.side, "sized before"
        return torch.from_numpy(images.pixels(images.files(table), self._chosen.side, colour=self._colour))

    def _loss(self, output: Tensor, target: Tensor) -> Tensor:
        return self._head.cross_entropy(output.float(), target)


class _Scaled(nn.Module):
    """Pixels from 0 to 255 as numbers from -1 to 1."""

    def forward(self, pixels: Tensor) -> Tensor:
        return pixels.float() / 127.5 - 1


def _network(chosen: CNNHyperparameters, colour: bool, outputs: int) -> nn.Sequential:
    blocks, channels = [], 3 if colour else 1
    for width in chosen.widths:
        blocks += [*_convolution(channels, width, stride=1), *_convolution(width, width, stride=2)]
        channels = width
    mean = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(chosen.dropout)]
    return nn.Sequential(Augment(chosen.flips, chosen.shift), _Scaled(), *blocks, *mean, nn.Linear(channels, outputs))


def _convolution(inputs: int, width: int, stride: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, width, 3, stride, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]


def _affordable(chosen: CNNHyperparameters, rows: int, fitting: Fitting) -> CNNHyperparameters:
    """With `rows` and `epochs` filled in. A weight takes six operations at every pixel it is applied to.

    On a CPU the rows are as many as `EPOCHS_WANTED` passes over them fit the budget; on a GPU, all.
    """
    assert chosen.side, "sized before"
    layers = zip((3, *chosen.widths), chosen.widths, strict=False)
    operations = 6 * sum(
        9 * width * (inputs + width / 4) * (chosen.side / 2**depth) ** 2 for depth, (inputs, width) in enumerate(layers)
    )
    cpu = fitting.compute.device == "cpu"
    wanted = work.affordable(SECONDS, operations * EPOCHS_WANTED, fewest=500, most=rows) if cpu else rows
    taken = min(chosen.rows or wanted, rows)
    most = work.epochs(SECONDS, taken, operations, chosen.batch, MOST_EPOCHS) if cpu else MOST_EPOCHS
    return chosen.model_copy(update={"rows": taken, "epochs": chosen.epochs or most})


LEARNER = CNN
