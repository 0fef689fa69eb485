"""Does this molecule have the property?

Belongs here: what is special about classes of molecules: metrics, scaffolds as groups, near twins, fragments as parts.
Does not belong here: reading the target (`modeling.core.classification`), chemistry
(`modeling.problems.molecule.molecules`), or what reports show (`modeling.problems.molecule.chapters`).
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import polars as pl

from catalogue.definition import ScaffoldSplit, UseCase
from modeling.core import splits
from modeling.core.classification import BinaryClassificationTask
from modeling.core.feature_set import FeatureSet
from modeling.core.features import Derive, FeatureError
from modeling.core.leakage import Keys, Likeness
from modeling.core.metrics import accuracy, average_precision, log_loss, mcc, roc_auc
from modeling.core.record import Chapter
from modeling.core.task import EvaluatedChampion, Metric, Settings, by_name
from modeling.core.validated_data import ValidatedData
from modeling.problems.molecule import molecules
from modeling.problems.molecule.chapters import chapters


@dataclass(frozen=True)
class MoleculeClassification(BinaryClassificationTask[Settings]):
    """Two classes, the event last; predictions are its probability ``[n]``.

    Molecules that share a scaffold belong together: the bootstrap draws them as one, unless the use case names another
    group.
    """

    name: ClassVar[str] = "molecule_classification"
    splits: ClassVar[tuple[str, ...]] = (*BinaryClassificationTask.splits, "scaffold")
    learners: ClassVar[tuple[str, ...]] = ("fingerprint", "molecule_lightgbm", "molecule_embedding", "molecule_graph")
    extra: ClassVar[str | None] = "molecules"

    def metrics(self, classes: list[str]) -> dict[str, Metric]:
        """Of the probability of the event ``[n]``; ROC AUC comes first."""
        return by_name(
            Metric("roc_auc", "ROC AUC", True, roc_auc),
            Metric("average_precision", "average precision", True, average_precision),
            Metric("mcc", "Matthews correlation", True, mcc),
            Metric("log_loss", "log loss", False, log_loss),
            Metric("accuracy", "accuracy", True, accuracy),
        )

    def prepare(self, data: ValidatedData, use_case: UseCase, derive: Derive | None) -> FeatureSet:
        """As of any row task; rows of one scaffold stay in one role unless the use case names another group."""
        column = _column(use_case)
        if use_case.columns.group is None:
            grouped = use_case.columns.model_copy(update={"group": "scaffold"})
            use_case = use_case.model_copy(update={"columns": grouped}).placed(use_case.key, use_case.folder)
            frame = data.frame.with_columns(molecules.scaffolds(data.frame[column]).alias("scaffold"))
            data = replace(data, frame=frame)
        return super().prepare(data, use_case, derive)

    def roles(self, frame: pl.DataFrame, use_case: UseCase) -> pl.Series:
        """As the split assigns them; by scaffold, each scaffold in one role."""
        return splits.assign(frame, use_case, _scaffolds(frame, use_case))

    def blocks(self, frame: pl.DataFrame, use_case: UseCase) -> np.ndarray | None:
        """As of any row task; by scaffold, each scaffold a block."""
        if isinstance(use_case.split, ScaffoldSplit):
            return splits.blocks(frame, use_case, _scaffolds(frame, use_case))
        return super().blocks(frame, use_case)

    def likeness(self, frame: pl.DataFrame, use_case: UseCase) -> Likeness:
        """The molecule, whichever its salt, charge, tautomer or stereoisomer."""
        return Keys(molecules.identities(frame[_column(use_case)]), "the molecule without salt, tautomer and stereo")

    def occluder(self, use_case: UseCase) -> molecules.FragmentOccluder:
        """Fragments of the molecule."""
        return molecules.FragmentOccluder(_column(use_case))

    def chapters(self, evaluated: EvaluatedChampion) -> list[Chapter]:
        """The score by likeness to training molecules, and the molecules that the champion is most wrong about."""
        return chapters(evaluated)


def _scaffolds(frame: pl.DataFrame, use_case: UseCase) -> pl.Series | None:
    return molecules.scaffolds(frame[_column(use_case)]) if isinstance(use_case.split, ScaffoldSplit) else None


def _column(use_case: UseCase) -> str:
    """The column that holds the molecules.

    Raises
    ------
    FeatureError: none is named.
    """
    if use_case.columns.molecule is None:
        raise FeatureError(f"{use_case.key}: no column of molecules is named; write `columns: {{molecule: …}}`")
    return use_case.columns.molecule


TASK = MoleculeClassification
