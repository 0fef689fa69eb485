"""Whether the state folder holds what it should, whole, and whether the catalogue can be read.

Belongs here: what is asked of files. Does not belong here: finding damage in one (`resources.store.integrity`), or what
is asked of Dagster (`instance_checks`).
"""

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from assets.reports import run_command
from catalogue.reader import Catalogue
from pipelines.health.check import Check
from resources.notification.outbox import Outbox
from resources.notification.places import address_errors
from resources.serving.models import Models
from resources.store.atomic import StorageError, make_folder
from resources.store.cleanup import PUBLISHED, artefact_folders
from resources.store.forgotten import unended
from resources.store.integrity import damage, sqlite_damage
from resources.store.state import CURRENT, UNPARTITIONED, VERSIONS, State
from resources.store.test_access_log import check_log
from resources.store.versions import damaged, damaged_notes

FREE_BYTES = 2 * 2**30
"""Less free space than this is an alarm: a run writes several versions before it removes any."""
NOTICE_SECONDS = 3600
"""A notice that people do not have for so long is an alarm: it is tried every five minutes at the latest."""


def examine(catalogue: Catalogue, state: State, *, deep: bool) -> Iterator[Check]:
    """The folder itself first. `deep`: as of `pipelines.health.examine`."""
    yield _state_folder(state.path)
    yield _artefacts(catalogue, state, deep)
    yield _test_access_logs(catalogue, state)
    yield _databases(state, deep)
    yield _notices(state)
    yield _forgotten(catalogue, state)
    yield _catalogue(catalogue)


def _state_folder(folder: Path) -> Check:
    try:
        make_folder(folder, mode=0o700)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        return Check("state folder", False, f"{folder} can't be written: {error.strerror}")
    free, mode = shutil.disk_usage(folder).free, folder.stat().st_mode
    detail = f"{folder} can be written, {free / 2**30:.1f} GiB are free"
    if free < FREE_BYTES:
        detail += f", less than {FREE_BYTES / 2**30:.0f}: type `sectorforge clean`, or make room"
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        who = "everybody may write" if mode & stat.S_IWOTH else "others than its owner may enter"
        detail += f"; {who} it: `chmod 700 {folder}` leaves it to its owner"
    ok = free >= FREE_BYTES and not mode & stat.S_IWOTH
    return Check("state folder", ok, detail, {"free_bytes": free})


def _artefacts(catalogue: Catalogue, state: State, deep: bool) -> Check:
    """Whether what is current of use cases, industries and the market is there and whole; of published models every
    version, to which a person may go back."""
    known = {*catalogue.use_cases, *catalogue.industries, UNPARTITIONED}
    folders = {folder: folder.relative_to(state.artefacts) for folder in artefact_folders(state.artefacts)}
    checked = {folder: "/".join(place.parts[1:]) for folder, place in folders.items()}
    wrong = [
        f"{message} ({_remedy(folder, key, retired=key in catalogue.retired)})"
        for folder, key in checked.items()
        if key in known and (message := _said(folder, partial(_damage, folder, deep)))
    ]
    published = [folder for folder, key in checked.items() if key in known and PUBLISHED in folder.parts]
    wrong += [note for folder in published for note in damaged_notes(folder)]
    how = "every byte is as it was written" if deep else "each file is there in its size; `--deep` reads every byte"
    return _damages("artefacts", wrong, f"{len(checked)}: {how}")


def _said(place: Path, look: Callable[[], str]) -> str:
    """What `look` finds wrong; or that the storage does not answer."""
    try:
        return look()
    except OSError as error:
        return f"{error.filename or place} can't be read: {error.strerror}"


def _remedy(folder: Path, key: str, *, retired: bool) -> str:
    """A run makes again what it made last; a model that an earlier one judged it does not, and nothing of a retired use
    case."""
    earlier = (
        f"; an earlier model: restore it, or remove it if `sectorforge models list {key}` says that another serves"
    )
    again = f"{key} is retired: restore it, or remove {folder / CURRENT}" if retired else run_command(key)
    return again + (earlier if PUBLISHED in folder.parts else "")


def _damage(folder: Path, deep: bool) -> str:
    digested = None if deep else []
    models = folder.glob(f"{VERSIONS}/[!.]*") if PUBLISHED in folder.parts else []
    return damaged(folder, digested) or next((wrong for place in models if (wrong := damage(place, digested))), "")


def _test_access_logs(catalogue: Catalogue, state: State) -> Check:
    wrong = []
    for key in catalogue.use_cases:
        try:
            check_log(state.test_access_log(key))
        except (StorageError, OSError) as error:
            wrong.append(str(error))
    return _damages("test access logs", wrong, "every access to a sealed test can be read")


def _databases(state: State, deep: bool) -> Check:
    """Those in the state folder, of Dagster and of MLflow."""
    places = [*sorted(state.dagster.rglob("*.db")), *sorted(state.mlflow.glob("*.db"))]
    found = [_said(place, partial(_database_damage, place, deep)) for place in places]
    wrong = [
        f"{message}: restore it from a backup, or move it away to begin without it" for message in found if message
    ]
    return _damages("databases", wrong, f"{len(places)} can be opened" + (", and are whole" if deep else ""))


def _database_damage(place: Path, deep: bool) -> str:
    why = sqlite_damage(place, deep=deep)
    return f"{place} {why}" if why else ""


def _damages(name: str, wrong: list[str], well: str) -> Check:
    more = f"; and {len(wrong) - 1} more" if len(wrong) > 1 else ""
    return Check(name, not wrong, f"{wrong[0]}{more}" if wrong else well, {"damaged": len(wrong)})


def _notices(state: State) -> Check:
    ages = [time.time() - at for at in Outbox(state.notices).waiting_since()]
    oldest = max(ages, default=0.0)
    measured = {"waiting": len(ages), "oldest_seconds": round(oldest, 1)}
    if errors := address_errors(os.environ):
        return Check("notices", False, "; ".join(errors), measured)
    detail = f"{len(ages)} wait to be sent" + (f", the oldest for {oldest / 3600:.1f} hours" if ages else "")
    late = ": see the ticks of `send_notices`" if oldest > NOTICE_SECONDS else ""
    return Check("notices", not late, detail + late, measured)


def _forgotten(catalogue: Catalogue, state: State) -> Check:
    """Whether everyone who was to be forgotten is, as far as a command reaches."""
    models = Models(state)
    try:
        unfinished = [key for key in catalogue.use_cases if unended(state.forgotten(key))]
    except StorageError as error:
        return Check("forgotten people", False, str(error))
    serving = {key: place.name for key in catalogue.use_cases if (place := models.serving(key))}
    readable = {key: name for key, name in serving.items() if not models.damaged_notes(key)}  # `artefacts` names those
    learned = [key for key, name in readable.items() if name in models.learned_from_forgotten(key)]
    wrong = [f"{key}: `sectorforge forget` did not end: repeat it" for key in unfinished]
    wrong += [f"{key}: the model that serves learned from people who are forgotten: run it again" for key in learned]
    detail = "; ".join(wrong) or "nobody who was to be forgotten is still there"
    return Check("forgotten people", not wrong, detail, {"unfinished": len(unfinished), "models": len(learned)})


def _catalogue(catalogue: Catalogue) -> Check:
    errors = catalogue.errors
    detail = f"{len(catalogue.use_cases)} use cases" + (f"; {errors[0]}" if errors else ", no error")
    more = f" and {len(errors) - 1} more: type `sectorforge check`" if len(errors) > 1 else ""
    return Check("catalogue", not errors, detail + more, {"use_cases": len(catalogue.use_cases), "faults": len(errors)})
