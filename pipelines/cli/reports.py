"""The command `sectorforge report`.

Belongs here: how current reports and evaluations are shown, also below `run`. Does not belong here: finding them
(`pipelines.current_artefacts`), or writing reports (`modeling.reports`).
"""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from catalogue.reader import Catalogue
from catalogue.visible import visible
from pipelines.cli.error_boundary import FAILED, Commands
from pipelines.cli.terminal import console, errors, print_definition_errors
from pipelines.current_artefacts import (
    MARKET,
    CurrentEvaluations,
    current_evaluations,
    current_reports,
    damaged_reports,
)
from pipelines.vocabulary import read_catalogue

app = Commands()


@app.command()
def report(
    as_json: Annotated[bool, typer.Option("--json", help="print every current evaluation as one JSON object")] = False,
) -> None:
    """Show the current reports."""
    catalogue = read_catalogue()
    found = current_evaluations(catalogue)
    if as_json:
        _print_json(found)
    elif current_reports(catalogue) or damaged_reports(catalogue):
        print_reports(catalogue, list(catalogue.use_cases), found)
        print_unreadable(found.unreadable)
        print_unreadable(damaged_reports(catalogue))
    else:
        console.print("There is no report yet: type `sectorforge run`.")
    print_definition_errors(catalogue)


def print_reports(catalogue: Catalogue, keys: Sequence[str], found: CurrentEvaluations) -> None:
    """Where the reports on these use cases, their industries and the market lie, and each use case's verdict."""
    industries = {key.partition("/")[0] for key in keys}
    for name, path in current_reports(catalogue).items():
        if name in keys or name in industries or name == MARKET:
            retired = " (retired)" if name in catalogue.retired else ""
            console.print(f"{name}{retired}: {path}", soft_wrap=True, highlight=False)
        if name in keys and name in found.evaluations:
            verdict = found.evaluations[name].verdict
            said = visible(f"  {verdict.outcome}: {verdict.reason}")
            console.print(said, soft_wrap=True, highlight=False, markup=False)


def print_unreadable(unreadable: Mapping[str, str]) -> None:
    """What can't be read, and how to replace it."""
    for key, why in unreadable.items():
        errors.print(visible(f"{key}: {why}"), markup=False, soft_wrap=True, style="red")


def _print_json(found: CurrentEvaluations) -> None:
    content = {key: judged.model_dump(mode="json") for key, judged in found.evaluations.items()}
    sys.stdout.write(f"{json.dumps(content, indent=1)}\n")
    print_unreadable(found.unreadable)
    if found.unreadable:
        raise typer.Exit(FAILED)
