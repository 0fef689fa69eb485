"""What portfolios read under `settings`. Does not belong here: what they do with it."""

from pydantic import Field

from modeling.core.task import Settings


class PortfolioSettings(Settings):
    """What `settings` of a portfolio use case may hold."""

    cost_bp: float = Field(default=10.0, ge=0, description="cost of buying or selling, in hundredths of a percent")
    risk_aversion: float = Field(default=5.0, gt=0, description="what a unit of variance costs in return")
    lookback: int = Field(default=504, ge=60, description="days of returns a covariance is estimated on")
    most: float = Field(default=0.25, gt=0, le=1, description="the largest weight of an asset")
    gap: int = Field(default=1, ge=0, description="months left out at the end of training and of validation")
    trials: int = Field(default=0, ge=0, description="strategies tried on these prices before, and no longer listed")

    @property
    def cost(self) -> float:
        """Of buying or selling one unit of value."""
        return self.cost_bp / 10_000
