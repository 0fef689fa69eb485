"""The largest networks bare, with rows and a loss: what is measured without the learner around it.

Belongs here: the parts of a training step. Does not belong here: loops over them (`sections`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rtdl_num_embeddings import compute_bins
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.gpu import data, encoders
from benchmarks.gpu.cases import AUTHORS_SIZE, SMALL
from benchmarks.gpu.measurement import Setting
from modeling.learners.deep.tabm import FeatureLayout, TabMHyperparameters, TabMNetwork
from modeling.learners.torch.training import Examples, Loss

BINNED_ROWS = 10_000
LENGTH, SIDE = 256, 224
"""Tokens of a text, pixels a side."""


@dataclass(frozen=True)
class BareNetwork:
    """A network on the device, how rows for it are made on the CPU, and its loss."""

    network: nn.Module
    rows: Callable[[int], Examples]
    loss: Loss

    def optimizer(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(self.network.parameters(), 2e-3, weight_decay=3e-4, fused=True)


def tabm(setting: Setting) -> BareNetwork:
    """At its authors' size, for 40 numbers and 8 codes."""
    size: dict[str, Any] = SMALL if setting.quick else AUTHORS_SIZE
    hyperparameters = TabMHyperparameters(**size)
    numeric, _ = _tabular(BINNED_ROWS).inputs
    edges = [column.tolist() for column in compute_bins(numeric, n_bins=size["bins"])]
    layout = FeatureLayout(list(range(data.NUMBERS)), [], edges, [data.LEVELS] * data.CODES)
    return BareNetwork(TabMNetwork(layout, hyperparameters, 1).to(setting.device), _tabular, _members_loss)


def text(setting: Setting) -> BareNetwork:
    """mpnet's size, all of it learning."""
    from modeling.problems.text.deep.text_encoder import TextEncoderHyperparameters, TextNetwork
    from modeling.problems.text.language import Encoder

    folder = encoders.folder(setting.folder, "mpnet", data.VOCABULARY, quick=setting.quick)
    encoder = Encoder.load(Path(folder), LENGTH)
    network = TextNetwork(encoder, 1, encoder.network, TextEncoderHyperparameters().dropout)
    return BareNetwork(network.to(setting.device), _tokens, _loss)


def image(setting: Setting) -> BareNetwork:
    """EfficientNet-Lite0, all of it learning."""
    from modeling.problems.image import backbone
    from modeling.problems.image.augmentation import Augment
    from modeling.problems.image.deep.image_encoder import ImageEncoderHyperparameters, ImageNetwork

    hyperparameters = ImageEncoderHyperparameters.model_validate({"init": "random", "side": SIDE})
    stages = backbone.stages(hyperparameters, None)
    augment = Augment(hyperparameters.flips, hyperparameters.shift)
    network = ImageNetwork(stages, augment, backbone.width(stages), 1, hyperparameters).to(setting.device)
    return BareNetwork(network, _pixels, _loss)


def _tabular(rows: int) -> Examples:
    numeric = torch.randn(rows, data.NUMBERS)
    target = (numeric[:, 0] * numeric[:, 1] + torch.randn(rows) > 0).float()
    return Examples((numeric, torch.randint(0, data.LEVELS, (rows, data.CODES))), target)


def _pixels(rows: int) -> Examples:
    return _binary(torch.randint(0, 256, (rows, 3, SIDE, SIDE), dtype=torch.uint8))


def _tokens(rows: int) -> Examples:
    return _binary(torch.randint(len(encoders.SPECIAL), data.VOCABULARY, (rows, LENGTH)))


def _binary(inputs: Tensor) -> Examples:
    return Examples((inputs,), torch.randint(0, 2, (len(inputs),)).float())


def _members_loss(output: Tensor, target: Tensor) -> Tensor:
    """The mean loss of the members, of `output` ``[n, k, 1]`` and `target` ``[n]``."""
    logits = output.squeeze(-1)
    return functional.binary_cross_entropy_with_logits(logits.float(), target[:, None].expand_as(logits))


def _loss(output: Tensor, target: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(output.squeeze(-1).float(), target)
