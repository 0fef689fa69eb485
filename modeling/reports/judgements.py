"""Judgements as a reader sees them: coloured words.

Belongs here: outcomes, evidence, what passed and what is decisive. Does not belong here: numbers and names (`wording`),
or judging (`modeling.evaluation`).
"""

from collections import Counter
from collections.abc import Iterable

from modeling.core.record import Evaluation, Gate, Lift
from modeling.reports.document import Status
from modeling.reports.wording import NOT_MEASURED

NOT_DECISIVE = "not decisive"
_OUTCOMES = {
    "published": Status("✓ Published", "good"),
    "gain not shown": Status("≈ Gain not shown", "caution"),
    "held back": Status("✗ Held back", "bad"),
}
_EVIDENCE = {
    "real": Status("REAL DATA", "good"),
    "perturbed": Status("PERTURBED DATA", "caution"),
    "simulated": Status("SIMULATED DATA", "caution"),
}

_EVIDENCE_WARNINGS = {
    "perturbed": "Perturbed data: values were altered before they were released, for instance to protect people. "
    "The numbers below demonstrate the method; they are not evidence about real cases.",
    "simulated": "Simulated data: the rows come out of a simulator. "
    "The numbers below hold in that simulator; they are not evidence about the real world.",
}


def evidence_badge(evaluation: Evaluation) -> Status:
    """Whether the data are real or made, as a coloured word."""
    return _EVIDENCE[evaluation.evidence]


def evidence_warning(evaluation: Evaluation) -> str | None:
    """What a reader must know of data that are not real; None for real ones."""
    return _EVIDENCE_WARNINGS.get(evaluation.evidence)


def figure_label(evaluation: Evaluation) -> str | None:
    """The words every figure made from data that is not real carries."""
    return None if evaluation.evidence == "real" else evidence_badge(evaluation).text


def outcome(evaluation: Evaluation) -> Status:
    """The verdict's outcome, as a coloured word."""
    return _OUTCOMES[evaluation.verdict.outcome]


def outcomes(evaluations: Iterable[Evaluation]) -> dict[str, int]:
    """How many evaluations end in each outcome, the best first."""
    counts = Counter(item.verdict.outcome for item in evaluations)
    return {name: counts[name] for name in _OUTCOMES}


def outcomes_in_words(evaluations: Iterable[Evaluation]) -> str:
    """``3 published, 1 held back``; empty without evaluations."""
    return ", ".join(f"{number} {name}" for name, number in outcomes(evaluations).items() if number)


def decisive(lift: Lift | None) -> Status:
    """Whether the interval of a difference excludes zero, as a coloured word."""
    if lift is None:
        return Status(NOT_MEASURED)
    if lift.decisive:
        return Status("decisive", "good" if lift.value > 0 else "bad")
    return Status(NOT_DECISIVE, "caution")


def passed(ok: bool) -> Status:
    """A check's result as a coloured word."""
    return Status("✓ passed", "good") if ok else Status("✗ failed", "bad")


def failed_gates(evaluation: Evaluation) -> list[Gate]:
    """The gates that hold a champion back."""
    return [gate for gate in evaluation.gates if not gate.passed]
