"""A published model, with the contract of its use case in front.

Belongs here: what everything that predicts shares: the asset, the server, the command line. Does not belong here: which
version serves (`models`), where rows come from (`sources`), or where predictions go (`storage`).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl

from catalogue import feature_code
from catalogue.definition import UseCase
from modeling.artefacts.errors import ArtefactError
from modeling.artefacts.storage import load
from modeling.core.column_types import typed
from modeling.core.features import FeatureError
from modeling.core.model import Model
from modeling.core.predictions import DELIVERY, VERSION, Predictions, answered
from resources import contracts
from resources.errors import PermanentError
from resources.serving.models import UnreadableModel, brief
from resources.store.versions import content_digest

SHOWN = 20


class Unpredictable(PermanentError):
    """The published model can't predict these rows, or not with this code; the message says why and what to do."""


@dataclass(frozen=True)
class Published:
    """A model that was published as `version`, and the definition whose contract its rows must meet."""

    version: str
    model: Model
    use_case: UseCase

    @classmethod
    def load(cls, folder: Path, version: str, use_case: UseCase) -> Self:
        """The version whose model lies in `folder`.

        Raises
        ------
        UnreadableModel: a file is missing, damaged, or of another version of this code.
        Unpredictable: it was made with another `features.py` than the definition has.
        """
        published = cls(version, _model(folder, version, use_case.key), use_case)
        if published.model.card.features_code != feature_code.load(use_case.folder).digest:
            raise Unpredictable(
                f"{use_case.key}: the published model {version} was made with another {feature_code.FILE} than there "
                "is now: run the use case, so that a model made with this one is published, or restore the file"
            )
        return published

    def predictions(self, frame: pl.DataFrame) -> Predictions:
        """What the model answers to the rows of `frame`; a target among them is not read.

        Raises
        ------
        ContractViolation: a blocking rule is broken. Unpredictable: a column that the model reads is missing or holds
        something else than in training. ContractError: a rule is itself wrong.
        """
        if frame.is_empty():
            raise Unpredictable(f"{self.use_case.key}: there is no row to predict")
        delivery = content_digest(frame)
        try:
            delivered = typed(frame.drop(self.use_case.target, strict=False), self.model.columns)
            verdict = contracts.validate_unlabelled(delivered, self.use_case)
            verdict.raise_if_blocked()
            rows = self._answered(delivered, verdict)
        except FeatureError as error:
            raise Unpredictable(f"{self.use_case.key}: {error}; rows are counted from 0") from error
        rows = rows.with_columns(pl.lit(self.version).alias(VERSION), pl.lit(delivery).alias(DELIVERY))
        return Predictions(rows, verdict.quarantine, self.version, delivery, frame.height)

    def answers(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The predictions of `frame`, all rows of which must meet the contract.

        Raises
        ------
        Unpredictable: a row breaks a rule; the message names row, column, rule and value. And as `predictions`.
        """
        made = self.predictions(frame)
        if made.set_aside.height:
            raise Unpredictable(
                f"{self.use_case.key}: no row was predicted, for some break the contract:\n{described(made)}"
            )
        return made.rows

    def _answered(self, delivered: pl.DataFrame, verdict: contracts.Verdict) -> pl.DataFrame:
        derive = feature_code.load(self.use_case.folder).features
        kept = np.setdiff1d(np.arange(delivered.height), verdict.quarantine["row"].to_numpy())
        predicted = self.model.predict(verdict.accepted, derive)
        return answered(verdict.accepted, kept, predicted, self.use_case, self.model.card)


def _model(folder: Path, version: str, key: str) -> Model:
    try:
        return load(Model, folder)
    except (ArtefactError, OSError) as error:
        raise UnreadableModel(
            f"{key}: the published model {version} can't be read: {brief(error)}. Let "
            f"an earlier one serve (`sectorforge models list {key}`, `sectorforge models pin {key} VERSION`), restore "
            "the folder from a backup, or run the use case, so that another model is published"
        ) from error


def described(made: Predictions) -> str:
    """The rows set aside, a line for each rule one breaks, for people; the first `SHOWN`."""
    lines = [
        f"- row {row}, {column or 'several columns'}: {rule}: {value}"
        for row, rule, column, value in made.set_aside.head(SHOWN).iter_rows()
    ]
    more = made.set_aside.height - SHOWN
    return "\n".join([*lines, *([f"- and {more:,} more"] if more > 0 else []), "Rows are counted from 0."])
