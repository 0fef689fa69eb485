"""What our tool makes of a public table, and the rows that the others get.

Belongs here: `sectorforge new` and `sectorforge run` as a person would type them, timed from outside. Does not belong
here: the tables (`tables`), or the other tools (`peer`).
"""

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import polars as pl
import polars.selectors as cs
import yaml

from benchmarks.peers.tables import METRIC, Problem, PublicTable
from modeling.artefacts.evaluated_model import ANSWERS
from modeling.artefacts.storage import load
from modeling.core.feature_set import FeatureSet
from modeling.core.record import Evaluation
from modeling.core.validated_data import ValidatedData
from resources.store.state import State
from resources.store.versions import current

INDUSTRY = "peers"
TRAIN, TEST, TASK = "train.parquet", "test.parquet", "task.json"
"""What the other tools read: the rows that are not sealed, the sealed ones without their target, what is asked."""
ANSWERED = "ours.parquet"
"""Our answers, with the truth."""
TASKS: dict[Problem, str] = {
    "binary": "binary_classification",
    "multiclass": "multiclass_classification",
    "regression": "regression",
}
SHARES = {"valid": 0.15, "test": 0.25}


def answer(table: PublicTable, frame: pl.DataFrame, work: Path, cores: int) -> None:
    """Run the use case of `table`, and write the rows of both sides, our answers and what they cost to
    `work`/answers/NAME.

    Raises
    ------
    CalledProcessError: our tool failed; its output says why.
    """
    key, folder = f"{INDUSTRY}/{table.name}", work / "answers" / table.name
    state = State(folder=str(work / "home"))
    catalogue = work / "industries"
    _define(table, frame, work, catalogue, state)
    started = time.perf_counter()
    _sectorforge(state, catalogue, cores, "run", key)
    seconds = time.perf_counter() - started
    folder.mkdir(parents=True, exist_ok=True)
    _export(table, state, folder, cores, seconds)


def _define(table: PublicTable, frame: pl.DataFrame, work: Path, catalogue: Path, state: State) -> None:
    """What `new` proposes, with the split and the metric of the comparison, and the best candidate as champion."""
    place = catalogue / INDUSTRY / table.name / "use_case.yaml"
    if place.exists():
        return
    source = work / "tables" / f"{table.name}.parquet"
    source.parent.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(source)
    catalogue.mkdir(parents=True, exist_ok=True)
    key = f"{INDUSTRY}/{table.name}"
    asked = ["--from", str(source), "--target", table.target, "--task", TASKS[table.problem]]
    _sectorforge(state, catalogue, os.cpu_count() or 1, "new", key, *asked)
    definition = yaml.safe_load(place.read_text(encoding="utf-8"))
    definition |= {"metric": METRIC[table.problem], "prefer": "accuracy", "split": _split(table)}
    definition["columns"] = _columns(definition.get("columns", {}), table)
    place.write_text(yaml.safe_dump(definition, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _split(table: PublicTable) -> dict[str, Any]:
    if table.time:
        return {"by": "time", **SHARES}
    if table.group:
        return {"by": "group", **SHARES, "seed": 0}
    stratified = {} if table.problem == "regression" else {"stratify": "target"}
    return {"by": "random", **stratified, **SHARES, "seed": 0}


def _columns(proposed: dict[str, Any], table: PublicTable) -> dict[str, Any]:
    roles = {role: name for role, name in (("time", table.time), ("group", table.group)) if name}
    dropped = {name: why for name, why in proposed.get("drop", {}).items() if name not in roles.values()}
    return proposed | roles | ({"drop": dropped} if dropped or "drop" in proposed else {})


def _sectorforge(state: State, catalogue: Path, cores: int, *arguments: str) -> None:
    command = ["taskset", "--cpu-list", f"0-{cores - 1}", "sectorforge", "--catalogue", str(catalogue), *arguments]
    environment = os.environ | {"SECTORFORGE_HOME": str(state.path)}
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


def _export(table: PublicTable, state: State, folder: Path, cores: int, seconds: float) -> None:
    key = f"{INDUSTRY}/{table.name}"
    data = load(ValidatedData, _current(state, "validated_data", key))
    features = load(FeatureSet, _current(state, "features", key))
    judged = _current(state, "evaluation", key)
    record, answers = load(Evaluation, judged), pl.read_parquet(judged / ANSWERS)
    rows = data.frame.drop(table.group) if table.group else data.frame
    rows = rows.with_columns(cs.date().cast(pl.Datetime), row=pl.Series(data.numbers))
    unsealed = [number for part in (features.train, features.tune, features.valid) for number in part.number.tolist()]
    train = rows.filter(pl.col("row").is_in(unsealed))
    test = answers.select(pl.col("row").cast(pl.Int64)).join(rows, on="row", maintain_order="left")
    train.drop("row").write_parquet(folder / TRAIN)
    test.drop("row", table.target).write_parquet(folder / TEST)
    answers.write_parquet(folder / ANSWERED)
    task = {
        "problem": table.problem,
        "target": table.target,
        "metric": METRIC[table.problem],
        "time": table.time,
        "classes": record.classes,
        "seconds": seconds,
        "cores": cores,
        "champion": record.champion.members,
        "rows": [train.height, test.height],
    }
    (folder / TASK).write_text(json.dumps(task, indent=1))


def _current(state: State, asset: str, key: str) -> Path:
    place = current(state.artefact(asset, key))
    if place is None:
        raise FileNotFoundError(f"{key}: the run made no {asset}")
    return place
