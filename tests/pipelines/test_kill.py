"""`kill -9` in the middle of each stage: readers see the former version, a rerun ends as if nothing had happened."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterInstance

from assets.stages import BESIDE_VALIDATED_DATA, DRIFT, QUARANTINE, STAGES
from modeling.artefacts.evaluated_model import RECORD
from pipelines.freshness import stale_stages
from resources.store.state import DIGESTS
from resources.store.versions import current

from .sandbox import BEHIND_THE_CONTRACT, KEY, Sandbox, hashes, orders

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[2]
ASSETS = ("raw_data", *(asset for asset in BEHIND_THE_CONTRACT if asset != DRIFT))
"""All but the report on drift: of a step that is killed as it writes, it comes first, as what is set aside does."""
LEARNERS = {
    "columns": {"identifier": ["order"], "known_at": dict.fromkeys(("price", "weight", "colour"), "before")},
    "learners": ["logistic", "lightgbm", "mlp"],
    "parameters": {"lightgbm": {"trials": 1, "rounds": 20}, "mlp": {"epochs": 2}},
}
"""One of each family, with nothing left to the clock."""
DETERMINISTIC = ("raw_data", "validated_data", QUARANTINE, "features")
"""Assets whose files are the same after every run."""
MEASURED = {
    "seconds",
    "peak_memory_mb",
    "predictions_per_second",
    "run_id",
    "finished_at",
    "test_accesses",
    "test_rows_opened_before",
    "facts",
    "limits",
    "message",
}
"""Keys of a record that differ from run to run: times, memory, how often the test was opened, and words on these."""


@pytest.fixture(scope="module")
def former(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Everything made from the first delivery; then the second one is dropped."""
    made = Sandbox(tmp_path_factory.mktemp("former") / "sandbox")
    made.place(frame=orders(), **LEARNERS)
    with made.instance() as instance:
        made.make(instance)
    made.place(frame=orders(seed=1), **LEARNERS)
    return made


@pytest.fixture(scope="module")
def undisturbed(former: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Everything made from the second delivery, without a disturbance."""
    made = former.copy(tmp_path_factory.mktemp("undisturbed") / "sandbox")
    with made.instance() as instance:
        made.make(instance)
    return made


@pytest.fixture
def sandbox(former: Sandbox, tmp_path: Path) -> Sandbox:
    return former.copy(tmp_path / "sandbox")


def selection(stages: list[str]) -> list[str]:
    """Quarantine and drift are made in one step with the validated data."""
    return [*stages, *BESIDE_VALIDATED_DATA] if "validated_data" in stages else stages


def killed(sandbox: Sandbox, asset: str, moment: str, stage: str) -> None:
    """Materialise one stage in a child process, and kill it at a moment of `asset`."""
    arguments = [str(sandbox.folder), asset, moment, *selection([stage])]
    command = [sys.executable, "-m", "tests.pipelines.blocked_run", *arguments]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        if child.stdout.readline() != "here\n":
            pytest.fail(f"the child never got there:\n{child.communicate()[1]}")
        child.kill()
    assert child.returncode == -signal.SIGKILL


def seen(sandbox: Sandbox) -> dict[str, dict[str, str]]:
    """What readers see of every asset."""
    return {asset: hashes(sandbox.current(asset)) for asset in ASSETS}


def finish(sandbox: Sandbox, instance: DagsterInstance) -> None:
    """What `sectorforge run` would do."""
    sandbox.make(instance, KEY, *selection(stale_stages(sandbox.use_case(), instance, sandbox.state)))
    assert stale_stages(sandbox.use_case(), instance, sandbox.state) == []


def record(sandbox: Sandbox) -> Any:
    return unmeasured(json.loads((sandbox.current("evaluation") / RECORD).read_text(encoding="utf-8")))


def unmeasured(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: unmeasured(item) for key, item in value.items() if key not in MEASURED}
    return [unmeasured(item) for item in value] if isinstance(value, list) else value


def weights(sandbox: Sandbox) -> dict[str, str]:
    """Native weights. A skops file numbers its objects by their address, so the same one never has the same bytes."""
    return {
        f"{asset}/{path}": digest
        for asset in ("baseline_model", "lightgbm_model", "torch_model")
        for path, digest in hashes(sandbox.current(asset)).items()
        if not path.endswith(("candidate.json", ".skops", DIGESTS))
    }


def assert_same(sandbox: Sandbox, undisturbed: Sandbox) -> None:
    for asset in DETERMINISTIC:
        assert hashes(sandbox.current(asset)) == hashes(undisturbed.current(asset)), asset
    assert weights(sandbox) == weights(undisturbed)
    assert record(sandbox) == record(undisturbed)


ONE_OF_A_KIND = ("raw_data", "validated_data", "torch_model", "evaluation", "published_model")
"""The stages whose results differ in kind: a table, three at once, a candidate, a judgement, what serves."""


@pytest.mark.parametrize("stage", ONE_OF_A_KIND)
def test_a_stage_killed_while_it_works_or_writes_is_made_by_the_next_run(
    sandbox: Sandbox, undisturbed: Sandbox, stage: str
):
    upstream = list(STAGES)[: list(STAGES).index(stage)]
    with sandbox.instance() as instance:
        if upstream:
            sandbox.make(instance, KEY, *selection(upstream))
        before = seen(sandbox)
        for moment in ("inside", "written"):
            killed(sandbox, stage, moment, stage)
            assert seen(sandbox) == before
            assert stage in stale_stages(sandbox.use_case(), instance, sandbox.state)
        finish(sandbox, instance)
    assert_same(sandbox, undisturbed)


def test_a_stage_killed_before_its_version_becomes_current_is_made_by_the_next_run(
    sandbox: Sandbox, undisturbed: Sandbox
):
    with sandbox.instance() as instance:
        before = seen(sandbox)
        killed(sandbox, "raw_data", "renamed", "raw_data")
        assert seen(sandbox) == before
        finish(sandbox, instance)
    assert_same(sandbox, undisturbed)


def test_rows_set_aside_and_rows_kept_never_come_from_two_deliveries(sandbox: Sandbox, undisturbed: Sandbox):
    """The two are written one after the other; killed in between, the next run makes both again."""
    with sandbox.instance() as instance:
        sandbox.make(instance, KEY, "raw_data")
        killed(sandbox, "quarantine", "written", "validated_data")
        assert "validated_data" in stale_stages(sandbox.use_case(), instance, sandbox.state)
        finish(sandbox, instance)
    assert_same(sandbox, undisturbed)


def test_a_first_run_that_is_killed_publishes_nothing(empty: Sandbox):
    empty.place(frame=orders(), **LEARNERS)
    killed(empty, "raw_data", "written", "raw_data")
    assert current(empty.current("raw_data").parent) is None
