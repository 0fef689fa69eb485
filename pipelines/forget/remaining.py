"""What still holds a person who was forgotten, and what to do about it.

Belongs here: looking through the state folder, the source and named backups once all else is done. Does not belong
here: removing anything.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from modeling.artefacts.evaluated_model import MODEL
from pipelines.forget.people import People, files, in_content
from resources import sources
from resources.errors import PermanentError, UnreachableError
from resources.limited_process import LimitedProcess, Result
from resources.sources.memory import memory_limit
from resources.store.backup_archive import DAMAGE, BackupError, members
from resources.store.identifiers import Identifiers
from resources.store.state import State
from resources.tracking import SERVER

BACKUP_SECONDS = 6 * 3600
"""For one backup. Ten megabytes of it are looked through in a second."""


def in_state_folder(people: People, in_use: list[Path]) -> Iterator[str]:
    """Every file that names them still, and the databases `in_use` whose empty pages may."""
    for path in in_use:
        yield f"{path} is in use, and former texts stand in its empty pages: stop the daemon and repeat"
    for path in _searched(people):
        if people.are_in_file(path):
            yield f"{path} names them still: {_remedy(path)}"
    if SERVER in os.environ:
        yield f"MLflow's server, which {SERVER} names, may show rows in reports of {people.key}: remove them there"


def _searched(people: People) -> Iterator[Path]:
    """Every file that is of this use case, or of all."""
    state = people.state
    elsewhere = {state.artefacts, state.cache, state.weights, state.mlflow}
    yield from files(path for path in state.path.glob("*") if path not in elsewhere)
    yield from files(folder / people.key for folder in state.artefacts.glob("*"))
    yield from files([state.mlflow_database, state.mlflow_artefacts / people.key])


def _remedy(path: Path) -> str:
    if MODEL in path.parts:
        return "let the next run publish another model, and repeat"
    if path.suffix == ".parquet":
        return "they stand in rows of others; take them out there at the source, run again, and repeat"
    return "remove it"


def at_source(people: People) -> Iterator[str]:
    """What delivers them again."""
    cache = sources.Cache.from_environment(people.state.cache)
    use_case = people.use_case
    for case in [use_case, *([use_case.unlabelled] if use_case.predict else [])]:
        try:
            sources.settle(case)
            pieces = list(sources.pieces(case, cache, lambda message: None))
            holding = [where for where, table in pieces if people.identifiers.of(table.collect()).any()]
        except sources.NothingDelivered:
            continue
        except (PermanentError, UnreachableError) as error:
            yield f"the source can't be looked into now, and may deliver them again: {error}"
            continue
        for where in holding:
            yield f"{where} delivers them again with the next rows that are new: take them out there"


def in_backups(people: People, backups: list[Path]) -> Iterator[str]:
    """The backups that hold them, or can't be read. Each is looked into in a process of its own: nobody vouches for the
    tables in it."""
    for file in backups:
        try:
            with LimitedProcess(memory_limit(), [BackupError]) as process:
                arguments = (file, people.identifiers, people.key)
                held = len(list(process.results(_naming_files, *arguments, seconds=BACKUP_SECONDS)))
        except (BackupError, PermanentError) as error:
            yield f"the backup {file} can't be looked into, and may hold them: {error}"
            continue
        if held:
            yield f"the backup {file} holds them in {held} files: back up anew and remove it"


def _naming_files(file: Path, identifiers: Identifiers, key: str) -> Iterator[Result]:
    """The files of a backup that name them.

    Raises BackupError: it is none, or damaged.
    """
    try:
        for member in members(file):
            if _concerns(key, member.name) and in_content(identifiers, member.name, member.content):
                yield None, b""
    except DAMAGE as error:
        raise BackupError(str(error)) from error


def _concerns(key: str, name: str) -> bool:
    """Whether a file of a backup is of this use case, or of all."""
    top = name.partition("/")[0]
    return f"/{key}/" in name if top == State().artefacts.name else top not in ("cache", "weights")
