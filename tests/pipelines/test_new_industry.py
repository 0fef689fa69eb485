"""A sixth industry: two YAML files and a CSV, no Python, beside the five that are shipped."""

import os
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from dagster import AssetKey

from assets.stages import STAGES
from catalogue.reader import SHIPPED
from modeling.artefacts.storage import load
from modeling.core.record import Evaluation

from .sandbox import Sandbox

KEY = "agriculture/yield_estimate"
INDUSTRY = """
title: Agriculture
description: Growing food.
owners: ["team:agriculture"]
"""
USE_CASE = """
title: How much will this field yield?
task: regression
source:
  files: {path: fields.csv}
  licence: CC0
  citation: made by the test
target: tonnes
columns: {identifier: [field]}
contract:
  - expect_column_values_to_be_between: {column: rain, min_value: 0}
learners: [ridge]
"""


def fields(rows: int = 200) -> pl.DataFrame:
    """Fields whose yield is little more than rain and soil."""
    draw = np.random.default_rng(0)
    rain, soil = draw.normal(500, 150, rows).clip(0), draw.choice(["sand", "loam", "clay"], rows)
    tonnes = 0.01 * rain + 2.0 * (soil == "loam") + draw.normal(0, 0.3, rows)
    return pl.DataFrame({"field": range(rows), "rain": rain, "soil": soil, "tonnes": tonnes})


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """The shipped catalogue and the new industry, which is made, with the reports above it."""
    made = Sandbox(tmp_path_factory.mktemp("new") / "sandbox")
    shutil.copytree(SHIPPED, made.root, ignore=shutil.ignore_patterns("__pycache__"))
    folder = made.root / KEY
    folder.mkdir(parents=True)
    (folder.parent / "industry.yaml").write_text(INDUSTRY)
    (folder / "use_case.yaml").write_text(USE_CASE)
    fields().write_csv(folder / "fields.csv")
    with made.instance() as instance:
        made.make(instance, KEY)
        made.make(instance, "agriculture", job="industry")
        made.make(instance, None, job="market_entry")
    return made


@pytest.fixture(scope="module")
def evaluation(sandbox: Sandbox) -> Evaluation:
    return load(Evaluation, sandbox.current("evaluation", KEY))


def test_the_folder_is_all_it_takes(sandbox: Sandbox):
    assert sandbox.catalogue().errors == []
    assert len(sandbox.catalogue().industries) == 6
    partitions = sandbox.definitions().resolve_asset_graph().get(AssetKey("raw_data")).partitions_def
    assert partitions is not None
    assert KEY in partitions.get_partition_keys()
    assert not list((sandbox.root / "agriculture").rglob("*.py"))


def test_every_stage_is_published(sandbox: Sandbox):
    assert all(sandbox.current(asset, KEY).is_dir() for asset in STAGES)


def test_the_evaluation_is_about_a_number(evaluation: Evaluation):
    assert evaluation.use_case == KEY
    assert (evaluation.task, evaluation.metric, evaluation.greater_is_better) == ("regression", "rmse", False)
    assert evaluation.evidence == "real"
    assert evaluation.classes == []
    rows = evaluation.rows
    assert (rows.raw, rows.quarantined, rows.train + rows.tune + rows.valid + rows.test) == (200, 0, 200)


def test_an_easy_signal_is_found_decisively(evaluation: Evaluation):
    assert evaluation.champion.learner == "ridge"
    assert evaluation.baseline.learner == "trivial"
    assert evaluation.champion.test["rmse"].value < 0.5 * evaluation.baseline.test["rmse"].value
    assert evaluation.lift.over == "trivial"
    assert evaluation.lift.decisive
    assert evaluation.lift.low is not None
    assert evaluation.lift.low > 0
    assert evaluation.test_accesses == 1
    assert evaluation.published


@pytest.mark.parametrize(
    ("asset", "partition", "says"),
    [
        ("evaluation_report", KEY, "How much will this field yield?"),
        ("industry_report", "agriculture", "How much will this field yield?"),
        ("market_entry_report", "all", "Agriculture"),
    ],
)
def test_reports_can_be_opened(sandbox: Sandbox, asset: str, partition: str, says: str):
    folder = sandbox.current(asset, partition)
    for name in ("report.html", "report.md"):
        assert says in (folder / name).read_text(encoding="utf-8")
    assert (folder / "report.html").read_text(encoding="utf-8").lower().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("asset", "partition", "leads_to"),
    [
        ("evaluation_report", KEY, {"industry_report", "status_report"}),
        ("industry_report", "agriculture", {"evaluation_report", "status_report"}),
        ("market_entry_report", "all", {"industry_report", "evaluation_report", "status_report"}),
    ],
)
def test_reports_lead_to_each_other(sandbox: Sandbox, asset: str, partition: str, leads_to: set[str]):
    page = sandbox.current(asset, partition) / "report.html"
    links = [part.partition('"')[0] for part in page.read_text(encoding="utf-8").split('href="')[1:]]
    files = [Path(os.path.normpath(page.parent / link)) for link in links if link.endswith(".html")]
    artefacts = sandbox.home / "artefacts"
    assert {file.relative_to(artefacts).parts[0] for file in files} == leads_to
    written_later = artefacts / "status_report"
    assert [file for file in files if not file.is_file() and not file.is_relative_to(written_later)] == []
