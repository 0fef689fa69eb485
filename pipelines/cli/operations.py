"""The commands by which an installation is kept running.

Belongs here: `health`, `backup`, `restore`, `clean` and `migrate`, and how their results look. Does not belong here:
doing the work (`pipelines.health`, `resources.store.backup`, `resources.store.restore`, `pipelines.retention`).
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Column, Table

from pipelines import health as healths
from pipelines import retention
from pipelines.cli.arguments import input_file, output_file
from pipelines.cli.error_boundary import FAILED, Commands
from pipelines.cli.terminal import console
from pipelines.code_location import MODULE, NAME, WORKSPACE, take_over_former_name
from pipelines.instance import open_instance, open_restored
from pipelines.vocabulary import read_catalogue
from resources.store import backup as backups
from resources.store import restore as restores
from resources.store.state import State
from resources.tracking.relocation import relocate

app = Commands()


@app.command()
def health(
    as_json: Annotated[bool, typer.Option("--json", help="print the checks as one JSON object")] = False,
    max_age_hours: Annotated[float | None, typer.Option(help="fail when the last successful run is older")] = None,
    deep: Annotated[bool, typer.Option("--deep", help="read every byte of artefacts and databases")] = False,
) -> None:
    """Say whether all that runs unattended does: status 0 when it does, else 1."""
    checks = healths.examine(read_catalogue(), State().path, max_age_hours, deep=deep)
    healthy = all(check.ok for check in checks)
    if as_json:
        content = {"healthy": healthy, "checks": [asdict(check) for check in checks]}
        sys.stdout.write(json.dumps(content, indent=1) + "\n")
    else:
        table = Table("check", "", "found", box=box.SIMPLE)
        for check in checks:
            table.add_row(check.name, "[green]ok[/]" if check.ok else "[red]fails[/]", escape(check.detail))
        console.print(table)
    if not healthy:
        raise typer.Exit(FAILED)


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="the archive to write, such as backup.tar.gz")]) -> None:
    """Write the whole state folder to one file. Runs may go on meanwhile."""
    size = backups.back_up(State(), output_file(file))
    console.print(f"{file}: {size / 2**20:,.1f} MB")
    with open_instance() as instance:
        if not backups.holds_history(State(), instance):
            console.print("The history of runs lies elsewhere, and is not in it: see docs/operations.md.")


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="what `sectorforge backup` wrote")]) -> None:
    """Put a backup into a new or empty state folder, after every file in it was checked."""
    made = restores.restore(input_file(file), State(), _settle)
    for draft in made.removed:
        console.print(f"{draft}: removed; a restore that was ended had left it", soft_wrap=True, highlight=False)
    console.print(f"{State().path}: {made.files} files; {made.ended} runs that were in progress are marked as failed")


def _settle(draft: State) -> int:
    """Let links, runs and MLflow's paths be true of what was restored. Returns how many runs were ended."""
    relocate(draft.mlflow_database, State().mlflow_artefacts)
    with open_restored(draft, State()) as instance:
        restores.agree(draft, instance)
        return restores.end_runs(instance)


@app.command()
def clean(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would be removed")] = False,
) -> None:
    """Remove old runs, old versions and what was left behind. What is published stays as it is."""
    with open_instance() as instance:
        freed = retention.clean(read_catalogue(), instance, State(), dry_run=dry_run)
    table = Table("what", Column("count", justify="right"), Column("bytes", justify="right"), "", box=box.SIMPLE)
    for one in freed:
        table.add_row(one.what, str(one.count), f"{one.bytes:,}", escape(one.note))
    console.print(table)
    verb = "would be freed" if dry_run else "freed"
    console.print(f"{sum(one.bytes for one in freed):,} bytes {verb}", highlight=False)


@app.command()
def migrate() -> None:
    """Make the instance where there is none, and bring its storage to the installed version of Dagster."""
    with open_instance() as instance:
        instance.upgrade()
        if renamed := take_over_former_name(instance):
            remedy = f"start the daemon with `-w {WORKSPACE}`, not with `-m {MODULE}`"
            console.print(f"Kept under the name {NAME} from now on: {', '.join(renamed)}; {remedy}", soft_wrap=True)
        console.print(f"{instance.root_directory} is up to date", highlight=False)
