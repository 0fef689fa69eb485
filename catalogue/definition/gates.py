"""What a champion must meet, and what its errors cost.

Belongs here: bounds on the sealed test, costs of wrong decisions. Does not belong here: bounds on new data (`drift`),
or holding a model against any of them (`modeling.evaluation`).
"""

from typing import Annotated

from pydantic import Field

from catalogue.definition.strict import Strict


class Gates(Strict):
    """Bounds a champion must meet on the sealed test before it is published."""

    min_metric: float | None = None
    min_lift_over_baseline: float = 0.0
    min_lift_over_simple: float | None = None
    max_calibration_error: float | None = None
    max_slice_gap: float | None = Field(default=None, description="largest difference of the metric between two slices")
    max_loss_to_serving: float = Field(
        default=0.2,
        ge=0,
        lt=1,
        description="share of a published model's lift over the trivial baseline that its successor may lose: the "
        "unfavourable end of the interval counts, against the model that serves and the best one so far",
    )
    min_predictions_per_second: float | None = None
    min_events: int = Field(
        default=5, ge=1, description="rows of the test beside its commonest class; of fewer, a score is chance"
    )


class Costs(Strict):
    """What a wrong decision costs; the decision threshold is the one that costs least on validation rows."""

    false_positive: Annotated[float, Field(gt=0)] = 1.0
    false_negative: Annotated[float, Field(gt=0)] = 1.0
