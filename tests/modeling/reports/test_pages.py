"""Reports as people read them: on a phone, on a desk, on paper, in both modes, by keyboard and by ear."""

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from catalogue.definition import ColumnDescription
from modeling.reports import industry, status, use_case
from modeling.reports.document import Link
from modeling.reports.status import Standing

from ... import browser
from .. import evaluation_records as records
from .test_chapters import judged
from .test_reports import of_industry, of_market, several

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(browser.program() is None, reason="Chromium is not installed here: apt-get install chromium"),
]

LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
PHONE, DESK, PAPER = 420, 1200, 680
"""The last is the width of A4 between its margins."""
TOO_WIDE = """
[...document.querySelectorAll('body *')]
    .filter(one => !one.closest('svg svg, svg *') && !one.closest('.skip') && !one.parentElement.closest('.scroll'))
    .filter(one => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .map(one => one.outerHTML.slice(0, 100))
"""
"""What reaches beyond the page; a region that scrolls by itself does not."""


def _start_page() -> str:
    standings = {key: Standing(one.title, ["team:risk"], "report.html", one) for key, one in several().items()}
    standings["finance/broken"] = Standing("Broken?", failed_step="validated_data", run="abcdef012345")
    titles = {"finance": "Finance", "healthcare": "Healthcare", "agriculture": "Agriculture", "energy": "Energy"}
    return status.render(standings, titles, {"finance": "finance.html"}, "market.html").html


def _use_case() -> str:
    meaning = ColumnDescription(means="Months behind with the payment in September 2005", unit="months")
    return use_case.render(records.binary(), {"PAY_0": meaning}, [Link("Start page", "start.html")]).html


PAGES = {
    "binary": _use_case,
    "held back": lambda: use_case.render(records.held_back()).html,
    "multiclass": lambda: use_case.render(records.multiclass()).html,
    "regression": lambda: use_case.render(records.regression()).html,
    "chapters": lambda: use_case.render(judged("simulated")).html,
    "industry": lambda: of_industry().html,
    "market": lambda: of_market().html,
    "start": _start_page,
}


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browser.Tab]:
    with browser.running(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module", params=PAGES)
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(PAGES[request.param](), encoding="utf-8")
    return file


def _violations(tab: browser.Tab, only: dict[str, object]) -> list[str]:
    tab.evaluate(files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8") + ";0")
    options = json.dumps({"runOnly": only, "resultTypes": ["violations"]})
    found = tab.evaluate(f"axe.run({options}).then(found => found.violations)")
    return [f"{one['id']}: {one['help']}: {node['html'][:150]}" for one in found for node in one["nodes"]]


def test_everybody_can_read_it(page: Path, tab: browser.Tab):
    tab.open(page, PHONE)
    assert _violations(tab, {"type": "tag", "values": LEVELS}) == []
    tab.open(page, PHONE, "dark")
    assert _violations(tab, {"type": "rule", "values": ["color-contrast"]}) == []


def test_nothing_reaches_beyond_the_page(page: Path, tab: browser.Tab):
    for width in (PHONE, DESK):
        tab.open(page, width)
        assert tab.evaluate(TOO_WIDE) == []
        assert tab.evaluate("document.documentElement.scrollWidth") == width
    tab.open(page, PAPER, media="print")
    everything = TOO_WIDE.replace("&& !one.parentElement.closest('.scroll')", "")
    assert tab.evaluate(everything) == []


@pytest.fixture
def shown(tmp_path: Path, tab: browser.Tab):
    """Opens a page at a width."""

    def show(html: str, width: int) -> browser.Tab:
        (tmp_path / "report.html").write_text(html, encoding="utf-8")
        tab.open(tmp_path / "report.html", width)
        return tab

    return show


def test_a_phone_shows_champion_and_simple_model_with_their_scores_without_scrolling(shown):
    tab = shown(PAGES["binary"](), PHONE)
    texts = """[...document.querySelectorAll('.summary figure svg text')].map(one => {
        const place = one.getBoundingClientRect()
        return [one.textContent, place.left, place.right, place.height]
    })"""
    seen = {text: (left, right, height) for text, left, right, height in tab.evaluate(texts)}
    for said in ("ensemble (champion)", "0.7843 (0.7726 to 0.7960)", "logistic", "0.7751 (0.7632 to 0.7870)"):
        left, right, height = seen[said]
        assert 0 <= left < right <= PHONE and height >= 11


def test_the_lift_over_the_simple_model_is_seen_on_a_desk(shown):
    """Also where names are long, and all are links."""
    lift = records.binary().lift.model_copy(update={"over": "seasonal_naive", "decisive": False})
    long = {"manufacturing/production_optimisation": records.regression(evidence="perturbed", lift=lift)}
    evaluations = several() | long
    tab = shown(industry.render("All", "", evaluations, dict.fromkeys(evaluations, "report.html")).html, DESK)
    last = "[...document.querySelectorAll('#use-cases td:last-child')].map(one => one.getBoundingClientRect().right)"
    regions = "[...document.querySelectorAll('#use-cases .scroll')].map(one => one.scrollWidth - one.clientWidth)"
    assert max(tab.evaluate(last)) <= DESK
    assert set(tab.evaluate(regions)) == {0}


def test_what_scrolls_is_reached_by_keyboard_and_the_first_stop_skips_the_head(shown):
    tab = shown(PAGES["binary"](), PHONE)
    unreachable = """[...document.querySelectorAll('body *')].filter(one => {
        const scrolls = ['auto', 'scroll'].includes(getComputedStyle(one).overflowX)
        return scrolls && one.scrollWidth > one.clientWidth && one.tabIndex < 0
    }).length"""
    assert tab.evaluate(unreachable) == 0
    first = "document.querySelector('a, button, [tabindex]')"
    assert tab.evaluate(f"document.querySelector({first}.getAttribute('href')).tagName") == "MAIN"


def test_the_summary_takes_two_screens(shown):
    tab = shown(PAGES["binary"](), DESK)
    assert tab.evaluate("document.querySelector('.summary').getBoundingClientRect().bottom") <= 2 * 900
