"""A pretrained image network, fine-tuned: all of it on a GPU, its last stages on a CPU."""

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import torch
from pydantic import Field
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from modeling.core.learner import FitSummary, Fitting, Outcome
from modeling.core.table import Table
from modeling.learners.checks import check_target, read_hyperparameters
from modeling.learners.progress import thinned
from modeling.learners.torch import training
from modeling.learners.torch.head import Head
from modeling.learners.torch.sample import sample
from modeling.learners.torch.training import Batchable, Objective, Plan, outputs, session
from modeling.problems.image import backbone, images
from modeling.problems.image.augmentation import Augment, Flips
from modeling.problems.image.backbone import BackboneHyperparameters

CHUNK = 256
ALL = 1000
"""More stages than any network has."""
COST_OF_A_FIT = 1.6
"""In passes of the whole network over the images: one, and an epoch of its last stages."""


class EncoderHyperparameters(BackboneHyperparameters):
    """`trained`: how many of the last stages learn; None: all on a GPU or without weights, else the last six.
    `rows`: train on at most that many; None: all on a GPU, else what the budget affords. `flips`, `shift`: changes to
    training images, made only where all stages learn. `learning_rate` is the new layer's; the others' is
    `body_rate` of it. `epochs`: at most; the best on validation rows is kept.
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
    epochs: int = Field(30, ge=1)
    patience: int = Field(4, ge=1)


class ImageNetwork(nn.Module):
    """The stages that learn, dropout and a new last layer; statistics of published weights stay as they are."""

    def __init__(
        self, body: nn.Sequential, augment: Augment, inputs: int, width: int, hyperparameters: EncoderHyperparameters
    ) -> None:
        super().__init__()
        self.augment, self.body = augment, body
        self.head = nn.Sequential(nn.Dropout(hyperparameters.dropout), nn.Linear(inputs, width))
        self._still = hyperparameters.init == "pretrained"

    def forward(self, inputs: Tensor) -> Tensor:
        """Pixels, or what the stages below answered -> ``[n, width]``."""
        return self.head(self.body(self.augment(inputs))).float()

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        if self._still:
            self.body.eval()
        return self


class ImageEncoder:
    """What the untrained stages answer is computed once and remembered, so an epoch costs only those that learn."""

    outcomes: ClassVar[tuple[Outcome, ...]] = ("binary", "multiclass")
    default_seconds: ClassVar[float] = 30
    extra: ClassVar[str | None] = "vision"
    reads: ClassVar[str | None] = "image"

    _head: Head
    _knobs: EncoderHyperparameters
    _below: nn.Sequential
    _network: ImageNetwork

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        start = time.monotonic()
        hyperparameters = read_hyperparameters(EncoderHyperparameters, fitting.parameters)
        check_target(self, train, valid, fitting)
        self._knobs = _affordable(hyperparameters.sized(images.files(train), fitting.compute), len(train), fitting)
        seen = sample(train, self._knobs.rows, fitting.seed)
        self._head = Head.of(seen, fitting)
        note = _told(self._knobs, len(seen), len(train), fitting)
        fitting.progress(note)
        with session(fitting, fitting.compute.threads):
            self._build(backbone.stages(self._knobs, fitting.weights), fitting.compute.device)
            trained = training.train(
                self._network,
                _optimiser(self._network, self._knobs),
                Objective(self._head.cross_entropy, self._head.cross_entropy),
                self._rows(seen),
                None if fitting.fixed else self._rows(valid),
                Plan(
                    "image_encoder",
                    self._knobs.model_dump(),
                    start,
                    self._knobs.epochs,
                    self._knobs.batch,
                    self._knobs.patience,
                    CHUNK,
                ),
                fitting,
            )
        parameters = self._knobs.model_dump() | {"epochs": trained.epochs}
        return FitSummary(parameters, thinned(trained.curve), [note, *trained.notes])

    def predict(self, table: Table) -> np.ndarray:
        inputs = self._inputs(table)
        responses = [self._head.response(output) for output in outputs(self._network, (inputs,), CHUNK)]
        return self._head.prediction(torch.cat(responses))

    def save(self, folder: Path) -> None:
        save_file(self._below.state_dict() | self._network.state_dict(), folder / "weights.safetensors")
        facts = {"head": asdict(self._head), "hyperparameters": self._knobs.model_dump()}
        (folder / "image_encoder.json").write_text(json.dumps(facts))

    @classmethod
    def load(cls, folder: Path) -> Self:
        facts = json.loads((folder / "image_encoder.json").read_text())
        model = cls()
        model._head, model._knobs = Head(**facts["head"]), EncoderHyperparameters(**facts["hyperparameters"])
        model._build(backbone.stages(model._knobs, None), "cpu")
        weights = load_file(folder / "weights.safetensors")
        for part in (model._below, model._network):
            part.load_state_dict({name: weights[name] for name in part.state_dict()})
        return model

    def _build(self, stages: nn.Sequential, device: str) -> None:
        assert self._knobs.trained is not None, "sized before"
        inputs = backbone.width(stages)
        self._below, body = backbone.split(stages.to(device), self._knobs.trained)
        augment = Augment(self._knobs.flips, self._knobs.shift) if not len(self._below) else Augment("none", 0)
        self._network = ImageNetwork(body, augment, inputs, self._head.width, self._knobs).to(device)

    def _rows(self, table: Table) -> Batchable:
        inputs = self._inputs(table)
        return Batchable((inputs,), self._head.target(table).to(inputs.device))

    def _inputs(self, table: Table) -> Tensor:
        """What the untrained stages answer, or pixels where all learn, on the network's device."""
        assert self._knobs.side, "sized before"
        below = [self._below] if len(self._below) else []
        known = backbone.activations(below, images.files(table), self._knobs.side)
        return known.to(next(self._network.parameters()).device)


def _affordable(hyperparameters: EncoderHyperparameters, rows: int, fitting: Fitting) -> EncoderHyperparameters:
    """With every None filled in. A rule and not a measurement, so that a resumed fit gets the same size."""
    cpu = fitting.compute.device == "cpu"
    if hyperparameters.trained is None:
        hyperparameters = hyperparameters.model_copy(
            update={"trained": backbone.TRAINED if cpu and hyperparameters.init == "pretrained" else ALL}
        )
    assert hyperparameters.side, "sized before"
    seconds_an_image = backbone.CPU_SECONDS_PER_PIXEL * hyperparameters.side**2 * COST_OF_A_FIT
    affordable = int(fitting.seconds * fitting.compute.threads / seconds_an_image) if cpu else rows
    return hyperparameters.model_copy(update={"rows": min(hyperparameters.rows or max(affordable, 200), rows)})


def _told(hyperparameters: EncoderHyperparameters, seen: int, rows: int, fitting: Fitting) -> str:
    stages = (
        "all stages learn" if hyperparameters.trained == ALL else f"the last {hyperparameters.trained} stages learn"
    )
    where = f"{fitting.compute.device}, {fitting.compute.precision}"
    network = f"{hyperparameters.model}, {hyperparameters.init}"
    return f"{where}: {network}; {stages}; {seen:,} of {rows:,} rows, {hyperparameters.side} pixels a side"


def _optimiser(network: ImageNetwork, hyperparameters: EncoderHyperparameters) -> torch.optim.Optimizer:
    groups = [
        {"params": list(network.head.parameters()), "lr": hyperparameters.learning_rate},
        {"params": list(network.body.parameters()), "lr": hyperparameters.learning_rate * hyperparameters.body_rate},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]], weight_decay=hyperparameters.weight_decay, fused=True
    )


LEARNER = ImageEncoder
