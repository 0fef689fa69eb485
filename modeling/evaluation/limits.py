"""What an evaluation does not show.

Belongs here: the caveats a reader must hear, drawn from the record itself. Does not belong here: the use case's own
(`limits` in its YAML come first and unchanged), or anything that stops publication (`gates`).
"""

from catalogue.definition import RandomSplit, UseCase
from modeling.core.digits import together
from modeling.core.record import Evaluation, Lift

FEW_ROWS_OF_A_CLASS = 100
FEW_GROUPS = 30
"""Of test units; on fewer the ends of an interval are unsure themselves."""


def limits(use_case: UseCase, evaluation: Evaluation) -> list[str]:
    """The use case's own limits, then what the evaluation knows, as sentences."""
    return [
        *use_case.limits,
        *(f"Seen of the sealed test: {seen}" for seen in use_case.seen_of_test),
        *_evidence(evaluation),
        *_test_accesses(evaluation),
        *_lifts(evaluation),
        *_few(evaluation),
        *_split(use_case),
        *_training(evaluation),
        *_explanation(evaluation),
        *_audit(evaluation),
    ]


def _evidence(evaluation: Evaluation) -> list[str]:
    if evaluation.evidence == "real":
        return []
    return [f"The data are {evaluation.evidence}: what is measured on them need not hold for real ones."]


def _test_accesses(evaluation: Evaluation) -> list[str]:
    before = evaluation.test_accesses - 1
    if before < 1:
        return []
    times = "once" if before == 1 else f"{before} times"
    share = evaluation.test_rows_opened_before
    which = "half or more" if share is None else f"{share:.0%}"
    return [
        f"Of the rows of the sealed test {which} had been opened {times} or more before: "
        "every access makes its scores a little too good."
    ]


def _lifts(evaluation: Evaluation) -> list[str]:
    lifts = (evaluation.lift, evaluation.lift_over_simple)
    return [
        _not_decisive(lift) for lift in lifts if lift and not lift.decisive and lift.over != evaluation.champion.learner
    ]


def _not_decisive(lift: Lift) -> str:
    if lift.low is None or lift.high is None:
        return f"The lift over {lift.over} is not decisive: no interval could be made."
    interval = f"its 95 % interval, {' to '.join(together([lift.low, lift.high]))},"
    if lift.low > 0 or lift.high < 0:
        return f"The lift over {lift.over} is not decisive, although {interval} excludes zero: {lift.note}."
    return f"The lift over {lift.over} is not decisive: {interval} includes zero."


def _few(evaluation: Evaluation) -> list[str]:
    few = [
        f"Only {sum(row):,} of {evaluation.rows.test:,} test rows are of the class {name!r}."
        for name, row in zip(evaluation.called, evaluation.confusion or [], strict=False)
        if sum(row) < FEW_ROWS_OF_A_CLASS
    ]
    if evaluation.groups is not None and evaluation.groups < FEW_GROUPS:
        few.append(f"The intervals rest on {evaluation.groups} groups of test rows; fewer than {FEW_GROUPS} is little.")
    return few


def _split(use_case: UseCase) -> list[str]:
    if not isinstance(use_case.split, RandomSplit):
        return []
    if use_case.columns.time is not None:
        return [f"Rows were split at random although {use_case.columns.time!r} orders them: the future may be harder."]
    return ["Rows were split at random: nothing is shown about a later time or another place."]


def _training(evaluation: Evaluation) -> list[str]:
    members = evaluation.champion.members
    return [
        f"{part.learner}: {note}" for part in evaluation.candidates if part.learner in members for note in part.notes
    ]


def _explanation(evaluation: Evaluation) -> list[str]:
    if evaluation.explanation is None or evaluation.explanation.holds:
        return []
    return ["The ranking of features does not hold: shuffling random ones costs as much as shuffling the leading ones."]


def _audit(evaluation: Evaluation) -> list[str]:
    return [finding.message for finding in evaluation.leakage if finding.severity == "warning" and not finding.passed]
