"""Reports as files.

Belongs here: `report.html`, `report.md` and `report.json`. Does not belong here: the value (`modeling.core.report`), or
making one (`modeling.reports`).
"""

from pathlib import Path

from modeling.artefacts.errors import Read
from modeling.core.report import Report

FORMS = {"html": "report.html", "markdown": "report.md", "json": "report.json"}


class ReadReport(Read[Report]):
    """The report."""

    kind = Report


def save(report: Report, folder: Path) -> None:
    """Write a file for each form into an existing `folder`."""
    for form, name in FORMS.items():
        (folder / name).write_text(getattr(report, form), encoding="utf-8")


def load(folder: Path) -> Report:
    """The report that `save` wrote."""
    return Report(**{form: (folder / name).read_text(encoding="utf-8") for form, name in FORMS.items()})
