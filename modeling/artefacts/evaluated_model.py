"""Judged use cases as folders: the record and the champion it speaks of.

Belongs here: what the `evaluation` asset stores, and the parts of it that later stages read. Does not belong here:
judging (`modeling.evaluation`), or the model folder's own layout (`model`).

A folder of a judged use case::

    evaluation.json   the record
    answers.parquet   what champion, trivial and simple model answered to the sealed test, unit by unit
    model/            the champion (`model`)
    reference/        what later deliveries are compared with (`reference`)
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from modeling.artefacts import model, reference
from modeling.artefacts.errors import Read
from modeling.core.model import Model
from modeling.core.record import Evaluation
from modeling.drift.reference import Reference

RECORD, MODEL, ANSWERS = "evaluation.json", "model", "answers.parquet"


@dataclass(frozen=True)
class EvaluatedModel:
    """The record, the champion, what later deliveries are compared with, and the answers to the sealed test (None where
    these were not kept)."""

    evaluation: Evaluation
    model: Model
    reference: Reference | None = None
    answers: pl.DataFrame | None = None


@dataclass(frozen=True)
class StoredEvaluation:
    """The record, and the folder that it was read from, for who copies that folder as it is."""

    evaluation: Evaluation
    folder: Path

    @property
    def model(self) -> Path:
        """The champion's model folder."""
        return self.folder / MODEL


class ReadEvaluation(Read[Evaluation]):
    """The record alone."""

    kind = Evaluation


def save(evaluated: EvaluatedModel, folder: Path) -> None:
    """Write the files into an existing, empty `folder`."""
    (folder / RECORD).write_text(evaluated.evaluation.model_dump_json(indent=1), encoding="utf-8")
    (folder / MODEL).mkdir()
    model.save(evaluated.model, folder / MODEL)
    if evaluated.answers is not None:
        evaluated.answers.write_parquet(folder / ANSWERS)
    if evaluated.reference is not None:
        reference.save(evaluated.reference, folder / reference.REFERENCE)


def load_record(folder: Path) -> Evaluation:
    """The record alone."""
    return Evaluation.model_validate_json((folder / RECORD).read_text(encoding="utf-8"))


def load_stored(folder: Path) -> StoredEvaluation:
    """The record, with its folder."""
    return StoredEvaluation(load_record(folder), folder)
