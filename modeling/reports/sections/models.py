"""Sections on the models: all candidates, the champion on the sealed test, what they cost.

Belongs here: scores and costs. Does not belong here: how the champion behaves beyond its score (`behaviour`).
"""

from statistics import stdev

from modeling.core.record import CandidateResult, Evaluation, Interval
from modeling.reports import charts
from modeling.reports.document import Block, Bullets, Columns, FactList, Figure, Paragraph, Section, TableBlock
from modeling.reports.sections.figures import figure
from modeling.reports.wording import (
    NOT_MEASURED,
    count,
    decisive,
    learner_name,
    lift_over_simple,
    listing,
    metric_meaning,
    metric_title,
    number,
    numbers,
    seconds,
    with_interval,
)


def candidates(evaluation: Evaluation) -> Section:
    """Every candidate with its validation scores."""
    rows = evaluation.candidates
    metrics = _primary_first(evaluation, {name for row in rows for name in row.validation})
    scores = TableBlock(
        "Candidates on the validation rows",
        {"Candidate": "text", "Family": "text", **{metric_title(name): "number" for name in metrics}},
        [[_name(row), row.family, *scores] for row, scores in zip(rows, _validation(rows, metrics), strict=True)],
    )
    reasons = [f"Device {row.device}: {row.device_reason}." for row in rows]
    notes = [f"{row.learner}: {note}" for row in rows for note in row.notes]
    remarks = list(dict.fromkeys(reasons + notes))
    return Section(
        id="candidates",
        title="All candidates",
        reading="Every model that was tried. The champion was chosen here, on validation rows, before the sealed test "
        "was opened.",
        term=f"Chosen by {evaluation.champion.chosen_by}. Learning curves show the loss each learner minimises; their "
        "scales differ.",
        blocks=[
            scores,
            _costs(evaluation),
            *([Bullets(remarks)] if remarks else []),
            *_learning(evaluation),
            *_parameters(rows),
        ],
    )


def _name(candidate: CandidateResult) -> str:
    return f"★ {candidate.learner} (champion)" if candidate.champion else candidate.learner


def _validation(rows: list[CandidateResult], metrics: list[str]) -> list[list[str]]:
    """Scores as text, a list a candidate; a metric's decimals agree between candidates."""
    columns = [numbers([row.validation.get(name) for row in rows]) for name in metrics]
    return [[column[index] for column in columns] for index in range(len(rows))]


def _primary_first(evaluation: Evaluation, names: set[str]) -> list[str]:
    return sorted(names, key=lambda name: (name != evaluation.metric, name))


def _costs(evaluation: Evaluation) -> TableBlock:
    columns: Columns = {
        "Candidate": "text",
        "Time": "number",
        "Peak memory": "number",
        "Predictions a second": "number",
        "Device": "text",
    }
    rows = [
        [
            _name(row),
            seconds(row.seconds),
            f"{count(round(row.peak_memory_mb))} MB",
            number(row.predictions_per_second),
            f"{row.device}, {row.precision}",
        ]
        for row in evaluation.candidates
    ]
    return TableBlock("What fitting them took", columns, rows)


def _learning(evaluation: Evaluation) -> list[Figure]:
    curves = {row.learner: charts.learning(row.curve) for row in evaluation.candidates if row.curve}
    if not curves:
        return []
    text = f"Loss on training and validation rows while {listing(list(curves))} learned."
    caption = (
        "Loss while learning, lower is better. Validation loss that rises while training loss falls is overfitting; "
        "the best point is the one kept."
    )
    return [figure(evaluation, charts.panels(curves, columns=3), text, caption)]


def _parameters(rows: list[CandidateResult]) -> list[TableBlock]:
    listed = [
        [row.learner, ", ".join(f"{name} = {value}" for name, value in row.parameters.items())]
        for row in rows
        if row.parameters
    ]
    columns: Columns = {"Candidate": "text", "Settings it was fitted with": "text"}
    return [TableBlock("Parameters", columns, listed)] if listed else []


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
            FactList({"Champion": learner_name(chosen.learner, chosen.members), "Chosen by": chosen.chosen_by}),
            _lifts(evaluation),
            _test_scores(evaluation),
            *_challenge(evaluation),
            *_seeds(evaluation),
            Paragraph(_test_accesses(evaluation)),
        ],
    )


def _lifts(evaluation: Evaluation) -> TableBlock:
    lifts = [lift for lift in (evaluation.lift, lift_over_simple(evaluation)) if lift is not None]
    rows = [[f"over {lift.over}", with_interval(lift), decisive(lift)] for lift in lifts]
    columns: Columns = {"Lift": "text", "Better by (95% interval)": "number", "Judgement": "text"}
    return TableBlock(f"Lift in {metric_title(evaluation.metric)}: plus is better", columns, rows)


def _challenge(evaluation: Evaluation) -> list[Block]:
    """Against the model that serves; nothing where none does."""
    challenge = evaluation.challenge
    if challenge is None:
        return []
    serving = f"the model that serves (judged in run {challenge.serving[:8]})"
    if challenge.lift is None:
        return [Paragraph(f"Not compared with {serving}: {challenge.message}.")]
    judgement = decisive(challenge.lift).text
    return [Paragraph(f"Better than {serving} by {with_interval(challenge.lift)}, {judgement}; {challenge.message}.")]


def _test_scores(evaluation: Evaluation) -> TableBlock:
    chosen, trivial, simple = evaluation.champion, evaluation.baseline, evaluation.simple
    tests: dict[str, dict[str, Interval]] = {f"{chosen.learner} (champion)": chosen.test}
    tests |= {f"{simple.learner} (simple)": simple.test} if simple else {}
    tests[f"{trivial.learner} (baseline)"] = trivial.test
    rows = [
        [metric_title(name), *(with_interval(test.get(name)) for test in tests.values()), metric_meaning(name)]
        for name in _primary_first(evaluation, set(chosen.test))
    ]
    columns: Columns = {"Metric": "text", **dict.fromkeys(tests, "number"), "What it says": "text"}
    return TableBlock("All metrics on the sealed test (95% intervals)", columns, rows)


def _seeds(evaluation: Evaluation) -> list[Block]:
    seeds = evaluation.champion.seeds
    title = metric_title(evaluation.metric)
    if not seeds:
        return [Paragraph(f"Spread over seeds: {NOT_MEASURED}.")]
    columns: Columns = {"Seed": "text", title: "number"}
    table = TableBlock(
        "The champion trained again with other seeds",
        columns,
        [list(row) for row in zip(map(str, seeds), numbers(list(seeds.values())), strict=True)],
    )
    if len(seeds) < 2:
        return [table]
    return [table, Paragraph(f"Standard deviation over {len(seeds)} seeds: {number(stdev(seeds.values()))} {title}.")]


def _test_accesses(evaluation: Evaluation) -> str:
    before, share = evaluation.test_accesses - 1, evaluation.test_rows_opened_before
    if before == 0:
        return "Most rows of the sealed test have been opened once: this judgement is the first."
    which = f"{share:.0%} of its rows" if share is not None else "Its rows"
    return (
        f"The sealed test is not new: {which} had been opened {before} times or more before. Every opening makes the "
        "numbers a little more optimistic."
    )


def cost(evaluation: Evaluation) -> Section:
    """Seconds, memory and speed of the fits."""
    memory = [row.peak_memory_mb for row in evaluation.candidates]
    facts = FactList(
        {
            "All fits and the evaluation": seconds(evaluation.seconds),
            "Highest peak memory of a fit": f"{count(round(max(memory)))} MB" if memory else NOT_MEASURED,
            "Champion's throughput": f"{number(evaluation.champion.predictions_per_second)} predictions a second",
            "Energy": NOT_MEASURED,
            "Price per 1,000": NOT_MEASURED,
        }
    )
    return Section(
        id="cost",
        title="Cost and time",
        reading="What training and using the model takes on the machine it was made on.",
        term="Wall-clock seconds; throughput on batches, without network or storage.",
        blocks=[facts],
    )
