"""A finished report, as a value.

Belongs here: its three forms. Does not belong here: what a report says and looks like (`modeling.reports`), or its
files (`modeling.artefacts.report`).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Report:
    """One report in three forms: `html` to read, `markdown` to paste, `json` to compute with."""

    html: str
    markdown: str
    json: str
