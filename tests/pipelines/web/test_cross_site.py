"""Which names a server answers to, and what it refuses: before a small application that the real uvicorn serves."""

import http.client
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from typer.testing import CliRunner

from pipelines.cli.app import app as command_line
from pipelines.web.cross_site import VARIABLE, CrossSiteProtection, WrongHosts, served_hosts

from ...resources.postgres import free_port
from ..sandbox import KEY, Sandbox

REACHED = "reached"
JSON = ("Content-Type", "application/json")


async def reached(request: Request) -> PlainTextResponse:
    return PlainTextResponse(REACHED)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Of a server that is also called `sectorforge.example`."""
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    application = Starlette(routes=[Route("/{path:path}", reached, methods=methods)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, "sectorforge.example")
        application.add_middleware(CrossSiteProtection, hosts=served_hosts())
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(application, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.05)
    yield port
    server.should_exit = True
    thread.join()


def ask(port: int, method: str, *headers: tuple[str, str], path: str = "/") -> tuple[int, str]:
    """Exactly these headers, in this order, however often."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in headers:
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


NAMES = [
    "127.0.0.1:3000",
    "LOCALHOST:3000",
    "localhost",
    "[::1]:3000",
    "sectorforge.example",
    "sectorforge.example:8443",
]


@pytest.mark.parametrize("host", NAMES)
def test_it_answers_to_its_names_whatever_the_port(port: int, host: str):
    assert ask(port, "GET", ("Host", host)) == (200, REACHED)


FOREIGN_HOSTS = [
    "evil.example",
    "127.0.0.1.evil.example",
    "evil.localhost",
    "localhost.evil.example:3000",
    "evilsectorforge.example",
    "a.sectorforge.example",
    "user@localhost",
    "localhost:3000@evil.example",
    "localhost, evil.example",
    "localhost/",
    "localhost:",
    "0.0.0.0:3000",
    "[::]",
    "::1",
    "[::ffff:7f00:1]",
    "127.1",
    "2130706433",
    "",
]


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_another_name_is_refused_with_the_remedy(port: int, host: str):
    status, text = ask(port, "GET", ("Host", host))
    assert status in (400, 421) and REACHED not in text
    if status == 421:
        assert VARIABLE in text and repr(host) in text


def test_two_hosts_are_none(port: int):
    status, _ = ask(port, "GET", ("Host", "localhost"), ("Host", "evil.example"))
    assert status in (400, 421)


FOREIGN_ORIGINS = [
    "https://evil.example",
    "null",
    "",
    "file://",
    "http://localhost",
    "http://localhost:3001",
    "http://127.0.0.1:3000",
    "http://localhost:3000.evil.example",
    "http://localhost:3000@evil.example",
    "ftp://localhost:3000",
    "localhost:3000",
]


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_an_origin_is_this_server_or_foreign(port: int, origin: str, method: str):
    status, text = ask(port, method, ("Host", "localhost:3000"), ("Origin", origin), JSON)
    assert status == 403 and "by its own address" in text


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_own_origin_passes_also_behind_a_proxy_that_ends_tls(port: int, scheme: str):
    own = ("Host", "sectorforge.example"), ("Origin", f"{scheme}://sectorforge.example"), JSON
    assert ask(port, "POST", *own)[0] == 200
    assert ask(port, "POST", *own, ("Origin", "https://evil.example"))[0] == 403


LINK = ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything new"])
def test_what_another_page_embeds_is_refused_and_its_links_work(port: int, site: str):
    asked = ("Host", "localhost"), ("Sec-Fetch-Site", site)
    assert ask(port, "GET", *asked)[0] == 403
    assert ask(port, "GET", *asked, ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe"))[0] == 403
    assert ask(port, "POST", *asked, *LINK, JSON)[0] == 403
    assert ask(port, "GET", *asked, *LINK) == (200, REACHED)


UNASKED_TYPES = [
    [],
    ["text/plain"],
    ["text/plain;application/json"],
    ["text/plain, application/json"],
    ["application/json", "text/plain"],
    ["application/jsonx"],
    ["multipart/form-data; boundary=application/json"],
]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PURGE"])
@pytest.mark.parametrize("declared", UNASKED_TYPES)
def test_a_body_has_a_type_that_no_form_can_send(port: int, method: str, declared: list[str]):
    headers = [("Content-Type", one) for one in declared]
    status, text = ask(port, method, ("Host", "localhost"), *headers)
    assert status == 415 and "Content-Type: application/json" in text


@pytest.mark.parametrize("path", ["/graphql?query=x", "/graphql/?query=x", "/%67raphql?%71uery=x", "/prefix/graphql?a"])
def test_graphql_is_not_asked_in_an_address(port: int, path: str):
    for method in ("GET", "HEAD", "OPTIONS"):
        assert ask(port, method, ("Host", "localhost"), path=path)[0] == 405
    assert ask(port, "GET", ("Host", "localhost"), path="/runs?q=graphql") == (200, REACHED)


WRONG = ["https://sectorforge.example", "sectorforge.example:8443", "*", "*.example", "::1", "a b", "x/y"]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_name_is_refused_when_the_server_starts(monkeypatch: pytest.MonkeyPatch, wrong: str):
    monkeypatch.setenv(VARIABLE, f"sectorforge.example, {wrong}")
    with pytest.raises(WrongHosts, match="without scheme, port or wildcard"):
        served_hosts()


@pytest.mark.parametrize("command", [["ui"], ["ui", "--read-only"], ["serve", KEY]])
def test_the_commands_say_so_before_anything_starts(
    empty: Sandbox, monkeypatch: pytest.MonkeyPatch, command: list[str]
):
    empty.name_in(monkeypatch)
    monkeypatch.setenv(VARIABLE, "https://sectorforge.example")
    result = CliRunner().invoke(command_line, command)
    assert result.exit_code == 2 and f"{VARIABLE}: 'https://sectorforge.example' is no host" in result.output
    assert not empty.home.exists()


@pytest.mark.parametrize("command", [["ui"], ["ui", "--read-only"]])
def test_a_port_that_another_program_has_is_said(empty: Sandbox, monkeypatch: pytest.MonkeyPatch, command: list[str]):
    empty.name_in(monkeypatch)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(command_line, [*command, "--port", port])
    assert result.exit_code == 2 and f"port {port} can't be taken" in result.output
    assert "name another with --port" in " ".join(result.output.split())
