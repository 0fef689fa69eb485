"""The commands under `sectorforge models`.

Belongs here: how published models are listed, and the words of each command. Does not belong here: doing what they say
(`pipelines.model_choice`).
"""

from typing import Annotated

import typer
from rich import box
from rich.table import Column, Table

from modeling.core.digits import number
from modeling.core.record import Evaluation
from pipelines.cli.arguments import Key, one_use_case
from pipelines.cli.error_boundary import FAILED, Commands
from pipelines.cli.terminal import console, errors
from pipelines.instance import open_instance
from pipelines.model_choice import ServingChoice, choose
from pipelines.vocabulary import read_catalogue
from resources.serving.models import DamagedVersion, Models, Version
from resources.store.state import State

app = Commands(name="models", help="The published models: which serves, and deciding otherwise.", no_args_is_help=True)


@app.command(name="list")
def list_(key: Annotated[str | None, typer.Argument(help="the use case; default: all")] = None) -> None:
    """List the published models, the latest first."""
    catalogue = read_catalogue()
    table = Table("use case", "version", "judged", "champion", Column("test", justify="right"), "", box=box.SIMPLE)
    models, damaged, wrong = Models(State()), list[DamagedVersion](), list[str]()
    for name in [one_use_case(catalogue, key).key] if key else catalogue.use_cases:
        wrong += (unreadable := models.damaged_notes(name))
        forgotten = set() if unreadable else models.learned_from_forgotten(name)
        for version in models.versions(name):
            table.add_row(name, *_row(version, learned_from_forgotten=version.name in forgotten))
        damaged += models.damaged(name)
    if table.row_count:
        console.print(table)
    elif not damaged:
        console.print("No model was published yet.")
    for line in [*map(_line, damaged), *wrong]:
        errors.print(line, markup=False, soft_wrap=True, style="red")
    if damaged or wrong:
        raise typer.Exit(FAILED)


@app.command()
def pin(key: Key, version: Annotated[str, typer.Argument(help="the version, or how it begins")]) -> None:
    """Let one version serve, whatever is judged later, until `unpin`."""
    _choose(ServingChoice.PIN, key, version)


@app.command()
def rollback(key: Key) -> None:
    """Let the version published before the one that serves take its place, until `unpin`."""
    _choose(ServingChoice.ROLL_BACK, key)


@app.command()
def unpin(key: Key) -> None:
    """Let the latest published version serve, and later ones take over again."""
    _choose(ServingChoice.UNPIN, key)


@app.command()
def accept(key: Key) -> None:
    """Let the champion judged last serve, although it was not shown to be as good as the published models."""
    _choose(ServingChoice.ACCEPT, key)


def _choose(choice: ServingChoice, key: str, version: str = "") -> None:
    key = one_use_case(read_catalogue(), key).key
    with open_instance() as instance:
        serving = choose(choice, key, version, State(), instance)
    console.print(f"{key}: {serving or 'nothing'} serves from now on", highlight=False)


def _row(version: Version, *, learned_from_forgotten: bool) -> tuple[str, ...]:
    judged = version.evaluation
    notes = [_standing(version), "learned from people who are forgotten" if learned_from_forgotten else ""]
    standing = "; ".join(filter(None, notes))
    return version.name[:8], judged.provenance.finished_at, judged.champion.learner, _score(judged), standing


def _line(version: DamagedVersion) -> str:
    standing = f" ({_standing(version)})" if _standing(version) else ""
    return f"the published model {version.name[:8]}{standing} can't be read: {version.reason}"


def _standing(version: Version | DamagedVersion) -> str:
    return "serves, pinned" if version.pinned else "serves" if version.serves else ""


def _score(judged: Evaluation) -> str:
    return f"{judged.metric} {number(judged.champion.test[judged.metric].value)}"
