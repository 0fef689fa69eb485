"""The report on one use case.

Belongs here: the headline and the order of the sections. Does not belong here: a section's content (`sections`).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from catalogue.definition import ColumnDescription
from modeling.core.record import Evaluation, Lift, Spread
from modeling.core.report import Report
from modeling.reports.document import Document, Link, Measure, Section
from modeling.reports.judgements import decisive, evidence_badge, evidence_warning, failed_gates, outcome
from modeling.reports.rendering import render as render_document
from modeling.reports.sections import behaviour, data, trust
from modeling.reports.sections.calibration import calibration
from modeling.reports.sections.candidates import candidates, cost
from modeling.reports.sections.champion import champion, comparison
from modeling.reports.sections.chapters import chapters
from modeling.reports.sections.decision import decision
from modeling.reports.sections.importance import importance
from modeling.reports.sections.points import points
from modeling.reports.sections.slices import slices
from modeling.reports.wording import (
    NOT_MEASURED,
    count,
    is_simple,
    learner_name,
    lift_over_simple,
    member_weights,
    metric_title,
    spread_in_words,
    value_and_bounds,
    with_interval,
)

_CONSEQUENCES = {
    "published": "The champion may serve.",
    "gain not shown": "The champion may serve, but nothing shows yet that it is worth more than the simple model.",
    "held back": "The champion may not serve; what served before stays.",
}


def render(
    evaluation: Evaluation,
    dictionary: Mapping[str, ColumnDescription] | None = None,
    trail: Sequence[Link] = (),
) -> Report:
    """The whole judgement on one use case; `json` is the record itself. `dictionary`: what columns mean, `trail`: the
    reports above this one."""
    dictionary = dictionary or {}
    document = Document(
        kind="Use case report",
        title=evaluation.title,
        lead=evaluation.question,
        badges=[evidence_badge(evaluation)],
        origin=f"Data: {evaluation.citation.strip().rstrip('.')}. Licence: {evaluation.licence}.",
        warning=evidence_warning(evaluation),
        verdict=outcome(evaluation),
        verdict_reasons=_reasons(evaluation),
        points=points(evaluation, dictionary),
        trail=trail,
        measures=_measures(evaluation),
        summary=_summary(evaluation),
        blocks=[comparison(evaluation)],
        sections=_sections(evaluation, dictionary),
        footer=f"{evaluation.use_case}, run {evaluation.provenance.run_id}, {evaluation.provenance.finished_at}.",
    )
    return render_document(document, evaluation.model_dump_json(indent=2))


def _sections(evaluation: Evaluation, dictionary: Mapping[str, ColumnDescription]) -> list[Section]:
    """What a task shows itself may stand for what it has no use for: then those sections are left out."""
    before = [partial(data.data, dictionary=dictionary), data.contract, data.split, candidates, champion]
    about = [
        section
        for section, measured in _about_predictions(evaluation, dictionary)
        if measured or not evaluation.chapters
    ]
    after = [cost, trust.gates, trust.limits, trust.provenance]
    return [
        *(section(evaluation) for section in before),
        *chapters(evaluation),
        *(section(evaluation) for section in (*about, *after)),
    ]


def _about_predictions(
    evaluation: Evaluation, dictionary: Mapping[str, ColumnDescription]
) -> list[tuple[Callable[[Evaluation], Section], bool]]:
    """Sections on predictions in general, and whether the record has what they show."""
    of_outcome = {
        0: [(behaviour.residuals, bool(evaluation.curves))],
        2: [
            (behaviour.curves, bool(evaluation.curves)),
            (calibration, evaluation.calibration is not None),
            (decision, evaluation.decision is not None),
        ],
    }
    several = [
        (calibration, evaluation.calibration is not None),
        (behaviour.confusion, evaluation.confusion is not None),
    ]
    return [
        *of_outcome.get(len(evaluation.classes), several),
        (partial(importance, dictionary=dictionary), evaluation.explanation is not None),
        (slices, bool(evaluation.slices)),
    ]


def _reasons(evaluation: Evaluation) -> list[str]:
    """The reason, what follows, and every failed gate; a reason that only lists these is said by their number."""
    verdict = evaluation.verdict
    failed = [gate.message for gate in failed_gates(evaluation)]
    named = [message for message in failed if message in verdict.reason]
    several = len(failed) > 1 and named == failed
    reason = f"{len(failed)} of {len(evaluation.gates)} gates are not met." if several else verdict.reason
    listed = failed if several else [message for message in failed if message not in named]
    return [reason, _CONSEQUENCES[verdict.outcome], *(f"✗ {message}." for message in listed)]


def _measures(evaluation: Evaluation) -> list[Measure]:
    chosen, title = evaluation.champion, metric_title(evaluation.metric)
    value, bounds = value_and_bounds(chosen.test[evaluation.metric])
    return [
        Measure("Champion", chosen.learner, member_weights(chosen.members)),
        Measure(f"{title} on the sealed test", value, _bounds_in_words(evaluation, bounds)),
        _lift_measure("Lift over the trivial baseline", evaluation.lift, evaluation.spreads.get("lift")),
        Measure("Lift over the simple model", "–", "the champion is the simple model")
        if is_simple(evaluation)
        else _lift_measure(
            "Lift over the simple model", lift_over_simple(evaluation), evaluation.spreads.get("lift_over_simple")
        ),
    ]


def _bounds_in_words(evaluation: Evaluation, bounds: str) -> str:
    """The interval of the test rows, the one that carries seeds and splits, and the score without twins."""
    twins = evaluation.without_twins
    said = [
        f"95% interval {bounds}" if bounds else "",
        spread_in_words(evaluation.spreads.get("score")),
        f"{with_interval(twins.metric)} on the {count(twins.rows)} without near twins" if twins else "",
    ]
    return "; ".join(filter(None, said))


def _lift_measure(label: str, lift: Lift | None, spread: Spread | None) -> Measure:
    value, bounds = value_and_bounds(lift)
    said = [f"95% interval {bounds}" if bounds else "", spread_in_words(spread, sign="+")]
    return Measure(label, value, "; ".join(filter(None, said)), decisive(lift) if lift else None)


def _summary(evaluation: Evaluation) -> list[str]:
    chosen, title = evaluation.champion, metric_title(evaluation.metric)
    learner = learner_name(chosen.learner, chosen.members)
    return [
        f"On {count(evaluation.units)} test {evaluation.unit} that no model had seen, {learner} reached "
        f"{title} {with_interval(chosen.test[evaluation.metric])}. "
        f"{_compared(evaluation.lift, 'the trivial baseline')} {_compared_with_simple(evaluation)}"
    ]


def _compared_with_simple(evaluation: Evaluation) -> str:
    lift = lift_over_simple(evaluation)
    if lift is not None:
        return _compared(lift, f"the simple model ({lift.over})")
    if is_simple(evaluation):
        return "The champion is the simple model."
    return f"The lift over a simple model was {NOT_MEASURED}."


def _compared(lift: Lift, other: str) -> str:
    value, _ = value_and_bounds(lift)
    return f"That is {value.lstrip('+−')} {'better' if lift.value >= 0 else 'worse'} than {other}, {_judgement(lift)}."


def _judgement(lift: Lift) -> str:
    if lift.decisive:
        return "which is decisive: the interval excludes zero"
    if lift.low is None or lift.high is None:
        return f"which is not decisive: the interval was {NOT_MEASURED}"
    why = "the interval includes zero" if lift.low <= 0 <= lift.high else lift.note
    return f"which is not decisive: {why}"
