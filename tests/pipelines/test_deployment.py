"""The files under `deploy/`: they agree with the project and with each other, and what they start really works.

There is no Docker and no cluster here. So the files are held against the schemas of what reads them; and the commands
and health checks of the compose file are run as they stand there, as processes of this machine, on a PostgreSQL server
of the test's own. Where Helm and Dagster's chart are at hand, the chart is rendered.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib import import_module, metadata
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import kubernetes_validate
import pytest
import yaml
from dagster import DagsterInstance, DagsterRunStatus
from dagster._core.errors import DagsterLaunchFailedError
from dagster._core.instance.ref import InstanceRef
from dagster._core.launcher import LaunchRunContext
from dagster._core.storage.compute_log_manager import ComputeLogManager
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.test_utils import create_run_for_test
from docker.utils.build import exclude_paths
from filelock import FileLock
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from catalogue.reader import ENVIRONMENT
from pipelines.instance import SCHEME
from pipelines.launcher import RUN_SERVER
from pipelines.storage_errors import POSTGRES
from resources.postgresql import PATIENCE

from ..requirements import pins
from ..resources.postgres import Server, free_port
from . import living
from .sandbox import KEY, Sandbox, hashes, orders

PROJECT = Path(__file__).parents[2]
DEPLOY = PROJECT / "deploy"
PROGRAMS = Path(sys.executable).parent
PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
COMPOSE = yaml.safe_load((DEPLOY / "docker-compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
VALUES = yaml.safe_load((DEPLOY / "kubernetes" / "values.yaml").read_text())
CONFIGURATION = yaml.safe_load((PROJECT / "dagster.yaml").read_text())
OURS = [name for name in SERVICES if name != "postgres"]
SHARED = {key: value for key, value in CONFIGURATION.items() if key != "run_launcher"}
"""What holds wherever runs are launched."""
WRITTEN_BY_DAGSTER = {"dagster_postgres", "dagster_k8s"}
"""The modules that `storage: postgres` and the chart's `K8sRunLauncher` stand for."""
KUBERNETES = "1.36"
CHART = "DAGSTER_CHART"
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
    assert metadata.version(integration) == pinned(integration)
    assert f"dagster=={pinned('dagster')}" in (metadata.requires(integration) or [])


def test_the_chart_is_of_the_pinned_dagster():
    for file in ("README.md", "values.yaml"):
        text = (DEPLOY / "kubernetes" / file).read_text()
        assert set(re.findall(r"\b1\.\d+\.\d+\b", text)) == {pinned("dagster")}, file


def test_the_image_has_every_module_and_program_that_the_files_name():
    texts = [file.read_text(encoding="utf-8") for file in [PROJECT / "dagster.yaml", *DEPLOY.rglob("*.yaml")]]
    named = {one for text in texts for one in re.findall(r"(?:module: |-m, )([\w.]+)", text)}
    drivers = {one for text in [*texts, SCHEME] for one in re.findall(r"postgresql\+(\w+)", text)}
    lists = re.findall(r"--requirement requirements/(\w+)\.txt", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"))
    in_the_image = {"sectorforge", *(name for installed in lists for name in pins(installed))}
    distributions = metadata.packages_distributions()
    for module in named | drivers | WRITTEN_BY_DAGSTER:
        import_module(module)
        owners = {canonicalize_name(one) for one in distributions.get(module.partition(".")[0], ["sectorforge"])}
        assert owners <= in_the_image, module
    scripts = {one.name: one.dist for one in metadata.entry_points(group="console_scripts")}
    commands = [SERVICES[name]["command"] for name in OURS]
    commands += [SERVICES[name]["healthcheck"]["test"][1:] for name in OURS if "healthcheck" in SERVICES[name]]
    for program in {words[0] for words in commands} - {"python"}:
        distribution = scripts[program]
        assert distribution and canonicalize_name(distribution.name) in in_the_image, program


def test_the_image_runs_as_a_user_without_rights_whose_folders_are_its_own():
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    (number,) = re.findall(r"^USER (\d+)$", text, flags=re.MULTILINE)
    assert f"--uid {number} " in text
    assert text.index("USER") > text.index("RUN useradd")
    (private,) = re.findall(r"install --directory (.+?)\n(?=\S)", text.replace("\\\n", " "))
    assert {"--mode 700", "/state", "/home/sectorforge"} <= {*re.findall(r"--mode 700|/\S+", private)}
    assert {user["runAsUser"] for user in users(VALUES)} == {int(number)}


def users(values: Any) -> Iterator[dict[str, Any]]:
    """Every security context of pods in the chart's values."""
    if isinstance(values, dict):
        for key, value in values.items():
            if key in ("podSecurityContext", "securityContext"):
                yield value
            else:
                yield from users(value)
    elif isinstance(values, list):
        for value in values:
            yield from users(value)


def test_no_secret_and_no_state_gets_into_the_image(tmp_path: Path):
    kept_out = [".env", "deploy/.env", ".git/config", ".sectorforge/dagster/history.db", ".venv/bin/python", "run.log"]
    for name in [*kept_out, "pipelines/jobs.py", "deploy/workspace.yaml"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    sent = exclude_paths(str(tmp_path), (PROJECT / ".dockerignore").read_text(encoding="utf-8").split())
    files = {name for name in sent if (tmp_path / name).is_file()}
    assert files == {"pipelines/jobs.py", "deploy/workspace.yaml"}


def test_the_compose_file_meets_the_schema_of_compose():
    program = [PROGRAMS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec"]
    checked = subprocess.run([*program, DEPLOY / "docker-compose.yaml"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_the_manifests_meet_the_schema_of_kubernetes():
    for manifest in yaml.safe_load_all((DEPLOY / "kubernetes" / "state.yaml").read_text()):
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


def test_every_image_of_ours_is_of_this_version():
    deployment = VALUES["dagster-user-deployments"]["deployments"][0]
    images = [VALUES["dagsterWebserver"]["image"], VALUES["dagsterDaemon"]["image"], deployment["image"]]
    assert {image["tag"] for image in images} == {PYPROJECT["version"]}
    assert {SERVICES[name]["image"] for name in OURS} == {f"sectorforge:{PYPROJECT['version']}"}


def test_the_image_has_a_python_that_the_project_knows():
    (python,) = re.findall(r"^FROM python:([\d.]+)-", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE)
    assert python in SpecifierSet(PYPROJECT["requires-python"])
    assert f"Programming Language :: Python :: {python}" in PYPROJECT["classifiers"]


def snake(value: Any) -> Any:
    """The keys of the chart's values as `dagster.yaml` writes them."""
    if isinstance(value, dict):
        return {re.sub(r"([A-Z])", lambda one: f"_{one[0].lower()}", key): snake(one) for key, one in value.items()}
    return [snake(one) for one in value] if isinstance(value, list) else value


def differences(wanted: Any, found: Any, where: str = "") -> list[str]:
    """The keys under which `found` is not as `wanted`; what it has beside is its own."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return [one for key in wanted for one in differences(wanted[key], found.get(key), f"{where}.{key}")]
    return [] if wanted == found else [f"{where}: {found} in place of {wanted}"]


def test_the_cluster_has_what_the_project_ships_in_its_dagster_yaml():
    chart = snake(VALUES | VALUES["dagsterDaemon"] | VALUES["additionalInstanceConfig"])
    assert differences(snake(SHARED), chart) == []


def test_the_cluster_waits_for_its_database_no_longer_than_the_project_does():
    said = {name: str(value) for name, value in VALUES["postgresql"]["postgresqlParams"].items()}
    assert said == PATIENCE


def test_the_cluster_keeps_what_runs_print_where_compose_does():
    logs = VALUES["computeLogManager"]["config"]["customComputeLogManager"]
    assert logs["config"]["base_dir"] == f"{SERVICES['code']['environment']['DAGSTER_HOME']}/storage"
    assert issubclass(getattr(import_module(logs["module"]), logs["class"]), ComputeLogManager)


def test_a_user_without_rights_can_bind_the_ports_of_the_cluster():
    webserver = VALUES["dagsterWebserver"]
    assert webserver["readinessProbe"]["httpGet"]["port"] == webserver["service"]["port"] > 1023
    assert VALUES["dagster-user-deployments"]["deployments"][0]["port"] > 1023


# --- the chart, where it is at hand -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def manifests() -> list[dict[str, Any]]:
    """What Dagster's chart makes of the values."""
    chart = os.environ.get(CHART)
    if not (chart and shutil.which("helm")):
        pytest.skip(f"needs the program `helm`, and Dagster's chart in the folder that {CHART} names")
    values = DEPLOY / "kubernetes" / "values.yaml"
    command = ["helm", "template", "dagster", chart, "--namespace", "sectorforge", "--values", str(values)]
    rendered = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [one for one in yaml.safe_load_all(rendered) if one]


def pods(manifests: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every pod of ours, by the name of what starts it."""
    for one in manifests:
        if one["kind"] in ("Deployment", "Job"):
            pod = one["spec"]["template"]["spec"]
            if "/sectorforge:" in pod["containers"][0]["image"]:
                yield one["metadata"]["name"], pod


def test_the_chart_writes_what_the_project_ships_in_its_dagster_yaml(manifests: list[dict[str, Any]], tmp_path: Path):
    (text,) = [one["data"]["dagster.yaml"] for one in manifests if "dagster.yaml" in (one.get("data") or {})]
    (tmp_path / "dagster.yaml").write_text(text)
    instance = InstanceRef.from_dir(str(tmp_path))  # Dagster takes it
    written = yaml.safe_load(text)
    assert differences(SHARED, written) == []
    assert written["run_launcher"]["class"] == "K8sRunLauncher"
    assert instance.compute_logs_data.class_name == "LocalComputeLogManager"


def test_the_storage_of_the_chart_has_the_patience_of_the_project(manifests: list[dict[str, Any]]):
    (text,) = [one["data"]["dagster.yaml"] for one in manifests if "dagster.yaml" in (one.get("data") or {})]
    said = yaml.safe_load(text)["storage"]["postgres"]["postgres_db"]["params"]
    assert {name: str(value) for name, value in said.items()} == PATIENCE


def test_every_pod_of_the_chart_has_the_instance_and_a_user_without_rights(manifests: list[dict[str, Any]]):
    found = dict(pods(manifests))
    assert [name for name in found if name.endswith("migrate")] != []
    for name, pod in found.items():
        (container,) = pod["containers"]
        places = {mount["mountPath"] for mount in container["volumeMounts"]}
        assert "/opt/dagster/dagster_home/dagster.yaml" in places, name
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert all(port["containerPort"] > 1023 for port in container.get("ports", [])), name


def test_the_manifests_of_the_chart_meet_the_schema_of_kubernetes(manifests: list[dict[str, Any]]):
    for manifest in manifests:
        kubernetes_validate.validate(manifest, KUBERNETES, strict=False)


# --- the compose file -------------------------------------------------------------------------------------------------


def test_nothing_is_reachable_from_outside_the_machine_and_no_password_is_written_down():
    assert {port.partition(":")[0] for service in SERVICES.values() for port in service.get("ports", [])} == {
        "127.0.0.1"
    }
    assert "ports" not in SERVICES["postgres"]
    environments = [service["environment"] for service in SERVICES.values()]
    secrets = [value for environment in environments for name, value in environment.items() if "POSTGRES_" in name]
    assert [value for value in secrets if "PASSWORD" not in value and value != "dagster"] == []
    assert ".env" in (PROJECT / ".gitignore").read_text().split()


def test_every_service_that_stays_has_a_health_check_and_waits_for_what_it_needs():
    for name, service in SERVICES.items():
        assert "healthcheck" in service or service["restart"] == "no", name
        assert service.get("depends_on", {}).keys() <= SERVICES.keys()
    (served,) = yaml.safe_load((DEPLOY / "workspace.yaml").read_text())["load_from"]
    assert served["grpc_server"]["host"] == "code"
    assert str(served["grpc_server"]["port"]) in SERVICES["code"]["command"]


def test_the_guide_has_every_environment_variable_of_the_code():
    rooms = ("catalogue", "industries", "modeling", "resources", "assets", "pipelines")
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
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def command(self, words: list[str]) -> list[str]:
        """A command of the compose file on this machine: its programs, its ports, and a test's definitions."""
        text = json.dumps([str(PROGRAMS / words[0]), *words[1:]])
        text = text.replace('"-m", "pipelines.definitions"', f'"-f", "{living.__file__}"')
        for said, here in {"0.0.0.0": "127.0.0.1", "deploy/workspace.yaml": str(self.workspace)}.items():
            text = text.replace(said, here)
        return json.loads(self.on_this_machine(text))

    def on_this_machine(self, text: str) -> str:
        """The text with the ports that the services have here."""
        return re.sub(rf"\b({'|'.join(self.ports)})\b", lambda said: str(self.ports[said[0]]), text)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command([*words]), env=self.environment, cwd=PROJECT, capture_output=True, text=True, check=False
        )

    def start(self, name: str) -> None:
        with (self.logs / name).open("ab") as log:
            command = self.command(SERVICES[name]["command"])
            self.processes[name] = subprocess.Popen(
                command, env=self.environment, cwd=PROJECT, stdout=log, stderr=log, start_new_session=True
            )

    def stop(self, name: str) -> None:
        """End a service with all its processes, as the end of a container does."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop_all(self) -> None:
        for name in list(self.processes):
            self.stop(name)

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
        ports = {said: free_port() for said in ("3000", "4000", "4001")}
        grpc = {"host": "127.0.0.1", "port": ports["4000"], "location_name": "sectorforge"}
        (workspace := tmp_path / "workspace.yaml").write_text(yaml.safe_dump({"load_from": [{"grpc_server": grpc}]}))
        said = SERVICES["code"]["environment"]
        environment = {
            **os.environ,
            **{name: value.replace("/state", str(sandbox.home)) for name, value in said.items() if "$" not in value},
            POSTGRES: own_postgresql.storage,
            RUN_SERVER: f"127.0.0.1:{ports['4001']}",
            ENVIRONMENT: str(sandbox.root),
        }
        (sandbox.dagster_home / "dagster.yaml").unlink()
        made = Deployment(own_postgresql, environment, ports, workspace, tmp_path)
        migrated = made.run(*SERVICES["migrate"]["command"])
        assert migrated.returncode == 0, migrated.stderr
        stack.callback(made.stop_all)
        for names in (["code", "runs"], ["daemon", "viewer"]):
            for name in names:
                made.start(name)
            soon(lambda names=names: all(made.is_healthy(name) for name in names))
        yield made


def launched(deployment: Deployment, instance: DagsterInstance, job: str, partition: str) -> str:
    """The id of a run that goes through the queue."""
    tags = json.dumps({"dagster/partition": partition})
    before = {run.run_id for run in instance.get_runs()}
    where = ("-w", "deploy/workspace.yaml", "-l", "sectorforge")
    command = deployment.run("dagster", "job", "launch", *where, "-j", job, "--tags", tags)
    assert command.returncode == 0, command.stderr
    (run,) = [run for run in instance.get_runs() if run.run_id not in before]
    return run.run_id


def status(instance: DagsterInstance, run_id: str) -> DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def ended(instance: DagsterInstance, run_id: str) -> DagsterRunStatus:
    """How a run ends."""
    soon(lambda: status(instance, run_id) in FINISHED_STATUSES)
    return status(instance, run_id)


@pytest.mark.slow
def test_the_services_work_on_postgresql_and_recover_when_it_went_away(
    deployment: Deployment, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(POSTGRES, deployment.server.storage)
    with DagsterInstance.from_config(str(sandbox.dagster_home)) as instance:
        assert ended(instance, launched(deployment, instance, "data", KEY)) == DagsterRunStatus.SUCCESS
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

        assert ended(instance, launched(deployment, instance, "industry", "retail")) == DagsterRunStatus.SUCCESS
        assert len(instance.all_logs(run.run_id)) == events
        assert hashes(sandbox.home / "artefacts").items() >= published.items()
    written = [path.read_text(errors="replace") for path in deployment.logs.glob("*") if path.is_file()]
    assert not any(secret in text for text in written for secret in deployment.server.secrets)


@pytest.mark.slow
def test_a_code_location_that_restarts_leaves_runs_alone(
    deployment: Deployment, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(POSTGRES, deployment.server.storage)
    with DagsterInstance.from_config(str(sandbox.dagster_home)) as instance:
        with FileLock(sandbox.state.run_lock(KEY)):  # the run waits for it, in its first step
            run = launched(deployment, instance, "data", KEY)
            soon(lambda: "waits until" in " ".join(one.message for one in instance.all_logs(run)))
            sandbox.place("retail/refunds", orders())
            deployment.stop("code")
            deployment.start("code")
            soon(lambda: deployment.is_healthy("code"))
        assert ended(instance, run) == DagsterRunStatus.SUCCESS
        assert [one.run_id for one in instance.get_runs()] == [run]  # it was not tried again
        new = launched(deployment, instance, "data", "retail/refunds")
        assert ended(instance, new) == DagsterRunStatus.SUCCESS


def test_a_run_server_without_a_port_is_named(instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(RUN_SERVER, "runs")
    run = create_run_for_test(instance, "data")
    with pytest.raises(DagsterLaunchFailedError, match=f"{RUN_SERVER} must be HOST:PORT"):
        instance.run_launcher.launch_run(LaunchRunContext(run, workspace=None))
