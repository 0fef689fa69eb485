"""The commands `sectorforge serve` and `sectorforge predict`.

Belongs here: the words of both, and starting MLflow's server. Does not belong here: predicting
(`resources.serving.predictor`), or what MLflow knows of models (`resources.tracking`).
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from catalogue.definition import Files, UseCase
from modeling.artefacts.evaluated_model import MODEL
from modeling.artefacts.predictions import without_formulas
from modeling.core.predictions import Predictions
from pipelines.cli.arguments import Key, input_file, one_use_case, output_file
from pipelines.cli.error_boundary import Commands, WrongInput, reading
from pipelines.cli.terminal import console, errors
from pipelines.vocabulary import read_catalogue
from resources.serving.models import Models
from resources.store.atomic import replacing
from resources.store.state import State
from resources.tracking import Tracking

LOOPBACK = "127.0.0.1"

app = Commands()


@app.command()
def serve(key: Key, port: Annotated[int, typer.Option(help="port on this machine")] = 5001) -> None:
    """Serve the published model with MLflow's own server. It has no authentication: it listens on loopback only."""
    use_case, place = _published(key)
    tracking = Tracking(home=State())
    try:
        with reading("the published model", place):
            model = tracking.address(use_case, place)
    except LookupError as error:
        raise WrongInput(error.args[0]) from error
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", model, "--env-manager", "local"]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    console.print(f"http://{LOOPBACK}:{port}/invocations (Ctrl-C ends it)", highlight=False)
    environment = {**os.environ, **tracking.environment, "PATH": path}
    os.execve(sys.executable, [*command, "--host", LOOPBACK, "--port", str(port)], environment)


@app.command()
def predict(
    key: Key,
    file: Annotated[Path, typer.Argument(help="rows without a target: CSV, Parquet, JSON lines, Excel")],
    out: Annotated[Path, typer.Option(help="where the predictions go: .csv or .parquet")],
) -> None:
    """Predict the rows of a file with the published model. Rows that break a rule are named and left out."""
    if out.suffix not in (".csv", ".parquet"):
        raise WrongInput(f"{out}: predictions are written as .csv or .parquet")
    use_case, place = _published(key)
    made = _predicted(use_case, place, input_file(file))
    _write(made, output_file(out))
    console.print(f"{made.rows.height:,} of {made.delivered:,} rows predicted: {out}", highlight=False, soft_wrap=True)
    if made.set_aside.height:
        from resources.serving.predictor import told

        errors.print(f"rows that break a rule have no prediction:\n{told(made)}", markup=False, soft_wrap=True)


def _published(key: str) -> tuple[UseCase, Path]:
    """A use case and the folder of the version that serves it."""
    use_case = one_use_case(read_catalogue(), key)
    place = Models(State()).serving(use_case.key)
    if place is None:
        raise WrongInput(f"{use_case.key}: no model of it was published yet: `sectorforge run {use_case.key}` first")
    return use_case, place


def _predicted(use_case: UseCase, place: Path, file: Path) -> Predictions:
    from resources.serving.predictor import Published
    from resources.sources.reading import read_table

    options = use_case.predict.files if use_case.predict else use_case.source.files or Files(path=str(file))
    rows = read_table(file.read_bytes(), file.name, options, str(file), pinned=False)
    with reading("the published model", place / MODEL):
        published = Published.load(place / MODEL, place.name, use_case)
    return published.predictions(rows)


def _write(made: Predictions, out: Path) -> None:
    with replacing(out) as draft:
        if out.suffix == ".csv":
            without_formulas(made.rows).write_csv(draft)
        else:
            made.rows.write_parquet(draft)
