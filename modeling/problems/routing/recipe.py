"""The recipe of roads at moments.

Belongs here: features of a road at a moment, with the network handed on beside them. Does not belong here: the graph
(`modeling.problems.routing.roads`).
"""

from dataclasses import dataclass, replace
from typing import Self

import polars as pl

from catalogue.definition import UseCase
from modeling.core.features import FeatureRecipe
from modeling.core.table import Table
from modeling.problems.routing.roads import COLUMNS
from modeling.problems.routing.settings import RoutingSettings


@dataclass(frozen=True)
class RouteRecipe(FeatureRecipe):
    """A recipe that also hands on which road and moment a row is, and the network that the roads make."""

    @classmethod
    def fit(cls, train: pl.DataFrame, use_case: UseCase) -> Self:
        """As of any recipe, but that road and moment are content: they identify a row and are no feature."""
        plain = super().fit(train.drop("road", "leads_to"), use_case)
        moment = RoutingSettings.model_validate(use_case.settings).moment
        return replace(plain, content=[*plain.content, *moment, "road"])

    @property
    def inputs(self) -> list[str]:
        """The columns read, those that describe the roads among them."""
        return list(dict.fromkeys([*super().inputs, *COLUMNS]))

    def transform(self, frame: pl.DataFrame) -> Table:
        """The rows; the roads, each once, are the shared table `roads`."""
        table = super().transform(frame)
        return replace(table, shared={"roads": frame.select(COLUMNS).unique().sort("road")})
