"""The command `sectorforge predict`.

Belongs here: its words, and the file that it writes. Does not belong here: predicting (`resources.serving.limited`).
Who asks for one row waits for imports, so nothing that a server needs is imported here.
"""

from functools import partial
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from catalogue.definition import Files
from modeling.artefacts.predictions import without_formulas
from modeling.core.predictions import ERROR, REMARKS
from pipelines.cli.arguments import Key, input_file, output_file
from pipelines.cli.error_boundary import Commands, WrongInput
from pipelines.cli.published import one_published
from pipelines.cli.terminal import console, errors, print_remarks
from resources.serving import limited
from resources.serving.predictor import SHOWN
from resources.sources.untrusted import places_in, read_file
from resources.store.atomic import replacing

app = Commands()


@app.command()
def predict(
    key: Key,
    file: Annotated[Path, typer.Argument(help="rows without a target: CSV, Parquet, JSON lines, Excel")],
    out: Annotated[Path, typer.Option(help="where the predictions go: .csv or .parquet")],
) -> None:
    """Predict the rows of a file with the published model. A row that can't be has an `error`."""
    if output_file(out).suffix not in (".csv", ".parquet"):
        raise WrongInput(f"{out}: predictions are written as .csv or .parquet")
    use_case, place = one_published(key)
    reading = use_case.rows_to_predict or Files(path=str(file)).to_predict(use_case.target)
    answers, not_read = limited.answers(place, use_case, partial(_read, input_file(file), reading))
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


def _read(file: Path, reading: Files) -> pl.DataFrame:
    rows, remarks = read_file(file, reading)
    print_remarks(remarks, errors)
    return rows


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
