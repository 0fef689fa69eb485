"""The command `sectorforge`.

Belongs here: the commands, and how their results look. Does not belong here: doing the work (`campaign`), or reading
what was published (`published`).
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Column, Table

from catalogue import extras
from catalogue.reader import Catalogue
from catalogue.visible import visible
from modeling.core.record import Evaluation, Interval
from pipelines import published
from pipelines.campaign import Result, bring_up_to_date
from pipelines.cli import models as model_commands
from pipelines.cli import operations
from pipelines.cli import serving as serving_commands
from pipelines.cli.terminal import console, errors, opened
from pipelines.onboarding import OnboardingError, onboard
from pipelines.vocabulary import read_catalogue
from resources import contracts

app = typer.Typer(
    help="Should we enter this industry? From raw sector data to an honest evaluation and a report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(model_commands.app, name="models")
app.add_typer(operations.app)
app.command()(serving_commands.predict)
app.command()(serving_commands.serve)

Patterns = Annotated[list[str] | None, typer.Argument(help="use cases, such as 'finance/*'; default: all")]
COLOURS = {"made": "green", "up to date": "green", "skipped": "yellow", "retired": "yellow", "failed": "red"}


@app.command()
def run(patterns: Patterns = None) -> None:
    """Bring use cases up to date, from raw data to reports. What is up to date is left alone."""
    catalogue = read_catalogue()
    keys = _matching(catalogue, patterns)
    started = time.monotonic()
    with opened() as instance:
        results = bring_up_to_date(keys, catalogue, instance, console)
    console.print(_summary(results, published.evaluations(catalogue)))
    for result in results:
        if result.reason:
            reason = visible(result.reason)
            console.print(f"{result.key} {result.status}: {reason}", markup=False, highlight=False)
    _print_reports(catalogue, keys)
    console.print(f"{time.monotonic() - started:.0f} s in all. `sectorforge ui` shows every run.", highlight=False)
    _show_faults(catalogue)
    if catalogue.errors or any(result.status == "failed" for result in results):
        raise typer.Exit(1)


@app.command(name="list")
def list_() -> None:
    """List the use cases, and where each stands."""
    catalogue = read_catalogue()
    evaluations = published.evaluations(catalogue)
    table = Table("use case", "task", "title", "champion", "standing", box=box.SIMPLE)
    for key, use_case in catalogue.use_cases.items():
        judged = evaluations.get(key)
        champion = judged.champion.learner if judged else "–"
        standing = ("published" if judged.published else "held back") if judged else "not judged yet"
        standing = f"retired: {catalogue.retired[key]}" if key in catalogue.retired else standing
        table.add_row(key, use_case.task, escape(visible(use_case.title)), champion, escape(visible(standing)))
    console.print(table)
    _show_faults(catalogue)


@app.command()
def new(
    key: Annotated[str, typer.Argument(help="industry/use_case, such as energy/load_forecast")],
    data: Annotated[Path, typer.Option("--from", help="the data: CSV, Parquet, JSON lines or Excel")],
    target: Annotated[str, typer.Option(help="the column to predict")],
    title: Annotated[str | None, typer.Option(help="what is asked, for people; default: from the key")] = None,
    task: Annotated[str | None, typer.Option(help="the task; default: told from the target")] = None,
) -> None:
    """Make a use case from a file: propose its definition and put it, with the data, into the catalogue."""
    try:
        made = onboard(key, data, target, read_catalogue(), title=title, task=task)
    except OnboardingError as error:
        errors.print(str(error), markup=False, soft_wrap=True, style="red")
        raise typer.Exit(2) from None
    use_case = made.use_case
    console.print(f"{made.rows:,} rows of {made.columns} columns: {use_case.task}, split by {use_case.split.by}")
    console.print(f"written to {use_case.folder / 'use_case.yaml'}; please look at:", markup=False, soft_wrap=True)
    for doubt in made.doubts:
        console.print(f"- {doubt}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"then: sectorforge run {key}", markup=False, highlight=False)


@app.command()
def check() -> None:
    """Check every folder of the catalogue, and every rule of its contracts."""
    catalogue = read_catalogue()
    _show_faults(catalogue)
    wrong = [
        f"{use_case.folder / 'use_case.yaml'}: {message}"
        for use_case in catalogue.use_cases.values()
        for message in contracts.check_rules(use_case)
    ]
    for message in wrong:
        errors.print(visible(message), markup=False, soft_wrap=True)
    if catalogue.errors or wrong:
        raise typer.Exit(1)
    console.print(f"{len(catalogue.use_cases)} use cases in {len(catalogue.industries)} industries: no fault")


@app.command()
def report(
    as_json: Annotated[bool, typer.Option("--json", help="print every current evaluation as one JSON object")] = False,
) -> None:
    """Show the current reports."""
    catalogue = read_catalogue()
    if as_json:
        found = published.evaluations(catalogue)
        sys.stdout.write(json.dumps({key: judged.model_dump(mode="json") for key, judged in found.items()}, indent=1))
        sys.stdout.write("\n")
        return
    if not published.reports(catalogue):
        console.print("There is no report yet: type `sectorforge run`.")
    _print_reports(catalogue, list(catalogue.use_cases))


@app.command(name="extras")
def list_extras() -> None:
    """List the optional parts of the installation: what is installed, and what each adds on disk."""
    table = Table("extra", "packages", "installed", Column("adds", justify="right"), box=box.SIMPLE)
    for extra in extras.declared():
        lacking = extras.missing(extra)
        size = "" if lacking else f"{extras.added_bytes(extra) / 2**20:,.0f} MB"
        state = escape(f"no: {extras.install_command([extra])}") if lacking else "yes"
        table.add_row(extra, ", ".join(one.name for one in extras.requirements(extra)), state, size)
    console.print(table)


@app.command()
def ui(
    port: Annotated[int, typer.Option(help="port on this machine")] = 3000,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="only look: nothing can be started or changed")
    ] = False,
) -> None:
    """Open the Dagster UI on this machine, with its daemon unless it is read-only.

    It has no authentication: it listens on loopback only.
    """
    with opened():
        console.print(f"http://127.0.0.1:{port} (Ctrl-C ends it)")
    program = ["dagster_webserver", "--read-only"] if read_only else ["dagster", "dev"]
    arguments = ["-m", *program, "-m", "pipelines.definitions", "-h", "127.0.0.1", "-p", str(port)]
    os.execv(sys.executable, [sys.executable, *arguments])


def _matching(catalogue: Catalogue, patterns: list[str] | None) -> list[str]:
    try:
        return catalogue.matching(patterns or [])
    except KeyError as error:
        _show_faults(catalogue)
        errors.print(visible(str(error.args[0])), markup=False)
        raise typer.Exit(2) from None


def _show_faults(catalogue: Catalogue) -> None:
    for fault in catalogue.errors:
        errors.print(str(fault), markup=False, soft_wrap=True, style="red")


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
        held_back = "" if judged.published else ", held back"
        table.add_row(
            result.key,
            judged.champion.learner,
            judged.metric,
            _interval(judged.champion.test[judged.metric]),
            _interval(judged.lift) + ("" if judged.lift.decisive else " not decisive"),
            status + held_back,
            f"{result.seconds:.0f}",
        )
    return table


def _interval(measured: Interval) -> str:
    if measured.low is None or measured.high is None:
        return f"{measured.value:.4g}"
    return f"{measured.value:.4g} ({measured.low:.4g} to {measured.high:.4g})"


def _print_reports(catalogue: Catalogue, keys: list[str]) -> None:
    industries = {key.partition("/")[0] for key in keys}
    for name, path in published.reports(catalogue).items():
        if name in keys or name in industries or name == "market entry":
            retired = " (retired)" if name in catalogue.retired else ""
            console.print(f"{name}{retired}: {path}", soft_wrap=True, highlight=False)
