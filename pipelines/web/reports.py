"""Reports over HTTP, on the address of the UI: `/reports/` leads to the start page, every report to the next.

Belongs here: which files are served, and what a browser may do with them. Does not belong here: writing reports
(`assets`), or who may ask (`cross_site`, which stands in front).

Only the file `report.html` of a current report is served: no other file of the state folder, no list of what lies in
one. The parts of an address are names of the grammar of partitions, so none leads out of a folder. The pages hold all
that they show, and the header says so to the browser: nothing is loaded, run or sent from them, whatever a delivery
smuggled into a text.
"""

import re

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from assets.metadata import REPORT_FILE, REPORTS
from assets.stages import DRIFT, INDUSTRY_REPORT, MARKET_ENTRY_REPORT, STAGES, STATUS_REPORT
from resources.store.state import CURRENT, UNPARTITIONED, State
from resources.store.versions import current

PARTITIONS = {
    STAGES["evaluation_report"].name: "[a-z0-9_]+/[a-z0-9_]+",
    DRIFT: "[a-z0-9_]+/[a-z0-9_]+",
    INDUSTRY_REPORT: "[a-z0-9_]+",
    MARKET_ENTRY_REPORT: UNPARTITIONED,
    STATUS_REPORT: UNPARTITIONED,
}
"""Every report, and the form of its partitions' keys."""
FILE = re.escape(f"/{CURRENT}/{REPORT_FILE}")
ADDRESS = re.compile("|".join(f"({asset})/({key}){FILE}" for asset, key in PARTITIONS.items()))
START = f"{REPORTS}/{STATUS_REPORT}/{UNPARTITIONED}/{CURRENT}/{REPORT_FILE}"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
NONE_YET = "There is no such report yet: type `sectorforge run`. The start page is written with the first one.\n"


def routes(home: State) -> list[Route]:
    """What a server adds to its own: reports of the state folder `home`, to be read."""

    async def begin(request: Request) -> Response:
        return RedirectResponse(START)

    async def serve(request: Request) -> Response:
        return _report(request.path_params["path"], home)

    return [Route(REPORTS, begin), Route(f"{REPORTS}/", begin), Route(f"{REPORTS}/{{path:path}}", serve)]


def _report(path: str, home: State) -> Response:
    address = ADDRESS.fullmatch(path)
    asset, partition = [part for part in address.groups() if part] if address else ("", "")
    place = current(home.artefact(asset, partition)) if address else None
    if place is None or not (place / REPORT_FILE).is_file():
        return PlainTextResponse(NONE_YET, 404, HEADERS)
    return FileResponse(place / REPORT_FILE, headers=HEADERS, media_type="text/html; charset=utf-8")
