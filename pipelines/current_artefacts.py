"""Reads the current evaluations and reports, without Dagster.

Belongs here: finding them under the state folder, and what can't be read of them. Does not belong here: making them
(`assets`), or the published models (`resources.serving.models`).
"""

from dataclasses import dataclass, field
from pathlib import Path

from assets.reports import HTML
from assets.stages import INDUSTRY_REPORT, MARKET_ENTRY_REPORT
from catalogue.reader import Catalogue
from modeling.artefacts.storage import load
from modeling.core.record import Evaluation
from resources.store.state import CURRENT, State
from resources.store.versions import current


@dataclass(frozen=True)
class CurrentEvaluations:
    """The current evaluations by use case; where one can't be read, its folder and why instead."""

    evaluations: dict[str, Evaluation] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)


def current_evaluations(catalogue: Catalogue) -> CurrentEvaluations:
    """The current evaluation of every use case that has one. One that can't be read hides no other."""
    found, state = CurrentEvaluations(), State()
    for key in catalogue.use_cases:
        place = current(state.artefact("evaluation", key))
        if place is None:
            continue
        try:
            found.evaluations[key] = load(Evaluation, place)
        except (OSError, ValueError) as error:
            found.unreadable[key] = f"{place}: the evaluation can't be read: {str(error).splitlines()[0]}"
    return found


def current_reports(catalogue: Catalogue) -> dict[str, Path]:
    """The current HTML reports: of use cases, industries and the market."""
    state = State()
    places = {key: state.artefact("evaluation_report", key) for key in catalogue.use_cases}
    places |= {key: state.artefact(INDUSTRY_REPORT, key) for key in catalogue.industries}
    places["market entry"] = state.artefact(MARKET_ENTRY_REPORT)
    return {name: place / CURRENT / HTML for name, place in places.items() if current(place) is not None}
