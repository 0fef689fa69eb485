"""May the champion be published?

Belongs here: comparing an evaluation with the use case's bounds, in words. Does not belong here: measuring anything, or
the champion beside published models (`challenge`), or what
follows from a gate that is not met (`assets`). A bound that could not be measured is not met.
"""

from collections import defaultdict

from catalogue.definition import Gates
from modeling.core.record import Evaluation, Gate
from modeling.evaluation.challenge import challenge_gate


def gates(bounds: Gates, evaluation: Evaluation, title: str) -> list[Gate]:
    """Every bound that is set, then leakage and the kind of evidence. `title` is the metric's name for people."""
    champion = evaluation.champion
    over_simple = evaluation.lift_over_simple
    bounded = [
        _metric_gate(bounds.min_metric, evaluation, title),
        _at_least(
            "min_lift_over_baseline",
            f"lift in {title} over {evaluation.lift.over}",
            evaluation.lift.value,
            bounds.min_lift_over_baseline,
        ),
        _at_least(
            "min_lift_over_simple",
            f"lift in {title} over {over_simple.over if over_simple else 'a simple model'}",
            over_simple.value if over_simple else None,
            bounds.min_lift_over_simple,
        ),
        _at_most(
            "max_calibration_error",
            "calibration error",
            evaluation.calibration.error.value if evaluation.calibration else None,
            bounds.max_calibration_error,
        ),
        _at_most("max_slice_gap", f"largest gap in {title} between slices", _gap(evaluation), bounds.max_slice_gap),
        _at_least(
            "min_predictions_per_second",
            "predictions per second",
            champion.predictions_per_second,
            bounds.min_predictions_per_second,
        ),
    ]
    always = [_no_leakage(evaluation), _evidence_is_real(evaluation)]
    challenged = [challenge_gate(evaluation.challenge, title)] if evaluation.challenge else []
    return [*(gate for gate in bounded if gate), *always, *challenged]


def _metric_gate(bound: float | None, evaluation: Evaluation, title: str) -> Gate | None:
    measured = evaluation.champion.test[evaluation.metric].value
    check = _at_least if evaluation.greater_is_better else _at_most
    return check("min_metric", f"{title} on the sealed test", measured, bound)


def _at_least(name: str, what: str, measured: float | None, bound: float | None) -> Gate | None:
    met = measured is not None and bound is not None and measured >= bound
    return _gate(name, what, measured, bound, "at least", met)


def _at_most(name: str, what: str, measured: float | None, bound: float | None) -> Gate | None:
    met = measured is not None and bound is not None and measured <= bound
    return _gate(name, what, measured, bound, "at most", met)


def _gate(name: str, what: str, measured: float | None, bound: float | None, side: str, met: bool) -> Gate | None:
    if bound is None:
        return None
    if measured is None:
        message = f"{what} could not be measured; {side} {bound:,.4g} is asked"
    else:
        message = f"{what} is {measured:,.4g}; {side} {bound:,.4g} is asked"
    return Gate(name=name, bound=bound, measured=measured, passed=met, message=message)


def _gap(evaluation: Evaluation) -> float | None:
    """The largest difference between two scored levels of one column."""
    by_column: defaultdict[str, list[float]] = defaultdict(list)
    for part in evaluation.slices:
        if part.metric is not None:
            by_column[part.column].append(part.metric.value)
    return max((max(values) - min(values) for values in by_column.values() if len(values) > 1), default=None)


def _no_leakage(evaluation: Evaluation) -> Gate:
    leaks = [finding for finding in evaluation.leakage if finding.severity == "error" and not finding.passed]
    message = "; ".join(f"{leak.name}: {leak.message}" for leak in leaks) or "the audit found no leakage"
    return Gate(name="no_leakage", bound=0, measured=len(leaks), passed=not leaks, message=message)


def _evidence_is_real(evaluation: Evaluation) -> Gate:
    real = evaluation.evidence == "real"
    message = "the data are real" if real else f"the data are {evaluation.evidence}: a demonstration, not for use"
    return Gate(name="evidence_is_real", bound=1, measured=float(real), passed=real, message=message)
