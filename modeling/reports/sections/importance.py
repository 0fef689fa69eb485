"""The section on what the champion relies on.

Belongs here: the ranking of features and the tests of it. Does not belong here: measuring it
(`modeling.evaluation.explanation`).
"""

from modeling.core.record import Evaluation, Explanation
from modeling.reports import charts
from modeling.reports.document import Block, Columns, FactList, Paragraph, Section, Status, TableBlock
from modeling.reports.sections.figures import figure
from modeling.reports.wording import (
    NOT_MEASURED,
    metric_title,
    number,
    numbers,
)

_FEATURES_IN_THE_FIGURE = 15


def importance(evaluation: Evaluation) -> Section:
    """Which features the champion rests on, and the tests of that ranking."""
    explanation = evaluation.explanation
    title = metric_title(evaluation.metric)
    ranked = sorted(explanation.importances, key=lambda feature: feature.loss, reverse=True) if explanation else []
    leading = ranked[:_FEATURES_IN_THE_FIGURE]
    blocks: list[Block] = [_tests_of(explanation, title)] if explanation else []
    if leading and explanation:
        text = "Importance: " + ", ".join(f"{feature.feature} {number(feature.loss)}" for feature in leading[:5]) + "."
        caption = f"The leading {len(leading)} of {len(ranked)} features. The thin line is the spread over shuffles."
        columns: Columns = {"Feature": "text", f"{title} lost": "number", "Spread": "number"}
        losses = numbers([feature.loss for feature in leading])
        spreads = numbers([feature.spread for feature in leading])
        rows = [list(row) for row in zip((feature.feature for feature in leading), losses, spreads, strict=True)]
        blocks = [
            figure(evaluation, charts.importance(leading, title), text, caption),
            _tests_of(explanation, title),
            TableBlock("Leading features", columns, rows),
        ]
    return Section(
        id="importance",
        title="What the champion relies on",
        reading="How much worse the champion gets when one feature is made useless. It says what the model uses, not "
        "what causes the outcome. The ranking itself is tested: removing its leaders must hurt more than removing "
        "features at random.",
        term="Permutation importance on validation rows (Breiman 2001); deletion on the sealed test; stability is the "
        "mean Spearman correlation of the ranking over seeds.",
        blocks=blocks or [Paragraph(f"Importance: {NOT_MEASURED}.")],
    )


def _tests_of(explanation: Explanation, title: str) -> FactList:
    holds = Status("✓ holds", "good") if explanation.holds else Status("✗ does not hold", "bad")
    return FactList(
        {
            "Deletion test": holds,
            f"{explanation.deleted} leading shuffled": f"{number(explanation.deletion_top)} {title} lost",
            f"{explanation.deleted} random shuffled": f"{number(explanation.deletion_random)} {title} lost",
            "Stability over seeds": number(explanation.stability),
        }
    )
