"""The start page: every use case is found on it, and what somebody has to look at comes first."""

from modeling.core.record.verdict import Verdict
from modeling.reports.status import Standing, render

from ..evaluation_records import binary

REPORT = "../../../evaluation_report/retail/returns/current/report.html"
HELD_BACK = Verdict(outcome="held back", reason="Not met: the gap.")


def page(**standings: Standing) -> str:
    named = {f"retail/{name}": one for name, one in standings.items()}
    return render(named, {"retail": "Retail"}, {"retail": "../../../industry_report/retail"}, "").html


def test_a_use_case_has_its_verdict_score_and_report():
    html = page(returns=Standing("Back?", ["team:shop"], REPORT, binary(verdict=HELD_BACK)))
    for shown in (
        f'<a href="{REPORT}">retail/returns</a>',
        "Back?",
        "✗ Held back",
        "Not met: the gap.",
        "ROC AUC 0.",
        "team:shop",
    ):
        assert shown in html


def test_a_refused_delivery_is_told_first_and_the_verdict_stays():
    published = binary(verdict=Verdict(outcome="published", reason="All gates are met."))
    html = page(returns=Standing("Back?", evaluation=published, failed_step="validated_data", run="abcdef012345"))
    assert html.index("retail/returns: delivery refused in validated_data, run abcdef01") < html.index("<nav")
    assert "✓ Published" in html


def test_what_is_not_there_yet_is_said():
    html = page(returns=Standing("Back?"), broken=Standing("Broken?", unreadable="evaluation.json is damaged"))
    for shown in (
        "not evaluated yet",
        "✗ can&#39;t be read",
        "evaluation.json is damaged",
        "Market entry: not written yet",
    ):
        assert shown in html
