"""What recommendation reads under `settings`. Does not belong here: what it does with it."""

from pydantic import Field

from modeling.core.task import Settings


class RecommendationSettings(Settings):
    """What `settings` of a recommendation use case may hold."""

    title: str | None = Field(default=None, description="the column with the item's name; default: its identifier")
    tags: str | None = Field(default=None, description="the item's tags or genres: words between spaces, commas or |")
    numbers: list[str] = Field(default=[], description="columns with numbers that describe the item")
    profile: list[str] = Field(
        default=[], description="columns with levels that describe the user, known before they take anything"
    )
    repeats: bool = Field(default=False, description="whether an item may be recommended to who already has it")
