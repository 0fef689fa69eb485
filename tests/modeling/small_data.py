"""A few hundred rows about parts that break, and the way from rows to a feature set.

Belongs here: what the tests of splits, features, leaks and artefacts start from. Does not belong here: what they
expect.
"""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from catalogue.definition import UseCase
from modeling.core.candidate import Candidate
from modeling.core.feature_set import FeatureSet
from modeling.core.features import Derive
from modeling.core.learner import Fitting
from modeling.core.model import ModelCard
from modeling.core.record import Provenance
from modeling.core.validated_data import ValidatedData
from modeling.learners.fit import train
from modeling.problems import learners, tasks


def use_case(**changes: Any) -> UseCase:
    """The definition of `parts`; by default split at random, its identifier declared."""
    content = {
        "title": "Will it break?",
        "task": "binary_classification",
        "source": {"files": {"path": "*.csv"}, "licence": "CC0", "citation": "made by the test"},
        "target": "broken",
        "columns": {"identifier": ["id"]},
        "split": {"by": "random", "stratify": "target", "valid": 0.2, "test": 0.2},
    }
    return UseCase.model_validate(content | changes).placed("shop/parts", Path("shop/parts"))


def parts(rows: int = 400, seed: int = 0) -> pl.DataFrame:
    """Parts of 40 lots, 1 made a day; the hot ones from old machines tend to break."""
    draw = np.random.default_rng(seed)
    heat = draw.normal(60, 15, rows)
    machine = draw.choice(["old", "new", "newest"], rows, p=[0.3, 0.5, 0.2])
    risk = (heat - 60) / 15 + 1.2 * (machine == "old") - 0.8 + draw.logistic(0, 0.4, rows)
    return pl.DataFrame(
        {
            "id": np.arange(rows),
            "lot": [f"lot {number % 40:02d}" for number in range(rows)],
            "made": [date(2023, 1, 1) + timedelta(days=number) for number in range(rows)],
            "heat": heat,
            "weight": draw.lognormal(5, 2, rows),
            "hours": draw.uniform(1, 10_000, rows),
            "machine": machine,
            "broken": (risk > 0).astype(int),
        }
    )


def validated(frame: pl.DataFrame) -> ValidatedData:
    """`frame` as if the contract had let every row pass; rows are numbered from 1,000."""
    return ValidatedData(frame, np.arange(frame.height) + 1000, [], "digest of the snapshot", frame.height)


def prepared(frame: pl.DataFrame | None = None, derive: Derive | None = None, **changes: Any) -> FeatureSet:
    """The feature set of `frame` (default: `parts()`) under `use_case(**changes)`."""
    definition = use_case(**changes)
    data = validated(parts() if frame is None else frame)
    return tasks.task(definition).prepare(data, definition, derive)


PROVENANCE = Provenance(
    snapshot="digest of the snapshot",
    definition="digest of the definition",
    code="digest of the code",
    seeds=[0, 1, 2],
    versions={"python": "3.11"},
    run_id="the test's run",
    finished_at="2026-11-01T00:00:00+00:00",
)


def card(**changes: Any) -> ModelCard:
    """What a model of `parts` says of itself."""
    content = {
        "use_case": "shop/parts",
        "task": "binary_classification",
        "target": "broken",
        "classes": ["0", "1"],
        "inputs": ["heat", "machine"],
        "threshold": 0.5,
        "metrics": {},
        "published": True,
        "features_version": "digest of the features",
        "features_code": "",
        "provenance": PROVENANCE,
    }
    return ModelCard.model_validate(content | changes)


def fitted(name: str, features: FeatureSet, fitting: Fitting) -> Candidate:
    """The learner called `name`, fitted to the training rows."""
    return train(name, learners.families()[name], learners.learner(name), features, fitting)
