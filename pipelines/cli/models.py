"""The commands under `sectorforge models`.

Belongs here: how published models are listed, and the words of each command. Does not belong here: doing what they say
(`model_choice`).
"""

from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Column, Table

from catalogue.reader import Catalogue
from modeling.core.record import Evaluation
from pipelines.instance import open_instance
from pipelines.model_choice import ServingChoice, choose
from pipelines.vocabulary import read_catalogue
from resources.serving.models import Models, UnknownVersion
from resources.store.state import State

app = typer.Typer(help="The published models: which serves, and deciding otherwise.", no_args_is_help=True)
console, errors = Console(), Console(stderr=True, highlight=False)

Key = Annotated[str, typer.Argument(help="the use case, such as finance/credit_scoring")]


@app.command(name="list")
def list_(key: Annotated[str | None, typer.Argument(help="the use case; default: all")] = None) -> None:
    """List the published models, the latest first."""
    catalogue = read_catalogue()
    models = Models(State())
    table = Table("use case", "version", "judged", "champion", Column("test", justify="right"), "", box=box.SIMPLE)
    for name in [known_key(key, catalogue)] if key else catalogue.use_cases:
        for version in models.versions(name):
            judged = version.evaluation
            standing = "serves, pinned" if version.pinned else "serves" if version.serves else ""
            table.add_row(
                name, version.name[:8], judged.provenance.finished_at, judged.champion.learner, _score(judged), standing
            )
    console.print(table if table.row_count else "No model was published yet.")


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


def _choose(choice: ServingChoice, key: str, version: str = "") -> None:
    known_key(key, read_catalogue())
    with open_instance() as instance:
        try:
            serving = choose(choice, key, version, State(), instance)
        except UnknownVersion as error:
            errors.print(str(error), markup=False)
            raise typer.Exit(2) from None
    console.print(f"{key}: {serving or 'nothing'} serves from now on", highlight=False)


def known_key(key: str, catalogue: Catalogue) -> str:
    """The one use case that `key` names; ends the command where there is none, or several."""
    try:
        (found,) = catalogue.matching([key])
    except (KeyError, ValueError) as error:
        errors.print(str(error.args[0]) if isinstance(error, KeyError) else f"{key} is not one use case", markup=False)
        raise typer.Exit(2) from None
    return found


def _score(judged: Evaluation) -> str:
    return f"{judged.metric} {judged.champion.test[judged.metric].value:.4g}"
