"""What several sensors need to notify people.

Belongs here: leaving a notice in the outbox of the state folder, where it points to, and whom it asks. Does not belong
here: what is worth one (`sensors`, `news`), or how it reaches people (`resources.notification`).
"""

import traceback
from collections.abc import Callable
from dataclasses import replace

from assets import metadata
from catalogue.reader import Catalogue
from pipelines.current_artefacts import current_report
from resources import dagster_ui
from resources.errors import PermanentError
from resources.notification.notice import Notice
from resources.notification.outbox import Outbox
from resources.secrets import without_secrets
from resources.store.state import State


def asked_of(key: str, catalogue: Catalogue, what: str) -> str:
    """What a notice on a use case, or an industry, asks of whom."""
    industry = catalogue.industries.get(key.partition("/")[0])
    return f"asked of {', '.join(industry.owners)}: {what}" if industry else f"asked: {what}"


def links(key: str = "", run_id: str = "") -> list[str]:
    """Where to look further: the report of a use case, where there is one, else the start page, and a run; by addresses
    where the environment says how people reach the UI."""
    base = dagster_ui.address()
    report = current_report(key) if key else None
    where = metadata.url("evaluation_report", key).value if report else f"{metadata.REPORTS}/"
    run = [f"run {base}/runs/{run_id}" if base else f"run {run_id}"] if run_id else []
    return [*([f"report {base}{where}"] if base else [f"report {report}"] if report else []), *run]


def unexplained(what: str, error: Exception, run_id: str = "") -> Notice:
    """In the place of a notice that can't be written, so that no other waits for it: `what` happened."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    said = f"what that changed can't be said: {type(error).__name__}: {error} ({where.name}, line {where.lineno})"
    asked = "asked: look at the runs in the UI, and report this fault of Sectorforge with the line above"
    return Notice(what, "\n".join([said, asked, *links(run_id=run_id)]), severity="error")


def tell(notice: Notice, log: Callable[[str], None]) -> bool:
    """Write `notice` to the log, and leave it for the places that the environment names.

    Returns whether it is kept for them. Where it is not, the log says why, and it is for the caller to come again.
    """
    notice = replace(notice, title=without_secrets(notice.title), text=without_secrets(notice.text))
    log(str(notice))
    try:
        Outbox(State().notices).put(notice, log)
    except (PermanentError, OSError) as error:
        log(f"{notice.title!r} is in this log only: {error}")
        return False
    return True
