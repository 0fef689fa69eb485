"""How far new data may differ from the rows a model learned from.

Belongs here: the bounds. Does not belong here: measuring drift (`modeling.drift`).
"""

from typing import Literal

from pydantic import Field

from catalogue.definition.strict import Strict


class DriftBounds(Strict):
    """How far a delivery may differ from the rows the model learned from, and what happens beyond.

    A bound counts as passed where chance alone does not explain it.
    """

    max_column: float = Field(
        default=0.25, gt=0, description="of any column: numbers in standard deviations, others as the share that moved"
    )
    max_auc: float = Field(
        default=0.75, gt=0.5, le=1, description="how well a classifier may tell new rows from old: 0.5 is not at all"
    )
    max_label: float = Field(default=0.1, gt=0, description="of the target, measured like a column")
    max_fall: float = Field(
        default=0.5, gt=0, description="share of the model's lift over the trivial baseline that may be lost"
    )
    on_drift: Literal["warn", "retrain", "block"] = Field(
        default="warn",
        description="`warn`: a failed check; `retrain`: also ask for new models; `block`: refuse the delivery, the "
        "rows and models that are published stay",
    )
