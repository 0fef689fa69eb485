"""The commands about the use cases of the catalogue: `run`, `list` and `check`.

Belongs here: how their results look. Does not belong here: bringing use cases up to date (`pipelines.refresh`), reading
the catalogue (`catalogue.reader`), or making a use case (`new`).
"""

import time
from collections.abc import Callable, Collection, Sequence
from itertools import count
from typing import Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from catalogue.reader import Catalogue
from catalogue.visible import visible
from modeling.core.digits import with_interval
from modeling.core.record import Evaluation, Interval
from modeling.evaluation.gain import is_shown, is_worse
from pipelines.cli.arguments import Patterns, matching
from pipelines.cli.error_boundary import FAILED, Commands
from pipelines.cli.progress import LiveProgress
from pipelines.cli.reports import print_reports, print_unreadable
from pipelines.cli.terminal import console, errors, print_definition_errors, print_remarks
from pipelines.current_artefacts import current_evaluations, current_report
from pipelines.first_run import AT_A_TIME, expected, quickest_first
from pipelines.instance import open_instance
from pipelines.refresh import Result, bring_up_to_date
from pipelines.vocabulary import read_catalogue
from resources import contracts
from resources.compute import cores, jobs_carried
from resources.limited_process import machine_memory

COLOURS = {"made": "green", "up to date": "green", "skipped": "yellow", "retired": "yellow", "failed": "red"}

app = Commands()


@app.command()
def run(
    patterns: Patterns = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="use cases side by side; default: what cores and memory carry")
    ] = None,
) -> None:
    """Bring use cases up to date, from raw data to reports. What is up to date is left alone."""
    catalogue = read_catalogue()
    print_definition_errors(catalogue)
    keys = quickest_first(matching(catalogue, patterns))
    started = time.monotonic()
    carried = jobs or jobs_carried()
    _announce(keys, current_evaluations(catalogue, keys).evaluations, carried)
    with open_instance() as instance, LiveProgress(console, _description(catalogue, len(keys))) as progress:
        results = bring_up_to_date(keys, catalogue, instance, progress, carried)
    found = current_evaluations(catalogue)
    console.print(_summary(results, found.evaluations))
    for result in results:
        if result.reason:
            reason = visible(result.reason)
            console.print(f"{result.key} {result.status}: {reason}", markup=False, highlight=False)
        print_remarks(result.remarks, beginning=f"{result.key}: ")
    print_reports(catalogue, keys, found)
    print_unreadable(found.unreadable)
    console.print(f"{time.monotonic() - started:.0f} s in all. `sectorforge ui` shows every run.", highlight=False)
    if catalogue.errors or found.unreadable or any(result.status == "failed" for result in results):
        raise typer.Exit(FAILED)


@app.command(name="list")
def list_() -> None:
    """List the use cases, and where each stands."""
    catalogue = read_catalogue()
    found = current_evaluations(catalogue)
    table = Table("use case", "task", "title", "champion", "standing", box=box.SIMPLE)
    for key, use_case in catalogue.use_cases.items():
        judged = found.evaluations.get(key)
        champion = judged.champion.learner if judged else "–"
        outcome = judged.verdict.outcome if judged else "not judged yet"
        standing = f"retired: {catalogue.retired[key]}" if key in catalogue.retired else outcome
        standing = "can't be read" if key in found.unreadable else standing
        table.add_row(key, use_case.task, escape(visible(use_case.title)), champion, escape(visible(standing)))
    console.print(table)
    print_unreadable(found.unreadable)
    print_definition_errors(catalogue)


@app.command()
def check() -> None:
    """Check every folder of the catalogue, and every rule of its contracts."""
    catalogue = read_catalogue()
    print_definition_errors(catalogue)
    wrong = [
        f"{use_case.folder / 'use_case.yaml'}: {message}"
        for use_case in catalogue.use_cases.values()
        for message in contracts.check_rules(use_case)
    ]
    for message in wrong:
        errors.print(visible(message), markup=False, soft_wrap=True)
    if catalogue.errors or wrong:
        raise typer.Exit(FAILED)
    where = ", ".join(map(str, catalogue.roots))
    counts = f"{len(catalogue.use_cases)} use cases in {len(catalogue.industries)} industries"
    console.print(f"{counts}: no error in {where}", soft_wrap=True, highlight=False)


def _announce(keys: Sequence[str], judged: Collection[str], jobs: int) -> None:
    """What comes, in which order, how many side by side, and how long it takes where that is known."""
    if len(keys) == 1:
        return
    here = f"here are {cores()} cores and {machine_memory() / 2**30:.0f} GiB"
    said = [f"{len(keys)} use cases, {min(jobs, len(keys))} at a time ({here}; `--jobs` says otherwise)."]
    new = [key for key in keys if key not in judged]
    if takes := expected(new):
        unknown = f"; how long {len(takes.unknown)} more take is not known" if takes.unknown else ""
        said += [
            f"The quickest first: {takes.first}, after {_duration(takes.first_seconds)}.",
            f"The {len(new)} that were not made yet took {_duration(takes.seconds)} in all, {AT_A_TIME} at a time, on "
            f"two cores{unknown}.",
        ]
    said += ["Each report's address is printed as soon as it is there; `sectorforge ui` shows them all, and every run."]
    console.print(" ".join(said), highlight=False, soft_wrap=True)


def _duration(seconds: float) -> str:
    return f"about {seconds / 60:.0f} minutes" if seconds > 100 else f"about {seconds:.0f} seconds"


def _description(catalogue: Catalogue, keys: int) -> Callable[[Result], str]:
    """What is said of a use case as soon as it is made: its verdict, and where its report lies."""
    done = count(1)

    def describe(result: Result) -> str:
        judged = current_evaluations(catalogue, [result.key]).evaluations.get(result.key)
        report = current_report(result.key)
        parts = [f"[{next(done)}/{keys}] {result.key} {result.status}"]
        parts += [f"in {result.seconds:.0f} s"] if result.seconds else []
        parts += [f"({judged.verdict.outcome})"] if judged else []
        parts += [report.as_uri()] if report else []
        return " ".join(parts)

    return describe


def _summary(results: list[Result], evaluations: dict[str, Evaluation]) -> Table:
    table = Table(box=box.SIMPLE)
    for heading in ("use case", "champion", "metric", "on the sealed test", "lift over baseline", "status"):
        table.add_column(heading, no_wrap=heading == "use case")
    table.add_column("seconds", justify="right")
    for result in results:
        judged = evaluations.get(result.key)
        status = f"[{COLOURS[result.status]}]{result.status}[/]"
        if judged is None:
            table.add_row(result.key, "–", "–", "–", "–", status, f"{result.seconds:.0f}")
            continue
        table.add_row(
            result.key,
            judged.champion.learner,
            judged.metric,
            _interval(judged.champion.test[judged.metric].carrying(judged.spreads.get("score"))),
            _over_baseline(judged),
            f"{status}, {judged.verdict.outcome}",
            f"{result.seconds:.0f}",
        )
    return table


def _over_baseline(judged: Evaluation) -> str:
    if judged.champion.learner == judged.lift.over:
        return "is the baseline"
    spread = judged.spreads.get("lift")
    decisive = is_shown(judged.lift, spread) or is_worse(judged.lift)
    return _interval(judged.lift.carrying(spread)) + ("" if decisive else " not decisive")


def _interval(measured: Interval) -> str:
    return with_interval(measured.value, measured.low, measured.high)
