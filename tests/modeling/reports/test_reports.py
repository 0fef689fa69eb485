"""What a reader gets from the reports: complete, honest, safe and readable offline."""

import json
import re
from collections.abc import Callable
from functools import cache, partial
from html.parser import HTMLParser
from itertools import pairwise
from unittest.mock import patch

import pytest

from modeling.core import record
from modeling.core.record import (
    Challenge,
    Curve,
    Described,
    Evaluation,
    Importance,
    Interval,
    Lift,
    Slice,
    WithinCluster,
)
from modeling.core.report import Report
from modeling.reports import charts, comparison, drawing, industry, market_entry, palette, use_case, wording
from modeling.reports.document import Status
from modeling.reports.sections import behaviour

from .. import evaluation_records as records

VOID = {"meta", "wbr", "br", "link", "img", "input", "hr"}
PNG = b"\x89PNG\r\n\x1a\n"
COMMON = {
    "verdict",
    "data",
    "contract",
    "split",
    "candidates",
    "champion",
    "importance",
    "slices",
    "cost",
    "gates",
    "limits",
    "provenance",
}
BINARY = COMMON | {"curves", "calibration", "decision"}
EVALUATIONS = {
    "binary": (records.binary, BINARY),
    "held back": (records.held_back, BINARY),
    "tiny": (records.tiny, BINARY),
    "multiclass": (records.multiclass, COMMON | {"calibration", "confusion"}),
    "regression": (records.regression, COMMON | {"residuals"}),
}


class Page(HTMLParser):
    """Reads a page, checking that every tag that opens also closes, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.sections: set[str] = set()
        self.levels: list[int] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.pictures: list[str] = []
        self.columns: list[str | None] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "section":
            self.sections.add(named["id"] or "")
        if tag == "svg":
            assert named["role"] == "img"
            self.pictures.append(named["aria-label"] or "")
        if tag == "th":
            self.columns.append(named.get("scope"))
        if re.fullmatch(r"h\d", tag):
            self.levels.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


def several() -> dict[str, Evaluation]:
    made = (records.binary(), records.held_back(), records.multiclass(), records.regression())
    return {evaluation.use_case: evaluation for evaluation in made}


def of_industry() -> Report:
    return industry.render("Finance", "Credit.", several(), {"finance/credit_scoring": "../credit/report.html"})


def of_market() -> Report:
    titles = {"finance": "Finance", "healthcare": "Healthcare", "energy": "Energy", "transport": "Transport"}
    return market_entry.render(titles, several(), {"finance": "finance/report.html"})


@cache
def rendered(make: Callable[[], Evaluation]) -> Report:
    """A use case report, made once for all tests."""
    return use_case.render(make())


def undrawn(evaluation: Evaluation) -> Report:
    """A use case report without its pictures, which take most of the time."""
    with patch.object(drawing, "svg", return_value=""):
        return use_case.render(evaluation)


REPORTS = {name: partial(rendered, make) for name, (make, _) in EVALUATIONS.items()} | {
    "industry": of_industry,
    "market entry": of_market,
}


@pytest.fixture(scope="module", params=REPORTS)
def report(request: pytest.FixtureRequest) -> Report:
    return REPORTS[request.param]()


def test_the_page_is_well_formed_and_accessible(report: Report) -> None:
    page = Page(report.html)
    assert report.html.startswith("<!doctype html>")
    assert page.levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(page.levels))
    assert set(page.columns) <= {"col", "row"}
    assert all(page.pictures)
    assert page.tags.count("svg") == page.tags.count("figure") == page.tags.count("figcaption")
    assert page.tags.count("caption") == page.tags.count("table")


def test_the_page_needs_nothing_but_itself(report: Report) -> None:
    page = Page(report.html)
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    places = [value for name, value in page.attributes if name in ("href", "src", "xlink:href", "srcset")]
    assert not [place for place in places if place is None or re.match(r"\w+:|//", place)]
    assert "url(" not in report.html
    assert "@import" not in report.html
    assert len(report.html) < 1_500_000


def test_every_colour_of_a_picture_is_one_both_papers_know(report: Report) -> None:
    used = set(re.findall(r"var\(--(\w+)\)", report.html))
    assert used <= palette.LIGHT.keys() == palette.DARK.keys()
    pictures = "".join(re.findall(r"<svg.*?</svg>", report.html, re.DOTALL))
    assert set(re.findall(r'(?:fill|stroke)="([^"]+)"', pictures)) <= {"none", "transparent"} | {
        f"var(--{name})" for name in used
    }


def _luminance(colour: str) -> float:
    """Relative, by WCAG 2.1."""
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("mode", [palette.LIGHT, palette.DARK], ids=["light", "dark"])
def test_every_colour_of_text_can_be_read_on_both_papers(mode: dict[str, str]) -> None:
    """Also in pictures, whose text axe does not look at."""
    for text in mode.keys() - {"paper", "wash", "rule"}:
        for paper in ("paper", "wash"):
            darker, lighter = sorted((_luminance(mode[text]), _luminance(mode[paper])))
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (text, paper)


@pytest.mark.parametrize(("make", "sections"), EVALUATIONS.values(), ids=EVALUATIONS.keys())
def test_every_section_is_there_in_both_forms(make, sections: set[str]) -> None:
    made = rendered(make)
    page = Page(made.html)
    assert page.sections == sections
    titles = re.findall(r"^## \d+\. (.+)$", made.markdown, re.MULTILINE)
    assert len(titles) == len(sections) - 1
    assert all(title in page.text for title in titles)
    assert page.text.count("How to read this.") == len(titles)


def test_the_headline_numbers_are_in_both_forms() -> None:
    made = rendered(records.binary)
    for said in (
        "0.7843 (0.7726 to 0.7960)",
        "+0.2843",
        "+0.0092 (−0.0011 to +0.0195)",
        "not decisive: the interval includes zero",
        "ensemble (lightgbm 0.62, tabm 0.38)",
        "Gain not shown",
        "opened once",
    ):
        assert said in Page(made.html).text
        assert said in made.markdown


def test_a_report_is_the_same_each_time_it_is_made() -> None:
    assert use_case.render(records.binary()) == rendered(records.binary)


def test_the_verdict_comes_before_anything_else_with_what_could_sink_it() -> None:
    made = rendered(records.binary)
    box = Page(made.html).text.partition("Contents")[0]
    for said in (
        "≈ Gain not shown",
        "it is not shown that ensemble beats logistic",
        "What could sink it",
        "other seeds",
        "The champion may serve, but",
        "0.7689 to 0.7997 with seeds and splits (of the variance 68% rows, 1.9% seeds, 30% splits)",
    ):
        assert said in box
    assert "What could sink it" not in rendered(records.held_back).html


def test_how_far_each_candidate_is_behind_the_best() -> None:
    table = rendered(records.binary).markdown.partition("behind the best, ensemble")[2]
    for row in (
        "| trivial | +0.2871 ± 0.0112 | **behind** |",
        "| lightgbm | +0.0019 ± 0.0014 | **behind** |",
        "| tabm | +0.0032 (standard error not measured) | **not told apart** |",
        "| ★ ensemble (champion) | – | **best expected score** |",
    ):
        assert row in table


def test_steps_after_the_choice_are_said_with_their_advantage() -> None:
    markdown = rendered(records.binary).markdown
    assert "| recalibration | taken | +0.0031 ± 0.0012 | log loss is 0.0031 better with Platt scaling |" in markdown
    assert "| refit | not taken | not measured | not refitted: the champion blends several learners |" in markdown


def test_probabilities_are_judged_in_words_for_a_manager_and_in_figures_for_a_data_scientist() -> None:
    markdown = rendered(records.binary).markdown
    for said in (
        "A predicted probability is typically off by 1.2 percentage points, at most 2.1 percentage points. Low ones "
        "are too low and high ones too high. They remove 22% of the squared error of telling everybody the average.",
        "- Calibration error: 0.0121 (0.0000 to 0.0213)",
        "- Slope (1 is right): 0.91 (0.85 to 0.97)",
        "- Intercept (0 is right): 0.02 (−0.05 to 0.09)",
        "- Brier skill (0 is none, 1 is perfect): 0.221 (0.203 to 0.239)",
        "- Error of predicting 0 for everybody: 0.2212",
    ):
        assert said in markdown


def test_what_a_threshold_promised_stands_beside_what_the_test_gave() -> None:
    markdown = rendered(records.binary).markdown
    recall, specificity = (line for line in markdown.splitlines() if re.match(r"\| (Recall|Specificity) \(", line))
    assert "| 0.711 (0.682 to 0.740) | 0.6521 (0.6290 to 0.6752) | −0.0589 (−0.0960 to −0.0218) | **moved** |" in recall
    assert specificity.endswith("| **kept** |")


def test_the_largest_gap_between_groups_knows_how_many_were_compared() -> None:
    evaluation, said = records.binary(), "30 to 44 is served better than 21 to 29 by "
    assert f"{said}0.022 (0.000 to 0.061) ROC AUC" in rendered(records.binary).markdown
    assert "the 2 pairs of groups that were compared: it may be chance." in rendered(records.binary).markdown
    assert evaluation.largest_slice_gap
    sure = evaluation.largest_slice_gap.model_copy(update={"gap": Interval(value=0.022, low=0.004, high=0.061)})
    made = undrawn(records.binary(largest_slice_gap=sure)).markdown
    assert "it is more than chance" in made


def test_few_clusters_are_named_where_they_keep_a_lift_from_being_decisive() -> None:
    few = "5 independent clusters: fewer than 10 are too few to decide"
    lift = Lift(value=0.3, low=0.2, high=0.4, over="trivial", decisive=False, clusters=5, note=few)
    largest = WithinCluster(
        cluster="ST3000DM001", units=6_100, share=0.81, metric=Interval(value=0.7, low=0.6, high=0.8)
    )
    markdown = undrawn(records.binary(lift=lift, within_clusters=[largest])).markdown
    assert f"which is not decisive: {few}" in markdown
    assert "| ST3000DM001 | 6,100 | 81.0% | 0.7 (0.6 to 0.8) |" in markdown


def test_an_order_that_another_seed_changes_is_no_ranking() -> None:
    shaken = records.explanation().model_copy(update={"stability": 0.116})
    markdown = undrawn(records.binary(explanation=shaken)).markdown
    importance = markdown.partition(". What the champion relies on")[2].partition("\n## ")[0]
    assert "rank correlation 0.116): which of them leads means nothing" in importance
    assert "✓" not in importance and "Leading features" not in importance
    assert "✓ holds" in rendered(records.binary).markdown


def test_features_that_can_not_be_told_apart_stand_in_one_tier_by_name() -> None:
    tiers = {"PAY_0": (0.07, 1), "LIMIT_BAL": (0.011, 2), "AGE": (0.012, 2), "BILL_AMT1": (0.013, 2)}
    importances = [
        Importance(feature=name, loss=loss, spread=0.001, low=loss - 0.004, high=loss + 0.004, tier=tier)
        for name, (loss, tier) in tiers.items()
    ]
    explanation = records.explanation().model_copy(update={"importances": importances, "stability": 0.116})
    made = undrawn(records.binary(explanation=explanation))
    importance = made.markdown.partition(". What the champion relies on")[2].partition("\n## ")[0]
    rows = [line.split(" | ")[:2] for line in importance.splitlines() if re.match(r"\| \d", line)]
    assert rows == [["| 1", "PAY_0"], ["| 2", "AGE"], ["| 2", "BILL_AMT1"], ["| 2", "LIMIT_BAL"]]
    assert "the order within a tier means nothing" in made.html
    assert "✓" not in importance


def test_the_score_without_twins_and_of_new_groups_stands_beside_the_score() -> None:
    without = Slice(
        column="rows", level="without a twin", rows=7_100, metric=Interval(value=0.761, low=0.751, high=0.771)
    )
    new = Slice(column="customer", level="new", rows=412, metric=Interval(value=0.702, low=0.65, high=0.75))
    made = undrawn(records.binary(without_twins=without, seen_groups=[new]))
    assert "0.761 (0.751 to 0.771) on the 7,100 without near twins" in made.markdown.partition("## 1. ")[0]
    assert "| rows: without a twin | 7,100 | 0.761 (0.751 to 0.771) |" in made.markdown
    assert "| customer: new | 412 | 0.702 (0.650 to 0.750) |" in made.markdown


def test_the_champion_stands_beside_the_model_that_serves_and_the_best_so_far() -> None:
    lift = Lift(value=-0.004, low=-0.011, high=0.003, over="serving", decisive=False)
    best = Challenge(serving="b" * 36, units=900, lift=None, message="it can't be read")
    challenge = Challenge(serving="a" * 36, units=900, lift=lift, margin=0.01, message="900 test rows", best=best)
    markdown = undrawn(records.binary(challenge=challenge)).markdown
    assert "Against the model that serves (judged in run aaaaaaaa): −0.004 (−0.011 to +0.003)" in markdown
    assert "not decisive, and up to 0.01 worse is let pass; 900 test rows." in markdown
    assert "Not compared with the best model published so far (judged in run bbbbbbbb): it can't be read." in markdown


def test_repeated_splits_are_a_row_each_and_what_is_missing_is_said() -> None:
    markdown = rendered(records.binary).markdown
    assert "| 2 | 17,900 | 4,500 | 0.7874 ± 0.0081 | +0.2874 ± 0.0081 | +0.0102 ± 0.0031 |" in markdown
    assert "Repeated splits: a third was not dealt." in markdown
    assert "other splits of the rows" not in rendered(records.regression).markdown


def test_what_is_predicted_is_said_in_words_where_it_is_no_column() -> None:
    described = Described(target="the return over the next month", features="returns and volatility")
    markdown = undrawn(records.regression(described=described)).markdown
    assert "Target: the return over the next month" in markdown
    assert "Features: returns and volatility (columns read: LIMIT_BAL," in markdown


@pytest.mark.parametrize("seeds", [{0: 0.7751}, {0: 0.7751, 1: 0.7751, 2: 0.7751}])
def test_a_champion_that_draws_nothing_has_no_spread_over_seeds(seeds: dict[int, float]) -> None:
    evaluation = records.binary()
    champion = evaluation.champion.model_copy(update={"seeds": seeds})
    markdown = undrawn(evaluation.model_copy(update={"champion": champion})).markdown
    assert "Spread over seeds: none. Fitting this champion draws nothing at random." in markdown
    assert "trained again with other seeds" not in markdown


def test_nothing_is_minus_zero() -> None:
    assert wording.with_interval(Interval(value=-0.00001, low=-0.1162, high=0.1162)) == "0.0000 (−0.1162 to 0.1162)"


def test_json_is_the_record() -> None:
    assert Evaluation.model_validate_json(rendered(records.binary).json) == records.binary()


def test_a_model_held_back_says_so_first_and_why() -> None:
    made = rendered(records.held_back)
    text = Page(made.html).text
    assert "Held back" in text[: text.index("Contents")]
    assert "expected calibration error is 0.0812; at most 0.05 is asked" in text[: text.index("Contents")]
    assert "✗ the data are perturbed: a demonstration, not for use" in made.markdown


def test_gates_that_are_not_met_are_listed_rather_than_run_together() -> None:
    evaluation = records.held_back()
    missed = [gate.message for gate in evaluation.gates if not gate.passed]
    verdict = evaluation.verdict.model_copy(update={"reason": f"Not met: {'; '.join(missed)}."})
    box = undrawn(evaluation.model_copy(update={"verdict": verdict})).markdown.partition("## 1. ")[0]
    assert "2 of 3 gates are not met." in box
    assert all(f"✗ {message}." in box for message in missed)
    assert "; the data are perturbed" not in box


def test_held_back_is_said_with_the_times_the_test_was_opened() -> None:
    made = rendered(records.held_back)
    assert "opened 3 times" in made.markdown


@pytest.mark.parametrize(
    ("make", "label"), [(records.held_back, "PERTURBED DATA"), (records.multiclass, "SIMULATED DATA")]
)
def test_every_figure_from_unreal_data_says_so(make, label: str) -> None:
    made = rendered(make)
    pictures = re.findall(r"<svg.*?</svg>", made.html, re.DOTALL)
    assert pictures
    assert all(f">{label}</text>" in picture for picture in pictures)
    assert all(text.startswith(label) for text in Page(made.html).pictures)
    assert made.markdown.index(label) < made.markdown.index("## ")


def test_no_figure_from_real_data_is_labelled() -> None:
    assert not re.search("PERTURBED|SIMULATED", rendered(records.binary).html)


def test_what_was_not_measured_is_never_a_number() -> None:
    made = rendered(records.tiny)
    text = " ".join(Page(made.html).text.split())
    for said in (
        "0.61 (interval not measured)",
        "The lift over a simple model was not measured.",
        "not decisive: the interval was not measured",
        "Calibration: not measured.",
        "Decision threshold: not measured.",
        "Confusion: not measured.",
        "Slices: not measured.",
        "Importance: not measured.",
        "Spread over seeds: not measured.",
        "Leakage audit: not measured.",
        "Decision curve: not measured.",
        "Energynot measured",
    ):
        assert said in text
    assert not re.search(r"\b(None|nan|NaN)\b", text)


def test_a_metric_the_baseline_lacks_is_not_measured() -> None:
    row = re.search(r"^\| Brier score .*$", rendered(records.binary).markdown, re.MULTILINE)
    assert row is not None
    assert row[0].split(" | ")[1:4] == ["0.1342 (0.1308 to 0.1376)", "not measured", "not measured"]


def test_a_simple_champion_is_not_compared_with_itself() -> None:
    evaluation = records.binary()
    champion = evaluation.champion.model_copy(update={"learner": "logistic", "members": {"logistic": 1.0}})
    itself = Lift(value=0, low=0, high=0, over="logistic", decisive=False)
    made = undrawn(evaluation.model_copy(update={"champion": champion, "lift_over_simple": itself}))
    assert "The champion is the simple model." in made.markdown
    assert "Lift over the simple model: **–** the champion is the simple model" in made.markdown
    assert "over logistic" not in made.markdown


@pytest.mark.parametrize("make", [make for make, _ in EVALUATIONS.values()], ids=list(EVALUATIONS))
def test_tables_are_headed_by_words(make: Callable[[], Evaluation]) -> None:
    names = set(re.findall(r"\b[A-Z][a-z]+[A-Z][a-z]+\w*", rendered(make).markdown))
    assert not names & {name for name in dir(record) if name[0].isupper()}


def test_the_simple_model_is_called_by_its_name() -> None:
    lift = Lift(value=0.1, low=0.05, high=0.15, over="tfidf", decisive=True)
    simple = records.binary().baseline.model_copy(update={"learner": "tfidf"})
    evaluation = records.binary(simple=simple, lift_over_simple=lift)
    side_by_side = comparison.scores({"finance/news": evaluation}, {})
    assert "Linear" not in side_by_side.columns
    assert side_by_side.rows[0][-1] == Status("tfidf: decisive", "good")
    assert "linear" not in undrawn(evaluation).markdown.lower()


def test_guessing_has_the_precision_of_the_rows_that_are_scored() -> None:
    evaluation = records.binary(target_summary={"no": 0.5, "yes": 0.5}, confusion=[[80, 10], [6, 4]])
    share = behaviour.event_share(evaluation)
    assert share == pytest.approx(0.1)
    assert _guessing(evaluation.curves["precision_recall"], share) == {share}
    assert _guessing(evaluation.curves["precision_recall"], None) == set()


def _guessing(curve: Curve, share: float | None) -> set[float]:
    """The heights of the line of guessing."""
    (rows,) = charts.precision_recall(curve, share).to_dict()["datasets"].values()
    return {row["y"] for row in rows if row["line"] == "guessing"}


def test_text_from_the_data_stays_text() -> None:
    evil = '<script>alert("x")</script>|`*a*`'
    explanation = records.explanation().model_copy(
        update={"importances": [Importance(feature=evil, loss=0.1, spread=0.01)]}
    )
    first, *others = records.contract_results()
    made = use_case.render(
        records.binary(
            title=evil,
            features=[evil],
            explanation=explanation,
            contract=[first.model_copy(update={"column": evil, "examples": [evil]}), *others],
        )
    )
    page = Page(made.html)
    assert "script" not in page.tags
    assert evil in page.text
    assert "<script>" not in made.markdown.replace("\\<script", "")
    tables = re.findall(r"((?:^\|.*\n)+)", made.markdown, re.MULTILINE)
    widths = [{len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()} for table in tables]
    assert all(len(width) == 1 for width in widths)


def test_derived_rules_that_passed_alike_share_a_row() -> None:
    markdown = rendered(records.binary).markdown
    assert "6 columns: ID, LIMIT_BAL, SEX, AGE, PAY_0, BILL_AMT1" in markdown
    assert markdown.count("| expect_column_to_exist()") == 1
    assert "| LIMIT_BAL | quarantine | 30,000 | 35 | **✗ quarantined** | -10000, -50 |" in markdown


def test_many_classes_show_the_pairs_confused_most() -> None:
    classes = [f"class {number}" for number in range(20)]
    matrix = [[50 if row == column else 0 for column in range(20)] for row in range(20)]
    matrix[3][7] = 9
    made = undrawn(records.multiclass(classes=classes, confusion=matrix))
    assert "| class 3 | class 7 | 9 |" in made.markdown


def test_classes_are_called_by_their_names_wherever_one_is_shown() -> None:
    made = undrawn(records.binary(class_names={"0": "pays", "1": "defaults"}))
    for said in ("pays (0) | 77.9%", "truly defaults", "called pays", "Of these defaults"):
        assert said in made.markdown
    assert not re.search(r"(truly|called) [01]\b", made.markdown)


def test_the_name_of_a_class_is_text() -> None:
    evil = '<img src=x onerror="alert(1)">|*b*'
    made = undrawn(records.binary(class_names={"1": evil}))
    page = Page(made.html)
    assert "img" not in page.tags
    assert f"truly {evil}" in page.text
    assert "<img" not in made.markdown.replace("\\<img", "")
    tables = re.findall(r"((?:^\|.*\n)+)", made.markdown, re.MULTILINE)
    assert all(len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1 for table in tables)


def test_an_industry_compares_only_what_is_comparable() -> None:
    made = of_industry()
    page = Page(made.html)
    assert page.sections == {"verdict", "use-cases", "held-back", "limits", "provenance"}
    assert '<a href="../credit/report.html">finance/credit_scoring</a>' in made.html
    assert "[finance/credit_scoring](../credit/report.html)" in made.markdown
    assert "expected calibration error is 0.0812" in made.markdown
    assert "lift over the trivial baseline, RMSE" in page.text
    assert "INCLUDES PERTURBED AND SIMULATED DATA" in page.text
    summed = json.loads(made.json)["use_cases"]
    assert summed["finance/credit_scoring"]["champion"]["test"]["roc_auc"]["value"] == 0.7843
    assert summed["healthcare/disease_prediction"]["failed_gates"] == ["max_calibration_error", "evidence_is_real"]


def test_an_industry_opens_with_how_many_use_cases_end_in_which_verdict() -> None:
    made = of_industry()
    assert "## 4 use cases: 2 published, 1 gain not shown, 1 held back" in made.markdown
    held = made.markdown.partition("## 2. ")[2].partition("## 3. ")[0]
    assert "| [finance/credit_scoring](../credit/report.html) | **≈ Gain not shown** | All gates are met, but" in held
    assert "| healthcare/disease_prediction | **✗ Held back** | Not met: expected calibration error" in held
    assert "agriculture/species" not in held
    assert json.loads(made.json)["use_cases"]["finance/credit_scoring"]["verdict"]["outcome"] == "gain not shown"


def test_the_market_counts_verdicts_by_industry() -> None:
    made = of_market()
    assert "| [Finance](finance/report.html) | 1 | 1 gain not shown |" in made.markdown
    verdicts = json.loads(made.json)["industries"]["finance"]["verdicts"]
    assert verdicts == {"published": 0, "gain not shown": 1, "held back": 0}


def test_a_simple_champion_is_said_to_be_it_beside_others() -> None:
    champion = records.binary().champion.model_copy(update={"learner": "logistic", "members": {"logistic": 1.0}})
    table = comparison.scores({"finance/credit_scoring": records.binary(champion=champion)}, {})
    assert list(table.rows[0][-2:]) == ["–", "logistic: the champion"]


def test_an_industry_without_evaluations_renders() -> None:
    made = industry.render("Mining", "", {})
    assert "No use case has been evaluated" in made.markdown
    assert json.loads(made.json)["use_cases"] == {}


def test_the_market_report_gives_no_verdict_beyond_the_evidence() -> None:
    made = of_market()
    text = Page(made.html).text
    assert "Insufficient evidence to decide: value and risk are missing" in text
    assert not re.search(r"\bGO\b", text)
    summed = json.loads(made.json)["industries"]
    assert {name: entry["evidence"] for name, entry in summed.items()} == {
        "energy": "sufficient",
        "finance": "sufficient",
        "healthcare": "insufficient",
        "transport": "insufficient",
    }
    assert summed["transport"]["gaps"] == ["no use case evaluated"]
    assert summed["finance"]["value"] is None


def test_evidence_needs_a_decisive_lift_on_real_data() -> None:
    luck = Lift(value=0.01, low=-0.01, high=0.03, over="trivial", decisive=False)
    cases = {
        "no published use case is made from real data": records.binary(evidence="simulated"),
        "no published use case on real data is decisively better than its baseline": records.binary(lift=luck),
        "no use case published": records.binary(published=False),
    }
    for gap, evaluation in cases.items():
        made = market_entry.render({"finance": "Finance"}, {evaluation.use_case: evaluation})
        assert json.loads(made.json)["industries"]["finance"]["gaps"] == [gap]


def test_the_closest_gate_is_a_bound_not_a_yes_or_no() -> None:
    made = market_entry.render({"finance": "Finance"}, {"finance/credit_scoring": records.binary()})
    assert "expected calibration error is 0.0121; at most 0.05 is asked (passed)" in made.markdown


@pytest.mark.parametrize(
    "make", [records.binary, records.held_back, records.multiclass, records.regression, records.tiny]
)
def test_thumbnails_are_small_pictures(make) -> None:
    picture = charts.thumbnail(make())
    assert picture.startswith(PNG)
    assert len(picture) < 200_000


def test_a_training_curve_is_a_picture() -> None:
    assert charts.training_curve(records.learning_curve(0.4)).startswith(PNG)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.78431, "0.7843"),
        (0.01234, "0.01234"),
        (0.0000123449, "0.00001234"),
        (1.23449e-7, "1.234e−07"),
        (-0.5, "−0.5"),
        (32.963, "32.96"),
        (39753.2, "39,750"),
        (5000, "5,000"),
        (None, "not measured"),
        (float("nan"), "not measured"),
    ],
)
def test_numbers_have_sensible_digits(value: float | None, text: str) -> None:
    assert wording.number(value) == text


def test_a_column_of_numbers_agrees_on_decimals() -> None:
    assert wording.numbers([0.0712, 0.0004, None]) == ["0.0712", "0.0004", "not measured"]


@pytest.mark.parametrize(
    ("value", "text"), [(0.01, "< 0.1 s"), (48.71, "48.7 s"), (146, "2 min 26 s"), (7322, "2 h 2 min")]
)
def test_durations_are_in_words(value: float, text: str) -> None:
    assert wording.seconds(value) == text
