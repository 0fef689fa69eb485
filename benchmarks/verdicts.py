"""What each use case's verdict rests on, in a state folder or in two, as a table in Markdown.

    python -m benchmarks.verdicts [<an earlier state folder>] <state folder>

Belongs here: reading evaluations and setting them side by side. Does not belong here: reports (`modeling.reports`), or
whether two runs are the same (`benchmarks.repeatability`).
"""

import sys
from pathlib import Path

from modeling.core.record import Evaluation, Interval, Spread

EARLIER = ("before", "gain over simple")
HEADINGS = ("after", "gain over simple", "seeds", "splits", "sd of rows / seeds / splits", "why")
NONE = "–"


def evaluations(home: Path) -> dict[str, Evaluation]:
    """The latest evaluation of every use case in a state folder, by key."""
    found = (home / "artefacts" / "evaluation").glob("*/*/versions/*/evaluation.json")
    latest = sorted(found, key=lambda path: path.stat().st_mtime)
    return {"/".join(path.parts[-5:-3]): Evaluation.model_validate_json(path.read_text()) for path in latest}


def row(key: str, judged: Evaluation, earlier: Evaluation | None) -> list[str]:
    """A line of the table."""
    return [
        key,
        judged.metric,
        *([NONE, NONE] if earlier is None else verdict(earlier)),
        *verdict(judged),
        _listed(list(judged.champion.seeds.values())),
        _listed([split.score.value for split in judged.repeated.splits] if judged.repeated else []),
        _components(judged.spreads.get("score")),
        "; ".join(gate.message for gate in judged.gates if not gate.passed) or judged.verdict.reason,
    ]


def verdict(judged: Evaluation) -> list[str]:
    """Outcome, champion and score, and the champion's gain over the simple model, `=` where it is the simple model.

    Records from before there were verdicts say only whether the champion was published.
    """
    outcome = judged.verdict.outcome if judged.spreads else "published" if judged.published else "held back"
    score = _interval(judged.champion.test[judged.metric], judged.spreads.get("score"))
    gain = judged.lift_over_simple
    shown = "="
    if gain is not None and gain.over != judged.champion.learner:
        shown = _interval(gain, judged.spreads.get("lift_over_simple"))
    return [f"{outcome}: {judged.champion.learner}, {score}", shown]


def _interval(measured: Interval, spread: Spread | None) -> str:
    whole = measured.carrying(spread)
    if whole.low is None or whole.high is None:
        return f"{whole.value:.3g}"
    return f"{whole.value:.3g} ({whole.low:.3g} to {whole.high:.3g})"


def _listed(scores: list[float]) -> str:
    return " ".join(format(score, ".3g") for score in scores) or NONE


def _components(spread: Spread | None) -> str:
    if spread is None:
        return NONE
    return " / ".join(NONE if sd is None else format(sd, ".2g") for sd in (spread.rows, spread.seeds, spread.splits))


def main(*homes: Path) -> None:
    """Print the table of the last folder, beside what came before."""
    *before, after = (evaluations(home) for home in homes)
    earlier = before[0] if before else {}
    table = [["use case", "metric", *EARLIER, *HEADINGS], ["---"] * (len(EARLIER) + len(HEADINGS) + 2)]
    table += [row(key, judged, earlier.get(key)) for key, judged in sorted(after.items())]
    for cells in table:
        print("|", " | ".join(cells), "|")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
