"""What should be shown to whom, judged by the logs of another policy?

Belongs here: the settings, metrics and chapters of targeting. Does not belong here: shaping impressions
(`modeling.problems.targeting.impressions`), or estimating what a policy is worth
(`modeling.problems.targeting.policies`).

Learners model the click; a policy shows actions in proportion to a power of what they predict. A model that predicts
clicks well need not make a good policy, so only the policy is scored, on logged rows whose propensities are known. The
trivial learner predicts the same click rate for all: its policy is the uniform one.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from pydantic import Field, PositiveFloat, model_validator

from catalogue.definition import UseCase
from modeling.core.features import Derive
from modeling.core.intervals import scored
from modeling.core.recipe import Recipe
from modeling.core.record import Chapter, Estimates, Line, LineChart, Listing
from modeling.core.table import Rows, Table
from modeling.core.task import Judged, Metric, Predictor, Settings, Units
from modeling.core.validated_data import ValidatedData
from modeling.problems.tabular.binary_classification import BinaryClassification
from modeling.problems.tabular.multiclass_classification import by_name
from modeling.problems.targeting.impressions import ImpressionRecipe
from modeling.problems.targeting.policies import (
    ACTIONS,
    JUDGED,
    NAME,
    PROPENSITY,
    chosen,
    doubly_robust,
    effective_share,
    followed,
    ratio,
    rows_to_decide,
    snips,
)

if TYPE_CHECKING:
    from modeling.core.feature_set import FeatureSet

ACTIONS_SHOWN = 8


class TargetingSettings(Settings):
    action: str = Field(description="the column with what was shown")
    propensity: str = Field(description="the column with the logged policy's probability of showing it")
    pool: str | None = Field(default=None, description="the column with the set of actions one was chosen from")
    logger: str | None = Field(default=None, description="the column that names which policy logged the row")
    production: str | None = Field(default=None, description="the logger that is in use: the policy to beat")
    judged_on: str | None = Field(default=None, description="the logger whose rows are scored, best the uniform one")
    action_features: list[str] = Field(default=[], description="columns that depend on pool and action alone")
    per_action: dict[str, str] = Field(
        default={}, description="feature -> the columns with its value for each action, such as `affinity_{action}`"
    )
    sharpness: PositiveFloat = Field(
        default=1.0, description="the power of the predicted click probability: 0 is uniform, large is greedy"
    )

    @model_validator(mode="after")
    def _both_loggers(self) -> Self:
        if self.logger is not None and None in (self.production, self.judged_on):
            raise ValueError("`logger` names a column of several policies: say which is `production` and `judged_on`")
        return self

    @property
    def unseen(self) -> list[str]:
        """Columns that no learner sees: how the row came to be logged."""
        return [name for name in (self.propensity, self.logger) if name]


@dataclass(frozen=True)
class Targeting(BinaryClassification):
    """Logged impressions; the units are those rows whose logger is judged on, the answers what estimators read."""

    settings: TargetingSettings = field(
        default_factory=lambda: TargetingSettings(action="action", propensity="propensity")
    )

    name: ClassVar[str] = "targeting"
    unit: ClassVar[str] = "impressions"
    settings_type: ClassVar[type[Settings]] = TargetingSettings
    recipe_type: ClassVar[type[Recipe]] = ImpressionRecipe
    learners: ClassVar[tuple[str, ...]] = ("logged", "logistic", "lightgbm", "mlp")
    blends: ClassVar[bool] = False
    by_row: ClassVar[bool] = False

    def metrics(self, classes: list[str]) -> dict[str, Metric]:
        return by_name(
            Metric("snips", "SNIPS value", True, snips),
            Metric("doubly_robust", "DR value", True, doubly_robust),
            Metric("effective_share", "effective sample share", True, effective_share),
        )

    def prepare(self, data: ValidatedData, use_case: UseCase, derive: Derive | None) -> "FeatureSet":
        from modeling.problems.targeting.impressions import prepare

        return prepare(data, use_case, self, derive)

    def units(self, rows: Rows) -> Units:
        judged = _judged(rows)
        return Units(np.column_stack([judged.target, judged.content[PROPENSITY]]), None)

    def answers(self, model: Predictor, rows: Rows) -> np.ndarray:
        return followed(model, _judged(rows), self.settings.sharpness)

    def chapters(self, judged: Judged) -> list[Chapter]:
        return [_worth(judged), _overlap(judged), _shown(judged, self.settings.sharpness)]


def _judged(rows: Rows) -> Table:
    return rows.table.rows(rows.table.content[JUDGED].to_numpy())


def _worth(judged: Judged) -> Chapter:
    """The value of every compared policy, and how many rows would tell them apart."""
    truth, uniform = judged.units.truth, judged.answers[Targeting.trivial]
    metrics = by_name(
        Metric("snips", "SNIPS", True, snips), Metric("doubly_robust", "doubly robust", True, doubly_robust)
    )
    scores = scored(metrics, truth, judged.answers, None)
    lifts = {
        name: scores.lift(name, Targeting.trivial, "snips") for name in judged.answers if name != Targeting.trivial
    }
    return Chapter(
        title="What each policy is worth",
        reading=f"Clicks per impression, had the policy chosen instead. The test log holds {int(truth[:, 0].sum()):,} "
        f"clicks in {len(truth):,} judged impressions: intervals that overlap by much don't tell policies apart.",
        term="Self-normalised inverse propensity score (Swaminathan & Joachims 2015) and doubly robust estimate (Dudík "
        "et al. 2011; the reward model is each action's smoothed click rate in training rows), with 95 % bootstrap "
        "intervals by impression. Sample sizes: linearised SNIPS difference, two-sided 5 %, power 80 %.",
        exhibits=[
            Estimates(
                title="Estimated click rate",
                caption="The line is the uniform policy's.",
                x_title="clicks per impression",
                estimates={
                    f"{name}, {metric.title}": scores.intervals(name)[key]
                    for name in judged.answers
                    for key, metric in metrics.items()
                },
                reference=scores.value[Targeting.trivial, "snips"],
            ),
            Listing(
                title="What would be decisive",
                columns={
                    "policy": list(lifts),
                    "lift over uniform": [lift.value for lift in lifts.values()],
                    "decisive": ["yes" if lift.decisive else "not decisive" for lift in lifts.values()],
                    "impressions needed, were the lift true": [
                        rows_to_decide(truth, judged.answers[name], uniform, lift.value) for name, lift in lifts.items()
                    ],
                },
            ),
        ],
    )


def _overlap(judged: Judged) -> Chapter:
    """How much the judged log says about each policy."""
    shares = np.linspace(0, 1, 101)
    weights = {name: np.sort(ratio(judged.units.truth, of))[::-1] for name, of in judged.answers.items()}
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


def _shown(judged: Judged, sharpness: float) -> Chapter:
    """What the champion would show most, beside what the log showed."""
    table = _judged(judged.test)
    names = table.shared[ACTIONS][NAME]
    share = np.zeros(len(names))
    for _, action, probability in chosen(judged.model, table, sharpness):
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


TASK = Targeting
