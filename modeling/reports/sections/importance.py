"""The section on what the champion relies on.

Belongs here: the ranking of features and the tests of it. Does not belong here: measuring it
(`modeling.evaluation.explanation`).
"""

from collections.abc import Mapping

from catalogue.definition import ColumnDescription
from modeling.core.record import Evaluation, Explanation, Importance, Interval
from modeling.reports import charts
from modeling.reports.document import Block, Columns, FactList, Paragraph, Section, Status, TableBlock
from modeling.reports.sections.figures import figure
from modeling.reports.wording import NOT_MEASURED, metric_title, number, numbers, with_interval

_FEATURES_IN_THE_FIGURE = 15
_STABLE = 0.7
"""Rank correlation over seeds from which the order is called one."""


def importance(evaluation: Evaluation, dictionary: Mapping[str, ColumnDescription]) -> Section:
    """Which features the champion rests on, and the tests of that ranking."""
    explanation, title = evaluation.explanation, metric_title(evaluation.metric)
    return Section(
        id="importance",
        title="What the champion relies on",
        reading="How much worse the champion gets when one feature is made useless. It says what the model uses, not "
        "what causes the outcome. The ranking itself is tested: removing its leaders must hurt more than removing "
        "features at random, and features whose order changes with the seed are not ranked.",
        term="Permutation importance on validation rows (Breiman 2001); deletion on the sealed test; stability is the "
        "mean Spearman correlation of the ranking over seeds.",
        blocks=_shown(evaluation, explanation, title, dictionary)
        if explanation
        else [Paragraph(f"Importance: {NOT_MEASURED}.")],
    )


def _shown(
    evaluation: Evaluation, explanation: Explanation, title: str, dictionary: Mapping[str, ColumnDescription]
) -> list[Block]:
    ranked = sorted(explanation.importances, key=lambda feature: feature.loss, reverse=True)
    leading = ranked[:_FEATURES_IN_THE_FIGURE]
    if not leading:
        return [_tests_of(explanation, title, len(evaluation.champion.seeds))]
    tiered = all(feature.tier is not None for feature in leading)
    drawn = _tiers(evaluation, leading, title) if tiered else _ranking(evaluation, explanation, leading, title)
    rest = len(ranked) - len(leading)
    more = [Paragraph(f"{rest} more features, each with less effect, are not shown.")] if rest else []
    meant = _meant([feature.feature for feature in leading], dictionary)
    return [*drawn, *meant, *more, _tests_of(explanation, title, len(evaluation.champion.seeds))]


def _meant(features: list[str], dictionary: Mapping[str, ColumnDescription]) -> list[Block]:
    """What these features mean, as far as the use case says."""
    meant = {name: dictionary[name].in_words for name in features if name in dictionary}
    return [FactList(meant)] if meant else []


def _tiers(evaluation: Evaluation, leading: list[Importance], title: str) -> list[Block]:
    """Features that can be told apart in tiers; within one by name, for any order would be luck."""
    by_tier = sorted(leading, key=lambda feature: (feature.tier or 0, feature.feature))
    first = [feature.feature for feature in by_tier if feature.tier == by_tier[0].tier]
    text = f"The most important, which can't be told apart: {', '.join(first)}." if len(first) > 1 else first[0]
    caption = (
        "Features of one tier can't be told apart: the order within a tier means nothing, so they stand by name. The "
        "thin line is a 95% interval over shuffles and seeds."
    )
    columns: Columns = {"Tier": "text", "Feature": "text", f"{title} lost (95% interval)": "number"}
    rows = [
        [str(feature.tier), feature.feature, with_interval(measured)]
        for feature in by_tier
        if (measured := Interval(value=feature.loss, low=feature.low, high=feature.high))
    ]
    return [
        figure(evaluation, charts.importance_by_tier(leading, title), f"Importance by tier. {text}", caption),
        TableBlock("Features by tier", columns, rows),
    ]


def _ranking(evaluation: Evaluation, explanation: Explanation, leading: list[Importance], title: str) -> list[Block]:
    """One order, as records have it whose features are in no tiers."""
    ordered = _ordered(explanation)
    text = "Importance: " + ", ".join(f"{feature.feature} {number(feature.loss)}" for feature in leading[:5]) + "."
    columns: Columns = {"Feature": "text", f"{title} lost": "number", "Spread": "number"}
    losses = numbers([feature.loss for feature in leading])
    spreads = numbers([feature.spread for feature in leading])
    rows = [list(row) for row in zip((feature.feature for feature in leading), losses, spreads, strict=True)]
    warning = (
        "Another seed puts these features into another order (rank correlation "
        f"{number(explanation.stability)}): which of them leads means nothing."
    )
    return [
        *([] if ordered else [Paragraph(warning)]),
        figure(
            evaluation,
            charts.importance(leading, title, ordered=ordered),
            text,
            "The thin line is the spread over shuffles.",
        ),
        TableBlock("Leading features" if ordered else "Features, their order not stable", columns, rows),
    ]


def _ordered(explanation: Explanation) -> bool:
    """Whether the order holds; what was not measured over seeds is taken as it is."""
    return explanation.stability is None or explanation.stability >= _STABLE


def _tests_of(explanation: Explanation, title: str, seeds: int) -> FactList:
    return FactList(
        {
            "Deletion test": _deletion(explanation),
            f"{explanation.deleted} leading shuffled": f"{number(explanation.deletion_top)} {title} lost",
            f"{explanation.deleted} random shuffled": f"{number(explanation.deletion_random)} {title} lost",
            "Stability over seeds": _stability(explanation, seeds),
        }
    )


def _deletion(explanation: Explanation) -> Status:
    if not explanation.holds:
        return Status("✗ does not hold", "bad")
    return Status("✓ holds", "good") if _ordered(explanation) else Status("holds for the leaders together")


def _stability(explanation: Explanation, seeds: int) -> Status:
    if explanation.stability is None and seeds == 1:
        return Status("no seed changes the champion")
    value = number(explanation.stability)
    return Status(value) if _ordered(explanation) else Status(f"{value}: the order is not stable", "caution")
