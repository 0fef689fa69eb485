"""The commands `sectorforge serve` and `sectorforge predict`.

Belongs here: the words of both, and starting MLflow's server. Does not belong here: predicting
(`resources.serving.predictor`), or what MLflow knows of models (`resources.tracking`).
"""

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from catalogue.definition import Files, UseCase
from modeling.artefacts.evaluated_model import MODEL
from modeling.core.predictions import Predictions, without_formulas
from pipelines.cli.models import Key, known_key
from pipelines.vocabulary import read_catalogue
from resources.errors import PermanentError
from resources.serving.models import Models
from resources.store.atomic import replacing
from resources.store.state import State
from resources.tracking import Tracking

LOOPBACK = "127.0.0.1"
console, errors = Console(), Console(stderr=True, highlight=False)


def serve(key: Key, port: Annotated[int, typer.Option(help="port on this machine")] = 5001) -> None:
    """Serve the published model with MLflow's own server. It has no authentication: it listens on loopback only."""
    use_case, place = _published(key)
    tracking = Tracking(home=State())
    try:
        model = tracking.address(use_case, place)
    except LookupError as error:
        _give_up(str(error))
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", model, "--env-manager", "local"]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    console.print(f"http://{LOOPBACK}:{port}/invocations (Ctrl-C ends it)", highlight=False)
    environment = {**os.environ, **tracking.environment, "PATH": path}
    os.execve(sys.executable, [*command, "--host", LOOPBACK, "--port", str(port)], environment)


def predict(
    key: Key,
    file: Annotated[Path, typer.Argument(help="rows without a target: CSV, Parquet, JSON lines, Excel")],
    out: Annotated[Path, typer.Option(help="where the predictions go: .csv or .parquet")],
) -> None:
    """Predict the rows of a file with the published model. Rows that break a rule are named and left out."""
    if out.suffix not in (".csv", ".parquet"):
        _give_up(f"{out}: predictions are written as .csv or .parquet")
    use_case, place = _published(key)
    try:
        made = _predicted(use_case, place, file)
    except (PermanentError, OSError) as error:
        _give_up(str(error))
    _write(made, out)
    console.print(f"{made.rows.height:,} of {made.delivered:,} rows predicted: {out}", highlight=False, soft_wrap=True)
    if made.set_aside.height:
        from resources.serving.predictor import described

        errors.print(f"rows that break a rule have no prediction:\n{described(made)}", markup=False, soft_wrap=True)


def _published(key: str) -> tuple[UseCase, Path]:
    """A use case and the folder of the version that serves it."""
    catalogue = read_catalogue()
    use_case = catalogue.use_cases[known_key(key, catalogue)]
    place = Models(State()).serving(use_case.key)
    if place is None:
        _give_up(f"{use_case.key}: no model of it was published yet: `sectorforge run {use_case.key}` first")
    return use_case, place


def _predicted(use_case: UseCase, place: Path, file: Path) -> Predictions:
    from resources.serving.predictor import Published
    from resources.sources.reading import read_table

    reading = use_case.predict.files if use_case.predict else use_case.source.files or Files(path=str(file))
    rows = read_table(file.read_bytes(), file.name, reading, str(file), pinned=False)
    return Published.load(place / MODEL, place.name, use_case).predictions(rows)


def _write(made: Predictions, out: Path) -> None:
    with replacing(out) as draft:
        if out.suffix == ".csv":
            without_formulas(made.rows).write_csv(draft)
        else:
            made.rows.write_parquet(draft)


def _give_up(why: str) -> NoReturn:
    errors.print(why, markup=False, soft_wrap=True)
    raise typer.Exit(2)
