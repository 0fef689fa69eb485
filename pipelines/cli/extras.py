"""The command `sectorforge extras`.

Belongs here: how the optional parts of the installation are listed. Does not belong here: finding which are installed
(`catalogue.extras`).
"""

from rich import box
from rich.markup import escape
from rich.table import Column, Table

from catalogue import extras
from pipelines.cli.error_boundary import Commands
from pipelines.cli.terminal import console

app = Commands()


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
