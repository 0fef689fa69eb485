"""A champion that can serve, as a value.

Belongs here: what a model is made of and says of itself, and predicting with it. Does not belong here: its folder
(`modeling.artefacts.model`), or the contract in front of the rows (`resources.serving.predictor`).
"""

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from pydantic import Field

from modeling.core.blend import Blend
from modeling.core.features import Derive, FeatureError, derived
from modeling.core.recipe import Recipe
from modeling.core.record import Interval, Provenance, Record
from modeling.core.row_digests import digests


class ModelCard(Record):
    """What a model says of itself (Mitchell et al. 2019, "Model cards for model reporting").

    Attributes
    ----------
    classes: by index, the event last; empty where the target is no class.
    inputs: the raw columns it reads.
    threshold: the probability from which the event is decided; None where nothing is.
    metrics: its scores on the sealed test. published: whether its gates passed.
    features_version: digest of the feature set it was judged on.
    features_code: digest of the use case's `features.py`; empty where that derives no columns.
    digested: the raw columns that the digests of the rows it learned from are made of; none in models made before they
        were named, whose digests are of all columns but the identifiers.
    """

    use_case: str
    task: str
    target: str
    classes: list[str]
    inputs: list[str]
    threshold: float | None
    metrics: dict[str, Interval]
    published: bool
    features_version: str
    features_code: str
    digested: list[str] = Field(default=[])
    provenance: Provenance


@dataclass(frozen=True)
class Model:
    """A judged champion: feature recipe and learners.

    Attributes
    ----------
    learned: uint64, digests of the rows it learned from (`row_digests`); none where rows are no units.
    columns: names and types of the raw rows, the target aside; none in models made before they were kept.
    """

    recipe: Recipe
    champion: Blend
    card: ModelCard
    learned: np.ndarray
    columns: pl.Schema = field(default_factory=pl.Schema)

    def has_learned(self, frame: pl.DataFrame, identifier: Collection[str]) -> np.ndarray:
        """bool ``[n]``: the raw rows, their target among them, that it has learned from.

        Raises
        ------
        FeatureError: as of `digests`.
        """
        return np.isin(self.digests(frame, identifier), self.learned)

    def digests(self, frame: pl.DataFrame, identifier: Collection[str]) -> np.ndarray:
        """uint64 ``[n]``: the digests of raw rows, their target among them, as in `learned`.

        Raises
        ------
        FeatureError: a column by which it knows rows is gone, or was not kept.
        """
        columns = self.card.digested or sorted({*self.columns, self.card.target} - set(identifier))
        missing = [name for name in columns if name not in frame.columns]
        if missing or not (self.card.digested or self.columns):
            which = f"the columns {missing} are gone" if missing else "it was made before columns were kept"
            raise FeatureError(f"which rows the model learned from is not known: {which}")
        return digests(frame, columns)

    def predict(self, frame: pl.DataFrame, derive: Derive | None = None) -> np.ndarray:
        """Predictions for raw rows ``[n, …]``, as `Learner.predict` gives them.

        `derive` is the use case's own `features` function, for models made with one.

        Raises
        ------
        FeatureError: a column is missing or holds something else than in training, or `derive` fails.
        """
        return self.champion.predict(self.recipe.transform(derived(frame, derive)))
