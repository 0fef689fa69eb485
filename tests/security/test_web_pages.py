"""No web page elsewhere drives the UI: requests as a browser sends them for such a page, to the really started server.

Beside the attacks stands what must go on working: the UI's own requests, links, and programs.
"""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest
import yaml
from dagster import AssetKey, AssetMaterialization, DagsterInstance
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from catalogue.reader import ENVIRONMENT
from pipelines.web.cross_site import LOOPBACK_NAMES
from resources.store.state import VARIABLE

from ..pipelines.sandbox import KEY, Sandbox, orders
from ..resources.postgres import free_port

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[2]
PATIENCE_SECONDS = 240
ASSET = AssetKey("raw_data")
JSON = {"Content-Type": "application/json"}
WIPE = 'mutation { wipeAssets(assetPartitionRanges: [{assetKey: {path: ["raw_data"]}}]) { __typename } }'
SENSOR = 'repositoryLocationName: "sectorforge", repositoryName: "__repository__", sensorName: "new_deliveries"'
START = f"mutation {{ startSensor(sensorSelector: {{{SENSOR}}}) {{ __typename }} }}"
LAUNCH = """mutation { launchRun(executionParams: {mode: "default", selector: {
    repositoryLocationName: "sectorforge", repositoryName: "__repository__", jobName: "retention"
}}) { __typename } }"""
QUERY = json.dumps({"query": "{ instance { id } }"})
SUBSCRIBE = {
    "id": "1",
    "type": "start",
    "payload": {"query": "subscription { locationStateChangeEvents { __typename } }"},
}


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Ui:
    """`sectorforge ui` as a process."""

    process: "subprocess.Popen[bytes]"
    port: int
    instance: DagsterInstance

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def origin(self) -> str:
        return f"http://{self.host}"

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, body: str = "") -> Answer:
        """Exactly these headers, beside `Host` and the length, which are this server's unless they are given."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body or None, {"Host": self.host, **(headers or {})})
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        return Answer(answer.status, text, {name.lower(): value for name, value in answer.getheaders()})

    def answers(self, path: str) -> bool:
        assert self.process.poll() is None
        try:
            return self.ask("GET", path).status == 200
        except OSError:
            return False

    def stored(self) -> tuple[int, int]:
        """What an attack would change: the events of the asset, and the sensors that were switched."""
        events = self.instance.fetch_materializations(ASSET, limit=100).records
        events += self.instance.fetch_observations(ASSET, limit=100).records
        return len(events), len(self.instance.all_instigator_state())


def soon(what: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.3)


def started(sandbox: Sandbox, instance: DagsterInstance, log: Path, *options: str, folder: Path = PROJECT) -> Ui:
    """The command, typed in `folder`, once its webserver knows the definitions."""
    port = free_port()
    environment = {
        **os.environ,
        ENVIRONMENT: str(sandbox.root),
        VARIABLE: str(sandbox.home),
        "DAGSTER_HOME": str(sandbox.dagster_home),
        "PYTHONPATH": str(PROJECT),
    }
    command = [sys.executable, "-P", "-c", "from pipelines.cli.main import main; main()", "ui", "--port", str(port)]
    command += options
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=file, stderr=file, start_new_session=True
        )
    ui = Ui(process, port, instance)
    query = '{"query": "{ workspaceOrError { ... on Workspace { locationEntries { loadStatus } } } }"}'

    def loaded() -> bool:
        assert process.poll() is None, log.read_text()
        return ui.answers("/server_info") and '"LOADED"' in ui.ask("POST", "/graphql", JSON, query).text

    try:
        soon(loaded)
    except BaseException:
        kill_group(process)
        raise
    return ui


def kill_group(process: "subprocess.Popen[bytes]") -> None:
    """Whatever is left of it, at the end of a test that may have failed."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    """The UI over one use case, of which one asset was materialised."""
    sandbox = Sandbox(tmp_path_factory.mktemp("ui") / "sandbox")
    sandbox.place(frame=orders())
    with sandbox.instance() as instance:
        instance.report_runless_asset_event(AssetMaterialization(ASSET, partition=KEY))
        ui = started(sandbox, instance, sandbox.folder / "ui.log")
        try:
            soon(lambda: ui.stored()[1] > 0)  # the daemon, which starts last, keeps the state of the sensor that is on
            yield ui
        finally:
            ui.process.terminate()
            ui.process.wait(PATIENCE_SECONDS)
            kill_group(ui.process)


# --- attacks ----------------------------------------------------------------------------------------------------------

ELSEWHERE = {"Sec-Fetch-Site": "cross-site"}
FOREIGN = {"Origin": "https://evil.example"}
IMAGE = {"Accept": "image/avif,image/webp,*/*", "Sec-Fetch-Dest": "image", "Sec-Fetch-Mode": "no-cors"}
LINK = {"Accept": "text/html", "Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate"}
FRAME = {"Accept": "text/html", "Sec-Fetch-Dest": "iframe", "Sec-Fetch-Mode": "navigate"}
REBOUND = {"Host": "evil.example:3000", "Origin": "http://evil.example:3000"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BODY = json.dumps({"query": WIPE})
BY_ADDRESS = f"/graphql?query={quote(WIPE)}"
ATTACKS: dict[str, tuple[str, str, dict[str, str], str]] = {
    "an image wipes an asset": ("GET", BY_ADDRESS, IMAGE, ""),
    "an image of a browser that says where it stands": ("GET", BY_ADDRESS, IMAGE | ELSEWHERE, ""),
    "the parameter is written otherwise": ("GET", f"/graphql?%71uery={quote(WIPE)}", IMAGE, ""),
    "the path is written otherwise": ("GET", f"/%67raphql?query={quote(WIPE)}", IMAGE, ""),
    "a link that people follow": ("GET", BY_ADDRESS, LINK | ELSEWHERE, ""),
    "text/plain with the mutation in the address": ("POST", BY_ADDRESS, {"Content-Type": "text/plain"}, "x"),
    "text/plain that switches a sensor on": (
        "POST",
        f"/graphql?query={quote(START)}",
        {"Content-Type": "text/plain;charset=UTF-8"},
        "x",
    ),
    "text/plain that claims JSON": ("POST", "/graphql", {"Content-Type": "text/plain; application/json"}, BODY),
    "a form": ("POST", BY_ADDRESS, FORM, "a=b"),
    "a form with a file": ("POST", BY_ADDRESS, {"Content-Type": "multipart/form-data; boundary=x"}, "--x--"),
    "no type at all": ("POST", BY_ADDRESS, {}, ""),
    "GraphQL as such": ("POST", "/graphql", {"Content-Type": "application/graphql"}, WIPE),
    "JSON of another page": ("POST", "/graphql", JSON | FOREIGN, BODY),
    "JSON of a page without an origin": ("POST", "/graphql", JSON | {"Origin": "null"}, BODY),
    "JSON of another port": ("POST", "/graphql", JSON | {"Origin": "http://127.0.0.1:1"}, BODY),
    "JSON where the browser says only this": ("POST", "/graphql", JSON | {"Sec-Fetch-Site": "same-site"}, BODY),
    "JSON of a rebound name": ("POST", "/graphql", JSON | REBOUND, BODY),
    "the page under a rebound name": ("GET", "/", {"Host": "evil.example:3000"}, ""),
    "a forged materialisation": ("POST", f"/report_asset_materialization/raw_data?partition={quote(KEY)}", {}, ""),
    "a materialisation of another page": ("POST", "/report_asset_materialization/raw_data", JSON | FOREIGN, "{}"),
    "a forged observation": ("POST", "/report_asset_observation/raw_data", {}, ""),
    "a forged check": ("POST", "/report_asset_check/raw_data?passed=true&check_name=x", {}, ""),
    "logs as a script": ("GET", "/logs/x/out", ELSEWHERE | {"Sec-Fetch-Dest": "script"}, ""),
    "the UI in a frame": ("GET", "/", FRAME | ELSEWHERE, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_another_page_changes_nothing(ui: Ui, name: str):
    before = ui.stored()
    answer = ui.ask(*ATTACKS[name])
    assert ui.stored() == before
    assert 400 <= answer.status < 500
    assert answer.headers["content-type"].startswith("text/plain") and "docs/security.md" in answer.text


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"origin": "null"}])
def test_a_websocket_of_another_page_is_refused(ui: Ui, headers: dict[str, str]):
    with pytest.raises(InvalidStatus) as refused, connect(f"ws://{ui.host}/graphql", proxy=None, **headers):
        pass
    assert refused.value.response.status_code == 403


def test_a_websocket_under_a_rebound_name_is_refused(ui: Ui):
    plain = socket.create_connection(("127.0.0.1", ui.port))
    with (
        pytest.raises(InvalidStatus) as refused,
        connect("ws://evil.example/graphql", sock=plain, origin="http://evil.example", proxy=None),  # pyright: ignore
    ):
        pass
    assert refused.value.response.status_code == 403


# --- what goes on working ---------------------------------------------------------------------------------------------

ALLOWED: dict[str, tuple[str, str, dict[str, str], str]] = {
    "the page": ("GET", "/", LINK | {"Sec-Fetch-Site": "none"}, ""),
    "the page by its other name": ("GET", "/", {"Host": "localhost:3000"}, ""),
    "a link from another page": ("GET", "/runs?q=status%3AFAILURE", LINK | ELSEWHERE, ""),
    "a file of its own": ("GET", "/manifest.json", {"Sec-Fetch-Site": "same-origin"}, ""),
    "GraphiQL": ("GET", "/graphql", {"Accept": "text/html"}, ""),
    "a program's query": ("POST", "/graphql", JSON, QUERY),
    "a program's query with a charset": (
        "POST",
        "/graphql",
        {"content-type": "application/json; charset=utf-8"},
        QUERY,
    ),
    "the health check": ("GET", "/server_info", {}, ""),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_what_the_ui_links_and_programs_ask_is_answered(ui: Ui, name: str):
    answer = ui.ask(*ALLOWED[name])
    assert answer.status == 200, answer.text
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"


def test_the_ui_asks_and_changes_under_its_own_origin(ui: Ui):
    own = JSON | {"Origin": ui.origin, "Sec-Fetch-Site": "same-origin"}
    answer = ui.ask("POST", "/graphql", own, QUERY)
    assert answer.status == 200 and "data" in json.loads(answer.text)
    before, _ = ui.stored()
    reported = ui.ask("POST", f"/report_asset_materialization/raw_data?partition={quote(KEY)}", own, "{}")
    assert reported.status == 200, reported.text
    assert ui.stored()[0] == before + 1


def test_the_ui_subscribes_under_its_own_origin(ui: Ui):
    with connect(
        f"ws://{ui.host}/graphql",
        origin=ui.origin,
        subprotocols=["graphql-ws"],
        proxy=None,  # pyright: ignore
    ) as subscription:
        subscription.send(json.dumps({"type": "connection_init"}))
        assert json.loads(subscription.recv(60))["type"] == "connection_ack"
        subscription.send(json.dumps(SUBSCRIBE))
        subscription.send(json.dumps({**SUBSCRIBE, "id": "2", "payload": {"query": "subscription { wrong }"}}))
        said = json.loads(subscription.recv(60))
        assert (said["id"], said["type"]) == ("2", "error")


# --- deployments ------------------------------------------------------------------------------------------------------

DEPLOY = PROJECT / "deploy"
SERVICES = yaml.safe_load((DEPLOY / "docker-compose.yaml").read_text())["services"]
IN_THE_CHART = ["/bin/bash", "-c", "dagster-webserver -h 0.0.0.0 -p 3000 -w deploy/workspace.yaml"]
"""As Dagster's Helm chart writes it (`dagster.webserver.dagsterWebserverCommand`); it has no value for another."""
COMMANDS = {
    "webserver": SERVICES["webserver"]["command"],
    "viewer": SERVICES["viewer"]["command"],
    "chart": IN_THE_CHART,
}


def path_in_the_image() -> str:
    """The image's PATH, with the checkout for /app and this Python for the image's."""
    (said,) = re.findall(r"^ENV PATH=(\S+):\$PATH$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    return f"{said.replace('/app', str(PROJECT))}:{Path(sys.executable).parent}:{os.environ['PATH']}"


@pytest.fixture(params=COMMANDS)
def deployed(request: pytest.FixtureRequest, empty: Sandbox, tmp_path: Path) -> Iterator[Ui]:
    """A webserver as a deployment starts it, over an instance without a code location."""
    port, path = free_port(), path_in_the_image()
    (workspace := tmp_path / "workspace.yaml").write_text("load_from: []\n")
    said = {"0.0.0.0": "127.0.0.1", "3000": str(port), "deploy/workspace.yaml": str(workspace)}
    command = [reduce(lambda text, one: text.replace(*one), said.items(), word) for word in COMMANDS[request.param]]
    command[0] = str(shutil.which(command[0], path=path))
    environment = {**os.environ, "PATH": path, "DAGSTER_HOME": str(empty.dagster_home)}
    with empty.instance() as instance, (tmp_path / "log").open("wb") as log:
        instance.report_runless_asset_event(AssetMaterialization(ASSET, partition=KEY))
        process = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        ui = Ui(process, port, instance)
        try:
            soon(lambda: ui.answers("/server_info"))
            yield ui
        finally:
            process.terminate()
            kill_group(process)


def test_no_deployment_starts_a_webserver_without_protection(deployed: Ui):
    before = deployed.stored()
    for name in ("an image wipes an asset", "a form", "JSON of another page", "a forged materialisation"):
        assert 400 <= deployed.ask(*ATTACKS[name]).status < 500, name
    assert deployed.ask("GET", "/", {"Host": "evil.example"}).status == 421
    assert deployed.stored() == before
    assert deployed.ask("POST", "/graphql", JSON, QUERY).status == 200


def test_the_cluster_asks_for_health_by_a_name_that_is_answered():
    """Else Kubernetes sends the pod's address as the host (core/v1 HTTPGetAction)."""
    values = yaml.safe_load((DEPLOY / "kubernetes" / "values.yaml").read_text())
    headers = values["dagsterWebserver"]["readinessProbe"]["httpGet"]["httpHeaders"]
    assert {one["value"] for one in headers if one["name"] == "Host"} <= LOOPBACK_NAMES


# --- who reaches it, and what for -------------------------------------------------------------------------------------


def test_it_listens_on_this_machine_only(ui: Ui):
    assert listening(ui) == {("127.0.0.1", ui.port)}


def listening(ui: Ui) -> set[tuple[str, int]]:
    command = psutil.Process(ui.process.pid)
    opened = [
        one for process in (command, *command.children(recursive=True)) for one in process.net_connections("inet")
    ]
    return {(one.laddr.ip, one.laddr.port) for one in opened if one.status == psutil.CONN_LISTEN}


def test_in_the_read_only_one_nothing_can_be_started_stopped_or_switched(empty: Sandbox, tmp_path: Path):
    empty.place(frame=orders())
    with empty.instance() as instance:
        instance.report_runless_asset_event(AssetMaterialization(ASSET, partition=KEY))
        ui = started(empty, instance, tmp_path / "ui.log", "--read-only")
        try:
            before = ui.stored()
            for mutation in (START, WIPE, LAUNCH):
                answer = ui.ask("POST", "/graphql", JSON, json.dumps({"query": mutation}))
                assert (answer.status, "UnauthorizedError" in answer.text) == (200, True), answer.text
            assert ui.stored() == before and instance.get_runs_count() == 0
            assert listening(ui) == {("127.0.0.1", ui.port)}
        finally:
            kill_group(ui.process)


# --- all of it ends ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("hears_hangups")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_webserver_daemon_and_code_location_end_with_the_command(
    empty: Sandbox, tmp_path: Path, number: signal.Signals
):
    empty.place(frame=orders())
    with empty.instance() as instance:
        ui = started(empty, instance, tmp_path / "ui.log")
        try:
            processes = psutil.Process(ui.process.pid).children(recursive=True)
            commands = [" ".join(one.cmdline()) for one in processes]
            for service in ("dagster._daemon", "code-server"):
                assert any(service in command for command in commands), commands
            os.kill(ui.process.pid, number)
            ui.process.wait(PATIENCE_SECONDS)
            _, alive = psutil.wait_procs(processes, timeout=PATIENCE_SECONDS)
            assert [one.cmdline() for one in alive] == []
        finally:
            kill_group(ui.process)


def test_nothing_that_lies_in_the_working_folder_is_run(sandbox: Sandbox, instance: DagsterInstance, tmp_path: Path):
    for name in ("pipelines", "dagster", "dagster_webserver", "multiprocessing"):
        (sandbox.home / name).mkdir(exist_ok=True)
        (sandbox.home / name / "__init__.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    ui = started(sandbox, instance, tmp_path / "ui.log", folder=sandbox.home)
    try:
        assert not (tmp_path / "ran").exists()
    finally:
        kill_group(ui.process)
