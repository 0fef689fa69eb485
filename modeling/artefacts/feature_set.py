"""Feature sets as folders.

Belongs here: the layout, with the test rows in a folder of their own that is read on request only. Does not
belong here: the value (`modeling.core.feature_set`).

A folder of a feature set::

    recipe.json         the fitted recipe
    background.json     the datasheet
    train/ tune/ valid/ test/   the rows of each role (`rows`)
    reference/          what later deliveries are compared with (`reference`)
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from modeling.artefacts import recipe, reference, rows
from modeling.core.feature_set import Datasheet, FeatureSet
from modeling.core.splits import ROLES
from modeling.drift.reference import Reference

DATASHEET = "background.json"


@dataclass(frozen=True)
class ReferencedFeatures:
    """A feature set, with what later deliveries are compared with; None where that was not kept."""

    features: FeatureSet
    reference: Reference | None


def save(made: ReferencedFeatures, folder: Path) -> None:
    """Write a feature set and its reference into an existing, empty `folder`."""
    features = made.features
    recipe.save(features.recipe, folder)
    (folder / DATASHEET).write_text(features.datasheet.model_dump_json(indent=1), encoding="utf-8")
    for role, part in zip(ROLES, (features.train, features.tune, features.valid, features.open_test()), strict=True):
        rows.save(part, folder / role)
    if made.reference is not None:
        reference.save(made.reference, folder / reference.REFERENCE)


def load(folder: Path) -> FeatureSet:
    """The feature set alone; its test rows stay unread until `open_test`."""
    datasheet = Datasheet.model_validate_json((folder / DATASHEET).read_text(encoding="utf-8"))
    train, tune, valid = (rows.load(folder / role) for role in ("train", "tune", "valid"))
    fitted = recipe.load(folder, datasheet.task)
    return FeatureSet(fitted, datasheet, train, tune, valid, partial(rows.load, folder / "test"))


def load_with_reference(folder: Path) -> ReferencedFeatures:
    """The feature set with its reference."""
    return ReferencedFeatures(load(folder), reference.load(folder / reference.REFERENCE))
