"""May the champion be published?

Belongs here: holding an evaluation against the use case's bounds, in words. The unfavourable end of an interval must
meet its bound, not the point. Does not belong here: measuring anything, the champion beside published models
(`challenge`), what one task alone asks (`Task.gates`), or what follows from a gate that is not met (`verdict`). A bound
that could not be measured is not met, nor is one that a useless model would meet.
"""

from dataclasses import dataclass

from catalogue.definition import Gates
from modeling.core.digits import number, with_interval
from modeling.core.record import Evaluation, Gate, Interval, Lift, Spread
from modeling.evaluation.challenge import challenge_gate
from modeling.evaluation.gain import is_shown, is_worse


def gates(bounds: Gates, evaluation: Evaluation, title: str) -> list[Gate]:
    """Every bound that is set, then what is always asked. `title` is the metric's name for people."""
    spreads = evaluation.spreads
    bounded = [
        _metric(bounds.min_metric, evaluation, title),
        _lift("min_lift_over_baseline", bounds.min_lift_over_baseline, evaluation.lift, title, spreads.get("lift")),
        _over_simple(bounds.min_lift_over_simple, evaluation, title),
        _calibration(bounds.max_calibration_error, evaluation),
        _slice_gap(bounds.max_slice_gap, evaluation, title),
        _speed(bounds.min_predictions_per_second, evaluation),
        _events(bounds.min_events, evaluation),
    ]
    always = [
        *_gain_over_simple(evaluation, title),
        _work_complete(evaluation),
        _no_leakage(evaluation),
        _evidence_is_real(evaluation),
    ]
    challenged = [challenge_gate(evaluation.challenge, title)] if evaluation.challenge else []
    return [*(gate for gate in bounded if gate), *always, *challenged]


@dataclass(frozen=True)
class _Bound:
    """What is asked: at least, or at most, `value`; `strictly`: the bound itself does not meet it."""

    name: str
    what: str
    value: float
    at_least: bool = True
    strictly: bool = False

    def met(self, value: float) -> bool:
        if value == self.value:
            return not self.strictly
        return (value > self.value) == self.at_least

    @property
    def asked(self) -> str:
        if self.strictly:
            return f"{'more' if self.at_least else 'less'} than {number(self.value)} is asked"
        return f"{'at least' if self.at_least else 'at most'} {number(self.value)} is asked"

    def held(self, measured: Interval | None, useless: str = "") -> Gate:
        """The gate. `useless`: why a model without use would meet the bound, and what to do; empty where none would."""
        if measured is None or measured.low is None or measured.high is None:
            lacking = (
                "could not be measured" if measured is None else f"is {number(measured.value)} without an interval"
            )
            return self._gate(measured, False, f"{self.what} {lacking}; {self.asked}")
        end = measured.low if self.at_least else measured.high
        side = "lower" if self.at_least else "upper"
        message = (
            f"{self.what} is {with_interval(measured.value, measured.low, measured.high)}; {self.asked} of the "
            f"{side} end"
        )
        return self._gate(measured, self.met(end) and not useless, "; ".join(filter(None, (message, useless))))

    def _gate(self, measured: Interval | None, passed: bool, message: str) -> Gate:
        found = {} if measured is None else {"low": measured.low, "high": measured.high}
        value = None if measured is None else measured.value
        return Gate(name=self.name, bound=self.value, measured=value, passed=passed, message=message, **found)


def _metric(bound: float | None, evaluation: Evaluation, title: str) -> Gate | None:
    if bound is None:
        return None
    asked = _Bound("min_metric", f"{title} on the sealed test", bound, at_least=evaluation.greater_is_better)
    trivial = evaluation.baseline.test.get(evaluation.metric)
    useless = ""
    if trivial is not None and asked.met(trivial.value):
        useless = (
            f"but {evaluation.baseline.learner}, which learns nothing, meets this bound with {number(trivial.value)}: "
            "set `gates: min_metric` beyond that"
        )
    measured = evaluation.champion.test[evaluation.metric]
    return asked.held(measured.carrying(evaluation.spreads.get("score")), useless)


def _lift(name: str, bound: float, lift: Lift, title: str, spread: Spread | None) -> Gate:
    return _Bound(name, f"lift in {title} over {lift.over}", bound, strictly=bound == 0).held(lift.carrying(spread))


def _over_simple(bound: float | None, evaluation: Evaluation, title: str) -> Gate | None:
    """The simple model need not beat itself."""
    name, simple, lift = "min_lift_over_simple", evaluation.simple, evaluation.lift_over_simple
    if bound is None:
        return None
    if simple is None or lift is None:
        return _Bound(name, f"lift in {title} over a simple model", bound).held(None)
    if simple.learner == evaluation.champion.learner:
        message = f"the champion is the simple model itself, {simple.learner}"
        return Gate(name=name, bound=bound, measured=None, passed=True, message=message)
    return _lift(name, bound, lift, title, evaluation.spreads.get(name.removeprefix("min_")))


def _calibration(bound: float | None, evaluation: Evaluation) -> Gate | None:
    if bound is None:
        return None
    asked = _Bound("max_calibration_error", "calibration error", bound, at_least=False)
    found, useless = evaluation.calibration, ""
    rarer = sorted(evaluation.target_summary[name] for name in evaluation.classes)[:-1]
    if rarer and bound >= sum(rarer):
        useless = (
            f"but calling every row by the commonest class, for certain, errs by {number(sum(rarer))} and meets this "
            "bound: set `gates: max_calibration_error` well below that"
        )
    return asked.held(found and found.error, useless)


def _slice_gap(bound: float | None, evaluation: Evaluation, title: str) -> Gate | None:
    if bound is None:
        return None
    gap = evaluation.largest_slice_gap
    between = f", {gap.column} {gap.better} and {gap.worse}" if gap else ""
    what = f"largest gap in {title} between slices{between}"
    return _Bound("max_slice_gap", what, bound, at_least=False).held(gap and gap.gap)


def _speed(bound: float | None, evaluation: Evaluation) -> Gate | None:
    """A measurement of this machine, which has no interval."""
    if bound is None:
        return None
    speed = evaluation.champion.predictions_per_second
    message = f"predictions per second are {number(speed)}; at least {number(bound)} is asked"
    passed = speed >= bound
    return Gate(name="min_predictions_per_second", bound=bound, measured=speed, passed=passed, message=message)


def _events(bound: int, evaluation: Evaluation) -> Gate | None:
    """Only where they are too few: whatever is measured on them is chance, and so is its interval."""
    of_class = [sum(row) for row in evaluation.confusion or []]
    events = sum(of_class) - max(of_class, default=0)
    if not of_class or events >= bound:
        return None
    message = (
        f"{events:,} of {sum(of_class):,} test rows are of another class than the commonest; at least {bound:,} are "
        "asked: deliver more rows of the rare classes"
    )
    return Gate(name="min_events", bound=bound, measured=events, passed=False, message=message)


def _gain_over_simple(evaluation: Evaluation, title: str) -> list[Gate]:
    """What is worse than the simple model is not published; the simple and the trivial one are exempt."""
    name, lift = "gain_over_simple", evaluation.lift_over_simple
    if lift is None or evaluation.champion.learner in (lift.over, evaluation.baseline.learner):
        return []
    if lift.high is None:
        return [_Bound(name, f"gain in {title} over {lift.over}", 0).held(lift)]
    standing = "not shown to be better or worse"
    if is_worse(lift):
        standing = "worse"
    elif is_shown(lift, evaluation.spreads.get("lift_over_simple")):
        standing = "shown to be better"
    message = f"{title} is {_signed(lift)} against the simple model, {lift.over}: {standing}"
    ends = {"low": lift.low, "high": lift.high}
    return [Gate(name=name, bound=0, measured=lift.value, passed=not is_worse(lift), message=message, **ends)]


def _work_complete(evaluation: Evaluation) -> Gate:
    cut = [f"{one.learner}: {one.cut}" for one in evaluation.candidates if one.cut]
    message = "no fit was cut short by a clock"
    if cut:
        message = f"{'; '.join(cut)}: a faster machine would decide otherwise; raise `time_limit`, or ask for less work"
    return Gate(name="work_complete", bound=0, measured=len(cut), passed=not cut, message=message)


def _no_leakage(evaluation: Evaluation) -> Gate:
    leaks = [finding for finding in evaluation.leakage if finding.severity == "error" and not finding.passed]
    message = "; ".join(f"{leak.name}: {leak.message}" for leak in leaks) or "the audit found no leakage"
    return Gate(name="no_leakage", bound=0, measured=len(leaks), passed=not leaks, message=message)


def _evidence_is_real(evaluation: Evaluation) -> Gate:
    real = evaluation.evidence == "real"
    message = "the data are real" if real else f"the data are {evaluation.evidence}: a demonstration, not for use"
    return Gate(name="evidence_is_real", bound=1, measured=float(real), passed=real, message=message)


def _signed(lift: Lift) -> str:
    ends = "" if lift.low is None or lift.high is None else f" ({lift.low:+,.4g} to {lift.high:+,.4g})"
    return f"{lift.value:+,.4g}{ends}"
