"""What the reports of classified molecules show: the score by similarity to training molecules, and the worst errors.

Does not belong here: chemistry (`modeling.problems.molecule.molecules`), or which metrics are scored
(`modeling.problems.molecule.task`).
"""

import numpy as np
import polars as pl

from modeling.core.intervals import scored
from modeling.core.metrics import roc_auc
from modeling.core.record import Chapter, Estimates, Picture, Pictures
from modeling.core.task import EvaluatedChampion, Metric, by_name
from modeling.problems.molecule import molecules

SIMILARITY = (0.0, 0.3, 0.4, 0.5, 0.7, 1.0)
"""Bounds of the bands of similarity that are scored each for itself."""
FEWEST = 30
"""Test molecules below which a band is not scored."""
EXAMPLES, SIDE = 12, 180
"""Molecules drawn, and the pixels of a side."""


def chapters(evaluated: EvaluatedChampion) -> list[Chapter]:
    """The chapters, in their order."""
    return [_applicability(evaluated), _most_wrong(evaluated)]


def _applicability(evaluated: EvaluatedChampion) -> Chapter:
    """The score by how like a test molecule is to what the model was trained on."""
    similarity = molecules.nearest(molecules.smiles(evaluated.test.table), molecules.smiles(evaluated.train.table))
    band = np.digitize(similarity, SIMILARITY[1:-1])
    return Chapter(
        title="How far from what it knows",
        reading="A model is asked about new chemistry. The score is shown by how like a test molecule is to the "
        "nearest one it was trained on: where a line scores worse, do not trust it with molecules of that kind.",
        term="Largest Tanimoto similarity to any training molecule, on the fragments of the Morgan fingerprint of "
        f"radius {molecules.RADIUS}. ROC AUC of the champion in each band; intervals: bootstrap of whole "
        "scaffolds, 95 %.",
        exhibits=[_by_band(evaluated, band)],
    )


def _by_band(evaluated: EvaluatedChampion, band: np.ndarray) -> Estimates:
    score = by_name(Metric("roc_auc", "ROC AUC", True, roc_auc))
    champion, units, estimates = evaluated.answers[evaluated.champion], evaluated.units, {}
    for number in range(len(SIMILARITY) - 1):
        rows = np.flatnonzero(band == number)
        if len(rows) < FEWEST:
            continue
        group = None if units.group is None else units.group[rows]
        found = scored(score, units.truth[rows], {evaluated.champion: champion[rows]}, group).intervals(
            evaluated.champion
        )
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


def _most_wrong(evaluated: EvaluatedChampion) -> Chapter:
    """The test molecules whose true class the champion thought least likely, each structure once."""
    truth, answer = evaluated.units.truth, evaluated.answers[evaluated.champion]
    of_truth = pl.DataFrame({"row": np.arange(len(truth)), "belief": np.where(truth == 1, answer, 1 - answer)})
    structure = molecules.identities(pl.Series(molecules.smiles(evaluated.test.table)))
    worst = of_truth.with_columns(structure).sort("belief", "row").unique("identity", keep="first", maintain_order=True)
    return Chapter(
        title="Where it was most wrong",
        reading="The test molecules with the most confident wrong answers. A chemist may see what the model does not "
        "know, or a label to be doubted.",
        term="The lowest predicted probabilities of the true class on the sealed test; salts, tautomers and "
        "stereoisomers of one molecule once.",
        exhibits=[
            Pictures(
                title="The most confident mistakes",
                caption="True class, and the probability the model gave it.",
                pictures=[_drawn(evaluated, int(row)) for row in worst["row"].head(EXAMPLES)],
            )
        ],
    )


def _drawn(evaluated: EvaluatedChampion, row: int) -> Picture:
    (text,) = molecules.smiles(evaluated.test.table.rows(np.array([row])))
    event = evaluated.units.truth[row] == 1
    probability = evaluated.answers[evaluated.champion][row]
    said = f"{evaluated.classes[int(event)]}: {probability if event else 1 - probability:.0%}"
    return Picture(png=molecules.picture(text, SIDE), caption=said, text=f"The structure {text}; {said}")
