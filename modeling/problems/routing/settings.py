"""What routing reads under `settings`. Does not belong here: what it does with it."""

from pydantic import Field

from modeling.core.task import Settings


class RoutingSettings(Settings):
    """Which rows belong together, and how trips are drawn."""

    moment: list[str] = Field(
        default=["day", "interval"], min_length=1, description="the columns that tell moments apart"
    )
    trips: int = Field(default=300, ge=1, description="trips drawn for each of validation and test")
    shortest: float = Field(default=120, ge=0, description="seconds that a trip takes at free flow, at least")
