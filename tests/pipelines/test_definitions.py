"""The code location: what loading it costs, what it holds, and that Dagster's own tools accept it."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from dagster import AssetKey, DefaultScheduleStatus

from pipelines.code_location import NAME, WORKSPACE, write_workspace
from pipelines.definitions import defs

PROJECT = Path(__file__).parents[2]
HEAVY = {"torch", "lightgbm", "great_expectations", "shap", "sklearn", "pandas", "altair", "mlflow"}

ASSETS = {
    "raw_data": "data",
    "validated_data": "data",
    "quarantine": "data",
    "drift": "data",
    "features": "data",
    "baseline_model": "models",
    "lightgbm_model": "models",
    "torch_model": "models",
    "evaluation": "evaluation",
    "published_model": "serving",
    "predictions": "serving",
    "evaluation_report": "reports",
    "industry_report": "reports",
    "market_entry_report": "reports",
    "status_report": "reports",
}
"""Every asset, and its group."""
DATA = {"raw_data", "validated_data", "quarantine", "drift", "features"}
USE_CASE = ASSETS.keys() - {"industry_report", "market_entry_report", "status_report"}
JOBS = {
    "use_case": USE_CASE,
    "data": DATA,
    "prediction": {"predictions"},
    "industry": {"industry_report"},
    "market_entry": {"market_entry_report"},
    "status": {"status_report"},
}
"""Every asset job, and what it makes."""
SCHEDULES = {
    "weekly_retraining": ("0 3 * * 1", "use_case"),
    "weekly_industry_reports": ("0 3 * * 2", "industry"),
    "weekly_market_entry_report": ("0 6 * * 2", "market_entry"),
}
"""The retraining schedules: when, and which job."""

DEFINITIONS = defs()
GRAPH = DEFINITIONS.resolve_asset_graph()
NODES = {key.to_user_string(): GRAPH.get(key) for key in GRAPH.get_all_asset_keys()}


def test_loading_imports_no_heavy_library():
    listing = "import json, sys; from pipelines.definitions import defs; defs(); print(json.dumps([*sys.modules]))"
    loaded = subprocess.run([sys.executable, "-c", listing], cwd=PROJECT, check=True, capture_output=True, text=True)
    assert HEAVY.isdisjoint(json.loads(loaded.stdout))


def test_assets_and_their_groups():
    assert {name: node.group_name for name, node in NODES.items()} == ASSETS


@pytest.mark.parametrize("name", ASSETS)
def test_every_asset_has_kind_and_description(name: str):
    node = NODES[name]
    assert node.kinds
    assert node.description


def test_partitions_are_the_use_cases_and_their_industries():
    (use_cases,) = {NODES[key].partitions_def for key in USE_CASE}
    assert use_cases is not None
    keys = list(use_cases.get_partition_keys())
    assert {
        "finance/credit_scoring",
        "healthcare/disease_prediction",
        "manufacturing/equipment_failure",
        "ecommerce/user_profiling",
        "transport/delay_prediction",
    } <= set(keys)
    assert keys == sorted(keys)
    industries = NODES["industry_report"].partitions_def
    assert industries is not None
    assert set(industries.get_partition_keys()) == {key.partition("/")[0] for key in keys}
    assert NODES["market_entry_report"].partitions_def is None


def test_asset_jobs_and_what_they_make():
    jobs = {name: DEFINITIONS.resolve_job_def(name) for name in JOBS}
    made = {name: {key.to_user_string() for key in job.asset_layer.executable_asset_keys} for name, job in jobs.items()}
    assert made == JOBS


def test_retraining_is_scheduled_weekly_and_stopped_until_switched_on():
    schedules = {schedule.name: schedule for schedule in DEFINITIONS.get_repository_def().schedule_defs}
    assert {name: (schedules[name].cron_schedule, schedules[name].job_name) for name in SCHEDULES} == SCHEDULES
    assert {schedule.default_status for schedule in schedules.values()} == {DefaultScheduleStatus.STOPPED}


def test_every_check_is_partitioned_like_its_asset():
    """A check without partitions, on an asset with them, loads every partition."""
    checks = [GRAPH.get(key) for key in GRAPH.asset_check_keys]
    checked = {check.key.asset_key.to_user_string() for check in checks}
    assert checked == {
        "raw_data",
        "validated_data",
        "drift",
        "features",
        "evaluation",
        "published_model",
        "predictions",
    }
    for check in checks:
        assert check.partitions_def == GRAPH.get(check.key.asset_key).partitions_def, check.key


def test_only_the_networks_wait_for_the_gpu():
    pools = {name: DEFINITIONS.resolve_assets_def(AssetKey(name)).op.pool for name in ASSETS}
    assert {name for name, pool in pools.items() if pool == "gpu"} == {"torch_model"}
    assert {pool for pool in pools.values() if pool} == {"gpu"}


def test_however_it_is_started_the_location_has_one_name(tmp_path: Path):
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["dg"]["project"]
    (location,) = yaml.safe_load(WORKSPACE.read_text())["load_from"]
    (written,) = yaml.safe_load(write_workspace(tmp_path).read_text())["load_from"]
    assert project["code_location_name"] == NAME
    assert written["python_module"] == {**location["python_module"], "working_directory": str(PROJECT)}
    assert location["python_module"] == {
        "module_name": project["code_location_target_module"],
        "location_name": project["code_location_name"],
    }


@pytest.mark.slow
@pytest.mark.parametrize("command", [("dagster", "definitions", "validate"), ("dg", "check", "defs")], ids=" ".join)
def test_dagster_accepts_the_location(command: tuple[str, ...], tmp_path: Path):
    environment = {**os.environ, "DAGSTER_HOME": str(tmp_path)}
    program = Path(sys.executable).with_name(command[0])
    ended = subprocess.run(
        [program, *command[1:]], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
