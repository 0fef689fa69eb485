"""A file's rows predicted in a process of its own, which alone imports what the model needs.

Belongs here: what is done there, and what is said when it dies. Does not belong here: the process
(`resources.limited_process`), predicting (`predictor`), or the server, which tries a model and then holds it (`trial`).
"""

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl

from catalogue.definition import UseCase
from catalogue.feature_code import FeatureCodeError
from modeling.artefacts.errors import ArtefactError, ModelError
from modeling.artefacts.evaluated_model import MODEL
from resources.contracts import ContractError
from resources.limited_process import LimitedProcess, LimitedProcessError, Result, machine_memory
from resources.serving import trial
from resources.serving.errors import Unpredictable, UnreadableModel
from resources.serving.models import check_digests
from resources.serving.predictor import Published, readable

SECONDS = 24 * 3600
"""For all rows of a file."""
ERRORS = (ArtefactError, ModelError, UnreadableModel, Unpredictable, ContractError)


def answers(place: Path, use_case: UseCase, read: Callable[[], pl.DataFrame]) -> tuple[pl.DataFrame, list[str]]:
    """What the version in `place` answers (`Published.answers`), and the columns that it does not know.

    read: returns the rows; it is called while the process imports what the model needs.

    Raises
    ------
    UnreadableModel, Unpredictable, ContractError: as of `Published`; or the process died.
    """
    with ThreadPoolExecutor(1) as aside, LimitedProcess(machine_memory(), ERRORS) as process:
        with readable(place, use_case.key):
            check_digests(place)
        trying = aside.submit(trial.use, process, place / MODEL)
        rows = read()
        with readable(place, use_case.key):
            trying.result()
        try:
            ((not_read, content),) = process.results(_answers, place, use_case, rows, seconds=SECONDS)
        except LimitedProcessError as error:
            raise Unpredictable(f"{use_case.key}: predicting these rows {error}; split the file") from error
    return pl.read_ipc_stream(bytes(content)), not_read


def _answers(place: Path, use_case: UseCase, rows: pl.DataFrame) -> Iterator[Result]:
    try:
        published = Published.load(place, use_case)
        made = published.answers(rows)
    except FeatureCodeError as error:
        raise Unpredictable(str(error)) from error
    content = io.BytesIO()
    made.write_ipc_stream(content, compat_level=pl.CompatLevel.oldest())
    yield published.not_read(rows.columns), content.getbuffer()
