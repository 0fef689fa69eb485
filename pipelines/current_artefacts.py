"""Reads the current evaluations and reports, without Dagster.

Belongs here: finding them under the state folder, and what can't be read of them. Does not belong here: making them
(`assets`), or the published models (`resources.serving.models`).
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from assets.metadata import REPORT_FILE
from assets.reports import run_command
from assets.stages import INDUSTRY_REPORT, MARKET_ENTRY_REPORT
from catalogue.reader import Catalogue
from modeling.artefacts.errors import ArtefactError
from modeling.artefacts.evaluated_model import RECORD
from modeling.artefacts.storage import load
from modeling.core.record import Evaluation
from resources.store.state import CURRENT, State
from resources.store.versions import damaged

MARKET = "market entry"
"""What the report on the market is called beside those on industries."""


@dataclass(frozen=True)
class CurrentEvaluations:
    """The current evaluations by use case; where one can't be read, why not."""

    evaluations: dict[str, Evaluation] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)


def current_evaluations(catalogue: Catalogue, keys: Collection[str] | None = None) -> CurrentEvaluations:
    """The current evaluations: of all use cases that have one, or of those that are named. One that can't be read hides
    no other."""
    found, state = CurrentEvaluations(), State()
    for key in catalogue.use_cases if keys is None else keys:
        folder = state.artefact("evaluation", key)
        if not (folder / CURRENT).is_symlink():
            continue
        try:
            if wrong := damaged(folder, digested=[RECORD]):
                raise ArtefactError(f"{wrong}: run its use case again")
            found.evaluations[key] = load(Evaluation, (folder / CURRENT).resolve())
        except (ArtefactError, OSError) as error:
            found.unreadable[key] = f"the evaluation can't be read: {error} ({run_command(key)})"
    return found


def current_report(key: str) -> Path | None:
    """The current HTML report of a use case, once there is one."""
    path = State().artefact("evaluation_report", key) / CURRENT / REPORT_FILE
    return path if path.is_file() else None


def current_reports(catalogue: Catalogue) -> dict[str, Path]:
    """The current HTML reports: of use cases, industries and the market. None that is damaged."""
    return {
        name: place / CURRENT / REPORT_FILE for name, place in _reports(catalogue).items() if not _wrong_with(place)
    }


def damaged_reports(catalogue: Catalogue) -> dict[str, str]:
    """The current reports that can't be read, each with the reason and what to do."""
    found = {name: _wrong_with(place) for name, place in _reports(catalogue).items()}
    return {
        name: f"the report can't be read: {wrong}: run it again ({run_command(name)})"
        for name, wrong in found.items()
        if wrong
    }


def _reports(catalogue: Catalogue) -> dict[str, Path]:
    """The folders of reports that were made."""
    state = State()
    places = {key: state.artefact("evaluation_report", key) for key in catalogue.use_cases}
    places |= {key: state.artefact(INDUSTRY_REPORT, key) for key in catalogue.industries}
    places[MARKET] = state.artefact(MARKET_ENTRY_REPORT)
    return {name: place for name, place in places.items() if (place / CURRENT).is_symlink()}


def _wrong_with(report: Path) -> str:
    try:
        return damaged(report, digested=[REPORT_FILE])
    except OSError as error:
        return f"{error.filename or report}: {error.strerror}"
