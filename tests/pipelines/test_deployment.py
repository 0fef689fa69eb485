"""The files under `deploy/`: they agree with the project and with each other, and what they start really works.

There is no Docker and no cluster here. So the files are read; and the commands and health checks of the compose file
are run as they stand there, as processes of this machine, on a PostgreSQL server of the test's own.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
import yaml
from dagster import DagsterInstance, DagsterRunStatus
from packaging.specifiers import SpecifierSet

from catalogue.reader import ENVIRONMENT
from pipelines.instance import POSTGRES

from ..resources.postgres import Server, free_port
from . import living
from .sandbox import KEY, Sandbox, hashes

PROJECT = Path(__file__).parents[2]
DEPLOY = PROJECT / "deploy"
PROGRAMS = Path(sys.executable).parent
PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
COMPOSE = yaml.safe_load((DEPLOY / "docker-compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
VALUES = yaml.safe_load((DEPLOY / "kubernetes" / "values.yaml").read_text())
CONFIGURATION = yaml.safe_load((PROJECT / "dagster.yaml").read_text())
OURS = [name for name in SERVICES if name != "postgres"]
PATIENCE_SECONDS = 240


def pinned(requirement: str) -> str:
    """The version that the project pins of a package."""
    extras = [one for extra in PYPROJECT["optional-dependencies"].values() for one in extra]
    (version,) = {
        one.partition("==")[2] for one in [*PYPROJECT["dependencies"], *extras] if one.startswith(f"{requirement}==")
    }
    return version


# --- the files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("integration", ["dagster-postgres", "dagster-k8s"])
def test_the_integrations_are_those_of_the_pinned_dagster(integration: str):
    constraints = (PROJECT / "constraints.txt").read_text().splitlines()
    assert f"{integration}=={pinned(integration)}" in constraints
    if integration == "dagster-postgres":
        assert metadata.version(integration) == pinned(integration)
        assert f"dagster=={pinned('dagster')}" in (metadata.requires(integration) or [])


def test_the_chart_is_of_the_pinned_dagster():
    for file in ("README.md", "values.yaml"):
        text = (DEPLOY / "kubernetes" / file).read_text()
        assert set(re.findall(r"\b1\.\d+\.\d+\b", text)) == {pinned("dagster")}, file


def test_the_images_have_what_their_history_of_runs_needs():
    (built,) = re.findall(r"^ARG EXTRAS=(\S+)", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    (for_a_cluster,) = re.findall(r"EXTRAS=(\S+)", (DEPLOY / "kubernetes" / "README.md").read_text())
    assert POSTGRES in SERVICES["code"]["environment"] and "postgres" in built.split(",")
    assert {"postgres", "kubernetes"} <= set(for_a_cluster.split(","))


def test_every_image_of_ours_is_of_this_version():
    deployment = VALUES["dagster-user-deployments"]["deployments"][0]
    images = [VALUES["dagsterWebserver"]["image"], VALUES["dagsterDaemon"]["image"], deployment["image"]]
    assert {image["tag"] for image in images} == {PYPROJECT["version"]}
    assert {SERVICES[name]["image"] for name in OURS} == {f"sectorforge:{PYPROJECT['version']}"}


def test_the_image_has_a_python_that_the_project_knows():
    (python,) = re.findall(r"^FROM python:([\d.]+)-", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE)
    assert python in SpecifierSet(PYPROJECT["requires-python"])
    assert f"Programming Language :: Python :: {python}" in PYPROJECT["classifiers"]


def test_the_cluster_has_the_limits_and_retention_that_the_project_ships():
    pools, runs = CONFIGURATION["concurrency"]["pools"], CONFIGURATION["concurrency"]["runs"]
    assert VALUES["concurrency"] == {
        "enabled": True,
        "pools": {"granularity": pools["granularity"], "defaultLimit": pools["default_limit"]},
        "runs": {
            "maxConcurrentRuns": runs["max_concurrent_runs"],
            "tagConcurrencyLimits": runs["tag_concurrency_limits"],
        },
    }
    kept = VALUES["retention"]
    assert kept["schedule"]["purgeAfterDays"] == CONFIGURATION["retention"]["schedule"]["purge_after_days"]
    shipped = CONFIGURATION["retention"]["sensor"]["purge_after_days"]
    assert {status: days for status, days in kept["sensor"]["purgeAfterDays"].items() if days > 0} == shipped


def test_nothing_is_reachable_from_outside_the_machine_and_no_password_is_written_down():
    assert {port.partition(":")[0] for service in SERVICES.values() for port in service.get("ports", [])} == {
        "127.0.0.1"
    }
    assert "ports" not in SERVICES["postgres"]
    environments = [service["environment"] for service in SERVICES.values()]
    secrets = [value for environment in environments for name, value in environment.items() if "POSTGRES_" in name]
    assert [value for value in secrets if "PASSWORD" not in value and value != "dagster"] == []
    assert "deploy/.env" in (PROJECT / ".dockerignore").read_text().split()
    assert ".env" in (PROJECT / ".gitignore").read_text().split()


def test_every_service_that_stays_has_a_health_check_and_waits_for_what_it_needs():
    for name, service in SERVICES.items():
        assert "healthcheck" in service or service["restart"] == "no", name
        assert service.get("depends_on", {}).keys() <= SERVICES.keys()
    (served,) = yaml.safe_load((DEPLOY / "workspace.yaml").read_text())["load_from"]
    assert served["grpc_server"]["host"] == "code"
    assert str(served["grpc_server"]["port"]) in SERVICES["code"]["command"]


def test_the_guide_has_every_environment_variable_of_the_code():
    rooms = ("industries", "modeling", "resources", "assets", "pipelines")
    code = [path.read_text(encoding="utf-8") for room in rooms for path in (PROJECT / room).rglob("*.py")]
    named = {name for text in code for name in re.findall(r"SECTORFORGE(?:_[A-Z]+)+", text)}
    guide = (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert named - set(re.findall(r"^\| `(\w+)` \|", guide, flags=re.MULTILINE)) == set()


# --- what they start --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Deployment:
    """The services of the compose file as processes."""

    server: Server
    environment: dict[str, str]
    ports: dict[str, int]
    workspace: Path
    logs: Path

    def command(self, words: list[str]) -> list[str]:
        """A command of the compose file on this machine: its programs, its ports, and a test's definitions."""
        text = json.dumps([str(PROGRAMS / words[0]), *words[1:]])
        text = text.replace('"-m", "pipelines.definitions"', f'"-f", "{living.__file__}"')
        for said, here in {
            "0.0.0.0": "127.0.0.1",
            "deploy/workspace.yaml": str(self.workspace),
            **{said: str(here) for said, here in self.ports.items()},
        }.items():
            text = text.replace(said, here)
        return json.loads(text)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command([*words]), env=self.environment, cwd=PROJECT, capture_output=True, text=True, check=False
        )

    def start(self, name: str) -> subprocess.Popen[bytes]:
        with (self.logs / name).open("wb") as log:
            command = self.command(SERVICES[name]["command"])
            return subprocess.Popen(
                command, env=self.environment, cwd=PROJECT, stdout=log, stderr=log, start_new_session=True
            )

    def is_healthy(self, name: str) -> bool:
        return self.run(*SERVICES[name]["healthcheck"]["test"][1:]).returncode == 0


def soon(what: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.5)


@pytest.fixture
def deployment(sandbox: Sandbox, tmp_path: Path, own_postgresql: Server) -> Iterator[Deployment]:
    """All services, once each says that it is healthy."""
    with ExitStack() as stack:
        ports = {"4000": free_port(), "3000": free_port()}
        grpc = {"host": "127.0.0.1", "port": ports["4000"], "location_name": "sectorforge"}
        (workspace := tmp_path / "workspace.yaml").write_text(yaml.safe_dump({"load_from": [{"grpc_server": grpc}]}))
        said = SERVICES["code"]["environment"]
        environment = {
            **os.environ,
            **{name: value.replace("/state", str(sandbox.home)) for name, value in said.items() if "$" not in value},
            POSTGRES: own_postgresql.storage,
            ENVIRONMENT: str(sandbox.root),
        }
        (sandbox.dagster_home / "dagster.yaml").unlink()
        made = Deployment(own_postgresql, environment, ports, workspace, tmp_path)
        migrated = made.run(*SERVICES["migrate"]["command"])
        assert migrated.returncode == 0, migrated.stderr
        for names in (["code"], ["daemon", "viewer"]):
            for name in names:
                process = made.start(name)
                stack.callback(process.wait)
                stack.callback(os.killpg, process.pid, signal.SIGKILL)
            soon(lambda names=names: all(made.is_healthy(name) for name in names))
        yield made


def ended(deployment: Deployment, instance: DagsterInstance, job: str, partition: str) -> DagsterRunStatus:
    """How a run ends that goes through the queue."""
    tags = json.dumps({"dagster/partition": partition})
    before = {run.run_id for run in instance.get_runs()}
    where = ("-w", "deploy/workspace.yaml", "-l", "sectorforge")
    launched = deployment.run("dagster", "job", "launch", *where, "-j", job, "--tags", tags)
    assert launched.returncode == 0, launched.stderr
    (run,) = [run for run in instance.get_runs() if run.run_id not in before]
    soon(lambda: bool((now := instance.get_run_by_id(run.run_id)) and now.is_finished))
    finished = instance.get_run_by_id(run.run_id)
    assert finished is not None
    return finished.status


@pytest.mark.slow
def test_the_services_work_on_postgresql_and_recover_when_it_went_away(
    deployment: Deployment, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(POSTGRES, deployment.server.storage)
    with DagsterInstance.from_config(str(sandbox.dagster_home)) as instance:
        assert ended(deployment, instance, "data", KEY) == DagsterRunStatus.SUCCESS
        query = json.dumps({"query": "{ permissions { permission value } }"}).encode()
        address = f"http://127.0.0.1:{deployment.ports['3000']}/graphql"
        answer = urlopen(Request(address, query, {"Content-Type": "application/json"}), timeout=30)
        allowed = {one["permission"]: one["value"] for one in json.load(answer)["data"]["permissions"]}
        assert allowed["launch_pipeline_execution"] is False
        (run,) = instance.get_runs()
        events, published = len(instance.all_logs(run.run_id)), hashes(sandbox.home / "artefacts")

        deployment.server.stop()
        ill = deployment.run("sectorforge", "health")
        assert ill.returncode == 1
        assert "does not answer" in " ".join(ill.stdout.split())
        deployment.server.start()

        assert ended(deployment, instance, "industry", "retail") == DagsterRunStatus.SUCCESS
        assert len(instance.all_logs(run.run_id)) == events
        assert hashes(sandbox.home / "artefacts").items() >= published.items()
    written = [path.read_text(errors="replace") for path in deployment.logs.glob("*") if path.is_file()]
    assert not any(secret in text for text in written for secret in deployment.server.secrets)
