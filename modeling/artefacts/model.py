"""Models and candidates as folders.

Belongs here: the folder a champion is published as, the folder candidates travel in between assets, and reading both
back. Native weights, JSON and skops only: no pickle is ever loaded. Does not belong here: where the folders lie
(`resources.store.versions`), or a learner's own weights (`learners`).

A model folder::

    model.json            what it is: use case, task, classes, inputs, versions, metrics, device
    recipe.json           the fitted feature recipe
    learned.npy           digests of the rows it learned from (`core.row_digests`); none where rows are no units
    columns.parquet       names and types of the columns of raw rows, the target aside; no rows
    members/<learner>/    native weights of every member
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl

from modeling.core.blend import Blend
from modeling.core.candidate import Candidate, Cost
from modeling.core.compute import Compute
from modeling.core.features import Derive, derived
from modeling.core.learner import FitSummary, Fitting, Learner
from modeling.core.recipe import Recipe
from modeling.problems import learners as registry
from modeling.problems import tasks

FORMAT = 2
SIDECAR = "model.json"
COLUMNS = "columns.parquet"


class ModelError(ValueError):
    """A model folder that can't be used; the message names the folder and what is missing."""


@dataclass(frozen=True)
class Model:
    """A published champion: feature recipe and learners.

    `about` holds what the sidecar says: JSON types, among them `task`, and `features_code`, the digest of the use
    case's `features.py`, empty where it derives no columns. `learned`: uint64, digests of the rows it learned from.
    `columns`: of the raw rows, the target aside; none in folders written before they were kept.
    """

    recipe: Recipe
    champion: Blend
    about: dict[str, Any]
    learned: np.ndarray
    columns: pl.Schema = field(default_factory=pl.Schema)

    def predict(self, frame: pl.DataFrame, derive: Derive | None = None) -> np.ndarray:
        """Predictions for raw rows ``[n, …]``, as `Learner.predict` gives them.

        `derive` is the use case's own `features` function, for models made with one.
        """
        return self.champion.predict(self.recipe.transform(derived(frame, derive)))

    def save(self, folder: Path) -> None:
        self.recipe.save(folder / "recipe.json")
        for name, learner in self.champion.learners.items():
            _save_learner(learner, folder / "members" / name)
        np.save(folder / "learned.npy", self.learned, allow_pickle=False)
        pl.DataFrame(schema=self.columns).write_parquet(folder / COLUMNS)
        files = _digests(folder)
        _write(folder / SIDECAR, {"format": FORMAT, "members": self.champion.weights, **self.about, "files": files})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The model `save` wrote.

        Raises
        ------
        ModelError: no model folder, one of a later format, or with files that are not as they were saved.
        """
        sidecar = folder / SIDECAR
        if not sidecar.exists():
            raise ModelError(f"{folder} is no model folder: it has no model.json")
        about = json.loads(sidecar.read_text(encoding="utf-8"))
        if about.pop("format") != FORMAT:
            raise ModelError(f"{sidecar}: only format {FORMAT} is known; update sectorforge, or run the use case again")
        _check(folder, about.pop("files"))
        weights = about.pop("members")
        if unknown := weights.keys() - registry.families().keys():
            raise ModelError(f"{sidecar}: no learner is called {min(unknown)!r}")
        learners = {name: registry.learner(name).load(folder / "members" / name) for name in weights}
        recipe = tasks.task_type(about["task"]).recipe_type.load(folder / "recipe.json")
        learned = np.load(folder / "learned.npy", allow_pickle=False)
        columns = pl.read_parquet(folder / COLUMNS).schema if (folder / COLUMNS).exists() else pl.Schema()
        return cls(recipe, Blend(learners, weights), about, learned, columns)


@dataclass(frozen=True)
class Candidates:
    """The fitted learners of one model asset, as they travel to the evaluation."""

    fitted: list[Candidate]

    def save(self, folder: Path) -> None:
        for candidate in self.fitted:
            _save_learner(candidate.learner, folder / candidate.name / "learner")
            files = _digests(folder / candidate.name / "learner")
            _write(folder / candidate.name / "candidate.json", {**_described(candidate), "files": files})

    @classmethod
    def load(cls, folder: Path) -> Self:
        return cls([_load_candidate(path.parent) for path in sorted(folder.glob("*/candidate.json"))])


def _described(candidate: Candidate) -> dict[str, Any]:
    fitting = asdict(replace(candidate.fitting, scratch=None))
    del fitting["scratch"], fitting["weights"], fitting["progress"]
    return {
        "family": candidate.family,
        "summary": asdict(candidate.summary),
        "cost": asdict(candidate.cost),
        "fitting": fitting,
    }


def _load_candidate(folder: Path) -> Candidate:
    about = json.loads((folder / "candidate.json").read_text(encoding="utf-8"))
    _check(folder / "learner", about.get("files", {}))
    fitting = about["fitting"]
    return Candidate(
        name=folder.name,
        family=about["family"],
        learner=registry.learner(folder.name).load(folder / "learner"),
        summary=FitSummary(**about.get("summary", about.get("told"))),
        cost=Cost(**about["cost"]),
        fitting=Fitting(**{**fitting, "compute": Compute(**fitting["compute"])}),
    )


def _digests(folder: Path) -> dict[str, str]:
    """The sha256 (hex) of every file under a folder, by its path there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): _digest(path) for path in files}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _check(folder: Path, saved: dict[str, str]) -> None:
    """Raise ModelError where a file is not as it was saved: damaged weights may end the whole process. Other files that
    lie there are never read. Folders from before files were listed list none."""
    for name, digest in saved.items():
        path = folder / name
        if path.is_symlink() or not path.is_file() or _digest(path) != digest:
            raise ModelError(f"{path}: not as it was saved; train again")


def _save_learner(learner: Learner, folder: Path) -> None:
    folder.mkdir(parents=True)
    learner.save(folder)


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
