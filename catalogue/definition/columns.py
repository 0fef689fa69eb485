"""What the columns of a raw table mean.

Belongs here: the roles a column may have. Does not belong here: the target (`use_case`), or looking at data.
"""

from typing import Literal

from pydantic import Field

from catalogue.definition.strict import Strict


class Columns(Strict):
    """What the columns mean. A column that is named nowhere is a feature."""

    identifier: list[str] = Field(default=[], description="unique together; never a feature")
    group: str | None = Field(default=None, description="rows of one patient, unit, day…; never a feature")
    time: str | None = Field(default=None, description="when the row was known; never a feature")
    sensitive: list[str] = Field(default=[], description="features that also get slices of their own")
    slices: list[str] = Field(default=[], description="more columns to slice the evaluation by")
    categorical: list[str] = Field(default=[], description="numbers that are names, or text with many levels")
    drop: list[str] | dict[str, str] = Field(
        default=[], description="never a feature, e.g. known only after the event; or column -> why, which reports say"
    )
    known_at: dict[str, Literal["before", "at", "after"]] = Field(
        default={},
        description="column -> when its value is known: before, at or only after the moment of prediction; a feature "
        "known after it holds publication back",
    )
    text: list[str] = Field(default=[], description="sentences or documents, for learners that read")
    image: str | None = Field(
        default=None, description="the bytes of a PNG, JPEG, TIFF, WebP or GIF file, for learners that see"
    )
    molecule: str | None = Field(default=None, description="SMILES, for learners that know chemistry")

    @property
    def content(self) -> list[str]:
        """The columns whose values only a learner made for them can use."""
        return [*self.text, *(column for column in (self.image, self.molecule) if column)]
