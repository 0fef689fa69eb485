"""LightGBM on what a pretrained network, left as it is, sees in an image, and on the row's own numbers and codes."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from pydantic import Field
from safetensors.torch import load_file, save_file
from sklearn.decomposition import PCA
from torch import nn

from modeling.core.learner import FitSummary, Fitting, Outcome
from modeling.core.table import Table
from modeling.learners import encoding
from modeling.learners.boosting import lightgbm
from modeling.learners.checks import check_target, read_hyperparameters
from modeling.learners.torch.training import session
from modeling.problems.image import backbone, images
from modeling.problems.image.backbone import BackboneHyperparameters


class ImageLightGBMHyperparameters(BackboneHyperparameters, lightgbm.LightGBMHyperparameters):
    """`components`: the features of the network are reduced to that many principal ones."""

    components: int = Field(96, ge=1)


class ImageLightGBM:
    """The learner `lightgbm`, with the principal components of the embedding as further columns."""

    outcomes: ClassVar[tuple[Outcome, ...]] = ("binary", "multiclass")
    default_seconds: ClassVar[float] = 25
    extra: ClassVar[str | None] = "vision"
    reads: ClassVar[str | None] = "image"

    _knobs: BackboneHyperparameters
    _network: nn.Sequential
    _principal: PCA
    _trees: lightgbm.LightGBM

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        start = time.monotonic()
        hyperparameters = read_hyperparameters(ImageLightGBMHyperparameters, fitting.parameters)
        check_target(self, train, valid, fitting)
        self._knobs = hyperparameters.sized(images.files(train), fitting.compute)
        with session(fitting, fitting.compute.threads):
            self._network = backbone.stages(self._knobs, fitting.weights).to(fitting.compute.device)
            embedded = self._embedded(train)
            self._principal = PCA(min(hyperparameters.components, *embedded.shape), random_state=fitting.seed).fit(
                embedded
            )
            judged = train if fitting.fixed else valid
            beside = [self._beside(table) for table in (train, judged)]
        spent = time.monotonic() - start
        fitting.progress(f"{len(train) + len(valid):,} images embedded in {spent:.0f} s")
        of_trees = replace(
            fitting,
            seconds=max(fitting.seconds - spent, 1.0),
            parameters=hyperparameters.model_dump(include=set(lightgbm.LightGBMHyperparameters.model_fields)),
        )
        self._trees = lightgbm.LightGBM()
        told = self._trees.fit(beside[0], beside[1], of_trees)
        seen = self._knobs.model_dump(include={*BackboneHyperparameters.model_fields, "components"})
        note = f"{hyperparameters.model}, {hyperparameters.init}, not trained: {self._knobs.side} pixels a side"
        return FitSummary(seen | told.parameters, told.curve, [note, *told.notes])

    def predict(self, table: Table) -> np.ndarray:
        return self._trees.predict(self._beside(table))

    def save(self, folder: Path) -> None:
        self._trees.save(folder)
        encoding.write(self._principal, folder / "principal.skops")
        save_file(self._network.state_dict(), folder / "network.safetensors")
        (folder / "image.json").write_text(self._knobs.model_dump_json())

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls()
        model._knobs = ImageLightGBMHyperparameters(**json.loads((folder / "image.json").read_text()))
        model._network = backbone.stages(model._knobs, None)
        model._network.load_state_dict(load_file(folder / "network.safetensors"))
        model._principal = encoding.read(folder / "principal.skops")
        model._trees = lightgbm.LightGBM.load(folder)
        return model

    def _beside(self, table: Table) -> Table:
        """The rows with the principal components as numbers beside their own."""
        components = self._principal.transform(self._embedded(table)).astype(np.float32)
        return replace(
            table,
            numeric=np.hstack([table.numeric, components]),
            numeric_names=(*table.numeric_names, *(f"component {number}" for number in range(components.shape[1]))),
        )

    def _embedded(self, table: Table) -> np.ndarray:
        """float32 ``[n, width]``."""
        assert self._knobs.side, "sized before"
        parts = [part for part in backbone.split(self._network, backbone.TRAINED) if len(part)]
        return backbone.activations(parts, images.files(table), self._knobs.side).numpy()


LEARNER = ImageLightGBM
