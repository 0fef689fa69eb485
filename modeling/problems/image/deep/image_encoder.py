"""A pretrained image network, fine-tuned: all of it on a GPU, its last stages on a CPU."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Self

import numpy as np
import torch
from pydantic import Field
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from modeling.core.learner import STORED, FitSummary, Fitting, Learner
from modeling.core.table import Table
from modeling.learners import work
from modeling.learners.checks import check_target
from modeling.learners.torch import training
from modeling.learners.torch.head import Head
from modeling.learners.torch.sample import sample
from modeling.learners.torch.training import Examples, Objective, Plan, device_of, outputs, session
from modeling.problems.image import backbone, images
from modeling.problems.image.augmentation import Augment, Flips
from modeling.problems.image.backbone import BackboneHyperparameters

CHUNK = 256
ALL = 1000
"""More stages than any network has."""
SECONDS, MOST_EPOCHS = 10, 30
"""The budget of a fit on two ordinary cores, and most epochs."""
EPOCH_PASSES = 0.6
"""What an epoch of the last stages costs, in passes of the whole network over the images."""


class ImageEncoderHyperparameters(BackboneHyperparameters):
    """`trained`: how many of the last stages learn; None: all on a GPU or without weights, else the last six.
    `rows`: train on at most that many; None: all on a GPU, else by the side. `flips`, `shift`: changes to
    training images, made only where all stages learn. `learning_rate` is the new layer's; the others' is
    `body_rate` of it. `epochs`: at most (None: by rows and side); the best on tuning rows is kept.
    """

    trained: int | None = Field(None, ge=0)
    rows: int | None = Field(None, ge=1)
    flips: Flips = "horizontal"
    shift: float = Field(0.05, ge=0, lt=0.5)
    learning_rate: float = Field(2e-3, gt=0)
    body_rate: float = Field(0.1, gt=0, le=1)
    weight_decay: float = Field(0.01, ge=0)
    dropout: float = Field(0.2, ge=0, lt=1)
    batch: int = Field(32, ge=1)
    epochs: int | None = Field(None, ge=1)
    patience: int = Field(4, ge=1)


class ImageNetwork(nn.Module):
    """The stages that learn, dropout and a new last layer; statistics of published weights stay as they are."""

    def __init__(
        self, body: nn.Sequential, augment: Augment, inputs: int, width: int, chosen: ImageEncoderHyperparameters
    ) -> None:
        super().__init__()
        self.augment, self.body = augment, body
        self.head = nn.Sequential(nn.Dropout(chosen.dropout), nn.Linear(inputs, width))
        self._still = chosen.init == "pretrained"

    def forward(self, inputs: Tensor) -> Tensor:
        """Pixels, or what the stages below answered -> ``[n, width]``."""
        return self.head(self.body(self.augment(inputs))).float()

    def train(self, mode: bool = True) -> Self:
        """As of any module, but that a frozen body keeps its running statistics."""
        super().train(mode)
        if self._still:
            self.body.eval()
        return self


class ImageEncoder(Learner):
    """What the untrained stages answer is memoised, so an epoch costs only those that learn."""

    outcomes = ("binary", "multiclass")
    hyperparameters = ImageEncoderHyperparameters
    extra = "vision"
    reads = "image"

    _head: Head
    _chosen: ImageEncoderHyperparameters
    _below: nn.Sequential
    _network: ImageNetwork

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        """Train the head, and the encoder's upper stages where they learn."""
        limit = work.TimeLimit(fitting)
        chosen = ImageEncoderHyperparameters.read(fitting.parameters)
        check_target(self, train, valid, fitting)
        self._chosen = chosen = _affordable(chosen.sized(images.files(train), fitting.compute), len(train), fitting)
        sampled = sample(train, chosen.rows, fitting.seed)
        self._head = Head.of(sampled, fitting)
        settings, note = chosen.model_dump(), _described(chosen, len(sampled), len(train), fitting)
        fitting.progress(note)
        assert chosen.epochs, "filled in above"
        with session(fitting):
            self._build(backbone.stages(chosen, fitting.weights), fitting.compute.device)
            trained = training.train(
                self._network,
                _optimiser(self._network, chosen),
                Objective(self._head.cross_entropy, self._head.cross_entropy),
                self._examples(sampled),
                None if fitting.fixed else self._examples(valid),
                Plan("image_encoder", settings, limit, chosen.epochs, chosen.batch, chosen.patience, CHUNK),
                fitting,
            )
        return trained.summary(settings, note)

    def predict(self, table: Table) -> np.ndarray:
        """float64 probability of the event ``[n]``, or of each class ``[n, classes]``."""
        return self._head.predictions(outputs(self._network, (self._inputs(table),), CHUNK))

    def save(self, folder: Path) -> None:
        """All weights (`weights.safetensors`), frozen ones too, and what builds the network (`image_encoder.json`)."""
        save_file(self._below.state_dict() | self._network.state_dict(), folder / "weights.safetensors")
        facts = {"head": asdict(self._head), STORED: self._chosen.model_dump()}
        (folder / "image_encoder.json").write_text(json.dumps(facts))

    @classmethod
    def load(cls, folder: Path) -> Self:
        facts = json.loads((folder / "image_encoder.json").read_text())
        model = cls()
        model._head, model._chosen = Head(**facts["head"]), ImageEncoderHyperparameters(**facts[STORED])
        model._build(backbone.stages(model._chosen, None), "cpu")
        weights = load_file(folder / "weights.safetensors")
        for part in (model._below, model._network):
            part.load_state_dict({name: weights[name] for name in part.state_dict()})
        return model

    def _build(self, stages: nn.Sequential, device: str) -> None:
        assert self._chosen.trained is not None, "sized before"
        inputs = backbone.width(stages)
        self._below, body = backbone.split(stages.to(device), self._chosen.trained)
        augment = Augment(self._chosen.flips, self._chosen.shift) if not len(self._below) else Augment("none", 0)
        self._network = ImageNetwork(body, augment, inputs, self._head.width, self._chosen).to(device)

    def _examples(self, table: Table) -> Examples:
        inputs = self._inputs(table)
        return Examples((inputs,), self._head.target(table).to(inputs.device))

    def _inputs(self, table: Table) -> Tensor:
        """What the untrained stages answer, or pixels where all learn, on the network's device."""
        assert self._chosen.side, "sized before"
        below = [self._below] if len(self._below) else []
        known = backbone.activations(below, images.files(table), self._chosen.side)
        return known.to(device_of(self._network))


def _affordable(chosen: ImageEncoderHyperparameters, rows: int, fitting: Fitting) -> ImageEncoderHyperparameters:
    """With every None filled in. On a CPU the rows are as many as the first pass and an epoch over them fit the budget;
    on a GPU, all."""
    cpu = fitting.compute.device == "cpu"
    if chosen.trained is None:
        chosen = chosen.model_copy(update={"trained": backbone.TRAINED if cpu and chosen.init == "pretrained" else ALL})
    assert chosen.side, "sized before"
    a_pass = backbone.PIXEL_OPERATIONS * chosen.side**2
    wanted = work.affordable(SECONDS, a_pass * (1 + EPOCH_PASSES), fewest=200, most=rows) if cpu else rows
    taken = min(chosen.rows or wanted, rows)
    epoch = a_pass * taken * EPOCH_PASSES
    most = work.affordable(SECONDS, epoch, fewest=1, most=MOST_EPOCHS) if cpu else MOST_EPOCHS
    return chosen.model_copy(update={"rows": taken, "epochs": chosen.epochs or most})


def _described(chosen: ImageEncoderHyperparameters, sampled: int, rows: int, fitting: Fitting) -> str:
    """What learns, and from how much, for people."""
    stages = "all stages learn" if chosen.trained == ALL else f"the last {chosen.trained} stages learn"
    where = f"{fitting.compute.device}, {fitting.compute.precision}"
    network = f"{chosen.model}, {chosen.init}"
    return f"{where}: {network}; {stages}; {sampled:,} of {rows:,} rows, {chosen.side} pixels a side"


def _optimiser(network: ImageNetwork, chosen: ImageEncoderHyperparameters) -> torch.optim.Optimizer:
    groups = [
        {"params": list(network.head.parameters()), "lr": chosen.learning_rate},
        {"params": list(network.body.parameters()), "lr": chosen.learning_rate * chosen.body_rate},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]], weight_decay=chosen.weight_decay, fused=True
    )


LEARNER = ImageEncoder
