"""What tasks of plain rows read under `settings`. Does not belong here: what they do with it (`chapters`)."""

from pydantic import Field

from modeling.core.task import Settings


class SegmentSettings(Settings):
    """What `settings` of a tabular use case may hold."""

    segments: int | None = Field(
        default=None, ge=2, le=12, description="how many segments of like rows the report tells apart; default: none"
    )
