"""What a column holds, in words for people.

Belongs here: the words. Does not belong here: the role a column has (`columns`), how its values are written
(`reading`), or what must hold of them (`contract`): words change no result.
"""

from pydantic import Field

from catalogue.definition.strict import Strict


class ColumnDescription(Strict):
    """An entry of the data dictionary."""

    means: str = Field(pattern=r"\S", description="what the column holds, in a sentence; codes and what they stand for")
    unit: str | None = Field(default=None, min_length=1, description="of its numbers: `mg/dl`, `NT dollars`")

    @property
    def in_words(self) -> str:
        """The sentence, and the unit in brackets."""
        return f"{self.means.strip().rstrip('.')} ({self.unit})" if self.unit else self.means.strip().rstrip(".")
