"""Telling people holds up nothing: no address, no server and no file name keeps a delivery from being taken."""

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from dagster import DagsterInstance, SensorResult, SkipReason, build_sensor_context
from typer.testing import CliRunner

from catalogue.reader import Catalogue
from pipelines import health
from pipelines.cli import ui
from pipelines.definitions import defs
from pipelines.sensors import new_deliveries, send_notices
from pipelines.web import dev
from resources import dagster_ui

from ..pipelines.sandbox import DELIVERY, KEY, Sandbox, orders
from ..pipelines.sensors.notified import Notified, name_a_webhook
from ..resources.notification.servers import Dripping, Hook, Mailbox, serving

BROKEN = "retail/aaa_broken"
"""A use case whose folder can't be read, before `KEY` in the order in which they are polled."""
NO_UTF8 = os.fsdecode(b"caf\xe9.csv")
SECRET = "s3cr"
MALFORMED = {
    "a password with a slash": {"SECTORFORGE_SMTP": "smtp://me:s3cr/et@mail:587", "SECTORFORGE_MAIL_TO": "a@b.org"},
    "a password with a bracket": {"SECTORFORGE_SMTP": "smtp://me:[s3cr@mail:587", "SECTORFORGE_MAIL_TO": "a@b.org"},
    "a webhook": {"SECTORFORGE_WEBHOOK": "http://[::1/s3cr"},
    "a port": {"SECTORFORGE_WEBHOOK": "http://127.0.0.1:s3cr/"},
    "mail to nobody": {"SECTORFORGE_SMTP": "smtp://me:s3cret@127.0.0.1:9"},
    "mail to two lines": {"SECTORFORGE_SMTP": "smtp://127.0.0.1:9", "SECTORFORGE_MAIL_TO": "a@b.org\nBcc: s3cr@d.org"},
}


@pytest.fixture
def home(empty: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """One use case whose source can't be read, and one with a delivery."""
    empty.name_in(monkeypatch)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    empty.place(KEY, orders(50), source=source("*.csv"))
    empty.place(BROKEN, title="Broken", source=source("landing/*.csv"))
    os.utime(empty.root / KEY / DELIVERY, (time.time() - 60, time.time() - 60))
    return empty


@pytest.fixture
def instance(home: Sandbox) -> Iterator[DagsterInstance]:
    with home.instance() as opened:
        yield opened


def source(path: str, **changes: str) -> dict[str, Any]:
    return {"files": {"path": path, **changes}, "licence": "CC0", "citation": "made by the test"}


def taken(sandbox: Sandbox, instance: DagsterInstance) -> SensorResult:
    """What one tick made of the deliveries."""
    result = new_deliveries.build(sandbox.catalogue(), 30)(build_sensor_context(instance=instance))
    assert isinstance(result, SensorResult)
    assert [request.partition_key for request in result.run_requests or []] == [KEY]
    return result


def sent(instance: DagsterInstance) -> str:
    result = send_notices.build(Catalogue([]), 30)(build_sensor_context(instance=instance))
    assert isinstance(result, SkipReason)
    return result.skip_message or ""


@pytest.mark.parametrize("environment", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_address_holds_up_no_delivery_and_is_nowhere_repeated(
    home: Sandbox, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
):
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    taken(home, instance)
    said = sent(instance)
    assert "is told later: SECTORFORGE_" in said and SECRET not in said


@pytest.mark.parametrize("environment", MALFORMED.values(), ids=MALFORMED)
def test_it_is_said_when_the_service_starts_and_by_health(
    home: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, environment: dict[str, str]
):
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    assert defs().resolve_all_job_defs(), "the code location loads"
    (check,) = [one for one in health.examine(home.catalogue(), home.home) if one.name == "notices"]
    monkeypatch.setenv(dagster_ui.VARIABLE, "http://127.0.0.1:3000")  # which the command sets where nobody did
    monkeypatch.setattr(dev, "serve", lambda *_, **__: None)
    started = CliRunner().invoke(ui.app, []).output
    for said in (caplog.text, check.detail, " ".join(started.split())):
        assert "SECTORFORGE_" in said and SECRET not in said
    assert not check.ok


def test_a_file_name_that_is_no_utf8_holds_up_nothing(home: Sandbox, instance: DagsterInstance, monkeypatch):
    """The link is refused, so its name goes into a notice; a mail and a report could not hold it as it is."""
    landing = home.root / BROKEN / "landing"
    landing.mkdir()
    (landing / NO_UTF8).symlink_to("/etc/passwd")
    monkeypatch.setattr(Mailbox, "letters", [], raising=False)
    with serving(Mailbox) as port:
        monkeypatch.setenv("SECTORFORGE_SMTP", f"smtp://127.0.0.1:{port}")
        monkeypatch.setenv("SECTORFORGE_MAIL_TO", "team@example.org")
        taken(home, instance)
        assert sent(instance) == "0 notices wait"
    assert "caf\\xe9.csv is a symbolic link" in Mailbox.letters[0].replace("=\n", "")


def test_a_delivery_whose_name_is_no_utf8_is_taken(home: Sandbox, instance: DagsterInstance):
    home.place(source=source("*.csv", path_column="file"), columns={"identifier": ["order"], "drop": ["file"]})
    (home.root / KEY / DELIVERY).rename(home.root / KEY / NO_UTF8)
    taken(home, instance)
    home.make(instance, KEY, "raw_data", job="data")


def test_a_webhook_without_end_holds_up_no_delivery(home: Sandbox, instance: DagsterInstance, monkeypatch):
    with serving(Dripping) as port:
        monkeypatch.setenv("SECTORFORGE_WEBHOOK", f"http://127.0.0.1:{port}/")
        began = time.monotonic()
        taken(home, instance)
        assert time.monotonic() - began < 30, "nobody waits for the webhook"


def test_what_is_noticed_is_told_after_the_tick(home: Sandbox, instance: DagsterInstance, monkeypatch):
    monkeypatch.setattr(Hook, "taken", [], raising=False)
    with serving(Hook) as port:
        monkeypatch.setenv("SECTORFORGE_WEBHOOK", f"http://127.0.0.1:{port}/")
        taken(home, instance)
        assert Hook.taken == []
        assert sent(instance) == "0 notices wait"
    assert Hook.taken[0].startswith(f"error: {BROKEN}: nothing can be taken from its source\nthere is no folder")


def test_where_the_state_folder_cannot_be_written_the_log_has_it_and_the_next_tick_tries_again(
    home: Sandbox, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    outbox = name_a_webhook(home, monkeypatch)
    home.state.notices.write_text("a file in place of the folder")
    cursor = taken(home, instance).cursor
    home.state.notices.unlink()
    notified = Notified(new_deliveries, instance, outbox, home.catalogue(), cursor)
    assert [len(notified.tick()), len(notified.tick())] == [1, 0]
