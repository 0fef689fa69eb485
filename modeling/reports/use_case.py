"""The report on one use case.

Belongs here: the headline and the order of the sections. Does not belong here: a section's content (`sections`).
"""

from collections.abc import Callable

from modeling.core.record import Evaluation, Lift
from modeling.core.report import Report
from modeling.reports.document import Document, Measure, Section
from modeling.reports.rendering import render as render_document
from modeling.reports.sections import behaviour, data, models, trust
from modeling.reports.sections.chapters import chapters
from modeling.reports.sections.importance import importance
from modeling.reports.sections.slices import slices
from modeling.reports.wording import (
    NOT_MEASURED,
    count,
    decisive,
    evidence_badge,
    evidence_warning,
    failed_gates,
    learner_name,
    lift_over_simple,
    member_weights,
    metric_title,
    publication,
    value_and_bounds,
    with_interval,
)


def render(evaluation: Evaluation) -> Report:
    """The whole judgement on one use case; `json` is the record itself."""
    document = Document(
        kind="Use case report",
        title=evaluation.title,
        lead=evaluation.question,
        badges=[evidence_badge(evaluation)],
        origin=f"Data: {evaluation.citation.strip().rstrip('.')}. Licence: {evaluation.licence}.",
        warning=evidence_warning(evaluation),
        verdict=publication(evaluation),
        verdict_reasons=_reasons(evaluation),
        measures=_measures(evaluation),
        summary=_summary(evaluation),
        blocks=[models.comparison(evaluation)],
        sections=_sections(evaluation),
        footer=f"{evaluation.use_case}, run {evaluation.provenance.run_id}, {evaluation.provenance.finished_at}.",
    )
    return render_document(document, evaluation.model_dump_json(indent=2))


def _sections(evaluation: Evaluation) -> list[Section]:
    """What a task shows itself may stand for what it has no use for: then those sections are left out."""
    before = [data.data, data.contract, data.split, models.candidates, models.champion]
    about = [section for section, measured in _about_predictions(evaluation) if measured or not evaluation.chapters]
    after = [models.cost, trust.gates, trust.limits, trust.provenance]
    return [
        *(section(evaluation) for section in before),
        *chapters(evaluation),
        *(section(evaluation) for section in (*about, *after)),
    ]


def _about_predictions(evaluation: Evaluation) -> list[tuple[Callable[[Evaluation], Section], bool]]:
    """Sections on predictions in general, and whether the record has what they show."""
    of_outcome = {
        0: [(behaviour.residuals, bool(evaluation.curves))],
        2: [
            (behaviour.curves, bool(evaluation.curves)),
            (behaviour.calibration, evaluation.calibration is not None),
            (behaviour.decision, evaluation.decision is not None),
        ],
    }
    several = [
        (behaviour.calibration, evaluation.calibration is not None),
        (behaviour.confusion, evaluation.confusion is not None),
    ]
    return [
        *of_outcome.get(len(evaluation.classes), several),
        (importance, evaluation.explanation is not None),
        (slices, bool(evaluation.slices)),
    ]


def _reasons(evaluation: Evaluation) -> list[str]:
    failed, total = failed_gates(evaluation), len(evaluation.gates)
    if not total:
        return ["No gate was set."]
    if not failed:
        return [f"{total} of {total} gates passed."]
    return [f"{len(failed)} of {total} gates failed:", *(f"✗ {gate.message}." for gate in failed)]


def _measures(evaluation: Evaluation) -> list[Measure]:
    champion, title = evaluation.champion, metric_title(evaluation.metric)
    value, bounds = value_and_bounds(champion.test[evaluation.metric])
    return [
        Measure("Champion", champion.learner, member_weights(champion.members)),
        Measure(f"{title} on the sealed test", value, bounds and f"95% interval {bounds}"),
        _lift_measure("Lift over the trivial baseline", evaluation.lift),
        _lift_measure("Lift over the simple model", lift_over_simple(evaluation)),
    ]


def _lift_measure(label: str, lift: Lift | None) -> Measure:
    value, bounds = value_and_bounds(lift)
    return Measure(label, value, bounds and f"95% interval {bounds}", decisive(lift) if lift else None)


def _summary(evaluation: Evaluation) -> list[str]:
    champion, title = evaluation.champion, metric_title(evaluation.metric)
    learner = learner_name(champion.learner, champion.members)
    return [
        f"On {count(evaluation.units)} test {evaluation.unit} that no model had seen, {learner} reached "
        f"{title} {with_interval(champion.test[evaluation.metric])}. "
        f"{_compared(evaluation.lift, 'the trivial baseline')} {_compared_with_simple(evaluation)}"
    ]


def _compared_with_simple(evaluation: Evaluation) -> str:
    lift, simple = lift_over_simple(evaluation), evaluation.simple
    if lift is not None:
        return _compared(lift, f"the simple model ({lift.over})")
    if simple is not None and simple.learner == evaluation.champion.learner:
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
