"""Candidates as folders.

Belongs here: the folder in which the fitted learners of a family travel to the evaluation. Does not belong here: the
value (`modeling.core.candidate`), or a learner's own weights (`modeling.learners`).

A folder of candidates::

    <learner>/candidate.json   family, fit summary, cost, circumstances of the fit, digests of the files
    <learner>/learner/         native weights
    <learner>/out_of_fold.npy  answers to units of nested folds, where those choose
"""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from modeling.artefacts import members
from modeling.core.candidate import Candidate, Candidates, Cost
from modeling.core.compute import Compute
from modeling.core.learner import FitSummary, Fitting

SIDECAR = "candidate.json"
OUT_OF_FOLD = "out_of_fold.npy"


def save(candidates: Candidates, folder: Path) -> None:
    """Write a folder for each candidate into an existing, empty `folder`."""
    for candidate in candidates.fitted:
        place = folder / candidate.name
        members.save(candidate.learner, place / "learner")
        content = _described(candidate) | {"files": members.digests(place / "learner")}
        if candidate.out_of_fold is not None:
            np.save(place / OUT_OF_FOLD, candidate.out_of_fold, allow_pickle=False)
        (place / SIDECAR).write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


def load(folder: Path) -> Candidates:
    """The candidates that `save` wrote, by name.

    Raises
    ------
    ModelError: a learner is not known, or a file is not as it was saved.
    """
    return Candidates([_load(path.parent) for path in sorted(folder.glob(f"*/{SIDECAR}"))])


def _described(candidate: Candidate) -> dict[str, Any]:
    fitting = asdict(replace(candidate.fitting, scratch=None))
    del fitting["scratch"], fitting["weights"], fitting["progress"]
    return {
        "family": candidate.family,
        "summary": asdict(candidate.summary),
        "cost": asdict(candidate.cost),
        "fitting": fitting,
    }


def _load(folder: Path) -> Candidate:
    """Older folders know a time budget, and call the fit summary `told`; the oldest list no files."""
    content = json.loads((folder / SIDECAR).read_text(encoding="utf-8"))
    if "files" in content:
        members.check(folder / "learner", content["files"])
    fitting = {name: value for name, value in content["fitting"].items() if name != "seconds"}
    out_of_fold = folder / OUT_OF_FOLD
    return Candidate(
        name=folder.name,
        family=content["family"],
        learner=members.load(folder.name, folder / "learner"),
        summary=FitSummary(**content.get("summary", content.get("told"))),
        cost=Cost(**content["cost"]),
        fitting=Fitting(**{**fitting, "compute": Compute(**fitting["compute"])}),
        out_of_fold=np.load(out_of_fold, allow_pickle=False) if out_of_fold.exists() else None,
    )
