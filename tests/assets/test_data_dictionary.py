"""What columns mean stands in the report, and changes nothing else."""

import pytest
from dagster import DagsterInstance

from assets import metadata
from assets.stages import latest
from pipelines.freshness import stale_stages

from ..pipelines.sandbox import KEY, Sandbox

pytestmark = pytest.mark.slow
MEANS = "What the order cost before the discount"
MISSPELT = {"price": {"means": MEANS, "unit": "euro"}, "prise": {"means": "The same, misspelt"}}


def test_a_description_makes_the_report_again_and_a_name_that_no_column_has_is_said(
    sandbox: Sandbox, instance: DagsterInstance
):
    sandbox.place(data_dictionary=MISSPELT)
    stale = stale_stages(sandbox.use_case(), instance, sandbox.state)
    assert list(stale) == ["evaluation_report"]
    sandbox.make(instance, KEY, "evaluation_report")
    page = (sandbox.current("evaluation_report") / "report.md").read_text(encoding="utf-8")
    assert f"| price | {MEANS} | euro |" in page
    assert f"- price: {MEANS} (euro)" in page.partition("What the champion relies on")[2]
    said = metadata.sentences_of(latest(instance, "evaluation_report", KEY), metadata.REMARKS)
    assert len(said) == 1 and "no column of the data: prise;" in said[0]
