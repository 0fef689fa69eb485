"""What follows from an evaluation, in one sentence and a few facts.

Belongs here: the rule from gates and lifts to an outcome, and what could sink it. Does not belong here: the gates
(`gates`), what an evaluation does not show (`limits`), or publishing (`assets`).
"""

from modeling.core.digits import number, together, with_interval
from modeling.core.intervals import FEWEST_CLUSTERS
from modeling.core.record import Evaluation, Lift, Verdict
from modeling.evaluation.gain import is_shown

MOST_FACTS = 3


def verdict(evaluation: Evaluation, title: str) -> Verdict:
    """Held back where a gate is not met or the trivial model is champion; gain not shown where that the champion is
    better than the simple model is not decisive, seeds and splits counted; else published.

    `title` is the metric's name for people.
    """
    facts = _facts(evaluation, title)
    missed = [gate.message for gate in evaluation.gates if not gate.passed]
    champion, trivial = evaluation.champion.learner, evaluation.baseline.learner
    if champion == trivial:
        reason = f"Nothing tried was shown to be better than {trivial} where the champion was chosen; use {trivial}."
        return Verdict(outcome="held back", reason=reason, facts=facts)
    if missed:
        return Verdict(outcome="held back", reason=f"Not met: {'; '.join(missed)}.", facts=facts)
    over = evaluation.lift_over_simple
    if over is None:
        reason = f"All gates are met by {champion}; there is no simple model beside it."
        return Verdict(outcome="published", reason=reason, facts=facts)
    if champion == over.over:
        reason = f"All gates are met by {champion}, the simple model; nothing dearer was shown to be worth its cost."
        return Verdict(outcome="published", reason=reason, facts=facts)
    if is_shown(over, evaluation.spreads.get("lift_over_simple")):
        reason = f"All gates are met, and {champion} is decisively better than {over.over}: {_in_words(over, title)}."
        return Verdict(outcome="published", reason=reason, facts=facts)
    reason = f"All gates are met, but it is not shown that {champion} beats {over.over}: {_in_words(over, title)}."
    return Verdict(outcome="gain not shown", reason=reason, facts=facts)


def _facts(evaluation: Evaluation, title: str) -> list[str]:
    """The gravest first."""
    found = [
        *_few_groups(evaluation),
        *_not_decisive(evaluation, title),
        *_calibration(evaluation),
        *_threshold(evaluation),
        *_seeds(evaluation, title),
        *_accesses(evaluation),
        *evaluation.seen_of_test,
    ]
    return found[:MOST_FACTS]


def _few_groups(evaluation: Evaluation) -> list[str]:
    groups = evaluation.groups
    if groups is None or groups >= FEWEST_CLUSTERS:
        return []
    held = "one group" if groups == 1 else f"{groups} groups"
    return [f"The test holds {held} only; nothing is decisive on fewer than {FEWEST_CLUSTERS}."]


def _not_decisive(evaluation: Evaluation, title: str) -> list[str]:
    lifts = (evaluation.lift, evaluation.lift_over_simple)
    open_ones = [one for one in lifts if one and not one.decisive and one.over != evaluation.champion.learner]
    return [f"The gain over {one.over} is not decisive: {_in_words(one, title)}." for one in open_ones]


def _calibration(evaluation: Evaluation) -> list[str]:
    """A slope whose interval excludes 1."""
    slope = evaluation.calibration.slope if evaluation.calibration else None
    if slope is None or slope.low is None or slope.high is None or slope.low <= 1 <= slope.high:
        return []
    promise = "too much" if slope.high < 1 else "too little"
    ends = with_interval(slope.value, slope.low, slope.high)
    return [f"Its probabilities promise {promise}: the calibration slope is {ends}, and 1 is right."]


def _threshold(evaluation: Evaluation) -> list[str]:
    """What the threshold promised on choosing units and the test does not keep."""
    promises = evaluation.decision.promises if evaluation.decision else {}
    return [
        f"At the threshold the {name} moved by {number(one.change.value, '+')} from {number(one.validation.value)} on "
        "validation."
        for name, one in promises.items()
        if one.moved
    ]


def _seeds(evaluation: Evaluation, title: str) -> list[str]:
    """Seeds that lie further apart than half the interval of the test rows."""
    scores, interval = evaluation.champion.seeds.values(), evaluation.champion.test[evaluation.metric]
    if len(scores) < 2 or interval.low is None or interval.high is None:
        return []
    if max(scores) - min(scores) <= (interval.high - interval.low) / 2:
        return []
    return [f"Trained with other seeds, {title} on the test is {' to '.join(together([min(scores), max(scores)]))}."]


def _accesses(evaluation: Evaluation) -> list[str]:
    times = evaluation.test_accesses
    return [] if times <= 1 else [f"The sealed test has been opened {times} times; its scores flatter a little."]


def _in_words(lift: Lift, title: str) -> str:
    if lift.low is None or lift.high is None:
        return f"{title} {number(lift.value, '+')}, without an interval"
    return f"{title} {with_interval(lift.value, lift.low, lift.high, '+')}"
