"""Image networks made by others: cut into stages, and loaded with their weights.

Belongs here: everything that learners on top of such a network share. Does not belong here: decoding
(`modeling.problems.image.images`), or training any of it (`deep.image_encoder`).

What the untrained part of a network answers to an image is memoised (`modeling.core.memoisation`).
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from modeling.core import memoisation
from modeling.core.compute import Compute
from modeling.core.learner import Hyperparameters, LearnerError
from modeling.problems.image import images

EFFICIENTNET = "efficientnet-lite0"
MEAN, STD = 127.0, 128.0
TRAINED = 6
"""Of EfficientNet-Lite0's 18 stages, on a CPU: the last ones hold most weights and cost least, their maps are small."""
CHUNK = 64
SMALLEST, LARGEST = 64, {"cpu": 128, "cuda": 224}
"""Sides images are brought to where `side` is None: their own, in steps of 32, within these."""
PIXEL_OPERATIONS = 24_000
"""What a pixel of one image costs on its way through EfficientNet-Lite0."""


class BackboneHyperparameters(Hyperparameters):
    """`model`: efficientnet-lite0, or any name that timm knows. `init`: its published weights, or none. `side`: images
    are squeezed to that many pixels a side; None: by their size and the device.
    """

    model: str = EFFICIENTNET
    init: Literal["pretrained", "random"] = "pretrained"
    side: int | None = Field(None, ge=32, multiple_of=32)

    def sized(self, files: Sequence[bytes], compute: Compute) -> Self:
        """With `side` filled in."""
        own = math.ceil(images.usual_side(files) / 32) * 32
        return self.model_copy(update={"side": self.side or min(max(own, SMALLEST), LARGEST[compute.device])})


def stages(chosen: BackboneHyperparameters, weights: Callable[[str], Path] | None) -> nn.Sequential:
    """uint8 ``[n, 3, side, side]`` -> features ``[n, width]``, in evaluation mode; `weights` None: to be loaded later.

    Raises
    ------
    LearnerError: the name is unknown, or needs timm.
    """
    wanted = weights if chosen.init == "pretrained" else None
    if chosen.model != EFFICIENTNET:
        return _timm(chosen.model, pretrained=wanted is not None).eval()
    network = _efficientnet(chosen.side or SMALLEST)
    if wanted is not None:
        network.load_state_dict(torch.load(wanted(EFFICIENTNET) / f"{EFFICIENTNET}.pth", weights_only=True))
    first = nn.Sequential(_Normalised(MEAN, STD), network._conv_stem, network._bn0, nn.ReLU6())
    last = nn.Sequential(network._conv_head, network._bn1, nn.ReLU6(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return nn.Sequential(first, *network._blocks, last).eval()


def width(network: nn.Sequential) -> int:
    """How many features the stages end in."""
    with torch.inference_mode():
        example = torch.zeros(1, 3, SMALLEST, SMALLEST, dtype=torch.uint8)
        return network(example.to(next(network.parameters()).device)).shape[1]


def split(network: nn.Sequential, trained: int) -> tuple[nn.Sequential, nn.Sequential]:
    """The stages that stay as they are, and the last ones, `trained` of them."""
    every = list(network)
    cut = max(len(every) - trained, 0)
    return nn.Sequential(*every[:cut]), nn.Sequential(*every[cut:])


def activations(parts: Sequence[nn.Sequential], files: Sequence[bytes], side: int) -> Tensor:
    """What `parts`, one after the other, answer to the images: ``[n, ...]`` on the CPU; the pixels where there is no
    part. They must be in evaluation mode; the answer to each image is memoised."""
    if not parts:
        return torch.from_numpy(images.pixels(files, side, colour=True))
    question = _digest(parts, side)
    return torch.from_numpy(np.stack(memoisation.each(question, files, lambda new: _answers(parts, new, side))))


@torch.no_grad()
def _answers(parts: Sequence[nn.Sequential], files: Sequence[bytes], side: int) -> list[np.ndarray]:
    """In chunks, so that no more than one is in memory as pixels."""
    *before, last = parts
    device = next(last.parameters()).device
    chunks = (activations(before, files[start : start + CHUNK], side) for start in range(0, len(files), CHUNK))
    return [answer for chunk in chunks for answer in last(chunk.to(device)).float().cpu().numpy()]


def _digest(parts: Sequence[nn.Sequential], side: int) -> str:
    """Of what decides the answer of `parts` to an image (hex)."""
    digest = hashlib.sha256(f"{side}".encode())
    for part in parts:
        digest.update(f"{next(part.parameters()).device} {part}".encode())
        for tensor in part.state_dict().values():
            digest.update(tensor.cpu().numpy().tobytes())
    return digest.hexdigest()


class _Normalised(nn.Module):
    """Pixels as numbers around zero, channels last in memory: a third faster on a CPU."""

    mean: Tensor
    std: Tensor

    def __init__(self, mean: float | Sequence[float], std: float | Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).reshape(-1, 1, 1))
        self.register_buffer("std", torch.tensor(std).reshape(-1, 1, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        return ((pixels.float() - self.mean) / self.std).contiguous(memory_format=torch.channels_last)


def _efficientnet(side: int) -> Any:
    """EfficientNet-Lite0 (Tan & Le 2019, arXiv:1905.11946; the "lite" ones lack squeeze-and-excitation).

    Its batch statistics, where they are learned at all, are learned from fewer batches than the authors had, so newer
    ones count for more. Its own stochastic depth does not run.
    """
    from efficientnet_lite_pytorch import EfficientNet

    return EfficientNet.from_name(EFFICIENTNET, image_size=side, drop_connect_rate=0.0, batch_norm_momentum=0.9)


def _timm(name: str, pretrained: bool) -> nn.Sequential:
    """Two stages: normalisation, and the whole network."""
    try:
        timm = import_module("timm")
    except ImportError as error:
        known = f"hyperparameter 'model': {name!r} is not {EFFICIENTNET!r}"
        raise LearnerError(f"{known}; any other name needs timm: pip install timm") from error
    if not timm.is_model(name):
        raise LearnerError(f"hyperparameter 'model': timm knows no {name!r}; `timm.list_models()` lists the names")
    network = timm.create_model(name, pretrained=pretrained, num_classes=0)
    scale = timm.data.resolve_data_config({}, model=network)
    mean, std = ([255 * value for value in scale[of]] for of in ("mean", "std"))
    return nn.Sequential(_Normalised(mean, std), network)
