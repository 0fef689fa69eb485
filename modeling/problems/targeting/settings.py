"""What targeting reads under `settings`. Does not belong here: what it does with it."""

from typing import Self

from pydantic import Field, PositiveFloat, model_validator

from modeling.core.task import Settings


class TargetingSettings(Settings):
    """What `settings` of a targeting use case may hold."""

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
