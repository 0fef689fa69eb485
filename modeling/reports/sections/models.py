"""Sections on the models: all candidates, the champion on the sealed test, what they cost.

Belongs here: scores and costs. Does not belong here: how the champion behaves beyond its score (`behaviour`).
"""

from statistics import stdev

from modeling.core.record import CandidateResult, Champion, Evaluation, Interval
from modeling.reports import charts
from modeling.reports.document import (
    Block,
    Bullets,
    Cell,
    Columns,
    FactList,
    Figure,
    Paragraph,
    Section,
    Status,
    TableBlock,
)
from modeling.reports.sections.figures import figure
from modeling.reports.wording import (
    NOT_MEASURED,
    SPREAD,
    advantage,
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
    share,
    with_interval,
)


def candidates(evaluation: Evaluation) -> Section:
    """Every candidate with its validation scores, and how far it is from the best."""
    rows = evaluation.candidates
    reasons = [f"Device {row.device}: {row.device_reason}." for row in rows]
    cuts = [f"{row.learner} was cut short by a clock: {row.cut}" for row in rows if row.cut]
    notes = [f"{row.learner}: {note}" for row in rows for note in row.notes]
    remarks = list(dict.fromkeys(cuts + reasons + notes))
    return Section(
        id="candidates",
        title="All candidates",
        reading="Every model that was tried. The champion was chosen here, on validation rows, before the sealed test "
        "was opened.",
        term=f"Chosen: {evaluation.champion.chosen_by}. Learning curves show the loss each learner minimises; their "
        "scales differ.",
        blocks=[
            _validation_scores(evaluation),
            *_standing(evaluation),
            _costs(evaluation),
            *([Bullets(remarks)] if remarks else []),
            *_learning(evaluation),
            *_parameters(rows),
        ],
    )


def _validation_scores(evaluation: Evaluation) -> TableBlock:
    rows = evaluation.candidates
    metrics = _primary_first(evaluation, {name for row in rows for name in row.validation})
    return TableBlock(
        "Candidates on the validation rows",
        {"Candidate": "text", "Family": "text", **{metric_title(name): "number" for name in metrics}},
        [[_name(row), row.family, *scores] for row, scores in zip(rows, _validation(rows, metrics), strict=True)],
    )


def _standing(evaluation: Evaluation) -> list[Block]:
    """How far each candidate is behind the best; nothing in records made before that was asked."""
    compared = [row for row in evaluation.candidates if row.best_ahead is not None]
    if not compared:
        return []
    title, best = metric_title(evaluation.metric), evaluation.champion.best
    rows: list[list[Cell]] = [
        [
            _name(row),
            "–" if row.learner == best else advantage(row.best_ahead),
            _rank(row, best),
        ]
        for row in compared
    ]
    columns: Columns = {"Candidate": "text", f"Behind by, {title}": "number", "Standing": "text"}
    caption = f"How far each is behind the best, {best}: paired difference ± one standard error, the cheapest first"
    return [TableBlock(caption, columns, rows)]


def _rank(candidate: CandidateResult, best: str) -> Status:
    if candidate.learner == best:
        return Status("best expected score", "good")
    if candidate.best_ahead is None or candidate.best_ahead.standard_error is None:
        return Status("not told apart")
    return Status("behind") if candidate.best_ahead.shown else Status("as good, within one standard error", "good")


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
            FactList({"Champion": learner_name(chosen.learner, chosen.members), "Chosen": chosen.chosen_by}),
            *_steps(chosen),
            _lifts(evaluation),
            _test_scores(evaluation),
            *_within_clusters(evaluation),
            *_challenge(evaluation),
            *_spread(evaluation),
            *_seeds(evaluation),
            Paragraph(_test_accesses(evaluation.test_accesses)),
        ],
    )


def _lifts(evaluation: Evaluation) -> TableBlock:
    lifts = [lift for lift in (evaluation.lift, lift_over_simple(evaluation)) if lift is not None]
    rows = [[f"over {lift.over}", with_interval(lift), decisive(lift), lift.note] for lift in lifts]
    columns: Columns = {"Lift": "text", "Better by (95% interval)": "number", "Judgement": "text", "Note": "text"}
    return TableBlock(f"Lift in {metric_title(evaluation.metric)}: plus is better", columns, rows)


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


def _spread(evaluation: Evaluation) -> list[Block]:
    """What would move the score, each part as a standard deviation."""
    spread = evaluation.spread
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


def _steps(chosen: Champion) -> list[Block]:
    """What was tried with the champion after the choice."""
    if not chosen.steps:
        return []
    rows: list[list[Cell]] = [
        [step.name, "taken" if step.taken else "not taken", advantage(step.advantage), step.message]
        for step in chosen.steps
    ]
    columns: Columns = {"Step": "text", "Result": "text", "Advantage": "number", "In words": "text"}
    return [TableBlock("Steps after the choice: taken where the advantage exceeds one standard error", columns, rows)]


def _seeds(evaluation: Evaluation) -> list[Block]:
    seeds, title = evaluation.champion.seeds, metric_title(evaluation.metric)
    if not seeds:
        return [Paragraph(f"Spread over seeds: {NOT_MEASURED}.")]
    if len(set(seeds.values())) == 1:
        return [Paragraph("Spread over seeds: none. Fitting this champion draws nothing at random.")]
    columns: Columns = {"Seed": "text", title: "number"}
    rows = [list(row) for row in zip(map(str, seeds), numbers(list(seeds.values())), strict=True)]
    spread = f"Standard deviation over {len(seeds)} seeds: {number(stdev(seeds.values()))} {title}."
    return [TableBlock("The champion trained again with other seeds", columns, rows), Paragraph(spread)]


def _test_accesses(accesses: int) -> str:
    if accesses == 1:
        return "The sealed test of this data version has been opened once: this judgement is the first."
    return (
        f"The sealed test of this data version has been opened {accesses} times, this time included. "
        "Every opening makes the numbers a little more optimistic."
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
