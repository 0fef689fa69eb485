"""A use case whose rows a simulator makes: from its settings to the raw table, or skipped with the command to run."""

from collections.abc import Iterator
from importlib import metadata

import polars as pl
import pytest
from dagster import AssetKey, DagsterInstance

from assets.raw_data import SKIPPED
from assets.stages import STAGES
from modeling.artefacts.table import TABLE
from pipelines.freshness import stale_stages

from ..pipelines.sandbox import KEY, Sandbox, failures

SIMULATE = """\
import polars as pl


def simulate(settings):
    step = pl.int_range(settings["steps"], eager=True)
    return pl.LazyFrame({"step": step, "returned": step % 2})
"""


@pytest.fixture
def instance(empty: Sandbox) -> Iterator[DagsterInstance]:
    with empty.instance() as opened:
        yield opened


def place(sandbox: Sandbox, steps: int = 3, code: str = SIMULATE) -> None:
    simulation = {"extra": "dev", "settings": {"steps": steps}}
    source = {"simulation": simulation, "licence": "CC0", "citation": "made by the test", "evidence": "simulated"}
    folder = sandbox.place(source=source)
    (folder / "features.py").write_text(code)


def raw_table(sandbox: Sandbox) -> list[tuple]:
    return pl.read_parquet(sandbox.current("raw_data") / TABLE).rows()


def without(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """Make one package look as if it were not installed."""
    installed = metadata.version

    def version(name: str) -> str:
        if name == package:
            raise metadata.PackageNotFoundError(name)
        return installed(name)

    monkeypatch.setattr(metadata, "version", version)


def test_the_raw_table_is_what_the_simulation_makes_of_the_settings(empty: Sandbox, instance: DagsterInstance):
    place(empty)
    empty.make(instance, KEY, "raw_data")
    assert raw_table(empty) == [(0, 0), (1, 1), (2, 0)]
    assert "raw_data" not in stale_stages(empty.use_case(), instance, empty.state)
    place(empty, steps=2)
    assert stale_stages(empty.use_case(), instance, empty.state) == list(STAGES)
    empty.make(instance, KEY, "raw_data")
    assert raw_table(empty) == [(0, 0), (1, 1)]


@pytest.mark.parametrize(
    ("steps", "code", "message"),
    [
        (0, SIMULATE, "`simulate` makes no rows of {'steps': 0}"),
        (3, "def simulate(settings):\n    return 1 / 0\n", "`simulate` fails: ZeroDivisionError: division by zero"),
    ],
)
def test_a_simulation_that_fails_says_where(
    empty: Sandbox, instance: DagsterInstance, steps: int, code: str, message: str
):
    place(empty, steps, code)
    result = empty.materialise(instance, KEY, "raw_data")
    assert f"{KEY}/features.py: {message}" in failures(result)["raw_data"]


def test_without_its_simulator_a_use_case_is_skipped_with_the_command_that_installs_it(
    empty: Sandbox, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    place(empty)
    empty.make(instance, KEY, "raw_data")
    without(monkeypatch, "pytest-timeout")
    result = empty.materialise(instance, KEY, "raw_data")
    assert result.success
    [observed] = result.get_asset_observation_events()
    observation = observed.asset_observation_data.asset_observation
    assert (observation.asset_key, observation.partition) == (AssetKey("raw_data"), KEY)
    assert "pip install 'sectorforge[dev]'" in str(observation.metadata[SKIPPED].value)
    assert raw_table(empty) == [(0, 0), (1, 1), (2, 0)]
