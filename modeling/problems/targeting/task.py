"""What should be shown to whom, judged by the logs of another policy?

Belongs here: which rows are scored, and the answers of a policy. Does not belong here: the feature set
(`modeling.problems.targeting.preparation`), estimating what a policy is worth (`modeling.problems.targeting.policies`),
or what reports show (`modeling.problems.targeting.chapters`).

Learners model the click; a policy shows actions in proportion to a power of what they predict. A model that predicts
clicks well need not make a good policy, so only the policy is scored, on logged rows whose propensities are known. The
trivial learner predicts the same click rate for all: its policy is the uniform one.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from catalogue.definition import UseCase
from modeling.core.classification import BinaryClassificationTask
from modeling.core.feature_set import FeatureSet
from modeling.core.features import Derive
from modeling.core.recipe import Recipe
from modeling.core.record import Chapter, Described
from modeling.core.table import Rows
from modeling.core.task import EvaluatedChampion, Metric, Predictor, Settings, Units, by_name
from modeling.core.validated_data import ValidatedData
from modeling.problems.targeting.chapters import chapters
from modeling.problems.targeting.impressions import ImpressionRecipe
from modeling.problems.targeting.policies import (
    PROPENSITY,
    doubly_robust,
    effective_share,
    followed,
    judged_rows,
    snips,
)
from modeling.problems.targeting.preparation import prepare
from modeling.problems.targeting.settings import TargetingSettings


@dataclass(frozen=True)
class Targeting(BinaryClassificationTask[TargetingSettings]):
    """Logged impressions; the units are those rows whose logger is judged on, the answers what estimators read."""

    name: ClassVar[str] = "targeting"
    unit: ClassVar[str] = "impressions"
    settings_type: ClassVar[type[Settings]] = TargetingSettings
    recipe_type: ClassVar[type[Recipe]] = ImpressionRecipe
    learners: ClassVar[tuple[str, ...]] = ("logged", "logistic", "lightgbm", "mlp")
    blends: ClassVar[bool] = False
    by_row: ClassVar[bool] = False

    def metrics(self, classes: list[str]) -> dict[str, Metric]:
        """Of the policy that predictions lead to, estimated from logged rows; SNIPS comes first."""
        return by_name(
            Metric("snips", "SNIPS value", True, snips),
            Metric("doubly_robust", "DR value", True, doubly_robust),
            Metric("effective_share", "effective sample share", True, effective_share),
        )

    def prepare(self, data: ValidatedData, use_case: UseCase, derive: Derive | None) -> FeatureSet:
        """A row for each impression, its target whether it was clicked. Raises as `prepare`."""
        return prepare(data, use_case, self, derive)

    def units(self, rows: Rows) -> Units:
        """The rows of the logger that is judged on; their truth is click and propensity ``[n, 2]``."""
        table = judged_rows(rows)
        return Units(np.column_stack([table.target, table.content[PROPENSITY]]), None)

    def answers(self, model: Predictor, rows: Rows) -> np.ndarray:
        """float64 ``[n, 3]`` of the policy that `model` leads to, as `policies.followed` gives it."""
        return followed(model, judged_rows(rows), self.settings.sharpness)

    def chapters(self, evaluated: EvaluatedChampion) -> list[Chapter]:
        """The value of the compared policies, their overlap with the logged one, and what they show."""
        return chapters(evaluated, self.trivial, self.settings.sharpness)

    def described(self, use_case: UseCase) -> Described:
        """Clicks, from who saw what; what is judged is the policy that follows."""
        return Described(
            target=f"{use_case.target} of the {self.settings.action} that was shown; judged is the policy that shows "
            "actions in proportion to a power of that prediction",
            features=f"the context, and the {self.settings.action} shown in it",
        )


TASK = Targeting
