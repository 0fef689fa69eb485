"""The command `sectorforge new`.

Belongs here: its options, and what it prints. Does not belong here: making the use case (`pipelines.onboarding`).
"""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.arguments import input_file
from pipelines.cli.error_boundary import Commands
from pipelines.cli.terminal import console, print_remarks
from pipelines.onboarding import onboard
from pipelines.vocabulary import read_catalogue

app = Commands()


@app.command()
def new(
    key: Annotated[str, typer.Argument(help="industry/use_case, such as energy/load_forecast")],
    data: Annotated[Path, typer.Option("--from", help="the data: CSV, Parquet, JSON lines or Excel")],
    target: Annotated[str, typer.Option(help="the column to predict")],
    title: Annotated[str | None, typer.Option(help="the question, for people; default: from the key")] = None,
    task: Annotated[str | None, typer.Option(help="the task; default: inferred from the target")] = None,
    sheet: Annotated[list[str] | None, typer.Option(help="Excel: the sheet, or again for one below the other")] = None,
    encoding: Annotated[str | None, typer.Option(help="of text, such as cp1252; default: told from the file")] = None,
) -> None:
    """Make a use case from a file: propose its definition and put it, with the data, into the catalogue."""
    sheets = sheet[0] if sheet and len(sheet) == 1 else sheet
    given = {name: value for name, value in {"sheet": sheets, "encoding": encoding}.items() if value}
    made = onboard(key, input_file(data), target, read_catalogue(), title=title, task=task, given=given)
    use_case = made.use_case
    console.print(f"{made.rows:,} rows of {made.columns} columns: {use_case.task}, split by {use_case.split.by}")
    print_remarks(made.remarks)
    console.print(f"written to {use_case.folder / 'use_case.yaml'}; please check:", markup=False, soft_wrap=True)
    for doubt in made.doubts:
        console.print(f"- {doubt}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"then: sectorforge run {key}", markup=False, highlight=False)
