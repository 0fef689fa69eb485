"""The people who are to be forgotten, and which files hold them.

Belongs here: looking into snapshots, tables and texts that lie in files. Does not belong here: removing anything, or
which rows and texts hold an identifier (`resources.store.identifiers`).
"""

import codecs
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

import polars as pl
from dagster import DagsterInstance

from assets.reports import run_command
from assets.stages import PREDICTIONS, STAGES
from catalogue.definition import UseCase
from modeling.artefacts.table import TABLE
from resources.errors import PermanentError
from resources.store.identifiers import Identifiers
from resources.store.state import VERSIONS, State

RAW = STAGES["raw_data"].name
PIECE = 2**20
OVERLAP = 2**16
"""Characters of a piece that are looked at with the next one: more than an identifier has, however it is written."""
CUT = "0"
"""A digit goes on with any word and any number (`resources.store.identifiers`)."""


class NothingKept(PermanentError):
    """There is no snapshot to look into, or its rows lack the column."""


@dataclass(frozen=True)
class People:
    """Who is to be forgotten, of which use case, and what was found before anything was removed.

    Attributes
    ----------
    snapshots: those that hold them; one that can't be read may.
    snapshots_without: the names, which are digests, of the others.
    found: whether anything of the use case held them, or did when the request was begun.
    """

    use_case: UseCase
    identifiers: Identifiers
    instance: DagsterInstance
    state: State
    snapshots: tuple[Path, ...]
    snapshots_without: frozenset[str]
    found: bool

    @property
    def key(self) -> str:
        return self.use_case.key

    def versions(self, asset: str) -> list[Path]:
        """Every version of an asset of the use case that was ever whole."""
        return _versions(self.state, asset, self.key)

    def may_be_in_what_was_made_of(self, snapshot: str) -> bool:
        """Of a snapshot that is kept no longer nobody knows, once they were found in anything else."""
        return self.found and snapshot not in self.snapshots_without

    def are_in_folder(self, folder: Path) -> bool:
        """Whether any file at or below a place names them."""
        return any(self.are_in_file(path) for path in files([folder]))

    def are_in_file(self, path: Path) -> bool:
        """Whether a file names them: as text, or in a table; what a model's numbers hold is not seen."""
        try:
            with path.open("rb") as file:
                return in_content(self.identifiers, path.name, file)
        except FileNotFoundError:
            return False


def check_column(key: str, column: str, state: State) -> None:
    """Raises
    ------
    NothingKept: there are no rows to look into, or none has the column.
    """
    snapshots = _versions(state, RAW, key)
    if not snapshots:
        raise NothingKept(f"{key}: no snapshot is kept, so there is nothing to look into")
    columns = [name for place in snapshots for name in _columns(place / TABLE)]
    if not columns:
        raise NothingKept(f"{key}: no snapshot can be read: {run_command(key)}, and repeat")
    if column not in columns:
        known = ", ".join(dict.fromkeys(columns))
        raise NothingKept(f"{key}: its rows have no column {column!r}; they have {known}")


def find(
    use_case: UseCase, identifiers: Identifiers, instance: DagsterInstance, state: State, *, resumed: bool
) -> People:
    """Look for people in the snapshots and predictions of a use case. `resumed`: they were found before, and may be
    gone from there already."""
    snapshots = _versions(state, RAW, use_case.key)
    holding = tuple(place for place in snapshots if _may_hold(place / TABLE, identifiers))
    predictions = _versions(state, PREDICTIONS.name, use_case.key)
    found = bool(resumed or holding) or any(
        _may_hold(place / "predictions.parquet", identifiers) for place in predictions
    )
    without = frozenset(place.name for place in snapshots if place not in holding)
    return People(use_case, identifiers, instance, state, holding, without, found)


def in_content(identifiers: Identifiers, name: str, file: IO[bytes]) -> bool:
    """As `People.are_in_file`, of an open file of that name. A table is read whole, a text in pieces."""
    if name.endswith(".parquet"):
        file = io.BytesIO(file.read())
        table = read_table(file)
        if table is not None:
            return bool(identifiers.of(table).any()) or identifiers.within(table)
        file.seek(0)
    chunks = iter(partial(file.read, PIECE), b"")
    return _in_pieces(identifiers, codecs.iterdecode(chunks, "utf-8", errors="surrogateescape"))


def _in_pieces(identifiers: Identifiers, pieces: Iterable[str]) -> bool:
    """Whether they stand in a text that is cut anywhere. At a cut stands `CUT`, beside which nobody is recognised;
    whoever stands there is looked for again together with what follows."""
    text = ""
    for piece in pieces:
        text += piece
        if identifiers.in_text(text + CUT):
            return True
        if len(text) > OVERLAP:
            text = CUT + text[-OVERLAP:]
    return identifiers.in_text(text)


def read_table(file: Path | IO[bytes]) -> pl.DataFrame | None:
    """A table; None where there is none that can be read."""
    try:
        return pl.read_parquet(file)
    except (OSError, pl.exceptions.PolarsError):
        return None


def files(places: Iterable[Path]) -> Iterator[Path]:
    """The files at and below some places."""
    found = (path for place in places for path in (place, *place.rglob("*")))
    return (path for path in found if path.is_file())


def _versions(state: State, asset: str, key: str) -> list[Path]:
    return sorted((state.artefact(asset, key) / VERSIONS).glob("[!.]*"))


def _may_hold(table: Path, identifiers: Identifiers) -> bool:
    frame = read_table(table)
    return frame is None or bool(identifiers.of(frame).any())


def _columns(table: Path) -> list[str]:
    """None of a table that can't be read."""
    try:
        return list(pl.read_parquet_schema(table))
    except (OSError, pl.exceptions.PolarsError):
        return []
