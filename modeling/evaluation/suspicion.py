"""Is the champion too good to be true?

Belongs here: the finding about a nearly perfect champion, and the features it hangs on. Does not belong here: a feature
or a formula that is the target (`modeling.core.leakage`, which sees no model).
"""

from catalogue.definition import UseCase
from modeling.core.digits import number
from modeling.core.leakage import Known
from modeling.core.record import Evaluation, LeakageFinding

NEARLY_PERFECT = {
    "r2": 0.999,
    "roc_auc": 0.99,
    "average_precision": 0.99,
    "accuracy": 0.99,
    "macro_f1": 0.99,
    "uno_concordance": 0.99,
    "harrell_concordance": 0.99,
}
TRIVIAL = 0.95
"""Score of the trivial learner from which on a nearly perfect one says nothing."""
LEANING = 0.1
"""Of the loss from shuffling the leading feature: features that lose less are not asked about."""
MOST_NAMED = 5


def suspicion(use_case: UseCase, evaluation: Evaluation) -> LeakageFinding:
    """A nearly perfect test score is itself a finding: most often, something is known only after the event.

    An error, which holds publication back until the use case says (`columns.known_at`) that the features the champion
    hangs on are known before or at the moment of prediction; then it is a warning, and the statement is part of the
    record: who signs the verdict signs it too.
    """
    reached = _reached(evaluation)
    leaning, known = _leaning(use_case, evaluation), Known(use_case)
    return LeakageFinding(
        name="nearly_perfect",
        passed=not reached,
        severity=known.severity(leaning),
        message=f"too good to be true? {', '.join(reached)}; {known.question(leaning)}"
        if reached
        else "the champion is not nearly perfect",
        examples=leaning if reached else [],
    )


def _reached(evaluation: Evaluation) -> list[str]:
    """The metrics that are nearly perfect, with their values."""
    scores, trivial = evaluation.champion.test, evaluation.baseline.test
    return [
        f"{name} {number(scores[name].value)}"
        for name, bound in NEARLY_PERFECT.items()
        if name in scores and scores[name].value > bound and not (name in trivial and trivial[name].value >= TRIVIAL)
    ]


def _leaning(use_case: UseCase, evaluation: Evaluation) -> list[str]:
    """The features whose shuffling costs the champion most; the content, or all features, where none was shuffled."""
    importances = evaluation.explanation.importances if evaluation.explanation else []
    named = [one for one in importances if one.feature in evaluation.features or "." in one.feature]
    if not named or use_case.columns.content:
        return use_case.columns.content or evaluation.features[:MOST_NAMED]
    least = LEANING * named[0].loss
    return [one.feature for one in named if one.loss > 0 and one.loss >= least][:MOST_NAMED]
