"""A thousand deliveries with everything that goes wrong on the way, held against a clean replay.

Run as `python -m benchmarks.deliveries --deliveries 1000 --use-cases 10 --seed 0 --workers 2`; `--help` says more.
Files land in the folders of small use cases: new ones, the same bytes again, renamed, cut off and delivered whole
later, rewritten, taken away. Between two ticks several land. The ticks are the real sensor's and the real conditions';
runs are the real jobs in child processes, some of which are killed with SIGKILL, and tried again as often as
`dagster.yaml` says; the daemon is restarted, now and then before it could store the cursor of a tick. One use case
reads a database, which now and then answers nobody during a tick; the address of notices takes every connection and
never answers. With `--power-cuts` the state folder lies on a file system of its own, whose power goes now and then in
the middle of the runs (Linux, as root).

At the end nothing may be out of date, no notice may be lost, and what is published must equal what one clean run over
the same folders makes: every file of the raw, validated, quarantined and prepared data byte for byte, and the record of
the evaluation in all that is not a time, a memory, a name of a run, or a comparison with the model that served before.
Also printed: what the event database grew by a run, and how long a tick's notices took at most.

Seed 0 with power cuts, two cores shared with other work, 37 minutes: 1,000 deliveries, 44 ticks, of which 8 with a
restart, 11 with a silent database and 12 with a power cut; 768 runs made what they should, 60 refused a file that was
cut off, 25 were killed, 80 lost their power. Nothing was out of date, nothing unlike the replay; of 60 notices none was
lost, and those of a tick took 6 s at most. The event database grew by 809 KB a run. That was before every run that is
killed was tried again: some of the 60 may be runs that were killed.
"""

import argparse
import hashlib
import json
import random
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster import (
    BetaWarning,
    DagsterInstance,
)

from assets.stages import BESIDE_VALIDATED_DATA, QUARANTINE, STAGES
from benchmarks.disk_image import missing
from benchmarks.installation import DATABASE, Daemon, Runner, machine
from benchmarks.landing_places import FILES, TABLE, Folder, Warehouse, place
from catalogue.reader import Catalogue
from modeling.artefacts.evaluated_model import RECORD
from pipelines.freshness import stale_industries, stale_market, stale_stages
from pipelines.jobs import DATA_STAGES
from pipelines.runs import Launch
from pipelines.vocabulary import read_catalogue
from resources.notification.outbox import Outbox
from resources.store.state import CURRENT, State

MOST_AT_ONCE = 4
"""Deliveries between two ticks, for each use case."""
KILLED, RESTARTED, CURSOR_LOST, SILENT, POWER_CUT = 0.05, 0.1, 0.5, 0.2, 0.2
"""Shares: of the runs, of the ticks, of the restarts that come before the cursor was stored, of the ticks in which the
database is silent, and of those in whose runs the power goes."""
COMPARED = (*DATA_STAGES, QUARANTINE)
MEASURED = {
    "seconds", "peak_memory_mb", "predictions_per_second", "run_id", "finished_at", "test_accesses",
    "test_rows_opened_before", "limits",
    "message",
}  # fmt: skip
"""Keys of the record that differ from run to run: times, memory, how often the test was accessed, words on these."""
OF_HISTORY = {"challenge", "published", "verdict"}
RIVAL = "not_worse_than_serving"
"""Keys, and a gate, about the model that served before: a replay has none."""
Published = dict[str, dict[str, Any]]
"""By use case: the digest of each file that must be the same, and the record of the evaluation."""


# --- the two lives ----------------------------------------------------------------------------------------------------


@dataclass
class Lived:
    """What became of the deliveries, and what was published in the end."""

    landed: Counter[str]
    ticks: Counter[str]
    """All of them, and those in which something went wrong, by what."""
    runner: Runner
    daemon: Daemon
    stale: list[str]
    notices_lost: int
    runs: int
    database_bytes: int
    published: Published


def live(
    root: Path,
    home: Path,
    count: int,
    use_cases: int,
    seed: int,
    workers: int,
    progress: Callable[[str], None],
    *,
    power_cuts: bool = False,
) -> Lived:
    """The deliveries with all that goes wrong, until nothing more is requested. One use case reads the database, the
    others read files."""
    chance = random.Random(seed)
    warehouse = Warehouse(root.with_name(DATABASE), random.Random(f"{seed} warehouse"))
    place(root, 0, TABLE)
    folders = [Folder(place(root, number, FILES), random.Random(f"{seed} {number}")) for number in range(1, use_cases)]
    places = [warehouse, *folders]
    for one in places:
        one.happens()
    catalogue = read_catalogue(root)
    landed, ticks = Counter[str](), Counter[str]()
    with machine(root, home, power_cuts=power_cuts) as on:
        runner = Runner(root, on, workers, random.Random(f"{seed} runs"), KILLED)
        daemon = Daemon(catalogue, on)
        daemon.follow()
        while landed.total() < count:
            for _ in range(min(chance.randint(1, MOST_AT_ONCE * use_cases), count - landed.total())):
                landed[chance.choice(places).happens()] += 1
            ticks.update(_tick(chance, warehouse, daemon, runner, POWER_CUT if power_cuts else 0))
            progress(f"{landed.total()} landed, ticks {dict(ticks)}, runs {dict(runner.outcomes)}")
        for folder in folders:
            folder.repair()
        while requested := [*daemon.deliveries(), *daemon.follow()]:
            runner.run(requested)
        runner.close()
        daemon.tell(runner.failed)
        lived_in = State(folder=str(home))
        return Lived(
            landed,
            ticks,
            runner,
            daemon,
            stale=_stale(catalogue, on.instance, lived_in),
            notices_lost=daemon.notices - len(Outbox(lived_in.notices).waiting_since()),
            runs=on.instance.get_runs_count(),
            database_bytes=_size(lived_in.dagster),
            published=published(home, catalogue),
        )


def _tick(chance: random.Random, warehouse: Warehouse, daemon: Daemon, runner: Runner, power_cut: float) -> list[str]:
    """What the sensor and the conditions request, to its end. Returns what went wrong meanwhile."""
    restarted, silent = chance.random() < RESTARTED, chance.random() < SILENT
    with warehouse.silent(silent):
        requested = daemon.deliveries(cursor_stored=not (restarted and chance.random() < CURSOR_LOST))
    if restarted:
        daemon.restart()
    cut = bool(requested) and chance.random() < power_cut
    if cut:
        runner.run_until_power_goes(requested)
        daemon.restart()
    else:
        runner.run(requested)
    runner.run(daemon.follow())
    daemon.tell(runner.failed)
    happened = {"all": True, "restarts": restarted, "silent database": silent, "power cuts": cut}
    return [name for name, did in happened.items() if did]


def _stale(catalogue: Catalogue, instance: DagsterInstance, state: State) -> list[str]:
    of_use_cases = [
        f"{key}: {stage}" for key, case in catalogue.use_cases.items() for stage in stale_stages(case, instance, state)
    ]
    return [
        *of_use_cases,
        *stale_industries(catalogue, instance, state),
        *["market entry"] * stale_market(catalogue, instance, state),
    ]


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.db*"))


def replay(root: Path, home: Path, workers: int) -> Published:
    """What is published when everything runs once, from the folders as they lie, in a state folder of its own."""
    catalogue = read_catalogue(root)
    with machine(root, home) as on:
        runner = Runner(root, on, workers, random.Random(0), killed=0)
        runner.run([Launch("use_case", key, (*STAGES, *BESIDE_VALIDATED_DATA)) for key in catalogue.use_cases])
        runner.close()
    return published(home, catalogue)


def published(home: Path, catalogue: Catalogue) -> Published:
    """What readers see of each use case, as far as it must be the same."""
    return {key: _published(State(folder=str(home)), key) for key in catalogue.use_cases}


def _published(state: State, key: str) -> dict[str, Any]:
    folders = {asset: state.artefact(asset, key) / CURRENT for asset in (*COMPARED, "evaluation")}
    files = {
        f"{asset}/{path.relative_to(folders[asset])}": hashlib.sha256(path.read_bytes()).hexdigest()
        for asset in COMPARED
        for path in sorted(folders[asset].rglob("*"))
        if path.is_file()
    }
    record = folders["evaluation"] / RECORD
    return {**files, "evaluation": unmeasured(json.loads(record.read_text("utf-8"))) if record.exists() else None}


def unmeasured(value: Any) -> Any:
    """A record, or a part of one, without what differs from run to run, or is about a former model."""
    if isinstance(value, dict):
        return {key: unmeasured(item) for key, item in value.items() if key not in MEASURED | OF_HISTORY}
    if isinstance(value, list):
        return [unmeasured(item) for item in value if not (isinstance(item, dict) and item.get("name") == RIVAL)]
    return value


def differences(lived: Published, replayed: Published) -> list[str]:
    """Where the two are not the same; empty where they are."""
    found = []
    for key, one in lived.items():
        other = replayed[key]
        found += [f"{key}: {name}" for name in sorted({*one, *other}) if one.get(name) != other.get(name)]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Deliveries with everything that goes wrong, against a clean replay.")
    parser.add_argument("--deliveries", type=int, default=1000)
    parser.add_argument("--use-cases", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2, help="runs side by side")
    parser.add_argument("--power-cuts", action="store_true", help="on a file system of its own; Linux, as root")
    options = parser.parse_args()
    if options.power_cuts and missing():
        parser.error(missing())
    started = time.monotonic()
    warnings.simplefilter("ignore", BetaWarning)
    with tempfile.TemporaryDirectory() as folder:
        root, one, other = (Path(folder) / name for name in ("industries", "lived", "replayed"))
        root.mkdir()
        lived = live(
            root,
            one,
            options.deliveries,
            options.use_cases,
            options.seed,
            options.workers,
            print,
            power_cuts=options.power_cuts,
        )
        differ = differences(lived.published, replay(root, other, options.workers))
    print(f"landed: {dict(lived.landed)}; ticks: {dict(lived.ticks)}")
    print(
        f"notices: {lived.daemon.notices} kept, {lived.notices_lost} lost; those of a tick took "
        f"{lived.daemon.longest_sending:.0f} s at most"
    )
    print(f"runs: {dict(lived.runner.outcomes)}; refused in {dict(lived.runner.refusals)}")
    print(f"database: {lived.database_bytes / lived.runs / 1024:.0f} KB a run, {lived.runs} runs")
    print(f"out of date at the end: {lived.stale or 'nothing'}; unlike a clean replay: {differ or 'nothing'}")
    print(f"seed {options.seed}, {time.monotonic() - started:.0f} s")
    raise SystemExit(bool(differ or lived.stale or lived.notices_lost))


if __name__ == "__main__":
    main()
