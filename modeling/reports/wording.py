"""Numbers and names as a reader sees them.

Belongs here: digits, units, names of learners and metrics. Does not belong here: judgements (`judgements`), what
metrics mean (`metric_words`), or any sentence that only one section needs.
"""

from collections.abc import Iterable, Sequence

from modeling.core import digits
from modeling.core.digits import Sign, is_measured, together
from modeling.core.record import Advantage, Estimate, Evaluation, Interval, Lift, Spread
from modeling.reports.metric_words import METRICS

NOT_MEASURED = "not measured"
SPREAD = {"rows": "which rows are tested", "seeds": "the seed of the training", "splits": "how the rows are split"}
"""Why a score would be another one next time, in words."""


def metric_title(name: str) -> str:
    """A metric's name for readers; its key in words where it has none."""
    return METRICS[name].title if name in METRICS else name.replace("_", " ")


def primary_first(evaluation: Evaluation, names: Iterable[str]) -> list[str]:
    """Metrics, the one that chose the champion first, the others in the alphabet's order."""
    return sorted(names, key=lambda name: (name != evaluation.metric, name))


def metric_meaning(name: str) -> str:
    """What a metric says, in plain words; empty for one this report does not know."""
    return METRICS[name].meaning if name in METRICS else ""


def number(value: float | None, sign: Sign = "-") -> str:
    """Four significant digits; `sign="+"` writes the plus too."""
    return digits.number(value, sign) if is_measured(value) else NOT_MEASURED


def numbers(values: Sequence[float | None], scale: float | None = None) -> list[str]:
    """A column of numbers that all have the decimals `scale` needs; by default that is the largest one."""
    measured = iter(together([value for value in values if is_measured(value)] or [0.0], scale=scale))
    return [next(measured) if is_measured(value) else NOT_MEASURED for value in values]


def count(value: int | None) -> str:
    """With thousands separators."""
    return NOT_MEASURED if value is None else f"{value:,}"


def share(part: float, whole: float) -> str:
    """`part` of `whole` in percent."""
    return f"{100 * part / whole:.1f}%" if whole else NOT_MEASURED


def percent(value: float) -> str:
    """``12%``, ``1.2%``: two digits."""
    return f"{100 * value:.2g}%" if abs(value) < 0.0995 else f"{100 * value:.0f}%"


def seconds(value: float | None) -> str:
    """A duration in the unit that suits it."""
    if not is_measured(value):
        return NOT_MEASURED
    if value < 0.1:
        return "< 0.1 s"
    if value < 60:
        return f"{value:.1f} s"
    if value < 3600:
        return f"{int(value // 60)} min {int(value % 60)} s"
    return f"{int(value // 3600)} h {int(value % 3600 // 60)} min"


def value_and_bounds(interval: Interval | None, sign: Sign = "-") -> tuple[str, str]:
    """The value, and its interval as ``0.7722 to 0.7951``, with as many decimals as each other.

    A `Lift`, or anything with `sign="+"`, is written with its sign; without a value there is no interval to speak of.
    """
    if interval is None or not is_measured(interval.value):
        return NOT_MEASURED, ""
    sign = "+" if isinstance(interval, Lift) else sign
    bounds = [bound for bound in (interval.low, interval.high) if is_measured(bound)]
    if len(bounds) < 2:
        return number(interval.value, sign), NOT_MEASURED
    value, low, high = together([interval.value, *bounds], sign)
    return value, f"{low} to {high}"


def with_interval(interval: Interval | None, sign: Sign = "-") -> str:
    """``0.7843 (0.7722 to 0.7951)``."""
    value, bounds = value_and_bounds(interval, sign)
    if bounds == NOT_MEASURED:
        return f"{value} (interval {NOT_MEASURED})"
    return f"{value} ({bounds})" if bounds else value


def with_error(found: Estimate | None) -> str:
    """``0.7841 ± 0.0064``: a score and its standard error; a difference with its sign."""
    if found is None or not is_measured(found.value):
        return NOT_MEASURED
    error, sign = found.standard_error, "+" if isinstance(found, Advantage) else "-"
    if not is_measured(error):
        return f"{number(found.value, sign)} (standard error {NOT_MEASURED})"
    value, beside = together([found.value, error], sign)
    return f"{value} ± {beside.removeprefix('+')}"


def spread_in_words(spread: Spread | None, sign: Sign = "-") -> str:
    """``0.7689 to 0.7997 with seeds and splits (of the variance 68% rows, 2% seeds, 30% splits)``.

    Empty where nothing but rows was measured.
    """
    if spread is None or not is_measured(spread.low) or not is_measured(spread.high):
        return ""
    others = [name for name in ("seeds", "splits") if getattr(spread, name) is not None]
    if not others:
        return ""
    _, bounds = value_and_bounds(Interval(value=spread.high, low=spread.low, high=spread.high), sign)
    parts = ", ".join(f"{percent(spread.shares.get(name, 0.0))} {name}" for name in ("rows", *others))
    return f"{bounds} with {' and '.join(others)} (of the variance {parts})"


def lift_over_simple(evaluation: Evaluation) -> Lift | None:
    """The lift over the simple model, unless that is the champion itself."""
    lift = evaluation.lift_over_simple
    return None if lift is None or lift.over == evaluation.champion.learner else lift


def is_simple(evaluation: Evaluation) -> bool:
    """Whether the champion is the simple model itself."""
    return evaluation.simple is not None and evaluation.simple.learner == evaluation.champion.learner


def member_weights(members: dict[str, float]) -> str:
    """An ensemble's learners and their weights, the heaviest first; empty for a single learner."""
    if len(members) < 2:
        return ""
    heaviest_first = sorted(members.items(), key=lambda member: -member[1])
    return ", ".join(f"{name} {weight:.2f}" for name, weight in heaviest_first)


def learner_name(learner: str, members: dict[str, float]) -> str:
    """The champion's name, with the weights of its members when it is an ensemble."""
    weights = member_weights(members)
    return f"{learner} ({weights})" if weights else learner


def listing(items: Sequence[object], most: int = 5) -> str:
    """Items with commas, the rest counted."""
    shown = ", ".join(str(item) for item in items[:most])
    rest = len(items) - most
    return f"{shown} and {rest:,} more" if rest > 0 else shown
