"""A published model is tried in a process of its own before a command reads it.

Belongs here: what trying is. Does not belong here: the process (`resources.limited_process`), or predicting
(`predictor`).

What lies in the state folder may be other than what was written, with digests to match. What our own checks don't see
may then end, hang or fill the process that reads it.
"""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import polars as pl

from modeling.artefacts.errors import ArtefactError, ModelError
from modeling.artefacts.storage import load
from modeling.core.model import Model
from resources.limited_process import LimitedProcess, LimitedProcessError, Result, machine_memory

SECONDS = 300
"""Many times what the largest network takes on a busy machine."""


def check(folder: Path) -> None:
    """Read the model in `folder`, and give it a row without a value, in a process of its own.

    Raises
    ------
    ArtefactError: reading it failed there, took too long or too much memory, or ended the process.
    """
    with LimitedProcess(machine_memory(), errors=[ArtefactError, ModelError]) as process:
        use(process, folder)


def use(process: LimitedProcess, folder: Path) -> None:
    """As `check`, in a process that goes on.

    Raises
    ------
    ArtefactError: as of `check`.
    """
    try:
        list(process.results(_use, folder, seconds=SECONDS))
    except LimitedProcessError as error:
        raise ModelError(f"{folder}: trying it {error}") from error


def _use(folder: Path) -> Iterable[Result]:
    model = load(Model, folder)
    row = pl.DataFrame({name: [None] for name in model.columns}, schema=model.columns)
    with suppress(Exception):  # a row without values may be refused
        model.predict(row)
    return ()
