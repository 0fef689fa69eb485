"""The section on the champion on the sealed test.

Belongs here: its scores beside what it must beat, what moves them, and how often the test was opened. Does not belong
here: how it was chosen (`candidates`), or how it behaves beyond its scores (`behaviour`).
"""

from statistics import stdev

from modeling.core.record import Challenge, Champion, Evaluation, Interval
from modeling.reports import charts
from modeling.reports.document import (
    Block,
    Cell,
    Columns,
    FactList,
    Figure,
    Paragraph,
    Section,
    TableBlock,
)
from modeling.reports.judgements import decisive
from modeling.reports.sections.figures import figure
from modeling.reports.wording import (
    NOT_MEASURED,
    SPREAD,
    count,
    learner_name,
    lift_over_simple,
    metric_meaning,
    metric_title,
    number,
    numbers,
    percent,
    primary_first,
    share,
    with_error,
    with_interval,
)


def comparison(evaluation: Evaluation) -> Figure:
    """The champion and what it must beat, in the metric that chose it."""
    chosen, title = evaluation.champion, metric_title(evaluation.metric)
    tests = {chosen.learner: chosen.test} | {
        other.learner: other.test for other in (evaluation.simple, evaluation.baseline) if other is not None
    }
    text = f"{title} on the sealed test: " + ", ".join(
        f"{name} {with_interval(test.get(evaluation.metric))}" for name, test in tests.items()
    )
    better = "higher" if evaluation.greater_is_better else "lower"
    caption = f"{title} on the sealed test with 95% intervals; {better} is better."
    return figure(evaluation, charts.comparison(evaluation), text, caption)


def champion(evaluation: Evaluation) -> Section:
    """The test scores of the champion beside baseline and simple learner, and how often the test was opened."""
    chosen = evaluation.champion
    return Section(
        id="champion",
        title="The champion on the sealed test",
        reading="The champion against the trivial baseline (what one gets without a model) and the simple model "
        "(what one gets cheaply). The range behind each number is where it would plausibly fall on other such rows. "
        "A difference whose range includes zero is not decisive: it may be luck.",
        term="95% bootstrap intervals; the lift is paired, champion and other on the same resampled test rows.",
        blocks=[
            FactList({"Champion": learner_name(chosen.learner, chosen.members)}),
            *_steps(chosen),
            *_lifts(evaluation),
            _test_scores(evaluation),
            *_fewer_rows(evaluation),
            *_within_clusters(evaluation),
            *_challenge(evaluation),
            *_spread(evaluation),
            *_seeds(evaluation),
            *_repeated(evaluation),
            Paragraph(_test_accesses(evaluation)),
        ],
    )


def _lifts(evaluation: Evaluation) -> list[Block]:
    lifts = [lift for lift in (evaluation.lift, lift_over_simple(evaluation)) if lift is not None]
    rows = [[f"over {lift.over}", with_interval(lift), decisive(lift)] for lift in lifts]
    columns: Columns = {"Lift": "text", "Better by (95% interval)": "number", "Judgement": "text"}
    notes = dict.fromkeys(f"{lift.note.capitalize()}." for lift in lifts if lift.note)
    table = TableBlock(f"Lift in {metric_title(evaluation.metric)}: plus is better", columns, rows)
    return [table, *map(Paragraph, notes)]


def _test_scores(evaluation: Evaluation) -> TableBlock:
    chosen, trivial, simple = evaluation.champion, evaluation.baseline, evaluation.simple
    tests: dict[str, dict[str, Interval]] = {f"{chosen.learner} (champion)": chosen.test}
    tests |= {f"{simple.learner} (simple)": simple.test} if simple else {}
    tests[f"{trivial.learner} (baseline)"] = trivial.test
    rows = [
        [metric_title(name), *(with_interval(test.get(name)) for test in tests.values()), metric_meaning(name)]
        for name in primary_first(evaluation, set(chosen.test))
    ]
    columns: Columns = {"Metric": "text", **dict.fromkeys(tests, "number"), "What it says": "text"}
    return TableBlock("All metrics on the sealed test (95% intervals)", columns, rows)


def _fewer_rows(evaluation: Evaluation) -> list[Block]:
    """The score on those test rows that nothing like them was learned from, and on those of groups seen and new."""
    twins = evaluation.without_twins
    parts = [*([twins] if twins else []), *evaluation.seen_groups]
    rows = [[f"{part.column}: {part.level}", count(part.rows), with_interval(part.metric), part.note] for part in parts]
    title = metric_title(evaluation.metric)
    columns: Columns = {"Of these only": "text", "Test rows": "number", f"{title} (95% interval)": "number"}
    return [TableBlock("The same score on fewer rows", {**columns, "Note": "text"}, rows)] if rows else []


def _within_clusters(evaluation: Evaluation) -> list[Block]:
    """The clusters whose own scores matter, where few judge or one holds most test units."""
    title = metric_title(evaluation.metric)
    rows = [
        [part.cluster, count(part.units), share(part.share, 1), with_interval(part.metric)]
        for part in evaluation.within_clusters
    ]
    columns: Columns = {
        "Cluster": "text",
        f"Test {evaluation.unit}": "number",
        "Share": "number",
        f"{title} within it": "number",
    }
    caption = "Clusters by themselves: these intervals are of more units of the same cluster, not of other clusters"
    return [TableBlock(caption, columns, rows)] if rows else []


def _challenge(evaluation: Evaluation) -> list[Block]:
    """Against published models: the one that serves, and the best so far; nothing where none does."""
    challenge = evaluation.challenge
    if challenge is None:
        return []
    said = [_beside(challenge, "the model that serves")]
    return [*said, *([_beside(challenge.best, "the best model published so far")] if challenge.best else [])]


def _beside(challenge: Challenge, what: str) -> Paragraph:
    other = f"{what} (judged in run {challenge.serving[:8]})"
    if challenge.lift is None:
        return Paragraph(f"Not compared with {other}: {challenge.message}.")
    margin = f", and up to {number(challenge.margin)} worse is let pass" if challenge.margin else ""
    judgement = f"{with_interval(challenge.lift)} (plus is better), {decisive(challenge.lift).text}"
    said = f"Against {other}: {judgement}{margin}; {challenge.message}."
    if challenge.old_lift:
        old = f"{with_interval(challenge.old_lift)}, {decisive(challenge.old_lift).text}"
        said += f" On the {challenge.old_units:,} of them that were there before the new rows: {old}."
    return Paragraph(said)


def _steps(chosen: Champion) -> list[Block]:
    """What was tried with the champion after the choice."""
    if not chosen.steps:
        return []
    rows: list[list[Cell]] = [
        [step.name, "taken" if step.taken else "not taken", with_error(step.advantage), step.message]
        for step in chosen.steps
    ]
    columns: Columns = {"Step": "text", "Result": "text", "Advantage": "number", "In words": "text"}
    return [TableBlock("Steps after the choice: taken where the advantage exceeds one standard error", columns, rows)]


def _spread(evaluation: Evaluation) -> list[Block]:
    """What would move the score, each part as a standard deviation."""
    spread = evaluation.spreads.get("score")
    if spread is None:
        return []
    shares = spread.shares
    rows = [
        [words, number(getattr(spread, name)), share(shares[name], 1) if name in shares else NOT_MEASURED]
        for name, words in SPREAD.items()
    ]
    title = metric_title(evaluation.metric)
    columns: Columns = {"Source": "text", f"Standard deviation, {title}": "number", "Share of the variance": "number"}
    return [TableBlock("Why the score would be another one next time", columns, rows)]


def _seeds(evaluation: Evaluation) -> list[Block]:
    seeds, title = evaluation.champion.seeds, metric_title(evaluation.metric)
    if not seeds:
        return [Paragraph(f"Spread over seeds: {NOT_MEASURED}.")]
    if len(set(seeds.values())) == 1:
        return [Paragraph("Spread over seeds: none. Fitting this champion draws nothing at random.")]
    scores = list(seeds.values())
    apart = stdev(scores)
    columns: Columns = {"Seed": "text", title: "number"}
    rows = [list(row) for row in zip(map(str, seeds), numbers(scores, apart), strict=True)]
    spread = f"Standard deviation over {len(seeds)} seeds: {number(apart)} {title}."
    return [TableBlock("The champion trained again with other seeds", columns, rows), Paragraph(spread)]


def _repeated(evaluation: Evaluation) -> list[Block]:
    """The champion on other divisions of the rows that are not sealed; nothing in records made before that."""
    repeated = evaluation.repeated
    if repeated is None:
        return []
    note = [Paragraph(f"Repeated splits: {repeated.note}.")] if repeated.note else []
    rows = [
        [
            str(number),
            count(split.learned),
            count(split.held_out),
            with_error(split.score),
            with_error(split.lift),
            with_error(split.lift_over_simple),
        ]
        for number, split in enumerate(repeated.splits, start=1)
    ]
    columns: Columns = {
        "Split": "text",
        "Rows learned from": "number",
        f"{evaluation.unit.capitalize()} held out": "number",
        metric_title(evaluation.metric): "number",
        "Lift over the trivial baseline": "number",
        "Lift over the simple model": "number",
    }
    caption = "The champion on other splits of the rows that are not sealed (± one standard error)"
    return [*([TableBlock(caption, columns, rows)] if rows else []), *note]


def _test_accesses(evaluation: Evaluation) -> str:
    before, part = evaluation.test_accesses - 1, evaluation.test_rows_opened_before
    if before == 0:
        return "The sealed test has been opened once: this judgement is the first."
    which = f"{percent(part)} of its rows" if part is not None else "its rows"
    return (
        f"The sealed test has been opened {evaluation.test_accesses} times, this time included: {which} had been "
        f"opened {before} times or more before. Every opening makes the numbers a little more optimistic."
    )
