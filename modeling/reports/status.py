"""The start page: every use case with its verdict, one click from its report.

Belongs here: the list of a catalogue's use cases, and where each stands. Does not belong here: what a verdict rests on
(`use_case`), or what an industry's say together (`industry`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from modeling.core.record import Evaluation
from modeling.core.report import Report
from modeling.reports.document import Cell, Columns, Document, Link, Measure, Section, Status, TableBlock
from modeling.reports.judgements import outcome, outcomes, outcomes_in_words
from modeling.reports.rendering import render as render_document
from modeling.reports.wording import metric_title, with_interval

NOT_EVALUATED = "not evaluated yet"


@dataclass(frozen=True)
class Standing:
    """Where one use case stands.

    Attributes
    ----------
    title: its question. owners: of its industry.
    link: the address of its report, relative to this page; empty where there is none.
    evaluation: the latest; None where there is none, or it can't be read, and `unreadable` says why.
    retired: since when, or why, it is out of service.
    failed_step, run: where its newest run failed, and the run; empty where it ended well.
    """

    title: str
    owners: list[str] = field(default_factory=list)
    link: str = ""
    evaluation: Evaluation | None = None
    unreadable: str = ""
    retired: str = ""
    failed_step: str = ""
    run: str = ""

    @property
    def verdict(self) -> Status:
        """Where it stands, as a coloured word."""
        if self.retired:
            return Status(f"retired: {self.retired}", "caution")
        if self.unreadable:
            return Status("✗ can't be read", "bad")
        return outcome(self.evaluation) if self.evaluation else Status(NOT_EVALUATED)

    @property
    def newest_run(self) -> Cell:
        """What is wrong with its newest run, if anything is."""
        if not self.failed_step:
            return "–"
        return Status(f"✗ {self.trouble}", "bad")

    @property
    def trouble(self) -> str:
        """How its newest run failed; one that fails before there are features refused a delivery."""
        refused = self.failed_step in ("raw_data", "validated_data")
        return f"{'delivery refused' if refused else 'failed'} in {self.failed_step}"

    @property
    def reason(self) -> str:
        """Why the verdict is what it is."""
        return self.unreadable or (self.evaluation.verdict.reason if self.evaluation else "")

    @property
    def score(self) -> str:
        """The champion's on the sealed test, in the use case's own metric."""
        if self.evaluation is None:
            return "–"
        found = self.evaluation.champion.test[self.evaluation.metric]
        return f"{metric_title(self.evaluation.metric)} {with_interval(found)}"

    @property
    def date(self) -> str:
        """The day of the judgement."""
        return self.evaluation.provenance.finished_at[:10] if self.evaluation else "–"


def render(
    standings: Mapping[str, Standing], industries: Mapping[str, str], links: Mapping[str, str], market: str
) -> Report:
    """`standings` by `industry/use_case`, the title of each industry, `links` to the reports on industries that have
    one, and to the one on the `market`, empty where there is none."""
    evaluations = [one.evaluation for one in standings.values() if one.evaluation]
    document = Document(
        kind="Start page",
        title="Use cases",
        lead="Every use case with its verdict; each links to its report.",
        badges=[],
        verdict=Status(_counted(standings)),
        verdict_reasons=_troubles(standings),
        measures=[Measure(name.capitalize(), str(number)) for name, number in outcomes(evaluations).items()],
        summary=[],
        sections=[_use_cases(standings, industries), _reports(industries, links, market)],
        footer=f"Made from {len(evaluations)} evaluation records.",
    )
    return render_document(document, _json(standings))


def _counted(standings: Mapping[str, Standing]) -> str:
    evaluations = [one.evaluation for one in standings.values() if one.evaluation]
    missing = len(standings) - len(evaluations)
    parts = [outcomes_in_words(evaluations), f"{missing} {NOT_EVALUATED}" if missing else ""]
    return f"{len(standings)} use cases: {', '.join(filter(None, parts))}"


def _troubles(standings: Mapping[str, Standing]) -> list[str]:
    """What somebody has to look at."""
    return [f"{key}: {one.trouble}, run {one.run[:8]}." for key, one in standings.items() if one.failed_step]


def _use_cases(standings: Mapping[str, Standing], industries: Mapping[str, str]) -> Section:
    return Section(
        id="use-cases",
        title="Use cases by industry",
        reading="Published: the model may serve. Gain not shown: it may, but that it is better than a simple model is "
        "not decisive. Held back: it may not. A delivery that is refused changes nothing that serves.",
        term="Scores are on the sealed test, with 95% intervals.",
        blocks=[_industry(title, _members(name, standings)) for name, title in industries.items()],
    )


def _members(industry: str, standings: Mapping[str, Standing]) -> dict[str, Standing]:
    return {key: one for key, one in standings.items() if key.partition("/")[0] == industry}


def _industry(title: str, members: Mapping[str, Standing]) -> TableBlock:
    columns: Columns = {
        "Use case": "text",
        "Question": "text",
        "Verdict": "text",
        "Score": "text",
        "Judged": "text",
        "Newest run": "text",
        "Because": "text",
    }
    owners = ", ".join(dict.fromkeys(owner for one in members.values() for owner in one.owners))
    caption = f"{title} (owners: {owners})" if owners else title
    return TableBlock(caption, columns, [_row(key, one) for key, one in members.items()])


def _row(key: str, one: Standing) -> list[Cell]:
    return [
        Link(key, one.link) if one.link else key,
        one.title,
        one.verdict,
        one.score,
        one.date,
        one.newest_run,
        one.reason,
    ]


def _reports(industries: Mapping[str, str], links: Mapping[str, str], market: str) -> Section:
    named = {title: links.get(name, "") for name, title in industries.items()} | {"Market entry": market}
    rows: list[list[Cell]] = [
        [Link(title, link) if link else f"{title}: not written yet"] for title, link in named.items()
    ]
    return Section(
        id="reports",
        title="Industries and market",
        reading="The use cases of an industry side by side, and the industries.",
        blocks=[TableBlock("Reports", {"Report": "text"}, rows)],
    )


def _json(standings: Mapping[str, Standing]) -> str:
    rows = {
        key: {
            "title": one.title,
            "verdict": one.evaluation.verdict.model_dump() if one.evaluation else None,
            "score": one.score,
            "judged": one.date,
            "retired": one.retired or None,
            "failed_step": one.failed_step or None,
            "report": one.link or None,
        }
        for key, one in standings.items()
    }
    return json.dumps({"use_cases": rows}, indent=2, ensure_ascii=False)
