"""An evaluation that can't be read stops no report above it, which says what it leaves out and why."""

from dagster import DagsterInstance

from modeling.artefacts.storage import load
from modeling.core.report import Report

from ..pipelines.sandbox import KEY, Sandbox


def test_the_reports_above_are_written_without_it_and_say_so(sandbox: Sandbox, instance: DagsterInstance):
    (sandbox.current("evaluation") / "evaluation.json").write_text('{"schema_version": 1, "use_ca')
    sandbox.make(instance, "retail", job="industry")
    sandbox.make(instance, None, job="market_entry")
    for asset, partition in (("industry_report", "retail"), ("market_entry_report", "all")):
        written = load(Report, sandbox.current(asset, partition)).markdown
        assert "Left out" in written and KEY in written
        assert "run its use case again" in written and f"sectorforge run {KEY}" in written
        assert str(sandbox.home) not in written
