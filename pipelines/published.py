"""Reads what was published, without Dagster.

Belongs here: finding current evaluations and reports under the state folder. Does not belong here: making them.
"""

from pathlib import Path

from assets.reports import HTML
from assets.stages import INDUSTRY_REPORT, MARKET_ENTRY_REPORT
from catalogue.reader import Catalogue
from modeling.artefacts.evaluated_model import EvaluatedModel
from modeling.core.record import Evaluation
from resources.store.state import CURRENT, State
from resources.store.versions import current


def evaluations(catalogue: Catalogue) -> dict[str, Evaluation]:
    """The current evaluation of every use case that has one."""
    state = State()
    found = {key: current(state.artefact("evaluation", key)) for key in catalogue.use_cases}
    return {key: EvaluatedModel.load(place).evaluation for key, place in found.items() if place is not None}


def reports(catalogue: Catalogue) -> dict[str, Path]:
    """The current HTML reports: of use cases, industries and the market."""
    state = State()
    places = {key: state.artefact("evaluation_report", key) for key in catalogue.use_cases}
    places |= {key: state.artefact(INDUSTRY_REPORT, key) for key in catalogue.industries}
    places["market entry"] = state.artefact(MARKET_ENTRY_REPORT)
    return {name: place / CURRENT / HTML for name, place in places.items() if current(place) is not None}
