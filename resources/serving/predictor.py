"""A published model, with the contract of its use case in front.

Belongs here: what everything that predicts shares: the asset, the server, the command line. Does not belong here: which
version serves (`models`), where rows come from (`resources.sources`), or the files that predictions become
(`modeling.artefacts.predictions`).
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl
import polars.selectors as cs

from catalogue import feature_code
from catalogue.definition import UseCase
from modeling.artefacts.errors import ArtefactError
from modeling.artefacts.evaluated_model import MODEL
from modeling.core.column_types import Typed, typed
from modeling.core.expected_columns import require
from modeling.core.features import Derive, FeatureError, FeatureRecipe, derived
from modeling.core.model import Model
from modeling.core.predictions import DELIVERY, ERROR, REMARKS, VERSION, Predictions, answered, identified
from modeling.core.remarks import remarks
from resources import contracts
from resources.serving import trial
from resources.serving.errors import Unpredictable, UnreadableModel
from resources.serving.models import brief, check_digests, read_model
from resources.store.versions import content_digest

SHOWN = 20
_PLACE = "number of the row"


@dataclass(frozen=True)
class Published:
    """A model that was published as `version`, and the definition whose contract its rows must meet."""

    version: str
    model: Model
    use_case: UseCase

    @classmethod
    def load(cls, place: Path, use_case: UseCase) -> Self:
        """The version that lies in `place`.

        Raises
        ------
        UnreadableModel: a file is missing, not what was written, or of another version of this code.
        Unpredictable: as of `of`.
        """
        with readable(place, use_case.key):
            model = read_model(place)
        return cls.of(place.name, model, use_case)

    @classmethod
    def tried(cls, place: Path, use_case: UseCase) -> Self:
        """As `load`, once another process has lived through it."""
        with readable(place, use_case.key):
            check_digests(place)
            trial.check(place / MODEL)
        return cls.load(place, use_case)

    @classmethod
    def of(cls, version: str, model: Model, use_case: UseCase) -> Self:
        """A model with the code of this installation.

        Raises
        ------
        Unpredictable: it was made with another `features.py` than the definition has.
        """
        if model.card.features_code != feature_code.load(use_case.folder).digest:
            raise Unpredictable(
                f"{use_case.key}: the published model {version} was made with another {feature_code.FILE} than there "
                "is now: run the use case, so that a model made with this one is published, or restore the file"
            )
        return cls(version, model, use_case)

    def predictions(self, frame: pl.DataFrame) -> Predictions:
        """What the model answers to the rows of `frame`; a target among them is not read.

        Raises
        ------
        Unpredictable: there is no row, none gets an answer, or a column that the model reads is missing or wholly of
        another kind than in training. ContractError: a rule is itself wrong.
        """
        made, _ = self._predicted(frame)
        if made.rows.is_empty():
            raise Unpredictable(f"{self.use_case.key}: no row gets a prediction:\n{described(made)}")
        return made

    def answers(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A row for each of `frame`, in its order: as `predictions`, with the column `error`, which says why a row has
        no prediction; null where it has one.

        Raises
        ------
        Unpredictable, ContractError: as `predictions`, but that no row may have an answer.
        """
        made, identifiers = self._predicted(frame)
        why = pl.format("{}: {}{}", pl.col("column").fill_null("several columns"), "rule", _quoted("value"))
        errors = made.set_aside.group_by(pl.col("row").alias(_PLACE)).agg(why.str.join("; ").alias(ERROR))
        rows = pl.DataFrame({_PLACE: range(made.delivered)}, {_PLACE: pl.Int64}).join(errors, _PLACE, "left")
        kept = rows.filter(pl.col(ERROR).is_null())[_PLACE]
        about = {VERSION: pl.lit(made.version), DELIVERY: pl.lit(made.delivery)}
        found = made.rows.drop(cs.by_name(*identifiers.columns, *about)).with_columns(kept)
        answer = rows.join(found, _PLACE, "left").sort(_PLACE).drop(_PLACE)
        ordered = answer.select(pl.all().exclude(ERROR), ERROR).with_columns(**about)
        return pl.concat([identifiers, ordered], how="horizontal")

    def not_read(self, columns: Iterable[str]) -> list[str]:
        """Those of the columns that the model does not know and the definition does not name."""
        return [
            name for name in columns if self.model.columns and name not in {*self.model.columns, self.use_case.target}
        ]

    def _predicted(self, frame: pl.DataFrame) -> tuple[Predictions, pl.DataFrame]:
        """The predictions, and the identifiers of every row, also of those set aside."""
        if frame.is_empty():
            raise Unpredictable(f"{self.use_case.key}: there is no row to predict")
        delivery, every = content_digest(frame), np.arange(frame.height)
        try:
            require(frame.columns, self.model, self._derive, self.use_case.columns.identifier)
            delivered = typed(frame.drop(cs.by_name(self.use_case.target, require_all=False)), self.model.columns)
            set_aside = self._set_aside(delivered)
            kept = np.setdiff1d(every, set_aside["row"].to_numpy())
            rows = self._answered(delivered.frame[kept], kept)
        except FeatureError as error:
            raise Unpredictable(f"{self.use_case.key}: {error}") from error
        rows = rows.with_columns(pl.lit(self.version).alias(VERSION), pl.lit(delivery).alias(DELIVERY))
        made = Predictions(rows, set_aside, self.version, delivery, frame.height)
        return made, identified(delivered.frame, every, self.use_case)

    def _set_aside(self, delivered: Typed) -> pl.DataFrame:
        """What can't be read, and of the other rows what breaks a rule."""
        read = np.setdiff1d(np.arange(delivered.frame.height), delivered.unreadable["row"].to_numpy())
        broken = contracts.broken_by_row(delivered.frame[read], self.use_case)
        numbered = broken.with_columns(row=pl.Series(read[broken["row"].to_numpy()], dtype=pl.Int64))
        return pl.concat([delivered.unreadable, numbered]).sort("row", maintain_order=True)

    def _answered(self, rows: pl.DataFrame, numbers: np.ndarray) -> pl.DataFrame:
        card, recipe, made = self.model.card, self.model.recipe, derived(rows, self._derive)
        nothing = np.empty((0, len(card.classes)) if len(card.classes) > 2 else 0)
        predicted = self.model.champion.predict(recipe.transform(made)) if rows.height else nothing
        levels = recipe.levels if isinstance(recipe, FeatureRecipe) else {}
        identifiers = self.use_case.columns.identifier
        said = remarks(rows, made, self.model.columns, recipe.inputs, levels, identifiers)
        return answered(rows, numbers, predicted, self.use_case, card).with_columns(said.alias(REMARKS))

    @cached_property
    def _derive(self) -> Derive | None:
        return feature_code.load(self.use_case.folder).features


@contextmanager
def readable(place: Path, key: str) -> Iterator[None]:
    """What can't be read becomes an error that says what to do."""
    try:
        yield
    except (ArtefactError, OSError) as error:
        raise UnreadableModel(
            f"{key}: the published model {place.name} can't be read: {brief(error)}. Let "
            f"an earlier one serve (`sectorforge models list {key}`, `sectorforge models pin {key} VERSION`), restore "
            "the folder from a backup, or run the use case, so that another model is published"
        ) from error


def _quoted(column: str) -> pl.Expr:
    return pl.when(pl.col(column).is_null()).then(pl.lit("")).otherwise(pl.format(": {}", pl.col(column)))


def described(made: Predictions) -> str:
    """The rows set aside, a line for each reason, for people; the first `SHOWN`."""
    lines = [
        f"- row {row + 1}, {column or 'several columns'}: {rule}: {value}"
        for row, rule, column, value in made.set_aside.head(SHOWN).iter_rows()
    ]
    more = made.set_aside.height - SHOWN
    return "\n".join([*lines, *([f"- and {more:,} more"] if more > 0 else [])])
