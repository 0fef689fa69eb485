"""The commands `sectorforge serve` and `sectorforge predict`.

Belongs here: the words of both, and the port. Does not belong here: predicting (`resources.serving.predictor`,
`limited`), what MLflow knows of models (`resources.tracking`), or the server (`pipelines.web.model_server`).
"""

from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from catalogue.definition import Files, UseCase
from modeling.artefacts.evaluated_model import StoredEvaluation
from modeling.artefacts.predictions import without_formulas
from modeling.artefacts.storage import load
from modeling.core.predictions import ERROR, REMARKS
from modeling.problems import tasks
from pipelines.cli.arguments import LOOPBACK, Key, input_file, listening, one_use_case, output_file
from pipelines.cli.error_boundary import Commands, WrongInput
from pipelines.cli.terminal import console, errors, print_remarks
from pipelines.vocabulary import read_catalogue
from pipelines.web import model_server
from pipelines.web.cross_site import served_hosts
from resources.serving import limited
from resources.serving.models import Models, why_nothing_serves
from resources.serving.predictor import SHOWN, Published
from resources.sources.untrusted import places_in, read_file
from resources.store.atomic import replacing
from resources.store.state import State
from resources.tracking import Tracking

app = Commands()


@app.command()
def serve(key: Key, port: Annotated[int, typer.Option(help="port on this machine")] = 5001) -> None:
    """Serve the published model over HTTP. The server has no authentication: it listens on loopback only."""
    served_hosts()
    use_case, place = _published(key)
    listener = listening(port)
    published = Published.tried(place, use_case)
    tracked = Tracking(home=State()).record(use_case, load(StoredEvaluation, place), place)
    console.print(f"MLflow: {tracked}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"http://{LOOPBACK}:{port}/invocations (Ctrl-C ends it)", highlight=False)
    model_server.serve(published, listener)


@app.command()
def predict(
    key: Key,
    file: Annotated[Path, typer.Argument(help="rows without a target: CSV, Parquet, JSON lines, Excel")],
    out: Annotated[Path, typer.Option(help="where the predictions go: .csv or .parquet")],
) -> None:
    """Predict the rows of a file with the published model. A row that can't be has an `error`."""
    if output_file(out).suffix not in (".csv", ".parquet"):
        raise WrongInput(f"{out}: predictions are written as .csv or .parquet")
    use_case, place = _published(key)
    reading = use_case.rows_to_predict or Files(path=str(file)).to_predict(use_case.target)
    rows, remarks = read_file(input_file(file), reading)
    print_remarks(remarks, errors)
    answers, not_read = limited.answers(place, use_case, rows)
    refused = answers.with_row_index("_row").filter(pl.col(ERROR).is_not_null())
    if refused.height == answers.height:
        raise WrongInput(f"{use_case.key}: no row gets a prediction:\n{_described(refused, file, reading)}")
    _write(answers, out)
    _say(f"{answers.height - refused.height:,} of {answers.height:,} rows predicted: {out}")
    if remarked := answers[REMARKS].count():
        _say(f"{remarked:,} of them have `{REMARKS}`: what is empty in them, or new to the model")
    if not_read:
        _say(f"columns that the model does not know, not read: {', '.join(not_read)}")
    if refused.height:
        described = _described(refused, file, reading)
        errors.print(f"rows without a prediction:\n{described}", markup=False, soft_wrap=True)


def _published(key: str) -> tuple[UseCase, Path]:
    """A use case and the folder of the version that serves it."""
    use_case = one_use_case(read_catalogue(), key)
    if not tasks.predicts(use_case.task):
        raise WrongInput(f"{use_case.key}: {use_case.task} does not answer rows without a target one by one")
    place = Models(State()).serving(use_case.key)
    if place is None:
        raise WrongInput(why_nothing_serves(use_case.key, State()))
    return use_case, place


def _write(answers: pl.DataFrame, out: Path) -> None:
    with replacing(out) as draft:
        if out.suffix == ".csv":
            without_formulas(answers).write_csv(draft)
        else:
            answers.write_parquet(draft)


def _described(refused: pl.DataFrame, file: Path, reading: Files) -> str:
    """A line for each row, with its place in the file; the first `SHOWN`."""
    first = refused.head(SHOWN)
    places = places_in(file, reading, first["_row"].to_list())
    lines = [f"- {place}, {error}" for place, error in zip(places, first[ERROR], strict=True)]
    more = [f"- and {refused.height - SHOWN:,} more"] if refused.height > SHOWN else []
    return "\n".join([*lines, *more])


def _say(text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)
