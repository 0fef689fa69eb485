"""Reports over HTTP: those that are there, and nothing else of the state folder."""

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from pipelines.web.reports import START, routes
from resources.store.state import State
from resources.store.versions import publish

REPORT = "/reports/evaluation_report/retail/returns/current/report.html"


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    home = State(folder=str(tmp_path / "home"))

    def write(folder: Path) -> None:
        (folder / "report.html").write_text("<h1>Grüße</h1>", encoding="utf-8")
        (folder / "report.json").write_text("{}")

    for asset, key in (
        ("evaluation_report", "retail/returns"),
        ("status_report", None),
        ("evaluation", "retail/returns"),
    ):
        publish(home.artefact(asset, key), "run", write)
    (home.path / "report.html").write_text("secret")
    return TestClient(Starlette(routes=routes(home)))


def test_a_report_is_shown_and_may_do_nothing(client: TestClient):
    answer = client.get(REPORT)
    assert (answer.status_code, answer.text) == (200, "<h1>Grüße</h1>")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "script-src" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("address", ["/reports", "/reports/"])
def test_the_address_of_all_leads_to_the_start_page(client: TestClient, address: str):
    assert client.get(address).url.path == START


@pytest.mark.parametrize(
    "address",
    [
        "/reports/evaluation_report/",
        "/reports/evaluation_report/retail/returns/current/",
        "/reports/evaluation_report/retail/returns/current/report.json",
        "/reports/evaluation_report/retail/returns/versions/run/report.html",
        "/reports/evaluation/retail/returns/current/report.html",
        "/reports/evaluation_report/retail/missing/current/report.html",
        "/reports/evaluation_report/../../report.html",
        "/reports/evaluation_report/%2e%2e/%2e%2e/current/report.html",
        "/reports/evaluation_report/..%2f../current/report.html",
        "/reports/evaluation_report/retail%00/returns/current/report.html",
        "/reports/status_report/all/current/report.html/",
        "/reports/evaluation_report/retail/returns/current/reportXhtml",
    ],
)
def test_nothing_else_is_shown(client: TestClient, address: str):
    answer = client.get(address)
    assert answer.status_code == 404
    assert "secret" not in answer.text and "home" not in answer.text


def test_nothing_is_taken(client: TestClient):
    assert client.post(REPORT).status_code == 405
