"""The one way to store a value as a folder, and to read it back.

Belongs here: which module writes and reads which kind of value, and what no folder may hold. Does not belong here: any
file (a module a kind), or where the folders lie (`resources.store`).

A folder may be read as more than one kind: whoever needs the record of a judged use case loads `Evaluation`, and
its model stays unread.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from modeling.artefacts import (
    candidates,
    evaluated_model,
    feature_set,
    model,
    predictions,
    reference,
    report,
    table,
    validated_data,
)
from modeling.artefacts.errors import ArtefactError, reading
from modeling.core.candidate import Candidates
from modeling.core.feature_set import FeatureSet
from modeling.core.model import Model, ModelCard
from modeling.core.predictions import Predictions
from modeling.core.record import Evaluation
from modeling.core.report import Report
from modeling.core.validated_data import ValidatedData
from modeling.drift.reference import Reference

V = TypeVar("V")
WRITERS: dict[type, Callable[[Any, Path], None]] = {
    pl.DataFrame: table.save,
    ValidatedData: validated_data.save,
    feature_set.ReferencedFeatures: feature_set.save,
    Candidates: candidates.save,
    Model: model.save,
    evaluated_model.EvaluatedModel: evaluated_model.save,
    Reference: reference.save,
    Report: report.save,
    Predictions: predictions.save,
}
READERS: dict[type, Callable[[Path], Any]] = {
    pl.DataFrame: table.load,
    ValidatedData: validated_data.load,
    FeatureSet: feature_set.load,
    feature_set.ReferencedFeatures: feature_set.load_with_reference,
    Candidates: candidates.load,
    Model: model.load,
    ModelCard: model.load_card,
    Evaluation: evaluated_model.load_record,
    evaluated_model.StoredEvaluation: evaluated_model.load_stored,
    Report: report.load,
    Predictions: predictions.load,
}


def save(value: object, folder: Path) -> None:
    """Write `value` into an existing, empty `folder`.

    Raises
    ------
    TypeError: values of its type are not stored.
    """
    if type(value) not in WRITERS:
        raise TypeError(f"{type(value).__name__} can't be stored: known are {_names(WRITERS)}")
    WRITERS[type(value)](value, folder)


def load(kind: type[V], folder: Path) -> V:
    """The value of `kind` that lies in `folder`.

    Raises
    ------
    ArtefactError: files are missing, damaged, or of another version, or there is a link. OSError: the storage does not
    answer. TypeError: no such kind is stored.
    """
    if kind not in READERS:
        raise TypeError(f"{kind} can't be read: known are {_names(READERS)}")
    _refuse_links(folder)
    return reading(READERS[kind], folder)


def _refuse_links(folder: Path) -> None:
    """Nothing here writes one, and who copies the folder would copy what it leads to, wherever that lies."""
    if link := next((path for path in folder.rglob("*") if path.is_symlink()), None):
        raise ArtefactError(f"{link}: is a link, and was not saved as one; remove it, or run its use case again")


def _names(kinds: dict[type, Any]) -> str:
    return ", ".join(kind.__name__ for kind in kinds)
