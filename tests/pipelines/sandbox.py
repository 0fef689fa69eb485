"""A catalogue, a state folder and a Dagster instance of a test's own, all under one folder, all real.

Belongs here: making them, and running assets in this process. Does not belong here: what a test expects of the outcome.
"""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml
from dagster import AssetKey, DagsterInstance, Definitions, EventLogEntry, ExecuteInProcessResult
from dagster_shared.error import SerializableErrorInfo

from assets.stages import BESIDE_VALIDATED_DATA, STAGES
from catalogue.definition import UseCase
from catalogue.reader import ENVIRONMENT, Catalogue
from modeling.artefacts.evaluated_model import StoredEvaluation
from pipelines.definitions import build_defs
from pipelines.instance import SHIPPED
from pipelines.refresh import Result
from pipelines.runs import Launch
from pipelines.vocabulary import read_catalogue
from resources.compute import ComputeResource
from resources.store.state import CURRENT, VARIABLE, State
from resources.tracking import Tracking

KEY = "retail/returns"
"""The use case of most tests: a few hundred orders in a CSV, some of which came back."""
DELIVERY = "orders.csv"
BEHIND_THE_CONTRACT = (*list(STAGES)[1:], *BESIDE_VALIDATED_DATA)
"""The assets of a use case that only a delivery which meets the contract may change."""


def orders(rows: int = 300, seed: int = 0) -> pl.DataFrame:
    """Orders, of which the dear and heavy ones tend to come back."""
    draw = np.random.default_rng(seed)
    price, weight = draw.normal(50, 10, rows).round(2), draw.gamma(2, 2, rows).round(2)
    score = (price - 50) / 5 + (weight - 4) / 2 + draw.logistic(0, 0.7, rows)
    return pl.DataFrame(
        {
            "order": range(rows),
            "price": price,
            "weight": weight,
            "colour": draw.choice(["red", "green", "blue"], rows),
            "returned": (score > 0).astype(int),
        }
    )


def definition(**changes: Any) -> dict[str, Any]:
    """The `use_case.yaml` of `KEY`, some of its keys changed; a key changed to None is left out."""
    content = {
        "title": "Will this order come back?",
        "task": "binary_classification",
        "source": {"files": {"path": DELIVERY}, "licence": "CC0", "citation": "made by the test"},
        "target": "returned",
        "columns": {"identifier": ["order"]},
        "learners": ["logistic"],
        **changes,
    }
    return {key: value for key, value in content.items() if value is not None}


def hashes(folder: Path) -> dict[str, str]:
    """The digest of every file under `folder`, by its path there."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class Untracked(Tracking):
    """Tells MLflow nothing: most tests don't look at it, and it takes seconds."""

    def record(self, use_case: UseCase, judged: StoredEvaluation, serving: Path | None) -> str:
        return "not tracked: a test"


class NoProgress:
    """Shows nothing of runs."""

    def wait(self, key: str, message: str) -> None:
        pass

    def begin(self, launch: Launch, name: str, steps: int) -> None:
        pass

    def follow(self, launch: Launch, entry: EventLogEntry) -> None:
        pass

    def end(self, launch: Launch, message: str) -> None:
        pass

    def result(self, result: Result) -> None:
        pass


@dataclass(frozen=True)
class Sandbox:
    """Everything lies under `folder`; copying that folder copies all of it. `tracked`: MLflow is told of trainings."""

    folder: Path
    tracked: bool = False

    @property
    def root(self) -> Path:
        """The catalogue's folder."""
        return self.folder / "industries"

    @property
    def home(self) -> Path:
        """The state folder, which `SECTORFORGE_HOME` would name."""
        return self.folder / "home"

    @property
    def state(self) -> State:
        """The state folder as the resource that everything takes."""
        return State(folder=str(self.home))

    @property
    def dagster_home(self) -> Path:
        return self.state.dagster

    def copy(self, folder: Path) -> "Sandbox":
        shutil.copytree(self.folder, folder, symlinks=True)
        return Sandbox(folder)

    def name_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the environment name this catalogue, state folder and instance, as a user does for the command line."""
        monkeypatch.setenv(ENVIRONMENT, str(self.root))
        monkeypatch.setenv(VARIABLE, str(self.home))
        monkeypatch.setenv("DAGSTER_HOME", str(self.dagster_home))

    # --- the catalogue ------------------------------------------------------------------------------------------------

    def place(self, key: str = KEY, frame: pl.DataFrame | None = None, **changes: Any) -> Path:
        """Write a use case, its industry where it is new, and its delivery. Returns the use case's folder."""
        folder = self.root / key
        folder.mkdir(parents=True, exist_ok=True)
        industry = folder.parent / "industry.yaml"
        if not industry.exists():
            industry.write_text(yaml.safe_dump({"title": folder.parent.name.title(), "owners": ["team:test"]}))
        (folder / "use_case.yaml").write_text(yaml.safe_dump(definition(**changes), sort_keys=False))
        if frame is not None:
            frame.write_csv(folder / DELIVERY)
        return folder

    def catalogue(self) -> Catalogue:
        return read_catalogue(self.root)

    def use_case(self, key: str = KEY) -> UseCase:
        return self.catalogue().use_cases[key]

    # --- runs ---------------------------------------------------------------------------------------------------------

    @contextmanager
    def instance(self) -> Iterator[DagsterInstance]:
        """An instance with the shipped configuration, on disk."""
        self.dagster_home.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(SHIPPED, self.dagster_home / SHIPPED.name)
        with DagsterInstance.from_config(str(self.dagster_home)) as instance:
            yield instance

    def definitions(self) -> Definitions:
        tracking = (Tracking if self.tracked else Untracked)(home=self.state)
        resources = {"home": self.state, "compute": ComputeResource(device="cpu"), "tracking": tracking}
        return build_defs(catalogue=self.catalogue(), resources=resources)

    def materialise(
        self, instance: DagsterInstance, key: str | None = KEY, *assets: str, job: str = "use_case"
    ) -> ExecuteInProcessResult:
        """Run a job's assets (default: all) in this process. A failure is in the result, not raised."""
        return (
            self.definitions()
            .resolve_job_def(job)
            .execute_in_process(
                instance=instance,
                partition_key=key,
                asset_selection=[AssetKey(name) for name in assets] or None,
                raise_on_error=False,
            )
        )

    def make(self, instance: DagsterInstance, key: str | None = KEY, *assets: str, job: str = "use_case") -> None:
        """Run a job's assets (default: all) in this process; it must succeed."""
        result = self.materialise(instance, key, *assets, job=job)
        assert result.success, failures(result)

    # --- what was published -------------------------------------------------------------------------------------------

    def current(self, asset: str, partition: str = KEY) -> Path:
        """The folder that readers of an artefact see."""
        return self.state.artefact(asset, partition) / CURRENT

    def published(self, key: str = KEY) -> dict[str, dict[str, str]]:
        """The digest of every file that readers of a use case see behind its contract, by asset."""
        return {asset: hashes(self.current(asset, key)) for asset in BEHIND_THE_CONTRACT}


def failures(result: ExecuteInProcessResult) -> dict[str, str]:
    """Of every step that failed, what the asset itself raised: type and message."""
    errors = {event.step_key: event.step_failure_data.error for event in result.all_events if event.is_step_failure}
    return {step: _raised(error) for step, error in errors.items() if step and error}


def _raised(error: SerializableErrorInfo) -> str:
    while error.cause is not None and (error.cls_name or "").startswith("DagsterExecution"):
        error = error.cause
    return error.message
