"""What each use case's verdict rests on, in one state folder or in two, as a table in Markdown.

    python -m benchmarks.verdicts <state folder> [<a later state folder>]

Belongs here: reading evaluations and setting them side by side. Does not belong here: reports (`modeling.reports`), or
whether two runs are the same (`benchmarks.repeatability`).
"""

import sys
from pathlib import Path

from modeling.core.record import Evaluation, Interval, Spread

HEADINGS = ("use case", "verdict", "champion", "score (95 %, rows, seeds and splits)", "over simple", "why")


def evaluations(home: Path) -> dict[str, Evaluation]:
    """The latest evaluation of every use case in a state folder, by key."""
    found = (home / "artefacts" / "evaluation").glob("*/*/versions/*/evaluation.json")
    latest = sorted(found, key=lambda path: path.stat().st_mtime)
    return {"/".join(path.parts[-5:-3]): Evaluation.model_validate_json(path.read_text()) for path in latest}


def row(judged: Evaluation) -> list[str]:
    """A line of the table."""
    score, over = judged.champion.test[judged.metric], judged.lift_over_simple
    spread = judged.spreads.get("score")
    return [
        judged.use_case,
        judged.verdict.outcome,
        judged.champion.learner,
        f"{judged.metric} {_interval(score, spread)}{_components(spread)}",
        _interval(over, judged.spreads.get("lift_over_simple")) if over else "is the simple model",
        "; ".join(gate.message for gate in judged.gates if not gate.passed) or judged.verdict.reason,
    ]


def _interval(value: Interval, spread: Spread | None) -> str:
    low, high = (spread.low, spread.high) if spread else (value.low, value.high)
    return f"{value.value:.3g}" if low is None or high is None else f"{value.value:.3g} ({low:.3g} to {high:.3g})"


def _components(spread: Spread | None) -> str:
    if spread is None:
        return ""
    named = {"rows": spread.rows, "seeds": spread.seeds, "splits": spread.splits}
    return "; sd of " + ", ".join(f"{name} {'–' if sd is None else format(sd, '.2g')}" for name, sd in named.items())


def main(homes: list[Path]) -> None:
    """Print a table of the first folder, or of what came before and after."""
    print("|", " | ".join(["", *HEADINGS] if len(homes) > 1 else HEADINGS), "|")
    print("|" + "---|" * (len(HEADINGS) + (len(homes) > 1)))
    states = [evaluations(home) for home in homes]
    for key in sorted(set().union(*states)):
        for when, state in zip(("before", "after"), states, strict=False):
            if key in state:
                print("|", " | ".join([when, *row(state[key])] if len(homes) > 1 else row(state[key])), "|")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main([Path(argument) for argument in sys.argv[1:]])
