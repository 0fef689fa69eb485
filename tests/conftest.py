"""Fixtures that more than one test file uses: sandboxes, empty or with everything made once.

Belongs here: fixtures. Does not belong here: what a sandbox is (`pipelines/sandbox.py`).
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance

from catalogue import extras

from .golden import instruction_set
from .pipelines.sandbox import Sandbox, orders
from .resources import postgres


def pytest_configure() -> None:
    instruction_set.choose()


@pytest.fixture(autouse=True)
def _environment() -> Iterator[None]:
    """What a command sets for its own process, such as the UI's address, is no other test's."""
    former = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(former)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[postgres.Server]:
    """A real PostgreSQL server, empty at first."""
    pytest.importorskip("psycopg", reason=extras.install_command(["sql"]))
    yield from _postgresql()


@pytest.fixture
def own_postgresql() -> Iterator[postgres.Server]:
    """One of a test's own, for the history of runs."""
    pytest.importorskip("dagster_postgres", reason=extras.install_command(["postgres"]))
    yield from _postgresql()


def _postgresql() -> Iterator[postgres.Server]:
    if not postgres.programs():
        pytest.skip("PostgreSQL's server is not installed here: apt-get install postgresql")
    with postgres.running() as server:
        yield server


@pytest.fixture
def hears_hangups() -> Iterator[None]:
    """What a test starts ends when its terminal closes, also where the tests run under `nohup`."""
    former = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, former)


@pytest.fixture
def empty(tmp_path: Path) -> Sandbox:
    """A sandbox without a catalogue."""
    return Sandbox(tmp_path / "sandbox")


@pytest.fixture(scope="session")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """A good delivery, from raw data to its report, made once. Tests use a copy: `sandbox`."""
    made = Sandbox(tmp_path_factory.mktemp("delivered") / "sandbox")
    made.place(frame=orders())
    with made.instance() as instance:
        made.make(instance)
    return made


@pytest.fixture
def sandbox(delivered: Sandbox, tmp_path: Path) -> Sandbox:
    """A copy of `delivered` that a test may spoil."""
    return delivered.copy(tmp_path / "sandbox")


@pytest.fixture
def instance(sandbox: Sandbox) -> Iterator[DagsterInstance]:
    """The Dagster instance of `sandbox`."""
    with sandbox.instance() as opened:
        yield opened
