"""The section on what predicted probabilities are worth.

Belongs here: whether they come true as often as they say, for a manager and for a data scientist. Does not belong here:
acting on them (`decision`), or measuring any of it (`modeling.evaluation.calibration`).
"""

from modeling.core.record import Calibration, Evaluation, Interval
from modeling.reports import charts
from modeling.reports.document import Block, Columns, FactList, Paragraph, Section, TableBlock
from modeling.reports.sections.figures import figure
from modeling.reports.wording import NOT_MEASURED, count, is_measured, number, numbers, percent, with_interval

_MEASURED = (
    "Calibration error: the root of the mean squared gap, weighted by count, less what chance alone makes of it, so "
    "that it is 0 for a calibrated model at any number of rows. Slope and intercept: of a logistic regression of what "
    "happens on the logit of the prediction (Cox 1958). Brier skill: 1 − Brier score / that of predicting the share of "
    "each class for everybody. On the sealed test, 95% intervals."
)
_BEFORE = (
    "Expected calibration error: mean absolute gap, weighted by count (Naeini et al. 2015). It includes what chance "
    "makes of it, which at some hundred rows is most of it."
)


def calibration(evaluation: Evaluation) -> Section:
    """Whether predicted probabilities come true as often as they say."""
    bins = evaluation.calibration
    blocks: list[Block] = [Paragraph(f"Calibration: {NOT_MEASURED}.")] if bins is None else _shown(evaluation, bins)
    return Section(
        id="calibration",
        title="Calibration",
        reading="Whether a predicted 20% happens 20% of the time. It matters wherever the probability itself is used, "
        "as in a price or a provision.",
        term=_BEFORE if bins is None or bins.error.low is None else _MEASURED,
        blocks=blocks,
    )


def _shown(evaluation: Evaluation, bins: Calibration) -> list[Block]:
    error = with_interval(bins.error)
    text = f"Observed frequency against predicted probability in {len(bins.count)} bins; error {error}."
    caption = "On the dotted line predictions are right on average; below it they promise too much."
    columns: Columns = {"Bin": "text", "Rows": "number", "Predicted": "number", "Observed": "number"}
    rows = zip(
        map(str, range(1, len(bins.count) + 1)),
        map(count, bins.count),
        numbers(bins.predicted),
        numbers(bins.observed),
        strict=True,
    )
    return [
        *_in_words(bins),
        _facts(bins),
        figure(evaluation, charts.calibration(bins), text, caption),
        TableBlock("Bins of equal counts", columns, [list(row) for row in rows]),
    ]


def _facts(bins: Calibration) -> FactList:
    measured = {
        "Slope (1 is right)": bins.slope,
        "Intercept (0 is right)": bins.intercept,
        "Brier skill (0 is none, 1 is perfect)": bins.brier_skill,
    }
    facts = {"Calibration error": with_interval(bins.error)}
    facts |= {name: with_interval(value) for name, value in measured.items() if value is not None}
    if bins.event_share is not None:
        facts["Error of predicting 0 for everybody"] = number(bins.event_share)
    return FactList(facts)


def _in_words(bins: Calibration) -> list[Block]:
    """What a manager may take away; nothing of records that hold no intervals."""
    error = bins.error
    if error.low is None or error.high is None:
        return []
    said = [f"A predicted probability is typically off by {_points(error.value)}, at most {_points(error.high)}."]
    if bins.slope is not None and _side(bins.slope, 1):
        said.append(
            "Low ones are too low and high ones too high."
            if _side(bins.slope, 1) < 0
            else "All are too close to the middle."
        )
    if bins.intercept is not None and _side(bins.intercept, 0):
        said.append(f"On average they are too {'low' if _side(bins.intercept, 0) > 0 else 'high'}.")
    skill = bins.brier_skill
    if skill is not None and _side(skill, 0) <= 0:
        said.append("They are not shown to tell more than the share of each class does.")
    elif skill is not None:
        said.append(f"They remove {percent(skill.value)} of the squared error of telling everybody the average.")
    return [Paragraph(" ".join(said))]


def _points(gap: float) -> str:
    return f"{100 * gap:.2g} percentage points"


def _side(measured: Interval, right: float) -> int:
    """On which side of the right value the whole interval lies; 0 where it includes that."""
    if not is_measured(measured.low) or not is_measured(measured.high):
        return 0
    return (measured.low > right) - (measured.high < right)
