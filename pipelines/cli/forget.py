"""The command `forget`.

Belongs here: how identifiers are given, and how its result looks. Does not belong here: doing it (`pipelines.forget`).
"""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Column, Table

from catalogue.visible import visible
from pipelines.cli.arguments import Key, input_file, one_use_case
from pipelines.cli.error_boundary import FAILED, Commands, WrongInput
from pipelines.cli.terminal import console, errors
from pipelines.forget import Outcome
from pipelines.forget import forget as forgotten
from pipelines.instance import open_instance
from pipelines.vocabulary import read_catalogue
from resources.store.identifiers import RECOGNISED, Identifiers
from resources.store.state import State

STANDARD_INPUT = "-"
app = Commands()


@app.command()
def forget(
    key: Key,
    column: Annotated[str, typer.Option(help="the column that holds the identifiers, such as customer_id")],
    values: Annotated[str, typer.Option(metavar="FILE", help="the identifiers, one a line; `-`: from standard input")],
    reason: Annotated[str, typer.Option(help="for the record: the number of the request, which names nobody")],
    backup: Annotated[list[Path] | None, typer.Option(help="an archive to look into; may be repeated")] = None,
) -> None:
    """Take people out of everything kept of a use case. Status 1 while something still holds them."""
    use_case = one_use_case(read_catalogue(), key)
    identifiers = Identifiers(column, frozenset(_values(values)))
    _check_reason(reason, identifiers)
    backups = [input_file(file) for file in backup or ()]
    with open_instance() as instance:
        outcome = forgotten(use_case, identifiers, instance, State(), reason=reason, backups=backups, say=console.print)
    _show(outcome, use_case.key)
    if any(len(value) < RECOGNISED for value in identifiers.values):
        console.print(
            f"Identifiers of fewer than {RECOGNISED} characters were taken out of rows and examples; in other texts "
            "nobody can tell them from numbers.",
            highlight=False,
        )
    if not backups:
        console.print("No backup was looked into: name each with --backup.")
    for line in outcome.remains:
        errors.print(visible(line), markup=False, soft_wrap=True, style="red")
    if outcome.remains:
        raise typer.Exit(FAILED)


def _values(file: str) -> list[str]:
    """Never from the command line, which histories and lists of processes keep."""
    content = sys.stdin.buffer.read() if file == STANDARD_INPUT else input_file(Path(file)).read_bytes()
    try:
        found = [line.strip() for line in content.decode("utf-8-sig").splitlines()]
    except UnicodeDecodeError:
        raise WrongInput(f"{file} is not UTF-8: write the identifiers in UTF-8, one a line") from None
    if not any(found):
        raise WrongInput(f"{file} holds no identifier: write one a line")
    return [value for value in found if value]


def _check_reason(reason: str, identifiers: Identifiers) -> None:
    """By it alone a request that did not end is known when it is repeated, and the record keeps it for good."""
    if not reason.strip():
        raise WrongInput("--reason is empty: give the number of the request")
    if identifiers.in_text(reason):
        raise WrongInput("--reason names one of them, and is kept for good: give the number of the request")


def _show(outcome: Outcome, key: str) -> None:
    table = Table("what", Column("removed", justify="right"), "", box=box.SIMPLE)
    for one in outcome.removed:
        if one.count:
            table.add_row(one.what, str(one.count), escape(one.note))
    console.print(table if table.row_count else "Nothing that is kept holds them.")
    if outcome.models:
        names = ", ".join(name[:8] for name in outcome.models)
        console.print(
            f"These models learned from their rows, and may have kept something of them: {names}. `sectorforge run "
            f"{key}` makes others; `sectorforge health` fails while one of them serves.",
            highlight=False,
            soft_wrap=True,
        )
