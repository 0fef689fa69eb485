"""A day in which nobody looks: twenty deliveries, of which three are bad, a correction of each kind, two restarts.

Run as `python -m benchmarks.unattended_day`; it takes minutes. One small use case, a landing folder of `append`.
Between two ticks of the real sensor one file lands; the real jobs run in child processes, and what the real sensors
would tell people is kept in the outbox. Bad are a file that is cut off, one whose weights are in grams, and one of a
season whose goods are heavier than the contract allows. The first two are delivered again, for the third
`use_case.yaml` is corrected; nobody types a command.

Printed are all notices, each with what it asks of whom, and what `health` says of deliveries after every tick. At the
end every row must be in the table, `health` green, and no notice repeated.
"""

import argparse
import random
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
from dagster import BetaWarning, DagsterRunStatus, RunsFilter, build_sensor_context

from benchmarks.installation import Daemon, Machine, Runner, machine
from benchmarks.landing_places import FILES, ROWS, orders, place
from modeling.artefacts.table import TABLE
from pipelines.definitions import TICK_SECONDS
from pipelines.health import delivery_checks
from pipelines.notices import tell
from pipelines.sensors import failed_runs, results
from pipelines.vocabulary import read_catalogue
from resources.notification.notice import Notice
from resources.notification.outbox import Kept
from resources.store.state import CURRENT, State

DELIVERIES = 20
CUT_OFF, WHOLE_AGAIN = 5, 7
IN_GRAMS, IN_KILOGRAMS = 10, 12
HEAVY, CONTRACT_CORRECTED = 15, 17
RESTARTS = (9, 16)
"""After which delivery something happens; a file is bad at the first of two numbers, and corrected at the second."""


class Day:
    """The use case, its folder, and everything that works on it by itself."""

    def __init__(self, root: Path, on: Machine) -> None:
        self.folder = place(root, 0, FILES)
        self._root, self._on = root, on
        self._chance = random.Random(0)
        self._catalogue = read_catalogue(root)
        self._key = next(iter(self._catalogue.use_cases))
        self._daemon = Daemon(self._catalogue, on)
        self._told: set[str] = set()
        self._results = results.build(self._catalogue, TICK_SECONDS)
        self._results_cursor: str | None = None

    def land(self, number: int) -> None:
        """The delivery of that number, and what people do meanwhile."""
        rows = orders(number, self._chance)
        if number == IN_GRAMS:
            rows = rows.with_columns(pl.col("weight") * 1000)
        if number == HEAVY:
            rows = rows.with_columns(pl.col("weight") + 12)
        content = rows.write_csv().encode()
        self._drop(number, content[: len(content) * 2 // 3 - 4] if number == CUT_OFF else content)
        if number == WHOLE_AGAIN:
            self._drop(CUT_OFF, orders(CUT_OFF, self._chance).write_csv().encode())
        if number == IN_KILOGRAMS:
            self._drop(IN_GRAMS, orders(IN_GRAMS, self._chance).write_csv().encode())
        if number == CONTRACT_CORRECTED:
            definition = self.folder / "use_case.yaml"
            definition.write_text(definition.read_text().replace("max_value: 12", "max_value: 40"))
        if number in RESTARTS:
            self._daemon.restart()

    def tick(self) -> None:
        """What is requested, to its end, and what is told of it. Each run is a process of its own, as in Dagster."""
        for requested in (self._daemon.deliveries(), self._daemon.follow()):
            runner = Runner(self._root, self._on, 1, self._chance, 0.0)
            runner.run(requested)
            runner.close()
        for run in reversed(self._on.instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.FAILURE]))):
            if run.run_id not in self._told and failed_runs.is_news(run, self._on.instance):
                tell(failed_runs.notice_of(run, self._on.instance, self._catalogue), lambda _: None)
            self._told.add(run.run_id)
        result: Any = self._results(build_sensor_context(instance=self._on.instance, cursor=self._results_cursor))
        self._results_cursor = result.cursor

    def health(self) -> str:
        check = delivery_checks.examine(read_catalogue(self._root), self._on.instance)
        return "green" if check.ok else check.detail

    def notices(self) -> list[Notice]:
        """All that people were told, in their order."""
        kept = sorted(State().notices.rglob("*.json"), key=lambda path: path.name)
        return [Kept.read(path).notice for path in kept]

    def rows(self) -> int:
        """Of the validated table."""
        return pl.read_parquet(State().artefact("validated_data", self._key) / CURRENT / TABLE).height

    def _drop(self, number: int, content: bytes) -> None:
        path = self.folder / f"{number:02}.csv.part"
        path.write_bytes(content)
        path.rename(path.with_suffix(""))


def live(root: Path, home: Path, progress: Callable[[str], None]) -> tuple[list[Notice], str, int]:
    """The day. Returns the notices, what `health` says in the end, and the rows of the table."""
    results.QUIET_SECONDS = 0.0  # the day has no three minutes in which nothing is made
    with machine(root, home) as on:
        day = Day(root, on)
        for number in range(1, DELIVERIES + 1):
            day.land(number)
            time.sleep(1.1)  # a file that was written just now waits
            day.tick()
            progress(f"delivery {number}: {day.rows()} rows; health: {day.health()}")
        day.tick()
        return day.notices(), day.health(), day.rows()


def main() -> None:
    """Live the day, and print it. Status 1 where something is not as it must be."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    warnings.simplefilter("ignore", BetaWarning)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "industries"
        root.mkdir()
        notices, health, rows = live(root, Path(folder) / "home", print)
    for notice in notices:
        print(f"- {notice}")
    texts = [f"{notice.title} {notice.text.partition(f'{chr(10)}run ')[0]}" for notice in notices]
    repeated = len(texts) - len(set(texts))
    print(f"{len(notices)} notices, {repeated} repeated; {rows} of {DELIVERIES * ROWS} rows; health: {health}")
    print(f"{time.monotonic() - started:.0f} s")
    raise SystemExit(bool(repeated or health != "green"))


if __name__ == "__main__":
    main()
