"""What the reports of targeting show: what each policy is worth, how well the log covers it, what it would show.

Does not belong here: estimators of a policy's value (`modeling.problems.targeting.policies`), or which metrics are
scored (`modeling.problems.targeting.task`).
"""

import numpy as np

from modeling.core.intervals import Scored, scored
from modeling.core.power import units_needed
from modeling.core.record import Chapter, Estimates, Line, LineChart, Listing
from modeling.core.task import EvaluatedChampion, Metric, by_name
from modeling.problems.targeting.policies import (
    ACTIONS,
    NAME,
    chosen,
    doubly_robust,
    judged_rows,
    ratio,
    snips,
)

ACTIONS_SHOWN = 8


def chapters(evaluated: EvaluatedChampion, trivial: str, sharpness: float) -> list[Chapter]:
    """The chapters, in their order; `trivial` is the learner whose policy is the uniform one, `sharpness` the power of
    `policies.chosen`."""
    return [_worth(evaluated, trivial), _overlap(evaluated), _shown(evaluated, sharpness)]


def _worth(evaluated: EvaluatedChampion, trivial: str) -> Chapter:
    """The value of every compared policy, and how many rows the gate on the lift would need."""
    truth, bound = evaluated.units.truth, evaluated.use_case.gates.min_lift_over_baseline
    metrics = by_name(
        Metric("snips", "SNIPS", True, snips), Metric("doubly_robust", "doubly robust", True, doubly_robust)
    )
    scores = scored(metrics, truth, evaluated.answers, None)
    lifts = {name: scores.lift(name, trivial, "snips") for name in evaluated.answers if name != trivial}
    return Chapter(
        title="What each policy is worth",
        reading=f"Clicks per impression, had the policy chosen instead. The test log holds {int(truth[:, 0].sum()):,} "
        f"clicks in {len(truth):,} judged impressions: intervals that overlap by much don't tell policies apart.",
        term="Self-normalised inverse propensity score (Swaminathan & Joachims 2015) and doubly robust estimate (Dudík "
        "et al. 2011; the reward model is each action's smoothed click rate in training rows), with 95 % bootstrap "
        "intervals by impression. Impressions needed: with so many, the lower end of the lift's interval exceeds the "
        "gate's bound, set before the test, in four tests of five (n = variance (1.96 + 0.84)² / bound²), were the "
        "true lift twice the bound. The measured lifts don't enter.",
        exhibits=[
            Estimates(
                title="Estimated click rate",
                caption="The line is the uniform policy's.",
                x_title="clicks per impression",
                estimates={
                    f"{name}, {metric.title}": scores.intervals(name)[key]
                    for name in evaluated.answers
                    for key, metric in metrics.items()
                },
                reference=scores.value[trivial, "snips"],
            ),
            Listing(
                title="What would be decisive",
                columns={
                    "policy": list(lifts),
                    "lift over uniform": [lift.value for lift in lifts.values()],
                    "decisive": ["yes" if lift.decisive else "not decisive" for lift in lifts.values()],
                    **({} if bound == 0 else _needed(scores, list(lifts), trivial, bound, len(truth))),
                },
            ),
        ],
    )


def _needed(
    scores: Scored, policies: list[str], trivial: str, bound: float, impressions: int
) -> dict[str, list[int | None]]:
    """A column: with how many impressions each policy would pass the gate, were its lift twice the bound."""
    errors = [scores.standard_error(name, trivial, "snips") for name in policies]
    needed = [None if error is None else units_needed(bound, error**2 * impressions) for error in errors]
    return {f"impressions needed, were the lift {2 * bound:g}": needed}


def _overlap(evaluated: EvaluatedChampion) -> Chapter:
    """How much the judged log says about each policy."""
    shares = np.linspace(0, 1, 101)
    weights = {name: np.sort(ratio(evaluated.units.truth, of))[::-1] for name, of in evaluated.answers.items()}
    return Chapter(
        title="How well the log covers each policy",
        reading="A policy that often does what the log seldom did is judged by few rows: the steeper its line, "
        "the fewer.",
        term="Importance weights: the policy's probability of the logged action over its propensity. Effective sample "
        "size after Kish 1965.",
        exhibits=[
            LineChart(
                title="Concentration of the weights",
                caption="The share of all weight that the heaviest impressions carry.",
                x_title="share of impressions, heaviest first",
                y_title="share of the weight",
                lines={
                    name: Line(
                        x=shares.tolist(),
                        y=[float(of[: round(share * len(of))].sum() / of.sum()) for share in shares],
                    )
                    for name, of in weights.items()
                },
            ),
            Listing(
                title="Weights",
                columns={
                    "policy": list(weights),
                    "effective impressions": [float(of.sum() ** 2 / (of**2).sum()) for of in weights.values()],
                    "largest weight": [float(of[0]) for of in weights.values()],
                    "mean weight": [float(of.mean()) for of in weights.values()],
                },
            ),
        ],
    )


def _shown(evaluated: EvaluatedChampion, sharpness: float) -> Chapter:
    """What the champion would show most, beside what the log showed."""
    table = judged_rows(evaluated.test)
    names = table.shared[ACTIONS][NAME]
    share = np.zeros(len(names))
    for _, action, probability in chosen(evaluated.model, table, sharpness):
        share += np.bincount(action, probability, len(names)) / len(table)
    logged = np.bincount(table.content["action"].to_numpy(), minlength=len(names)) / len(table)
    leading = np.argsort(-share, kind="stable")[:ACTIONS_SHOWN]
    return Chapter(
        title="What would be shown",
        reading="The actions the champion shows most; a mean weight far from one in the table above warns of a policy "
        "that has left what the log knows.",
        term=f"Share of judged test impressions, by the policy's probabilities (sharpness {sharpness:g}).",
        exhibits=[
            Listing(
                title="Share of impressions",
                columns={
                    "action": names.gather(leading).to_list(),
                    "champion": share[leading].tolist(),
                    "judged log": logged[leading].tolist(),
                },
            )
        ],
    )
