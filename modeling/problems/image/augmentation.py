"""Changes to training images that leave their meaning alone.

Belongs here: changes made on the device, batch by batch, while a network trains. Does not belong here: which of them a
use case allows (its parameters say), or decoding (`modeling.problems.image.images`).
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Flips = Literal["none", "horizontal", "both"]


class Augment(nn.Module):
    """Flips each image at random along the axes allowed, and moves all of a batch by up to `shift` of their side."""

    def __init__(self, flips: Flips, shift: float) -> None:
        super().__init__()
        self._axes = {"none": (), "horizontal": (-1,), "both": (-1, -2)}[flips]
        self._shift = shift

    def forward(self, images: Tensor) -> Tensor:
        """``[n, channels, height, width]`` -> the same; as it is in evaluation mode."""
        if not self.training:
            return images
        for axis in self._axes:
            flipped = torch.rand(len(images), 1, 1, 1, device=images.device) < 0.5
            images = torch.where(flipped, images.flip(axis), images)
        return self._moved(images)

    def _moved(self, images: Tensor) -> Tensor:
        height, width = images.shape[-2:]
        most = int(self._shift * min(height, width))
        if most == 0:
            return images
        down, right = torch.randint(0, 2 * most + 1, (2,)).tolist()
        padded = functional.pad(images.float(), (most, most, most, most), mode="replicate")
        return padded[..., down : down + height, right : right + width]
