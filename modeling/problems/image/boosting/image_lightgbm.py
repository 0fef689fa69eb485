"""LightGBM on what a pretrained network, left as it is, sees in an image, and on the row's own numbers and codes."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import Field
from safetensors.torch import load_file, save_file
from sklearn.decomposition import PCA
from torch import nn

from modeling.core.learner import Fitting
from modeling.core.table import Table
from modeling.learners import scikit_file
from modeling.learners.boosting.lightgbm import LightGBMHyperparameters
from modeling.learners.encoder_trees import Encoded, EncoderTrees
from modeling.learners.torch.training import session
from modeling.problems.image import backbone, images
from modeling.problems.image.backbone import BackboneHyperparameters


class ImageLightGBMHyperparameters(BackboneHyperparameters, LightGBMHyperparameters):
    """`components`: the features of the network are reduced to that many principal ones."""

    components: int = Field(96, ge=1)


class ImageLightGBM(EncoderTrees):
    """The learner `lightgbm`, with the principal components of the embedding as further columns."""

    outcomes = ("binary", "multiclass")
    hyperparameters = ImageLightGBMHyperparameters
    extra = "vision"
    reads = "image"

    _chosen: ImageLightGBMHyperparameters
    _network: nn.Sequential
    _principal: PCA

    def _fit_encoder(self, chosen: ImageLightGBMHyperparameters, tables: Sequence[Table], fitting: Fitting) -> Encoded:
        self._chosen = chosen.sized(images.files(tables[0]), fitting.compute)
        with session(fitting):
            self._network = backbone.stages(self._chosen, fitting.weights).to(fitting.compute.device)
            embedded = self._embedded(tables[0])
            self._principal = PCA(min(chosen.components, *embedded.shape), random_state=fitting.seed).fit(embedded)
            encoded = [self._encode(table) for table in tables]
        note = f"{chosen.model}, {chosen.init}, not trained: {self._chosen.side} pixels a side"
        return Encoded(self._chosen, encoded, [note])

    def _encode(self, table: Table) -> np.ndarray:
        return self._principal.transform(self._embedded(table)).astype(np.float32)

    def _embedded(self, table: Table) -> np.ndarray:
        """float32 ``[n, width]``: what the network sees in each image."""
        assert self._chosen.side, "sized before"
        parts = [part for part in backbone.split(self._network, backbone.TRAINED) if len(part)]
        return backbone.activations(parts, images.files(table), self._chosen.side).numpy()

    def _save_encoder(self, folder: Path) -> None:
        scikit_file.write(self._principal, folder / "principal.skops")
        save_file(self._network.state_dict(), folder / "network.safetensors")
        (folder / "image.json").write_text(self._chosen.model_dump_json())

    def _load_encoder(self, folder: Path) -> None:
        self._chosen = ImageLightGBMHyperparameters(**json.loads((folder / "image.json").read_text()))
        self._network = backbone.stages(self._chosen, None)
        self._network.load_state_dict(load_file(folder / "network.safetensors"))
        self._principal = scikit_file.read(folder / "principal.skops")


LEARNER = ImageLightGBM
