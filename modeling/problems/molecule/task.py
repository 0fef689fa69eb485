"""Does this molecule have the property?

Belongs here: what is scored and shown of a classifier of molecules. Does not belong here: chemistry
(`modeling.problems.molecule.molecules`), or the arithmetic of the metrics (`modeling.core.metrics`).
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import polars as pl

from catalogue.definition import ScaffoldSplit, UseCase
from modeling.core import splits
from modeling.core.features import Derive, FeatureError
from modeling.core.metrics import accuracy, average_precision, log_loss, mcc, roc_auc
from modeling.core.task import Judged, Metric
from modeling.core.validated_data import ValidatedData
from modeling.problems.molecule import molecules
from modeling.problems.tabular.binary_classification import BinaryClassification
from modeling.problems.tabular.multiclass_classification import by_name

if TYPE_CHECKING:
    from modeling.core.feature_set import FeatureSet
    from modeling.core.record import Chapter, Estimates, Picture

SIMILARITY = (0.0, 0.3, 0.4, 0.5, 0.7, 1.0)
"""Bounds of the bands of similarity that are scored each for itself."""
FEWEST = 30
"""Test molecules below which a band is not scored."""
EXAMPLES, SIDE = 12, 180
"""Molecules drawn, and the pixels of a side."""


@dataclass(frozen=True)
class MoleculeClassification(BinaryClassification):
    """Two classes, the event last; predictions are its probability ``[n]``.

    Molecules that share a scaffold belong together: the bootstrap draws them as one, unless the use case names another
    group.
    """

    name: ClassVar[str] = "molecule_classification"
    splits: ClassVar[tuple[str, ...]] = (*BinaryClassification.splits, "scaffold")
    learners: ClassVar[tuple[str, ...]] = ("fingerprint", "molecule_lightgbm", "molecule_embedding", "molecule_graph")
    extra: ClassVar[str | None] = "molecules"

    def metrics(self, classes: list[str]) -> dict[str, Metric]:
        return by_name(
            Metric("roc_auc", "ROC AUC", True, roc_auc),
            Metric("average_precision", "average precision", True, average_precision),
            Metric("mcc", "Matthews correlation", True, mcc),
            Metric("log_loss", "log loss", False, log_loss),
            Metric("accuracy", "accuracy", True, accuracy),
        )

    def prepare(self, data: ValidatedData, use_case: UseCase, derive: Derive | None) -> "FeatureSet":
        column = _column(use_case)
        if use_case.columns.group is None:
            grouped = use_case.columns.model_copy(update={"group": "scaffold"})
            use_case = use_case.model_copy(update={"columns": grouped}).placed(use_case.key, use_case.folder)
            frame = data.frame.with_columns(molecules.scaffolds(data.frame[column]).alias("scaffold"))
            data = replace(data, frame=frame)
        return super().prepare(data, use_case, derive)

    def roles(self, frame: pl.DataFrame, use_case: UseCase) -> pl.Series:
        """As the split assigns them; by scaffold, each scaffold in one role."""
        by_scaffold = isinstance(use_case.split, ScaffoldSplit)
        scaffolds = molecules.scaffolds(frame[_column(use_case)]) if by_scaffold else None
        return splits.assign(frame, use_case, scaffolds)

    def twin(self, frame: pl.DataFrame, use_case: UseCase) -> pl.Series:
        return molecules.flat(frame[_column(use_case)])

    def occluder(self, use_case: UseCase) -> molecules.FragmentOccluder:
        return molecules.FragmentOccluder(_column(use_case))

    def chapters(self, judged: Judged) -> list["Chapter"]:
        return [_applicability(judged), _most_wrong(judged)]


def _column(use_case: UseCase) -> str:
    """The column that holds the molecules.

    Raises
    ------
    FeatureError: none is named.
    """
    if use_case.columns.molecule is None:
        raise FeatureError(f"{use_case.key}: no column of molecules is named; write `columns: {{molecule: …}}`")
    return use_case.columns.molecule


def _applicability(judged: Judged) -> "Chapter":
    """The score by how like a test molecule is to what the model was trained on."""
    from modeling.core.record import Chapter

    similarity = molecules.nearest(molecules.smiles(judged.test.table), molecules.smiles(judged.train.table))
    band = np.digitize(similarity, SIMILARITY[1:-1])
    return Chapter(
        title="How far from what it knows",
        reading="A model is asked about new chemistry. The score is shown by how like a test molecule is to the "
        "nearest one it was trained on: where a line scores worse, do not trust it with molecules of that kind.",
        term="Largest Tanimoto similarity to any training molecule, on the fragments of the Morgan fingerprint of "
        f"radius {molecules.RADIUS}. ROC AUC of the champion in each band; intervals: percentile bootstrap of whole "
        "scaffolds, 95 %.",
        exhibits=[_by_band(judged, band)],
    )


def _by_band(judged: Judged, band: np.ndarray) -> "Estimates":
    from modeling.core.intervals import scored
    from modeling.core.record import Estimates

    score = by_name(Metric("roc_auc", "ROC AUC", True, roc_auc))
    champion, units, estimates = judged.answers[judged.champion], judged.units, {}
    for number in range(len(SIMILARITY) - 1):
        rows = np.flatnonzero(band == number)
        if len(rows) < FEWEST:
            continue
        group = None if units.group is None else units.group[rows]
        found = scored(score, units.truth[rows], {judged.champion: champion[rows]}, group).intervals(judged.champion)
        name = f"{SIMILARITY[number]:g} to {SIMILARITY[number + 1]:g}: {len(rows):,} molecules"
        if found:
            estimates[name] = found["roc_auc"]
    return Estimates(
        title="ROC AUC by similarity to the nearest training molecule",
        caption=f"Bands with fewer than {FEWEST} molecules, or one class, are left out; the line is guessing.",
        x_title="ROC AUC",
        estimates=estimates,
        reference=0.5,
    )


def _most_wrong(judged: Judged) -> "Chapter":
    """The test molecules whose true class the champion thought least likely, each structure once."""
    from modeling.core.record import Chapter, Pictures

    truth, answer = judged.units.truth, judged.answers[judged.champion]
    of_truth = pl.DataFrame({"row": np.arange(len(truth)), "belief": np.where(truth == 1, answer, 1 - answer)})
    structure = molecules.flat(pl.Series(molecules.smiles(judged.test.table)))
    worst = of_truth.with_columns(structure).sort("belief", "row").unique("flat", keep="first", maintain_order=True)
    return Chapter(
        title="Where it was most wrong",
        reading="The test molecules with the most confident wrong answers. A chemist may see what the model does not "
        "know, or a label to be doubted.",
        term="The lowest predicted probabilities of the true class on the sealed test; stereoisomers once.",
        exhibits=[
            Pictures(
                title="The most confident mistakes",
                caption="True class, and the probability the model gave it.",
                pictures=[_drawn(judged, int(row)) for row in worst["row"].head(EXAMPLES)],
            )
        ],
    )


def _drawn(judged: Judged, row: int) -> "Picture":
    from modeling.core.record import Picture

    (text,) = molecules.smiles(judged.test.table.rows(np.array([row])))
    event = judged.units.truth[row] == 1
    probability = judged.answers[judged.champion][row]
    said = f"{judged.classes[int(event)]}: {probability if event else 1 - probability:.0%}"
    return Picture(png=molecules.picture(text, SIDE), caption=said, text=f"The structure {text}; {said}")


TASK = MoleculeClassification
