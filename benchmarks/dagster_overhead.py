"""What Dagster adds: one run of a use case over the same functions called from a plain script.

Run by `make bench`, or `python -m benchmarks.dagster_overhead [USE_CASE]`. The two ways run in turn, five times each,
in a fresh process (imports included) on the same cached source. The learners do a fixed amount of work (trials,
epochs), because a time budget would hide any difference.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

from catalogue import feature_code
from catalogue.definition import UseCase
from catalogue.reader import Catalogue
from pipelines.vocabulary import read_catalogue
from resources.compute import ComputeResource
from resources.store.state import State

ROUNDS = 5
WORK = {"lightgbm": {"trials": 5}, "mlp": {"epochs": 5}, "tabm": {"epochs": 3}}


def catalogue_of(key: str) -> Catalogue:
    """The shipped catalogue with one use case, its learners given fixed work."""
    shipped = read_catalogue()
    use_case = shipped.use_cases[key]
    fixed = use_case.model_copy(update={"parameters": WORK}).placed(key, use_case.folder)
    return Catalogue(shipped.roots, shipped.industries, {key: fixed})


def as_script(use_case: UseCase, home: State) -> None:
    """The functions the assets call, with the results kept in memory."""
    from assets.evaluation import judged_model, provenance
    from assets.models import MODEL_ASSETS, candidate, named_learners
    from assets.raw_data import snapshot
    from assets.validated_data import accepted_data
    from modeling.evaluation.experiment import EvaluationRun, Experiment
    from modeling.problems import tasks
    from modeling.reports import charts
    from modeling.reports import use_case as report
    from resources import contracts
    from resources.sources import Cache

    raw = snapshot(use_case, Cache.from_environment(home.cache), quiet)
    verdict = contracts.validate(raw, use_case)
    verdict.raise_if_blocked()
    data = accepted_data(raw, verdict)
    features = tasks.task(use_case).prepare(data, use_case, feature_code.load(use_case.folder).features)
    compute = ComputeResource().choose()
    names = [name for model in MODEL_ASSETS for name in named_learners(use_case, model.family)]
    candidates = [candidate(name, use_case, features, compute, home, quiet) for name in names]
    experiment = Experiment(use_case, tasks.task(use_case), data, features, candidates)
    evaluated = judged_model(experiment, EvaluationRun(provenance(experiment, "script"), lambda: 1, quiet))
    report.render(evaluated.evaluation)
    charts.thumbnail(evaluated.evaluation)
    for fitted in candidates:
        if fitted.summary.curve:
            charts.training_curve(fitted.summary.curve)


def as_run(catalogue: Catalogue, key: str, home: State) -> None:
    """One run of the job `use_case`, on the instance that `DAGSTER_HOME` names."""
    from dagster import DagsterInstance

    from pipelines.definitions import build_defs

    definitions = build_defs(catalogue=catalogue, resources={"home": home})
    with DagsterInstance.get() as instance:
        definitions.resolve_job_def("use_case").execute_in_process(
            instance=instance, partition_key=key, run_id=str(uuid.uuid4())
        )


def quiet(_: str) -> None:
    """Progress that nobody reads."""


def one(way: str, key: str, home: State) -> None:
    """One round, in this process."""
    catalogue = catalogue_of(key)
    if way == "script":
        as_script(catalogue.use_cases[key], home)
    else:
        as_run(catalogue, key, home)


def timed(way: str, key: str, kept: Path) -> float:
    """Seconds of one round in a process of its own. `kept` holds the cached source and the instance, whose tables are
    made once; everything else starts empty."""
    with tempfile.TemporaryDirectory() as folder:
        state = State(folder=str(kept))
        State(folder=folder).cache.symlink_to(state.cache)
        environment = os.environ | {"DAGSTER_HOME": str(state.dagster)}
        command = [sys.executable, "-m", "benchmarks.dagster_overhead", key, way, folder]
        started = time.perf_counter()
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return time.perf_counter() - started


def main(key: str = "healthcare/disease_prediction") -> None:
    """Warm up, time both ways in turn, print the medians and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder)
        for place in (State(folder=folder).cache, State(folder=folder).dagster):
            place.mkdir()
        seconds: dict[str, list[float]] = {"script": [], "run": []}
        for way in seconds:
            timed(way, key, kept)
        for number in range(ROUNDS):
            for way, taken in seconds.items():
                taken.append(timed(way, key, kept))
            print(
                f"round {number + 1}: script {seconds['script'][-1]:.2f} s, run {seconds['run'][-1]:.2f} s", flush=True
            )
    script, run = (statistics.median(taken) for taken in seconds.values())
    added = f"{run - script:.2f} s more, ratio {run / script:.3f}"
    print(f"{key}, median of {ROUNDS}: script {script:.2f} s, Dagster run {run:.2f} s: {added}")


if __name__ == "__main__":
    if len(sys.argv) == 4:
        one(sys.argv[2], sys.argv[1], State(folder=sys.argv[3]))
    else:
        main(*sys.argv[1:])
